/**
 * The whole gateway before one hostile upstream and two that work: whatever the one answers, the others' jobs are there, and
 * the client reads of it no more than a typed error or what is right of its data.
 */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccountConfig, type Config, readConfig } from '../../src/config.ts';
import type { JobSource } from '../../src/model/origin.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { batchComputeId, BUCKET, ciId, cosId, REGION } from '../e2e/support.ts';
import { ask as asked } from '../server/support.ts';
import { letAnswerWithSecrets } from '../support/secrets-kept/watch.ts';
import { recordLog } from '../support/seen.ts';
import { type Answer, startWorld, type World } from '../support/world.ts';
import { CANARY, descriptionText, errorText, filled, jobText, listOf, listText } from './bodies.ts';
import { type EachPlay, flood, http, type Play, startRawUpstream } from './raw-upstream.ts';
import { SOURCES } from './sources.ts';

const NAMES = { COS: 'cos', BATCH_COMPUTE: 'batchCompute', CI: 'ci' } as const;
const FIELDS = { COS: 'cosJobs', BATCH_COMPUTE: 'batchComputeJobs', CI: 'ciJobs' } as const;
const DETAILS = {
  COS: '',
  BATCH_COMPUTE: 'placement { projectId } taskMetrics { failed succeeded }',
  CI: 'operation { jobLevel }',
};
const OK = 'HTTP/1.1 200 OK\r\n';

const QUERY = `query ($first: Int) {
  cosJobs(first: $first) { nodes { jobId } pageInfo { hasNextPage } }
  batchComputeJobs(first: $first) { nodes { jobId } pageInfo { hasNextPage } }
  ciJobs(first: $first) { nodes { jobId } pageInfo { hasNextPage } }
}`;

interface Listing {
  readonly nodes: readonly { readonly jobId: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean };
}

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ batchComputeRequestsPerSecond: 1_000 });
});
afterAll(() => sandbox.close());

/** Runs the story with a gateway whose one source is read from an upstream that plays that. */
async function withHostile(
  source: JobSource,
  play: Play | EachPlay,
  story: (world: World, requests: readonly string[]) => Promise<void>,
  deadlines: Partial<Config['deadlines']> = {},
): Promise<void> {
  const upstream = await startRawUpstream(play);
  letAnswerWithSecrets(upstream.endpoint);
  const name = NAMES[source];
  const world = await startWorld({
    runningSandbox: sandbox,
    config: { deadlines: { ...readConfig({}).deadlines, ...deadlines } },
    account: (account): AccountConfig => ({
      ...account,
      [name]: { ...account[name], endpoint: upstream.endpoint },
    }),
  });
  try {
    await story(world, upstream.requests);
  } finally {
    // Fails when the gateway ran into a bug of its own.
    await world.close();
    await upstream.close();
  }
}

function listingOf({ data }: Answer<Record<string, unknown>>, source: JobSource): Listing | null {
  return (data?.[FIELDS[source]] ?? null) as Listing | null;
}

function idsOf(answer: Answer<Record<string, unknown>>, source: JobSource): string[] | undefined {
  return listingOf(answer, source)?.nodes.map(({ jobId }) => jobId);
}

/** The first five jobs of the others are all there, and nothing in the answer tells on the upstream. */
function expectOthersWhole(answer: Answer<Record<string, unknown>>, source: JobSource): void {
  expect(answer.status).toBe(200);
  for (const other of SOURCES.filter((each) => each !== source)) {
    const place = other === 'CI' ? BUCKET : REGION;
    expect(idsOf(answer, other)).toEqual(sandbox[NAMES[other]].jobIds(place).slice(0, 5));
  }
  expect(answer.text).not.toMatch(/evil|10\.1\.2\.3|127\.0\.0\.1|myqcloud|tencentcloudapi|q-sign|TC3/);
}

type Case = readonly [row: string, what: string, play: (source: JobSource) => Play, code: string];

const CASES: readonly Case[] = [
  ['U6', 'a reset', () => (socket) => socket.resetAndDestroy(), 'UPSTREAM_UNAVAILABLE'],
  ['U8', 'another protocol', () => `SSH-2.0-${CANARY}\r\n`, 'UPSTREAM_BAD_RESPONSE'],
  ['U10', 'endless headers', () => flood(OK, `x: ${CANARY}\r\n`.repeat(1_000)), 'UPSTREAM_BAD_RESPONSE'],
  ['U11', 'an endless body', () => flood(`${OK}\r\n`, CANARY.repeat(1_000)), 'UPSTREAM_BAD_RESPONSE'],
  [
    'U11',
    'two million brackets',
    (source) => http(listText(source, [], filled(source === 'BATCH_COMPUTE' ? '[' : '<a>', 2_000_000))),
    'UPSTREAM_BAD_RESPONSE',
  ],
  [
    'U12',
    'gzip',
    (source) => http(gzipSync(listOf(source, [])), 200, ['content-encoding: gzip']),
    'UPSTREAM_BAD_RESPONSE',
  ],
  ['U13', 'a redirect', () => http(CANARY, 302, ['location: http://evil.example/']), 'UPSTREAM_BAD_RESPONSE'],
  ['U14', 'a page of HTML', () => http(`<html>${CANARY}</html>`), 'UPSTREAM_BAD_RESPONSE'],
  ['U18', 'nothing, with status 204', () => http('', 204), 'UPSTREAM_BAD_RESPONSE'],
  ['U24', 'a job without id', (source) => http(listOf(source, [''])), 'UPSTREAM_BAD_RESPONSE'],
  ['U43', 'an unknown error', (source) => http(errorText(source, 'Strange'), 400), 'UPSTREAM_REJECTED'],
];

describe.each(SOURCES)('when %s answers with', (source) => {
  it.each(CASES)('%s: %s, the others’ jobs are there', async (_, _what, play, code) => {
    await withHostile(source, play(source), async (world) => {
      const answer = await world.askText(QUERY, { first: 5 });
      expectOthersWhole(answer, source);
      expect(listingOf(answer, source)).toBeNull();
      expect(answer.errors).toHaveLength(1);
      expect(answer.errors[0]).toMatchObject({
        path: [FIELDS[source]],
        extensions: { code, source, account: 'sandbox' },
      });
    });
  });

  it('U3: nothing, they are there within the deadline', async () => {
    const hanging: Play = () => undefined;
    await withHostile(
      source,
      hanging,
      async (world) => {
        const answer = await world.askText(QUERY, { first: 5 });
        expectOthersWhole(answer, source);
        expect(listingOf(answer, source)).toBeNull();
        expect(answer.errors.map(({ extensions }) => extensions['code'])).toEqual(['UPSTREAM_TIMEOUT']);
      },
      { attemptMs: 300 },
    );
  });

  it('U23, U32: more jobs than were asked for, the page has as many as were', async () => {
    const ids = Array.from({ length: 30 }, (_, n) => `job-a${n}`);
    await withHostile(source, http(listOf(source, ids)), async (world) => {
      const answer = await world.askText(QUERY, { first: 5 });
      expectOthersWhole(answer, source);
      expect(answer.errors).toEqual([]);
      expect(listingOf(answer, source)).toEqual({
        nodes: ids.slice(0, 5).map((jobId) => ({ jobId })),
        pageInfo: { hasNextPage: true },
      });
    });
  });

  it('U29, U35: numbers and texts beyond all measure, the answer is JSON all the same', async () => {
    const more = {
      COS: '<Priority>1e30</Priority><Description>\u0000\u001b[31m&#0;</Description><ProgressSummary><TotalNumberOfTasks>9007199254740991</TotalNumberOfTasks><NumberOfTasksFailed>9007199254740991</NumberOfTasksFailed><NumberOfTasksSucceeded>9007199254740991</NumberOfTasksSucceeded></ProgressSummary>',
      CI: '<Name>\u0000\u001b[31m&#0;</Name><Operation><JobLevel>1e30</JobLevel></Operation>',
      BATCH_COMPUTE: String.raw`,"Priority":4294967296,"JobName":"\ud800\u0000","Placement":{"ProjectId":1e300}`,
    };
    const body = listText(source, [jobText(source, 'job-a', more[source])]).replace(
      '"TaskMetrics":{}',
      '"TaskMetrics":{"FailedCount":9007199254740991,"SucceedCount":9007199254740991}',
    );
    const MAX = Number.MAX_SAFE_INTEGER;
    const expected = {
      COS: {
        jobId: 'job-a',
        displayName: '\ufffd\ufffd[31m',
        priority: null,
        progress: { total: MAX, failed: MAX, percent: 100 },
      },
      CI: {
        jobId: 'job-a',
        displayName: '\ufffd\ufffd[31m',
        priority: null,
        progress: null,
        operation: { jobLevel: null },
      },
      BATCH_COMPUTE: {
        jobId: 'job-a',
        displayName: '\ud800\ufffd',
        priority: null,
        progress: null,
        placement: { projectId: null },
        taskMetrics: { failed: MAX, succeeded: MAX },
      },
    };
    await withHostile(source, http(body), async (world) => {
      const answer = await world.askText(
        `{ listing: ${FIELDS[source]} { nodes { jobId displayName priority progress { total failed percent } ${DETAILS[source]} } } }`,
      );
      expect(answer.status).toBe(200);
      expect(answer.errors).toEqual([]);
      expect(answer.data?.['listing']).toEqual({ nodes: [expected[source]] });
    });
  });

  it.each(['secretId', 'secretKey'] as const)(
    'U44: the gateway’s own %s as its request id and as a name, nobody is shown it',
    async (part) => {
      const own = sandbox.account[part];
      const name = { COS: 'Description', CI: 'Name', BATCH_COMPUTE: 'JobName' }[source];
      const more = source === 'BATCH_COMPUTE' ? `,"${name}":"a ${own}"` : `<${name}>a ${own}</${name}>`;
      const answers: readonly Play[] = [
        http(errorText(source, 'InvalidRequest').replace('in-body', own), 400, [`x-cos-request-id: ${own}`]),
        http(listText(source, [jobText(source, 'job-a', more)]).replace('in-body', own), 200, [
          `x-ci-request-id: id-${own}`,
        ]),
      ];
      const { texts } = recordLog();
      await withHostile(source, { each: (number) => answers[number] ?? '' }, async (world) => {
        const ask = async (first: number): Promise<unknown> => {
          const { text } = await asked(world.url, {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'x-upstream-trace': '1' },
            body: JSON.stringify({
              query: `{ listing: ${FIELDS[source]}(first: ${first}) { nodes { displayName } } }`,
            }),
          });
          expect(text).not.toContain(own);
          return JSON.parse(text) as unknown;
        };
        const refused = await ask(1);
        expect(refused).toMatchObject({ errors: [{ extensions: { code: 'UPSTREAM_REJECTED' } }] });
        expect(refused).not.toMatchObject({ errors: [{ extensions: { requestId: expect.anything() } }] });
        const listed = await ask(2);
        expect(listed).toMatchObject({ data: { listing: { nodes: [{ displayName: 'a ***' }] } } });
      });
      expect(texts.length).toBeGreaterThan(1);
      expect(texts.join('')).not.toContain(own);
    },
  );

  it('U33: another job than the one asked for, it is refused, and a job that is not mentioned is null', async () => {
    const body = source === 'BATCH_COMPUTE' ? listOf(source, ['job-b']) : descriptionText(source, 'job-b');
    await withHostile(source, http(body), async (world) => {
      const idOf = { COS: cosId, BATCH_COMPUTE: batchComputeId, CI: ciId }[source];
      const answer = await world.askText('query ($id: ID!) { node(id: $id) { id } }', { id: idOf('job-a') });
      expect(answer.status).toBe(200);
      expect(answer.data).toEqual({ node: null });
      // DescribeJobs leaves out what it does not know; the others have no such way to say so.
      const codes = answer.errors.map(({ extensions }) => extensions['code']);
      expect(codes).toEqual(source === 'BATCH_COMPUTE' ? [] : ['UPSTREAM_BAD_RESPONSE']);
    });
  });
});

// BatchCompute's rows count as places in its listing, so that it keeps each of them.
describe.each(['COS', 'CI'] as const)('a listing of %s', (source) => {
  it('U30: a job twice, the page has it once', async () => {
    const [a, b] = [jobText(source, 'job-a'), jobText(source, 'job-b')];
    await withHostile(source, http(listText(source, [a, b, a])), async (world) => {
      const answer = await world.askText(QUERY, { first: 5 });
      expectOthersWhole(answer, source);
      expect(answer.errors).toEqual([]);
      expect(new Set(idsOf(answer, source))).toEqual(new Set(['job-a', 'job-b']));
      expect(idsOf(answer, source)).toHaveLength(2);
    });
  });

  it.each([
    ['that leads back to its own page', ['t1', 't1'], 2],
    ['that leads round in a circle', ['t1', 't2', 't1'], 3],
  ])('U31: %s ends the listing', async (_, tokens, pages) => {
    const each = (number: number): Play => {
      const token = `<NextToken>${tokens[number] ?? 'beyond'}</NextToken>`;
      return http(listText(source, [jobText(source, `job-${number}`)], token));
    };
    await withHostile(source, { each }, async (world, requests) => {
      const answer = await world.askText(QUERY, { first: 50 });
      expect(answer.status).toBe(200);
      expect(answer.errors).toEqual([]);
      expect(listingOf(answer, source)).toEqual({
        nodes: Array.from({ length: pages }, (_unused, n) => ({ jobId: `job-${n}` })),
        pageInfo: { hasNextPage: false },
      });
      expect(requests).toHaveLength(pages);
    });
  });

  it('U31: behind a page without jobs ends the listing', async () => {
    const body = listText(source, [], '<NextToken>more</NextToken>');
    await withHostile(source, http(body), async (world, requests) => {
      const answer = await world.askText(QUERY, { first: 50 });
      expect(listingOf(answer, source)).toEqual({ nodes: [], pageInfo: { hasNextPage: false } });
      expect(requests).toHaveLength(1);
    });
  });
});

describe('a count of BatchCompute', () => {
  it.each([0, 1, 2])('U32: of %i where there are two jobs, shows both', async (total) => {
    const jobs = ['job-a', 'job-b'].map((jobId) => jobText('BATCH_COMPUTE', jobId));
    const each = (_: number, request: string): Play => {
      const offset = Number(/"Offset":(\d+)/.exec(request)?.[1]);
      const body = listText('BATCH_COMPUTE', jobs.slice(offset));
      return http(body.replace(/"TotalCount":\d+/, `"TotalCount":${total}`));
    };
    await withHostile('BATCH_COMPUTE', { each }, async (world) => {
      const answer = await world.askText(QUERY, { first: 5 });
      expectOthersWhole(answer, 'BATCH_COMPUTE');
      expect(idsOf(answer, 'BATCH_COMPUTE')).toEqual(['job-a', 'job-b']);
    });
  });
});
