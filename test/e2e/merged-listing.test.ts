import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { sandboxAccount } from '../../src/commands/sandbox-account.ts';
import { type Config, readConfig } from '../../src/config.ts';
import type { UpstreamName } from '../../src/sandbox/call-log.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import {
  AllJobsDocument,
  type AllJobsQuery,
  type AllJobsQueryVariables,
  CosPageDocument,
  type JobFilter,
  type JobOrder,
} from '../operations/generated/graphql.ts';
import { MovedClock } from '../support/moved-clock.ts';
import { type Answer, startWorld, type World } from '../support/world.ts';
import {
  BUCKET,
  callCounts,
  dataOf,
  inEmptyWorld,
  OTHER_BUCKET,
  OTHER_REGION,
  REGION,
  utc,
} from './support.ts';

interface Place {
  readonly upstream: UpstreamName;
  readonly source: 'COS' | 'BATCH_COMPUTE' | 'CI';
  readonly region: string;
  readonly bucket: string | null;
}

/** In the order of the configuration, which is that of the sources; within a source, by name. */
const PLACES: readonly Place[] = [
  { upstream: 'cos', source: 'COS', region: REGION, bucket: null },
  { upstream: 'cos', source: 'COS', region: OTHER_REGION, bucket: null },
  { upstream: 'batchCompute', source: 'BATCH_COMPUTE', region: REGION, bucket: null },
  { upstream: 'batchCompute', source: 'BATCH_COMPUTE', region: OTHER_REGION, bucket: null },
  { upstream: 'ci', source: 'CI', region: 'ap-beijing', bucket: BUCKET },
  { upstream: 'ci', source: 'CI', region: 'ap-shanghai', bucket: OTHER_BUCKET },
];
const ONE_CALL_EACH = {
  'cos ListJobs': 2,
  'batchCompute DescribeJobs': 2,
  'ci DescribeInventoryTriggerJobs': 2,
};
const FIRST_MS = Math.floor(Date.now() / 1_000) * 1_000 - 7_200_000;

type Page = NonNullable<AllJobsQuery['jobs']>;

/** What the sandbox was told of a job, and nothing that the gateway said. */
interface Known {
  readonly rank: number;
  readonly jobId: string;
  readonly createdAtMs: number;
}

interface Facts {
  readonly jobId?: string;
  readonly label?: string;
  /** The product's own word. */
  readonly state?: string;
}

function add(
  { sandbox }: World,
  rank: number,
  createdAtMs: number,
  { jobId, label, state }: Facts = {},
): Known {
  const { upstream, region, bucket } = PLACES[rank] as Place;
  const own = { createdAtMs, ...(jobId === undefined ? {} : { jobId }) };
  switch (upstream) {
    case 'cos': {
      const known = {
        ...(label === undefined ? {} : { description: label }),
        ...(state === undefined ? {} : { status: state }),
      };
      return { rank, createdAtMs, jobId: sandbox.cos.add(region, { ...own, ...known }) };
    }
    case 'batchCompute': {
      const known = {
        ...(label === undefined ? {} : { jobName: label }),
        ...(state === undefined ? {} : { state }),
      };
      return { rank, createdAtMs, jobId: sandbox.batchCompute.add(region, { ...own, ...known }) };
    }
    case 'ci': {
      const known = {
        ...(label === undefined ? {} : { name: label }),
        ...(state === undefined ? {} : { state }),
      };
      return { rank, createdAtMs, jobId: sandbox.ci.add(bucket ?? '', { ...own, ...known }) };
    }
  }
}

/** Jobs of all places in turn, a second apart unless `perSecond` says otherwise. */
function addMany(world: World, count: number, perSecond = 1): Known[] {
  return Array.from({ length: count }, (_, index) =>
    add(world, index % PLACES.length, FIRST_MS + Math.floor(index / perSecond) * 1_000),
  );
}

/** The ids in the order of the contract: creation time, source, place, own id; newest first is its reverse. */
function sorted(known: readonly Known[], order: JobOrder): string[] {
  const oldestFirst = known
    .toSorted((a, b) => a.createdAtMs - b.createdAtMs || a.rank - b.rank || (a.jobId < b.jobId ? -1 : 1))
    .map(({ jobId }) => jobId);
  return order === 'OLDEST_FIRST' ? oldestFirst : oldestFirst.toReversed();
}

async function pageOf(world: World, variables: AllJobsQueryVariables): Promise<Page> {
  const { jobs } = dataOf(await world.ask(AllJobsDocument, variables));
  if (jobs === null) {
    throw new Error('expected a page');
  }
  return jobs;
}

const idsOf = ({ edges }: Page): string[] => edges.map(({ node }) => node.jobId);
const outcomesOf = ({ origins }: Page): string[] => origins.map(({ outcome }) => outcome);
const codeOf = ({ errors }: Answer<unknown>): unknown => errors[0]?.extensions['code'];

/** All pages from the first on, or from the last when `backwards`, in the order of the walk. */
async function walk(
  world: World,
  size: number,
  variables: AllJobsQueryVariables = {},
  { backwards = false, from = null }: { backwards?: boolean; from?: string | null } = {},
): Promise<string[]> {
  const ids: string[] = [];
  let cursor = from;
  for (let pages = 0; pages < 200; pages += 1) {
    const at = backwards ? { last: size, before: cursor } : { first: size, after: cursor };
    const page = await pageOf(world, { ...variables, ...at });
    ids.push(...(backwards ? idsOf(page).toReversed() : idsOf(page)));
    const { hasNextPage, hasPreviousPage, startCursor, endCursor } = page.pageInfo;
    if (!(backwards ? hasPreviousPage : hasNextPage)) {
      return ids;
    }
    cursor = backwards ? startCursor : endCursor;
  }
  throw new Error('expected a walk that ends');
}

/** The place of a rule for what goes wrong there. */
function failAt({ sandbox }: World, rank: number, fault: Fault): void {
  const { upstream, region, bucket } = PLACES[rank] as Place;
  sandbox.faults.add({ upstream, fault, ...(bucket === null ? { region } : { bucket }) });
}

function deadlines(originMs: number): Partial<Config> {
  return { deadlines: { ...readConfig({}).deadlines, originMs } };
}

const WITH_MEMORY = { memoryBytes: 64 * 1_024 * 1_024 };

describe('what a page of all jobs costs', () => {
  it('is one call for each origin, and none for the pages behind it while what was read is fresh', async () => {
    const clock = new MovedClock();
    await inEmptyWorld(
      async (world) => {
        const expected = sorted(addMany(world, 240), 'NEWEST_FIRST');
        const first = await pageOf(world, { first: 20 });
        expect(idsOf(first)).toEqual(expected.slice(0, 20));
        expect(new Set(first.edges.map(({ node }) => node.source))).toEqual(
          new Set(['COS', 'BATCH_COMPUTE', 'CI']),
        );
        expect(outcomesOf(first)).toEqual(Array.from({ length: 6 }, () => 'FRESH'));
        expect(callCounts(world)).toEqual(ONE_CALL_EACH);
        // Little more than the page needs, for all twenty could be of one origin; and all that a call gives of BatchCompute.
        const sizes = world.calls().map(({ params }) => Number(params['Limit'] ?? params['size'] ?? 25));
        expect(sizes.filter((size) => !(size === 100 || (size > 20 && size <= 30)))).toEqual([]);

        let { endCursor } = first.pageInfo;
        for (let page = 1; page <= 4; page += 1) {
          world.sandbox.clearCalls();
          const next = await pageOf(world, { first: 20, after: endCursor });
          expect(idsOf(next)).toEqual(expected.slice(page * 20, page * 20 + 20));
          expect(outcomesOf(next)).toEqual(Array.from({ length: 6 }, () => 'CACHED'));
          expect(callCounts(world), `page ${page + 1}`).toEqual({});
          endCursor = next.pageInfo.endCursor;
        }

        clock.movedMs += 5_001;
        world.sandbox.clearCalls();
        const aged = await pageOf(world, { first: 20, after: endCursor });
        expect(idsOf(aged)).toEqual(expected.slice(100, 120));
        expect(outcomesOf(aged)).toEqual(Array.from({ length: 6 }, () => 'STALE'));
        // Read anew behind it.
        await expect.poll(() => callCounts(world)).toEqual(ONE_CALL_EACH);
      },
      { sandbox: { clock }, parts: { clock }, cache: WITH_MEMORY },
    );
  });

  it('is one call for each BatchCompute region also far down the listing', async () => {
    await inEmptyWorld(async (world) => {
      const known = Array.from({ length: 900 }, (_, index) =>
        add(world, 2 + (index % 2), FIRST_MS + index * 1_000),
      );
      const filter: JobFilter = { sources: ['BATCH_COMPUTE'] };
      const far = await pageOf(world, { first: 500, filter });
      world.sandbox.clearCalls();
      const next = await pageOf(world, { first: 5, filter, after: far.pageInfo.endCursor });
      expect(idsOf(next)).toEqual(sorted(known, 'NEWEST_FIRST').slice(500, 505));
      expect(callCounts(world)).toEqual({ 'batchCompute DescribeJobs': 2 });
    });
  });

  it('is one listing of COS for each region, however many ask at once', async () => {
    await inEmptyWorld(
      async (world) => {
        const expected = sorted(addMany(world, 60), 'NEWEST_FIRST').slice(0, 10);
        const pages = await Promise.all(Array.from({ length: 20 }, () => pageOf(world, { first: 10 })));
        pages.forEach((page) => expect(idsOf(page)).toEqual(expected));
        const listings = world.calls('ListJobs').map(({ region }) => region);
        expect(listings).toHaveLength(2);
        expect(new Set(listings)).toEqual(new Set([REGION, OTHER_REGION]));
      },
      { cache: WITH_MEMORY },
    );
  });

  it('is nothing for a job that a page showed but the one call that its details cost', async () => {
    await inEmptyWorld(async (world) => {
      const cos = add(world, 0, FIRST_MS);
      const compute = add(world, 2, FIRST_MS);
      const { data, errors } = await world.askText(
        `{ jobs { nodes { jobId ... on CosJob { roleArn confirmationRequired clientRequestToken }
           ... on BatchComputeJob { stateReason tasks { name } } } } }`,
      );
      expect(errors).toEqual([]);
      expect(data).toMatchObject({
        jobs: {
          nodes: [
            { jobId: compute.jobId, tasks: expect.arrayContaining([{ name: expect.any(String) }]) },
            { jobId: cos.jobId, roleArn: expect.any(String) },
          ],
        },
      });
      expect(callCounts(world)).toEqual({
        ...ONE_CALL_EACH,
        'cos DescribeJob': 1,
        'batchCompute DescribeJob': 1,
      });
    });
  });
});

describe('an origin that the filter excludes', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ sandbox: { world: 'empty' } });
    addMany(world, 30);
  });
  afterAll(() => world.close());
  beforeEach(() => world.sandbox.clearCalls());

  it.each<[string, JobFilter, readonly number[]]>([
    ['of another source', { sources: ['CI'] }, [4, 5]],
    ['of neither source', { sources: ['COS', 'BATCH_COMPUTE'] }, [0, 1, 2, 3]],
    ['in another region', { regions: ['ap-shanghai'] }, [1, 3, 5]],
    ['in neither region', { regions: ['ap-beijing', 'ap-guangzhou'] }, [0, 2, 4]],
    ['whose product has no such status', { statuses: ['SUSPENDED'] }, [0, 1]],
    ['whose product has neither status', { statuses: ['PAUSED'] }, [0, 1, 4, 5]],
    ['of another source or region', { sources: ['COS', 'CI'], regions: ['ap-guangzhou'] }, [0]],
    ['of a source that has no such region', { sources: ['COS'], regions: ['ap-beijing'] }, []],
  ])('%s is not called, and reported as skipped', async (_, filter, asked) => {
    const page = await pageOf(world, { first: 50, filter });
    const isAsked = PLACES.map((_place, rank) => asked.includes(rank));
    expect(page.origins.map(({ outcome }) => outcome !== 'SKIPPED')).toEqual(isAsked);
    expect(page.origins.map(({ source, region, bucket }) => ({ source, region, bucket }))).toEqual(
      PLACES.map(({ source, region, bucket }) => ({ source, region, bucket })),
    );
    const called = PLACES.map(({ upstream, region, bucket }) =>
      world
        .calls()
        .some(
          (call) =>
            call.upstream === upstream && (bucket === null ? call.region === region : call.bucket === bucket),
        ),
    );
    // A listing of COS that is fresh is not read again.
    expect(called.slice(2)).toEqual(isAsked.slice(2));
    expect(called.filter((isCalled, rank) => isCalled && isAsked[rank] === false)).toEqual([]);
    const skipped = page.origins.filter(({ outcome }) => outcome === 'SKIPPED');
    skipped.forEach((report) => {
      expect(report).toMatchObject({ totalCount: null, fetchedAt: null, error: null });
    });
  });

  it('of another account is not called', async () => {
    const account = sandboxAccount(world.sandbox, 1_000);
    const app = createApp({
      ...readConfig({}),
      accounts: [
        { ...account, name: 'media', batchCompute: null, ci: null },
        { ...account, name: 'archive', cos: null, batchCompute: null },
      ],
    });
    try {
      const query =
        '{ jobs(filter: { accounts: ["archive"] }) { nodes { account } origins { account outcome } } }';
      const answer = await app.fetch(
        new Request('http://gateway/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query }),
        }),
      );
      expect(await answer.json()).toEqual({
        data: {
          jobs: {
            nodes: Array.from({ length: 10 }, () => ({ account: 'archive' })),
            origins: [
              { account: 'media', outcome: 'SKIPPED' },
              { account: 'media', outcome: 'SKIPPED' },
              { account: 'archive', outcome: 'FRESH' },
              { account: 'archive', outcome: 'FRESH' },
            ],
          },
        },
      });
      expect(callCounts(world)).toEqual({ 'ci DescribeInventoryTriggerJobs': 2 });
    } finally {
      await app.close();
    }
  });

  it.each<[string, JobFilter]>([
    ['account', { accounts: ['sandbox', 'nobody'] }],
    ['region', { regions: ['ap-guangzhou', 'ap-nowhere'] }],
  ])('is no answer for an unknown %s: that is an error, without a call', async (_, filter) => {
    const answer = await world.ask(AllJobsDocument, { filter });
    expect(answer.data).toEqual({ jobs: null });
    expect(codeOf(answer)).toBe('ORIGIN_NOT_CONFIGURED');
    expect(world.calls()).toEqual([]);
  });
});

describe('an origin that does not answer', () => {
  it.each([0, 3, 4])(
    'in time (origin %i) is reported, the others’ jobs are there, and its own come later, once each',
    async (broken) => {
      await inEmptyWorld(
        async (world) => {
          const known = addMany(world, 48);
          failAt(world, broken, { kind: 'hang' });
          const startedMs = performance.now();
          const answer = await world.ask(AllJobsDocument, { first: 500 });
          // The call alone would have been given 2,500 ms, and then another attempt.
          expect(performance.now() - startedMs).toBeLessThan(2_400);
          const page = dataOf(answer).jobs as Page;
          const others = known.filter(({ rank }) => rank !== broken);
          expect(idsOf(page)).toEqual(sorted(others, 'NEWEST_FIRST'));
          expect(outcomesOf(page)).toEqual(PLACES.map((_, rank) => (rank === broken ? 'FAILED' : 'FRESH')));
          expect(page.origins[broken]).toMatchObject({
            totalCount: null,
            fetchedAt: null,
            error: { code: 'UPSTREAM_TIMEOUT', retryable: true, requestId: null, upstreamCode: null },
          });
          expect(page).toMatchObject({ totalCount: null, pageInfo: { hasNextPage: true } });

          const again = await pageOf(world, { first: 500, after: page.pageInfo.endCursor });
          expect(again).toMatchObject({ edges: [], pageInfo: { hasNextPage: true } });
          world.sandbox.faults.clear();
          const late = await walk(world, 3, {}, { from: again.pageInfo.endCursor });
          expect(late).toEqual(
            sorted(
              known.filter(({ rank }) => rank === broken),
              'NEWEST_FIRST',
            ),
          );
        },
        { config: deadlines(400) },
      );
    },
  );

  it.each<[string, number, string]>([
    ['COS', 1, 'AccessDenied'],
    ['BatchCompute', 2, 'UnauthorizedOperation.NoPermission'],
    ['CI', 5, 'AccessDenied'],
  ])(
    'but turns the call away (%s) is reported with the facts to look it up, and nothing of its own',
    async (_, broken, code) => {
      await inEmptyWorld(async (world) => {
        addMany(world, 24);
        failAt(world, broken, {
          kind: 'error',
          code,
          message: 'internal words of 10.1.2.3 about evil.example',
          ...(broken === 2 ? {} : { status: 403 }),
        });
        const answer = await world.ask(AllJobsDocument, { first: 500 });
        const page = dataOf(answer).jobs as Page;
        expect(page.edges).toHaveLength(20);
        const call = world.calls().find(({ outcome }) => outcome.includes(code));
        expect(call?.requestId).toEqual(expect.any(String));
        expect(page.origins[broken]?.error).toMatchObject({
          code: 'UPSTREAM_FORBIDDEN',
          retryable: false,
          upstreamCode: code,
          requestId: call?.requestId,
        });
        const { secretId, secretKey, uin } = world.sandbox.account;
        [secretId, secretKey, uin].forEach((secret) => expect(answer.text).not.toContain(secret));
        expect(answer.text).not.toMatch(
          /myqcloud|tencentcloudapi|127\.0\.0\.1|localhost|evil|10\.1\.2\.3|internal words/,
        );
        expect(answer.text).not.toMatch(/q-sign|TC3-HMAC|\.[jt]s\b|node_modules|stack/i);
      });
    },
  );

  it('leaves null and an error with its code when none of those that were asked does', async () => {
    await inEmptyWorld(async (world) => {
      addMany(world, 12);
      world.sandbox.faults.add({
        upstream: 'ci',
        fault: { kind: 'error', code: 'AccessDenied', status: 403 },
      });
      const answer = await world.ask(AllJobsDocument, { filter: { sources: ['CI'] } });
      expect(answer.data).toEqual({ jobs: null });
      expect(answer.errors).toHaveLength(1);
      expect(answer.errors[0]).toMatchObject({
        path: ['jobs'],
        extensions: { code: 'UPSTREAM_FORBIDDEN', source: 'CI', bucket: BUCKET, retryable: false },
      });
      const whole = await pageOf(world, {});
      expect(outcomesOf(whole)).toEqual(['FRESH', 'FRESH', 'FRESH', 'FRESH', 'FAILED', 'FAILED']);
    });
  });
});

describe('a filter', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ sandbox: { world: 'empty' } });
  });
  afterAll(() => world.close());

  const STATES: readonly (readonly [
    status: string,
    states: readonly (readonly [rank: number, state: string])[],
  ])[] = [
    [
      'QUEUED',
      [
        [0, 'New'],
        [0, 'Preparing'],
        [1, 'Ready'],
        [2, 'SUBMITTED'],
        [2, 'PENDING'],
        [3, 'RUNNABLE'],
        [4, 'Submitted'],
      ],
    ],
    ['SUSPENDED', [[0, 'Suspended']]],
    [
      'RUNNING',
      [
        [0, 'Active'],
        [1, 'Completing'],
        [2, 'STARTING'],
        [3, 'RUNNING'],
        [5, 'Running'],
      ],
    ],
    [
      'PAUSED',
      [
        [0, 'Pausing'],
        [1, 'Paused'],
        [4, 'Pause'],
      ],
    ],
    [
      'STOPPING',
      [
        [0, 'Cancelling'],
        [1, 'Failing'],
      ],
    ],
    [
      'COMPLETED',
      [
        [0, 'Complete'],
        [3, 'SUCCEED'],
        [5, 'Success'],
      ],
    ],
    [
      'FAILED',
      [
        [1, 'Failed'],
        [2, 'FAILED'],
        [3, 'FAILED_INTERRUPTED'],
        [4, 'Failed'],
      ],
    ],
    [
      'CANCELLED',
      [
        [1, 'Cancelled'],
        [5, 'Cancel'],
      ],
    ],
    [
      'UNKNOWN',
      [
        [0, 'Dreaming'],
        [2, 'DREAMING'],
        [5, 'Dreaming'],
      ],
    ],
  ];

  it.each(STATES)(
    'by the status %s shows the jobs of all products that have it, and no other',
    async (status) => {
      await inEmptyWorld(async (own) => {
        const known = STATES.flatMap(([name, states], second) =>
          states.map(([rank, state]) => ({ name, ...add(own, rank, FIRST_MS + second * 1_000, { state }) })),
        );
        const filter = { statuses: [status] } as JobFilter;
        for (const orderBy of ['NEWEST_FIRST', 'OLDEST_FIRST'] as const) {
          const page = await pageOf(own, { first: 100, filter, orderBy });
          const expected = known.filter(({ name }) => name === status);
          expect(idsOf(page)).toEqual(sorted(expected, orderBy));
          expect(new Set(page.edges.map(({ node }) => node.status))).toEqual(new Set([status]));
        }
        const two = await pageOf(own, { first: 100, filter: { statuses: ['UNKNOWN', 'STOPPING'] } });
        expect(idsOf(two)).toEqual(
          sorted(
            known.filter(({ name }) => name === 'UNKNOWN' || name === 'STOPPING'),
            'NEWEST_FIRST',
          ),
        );
      });
    },
  );

  it('by time includes createdAfter and excludes createdBefore, in both orders', async () => {
    await inEmptyWorld(async (own) => {
      const known = addMany(own, 36, 6);
      const at = (second: number): string => utc(FIRST_MS + second * 1_000);
      for (const orderBy of ['NEWEST_FIRST', 'OLDEST_FIRST'] as const) {
        const show = async (filter: JobFilter): Promise<string[]> => walk(own, 4, { filter, orderBy });
        const between = (from: number, to: number): string[] =>
          sorted(known.slice(from * 6, to * 6), orderBy);
        expect(await show({ createdAfter: at(2) })).toEqual(between(2, 6));
        expect(await show({ createdBefore: at(2) })).toEqual(between(0, 2));
        expect(await show({ createdAfter: at(1), createdBefore: at(4) })).toEqual(between(1, 4));
        expect(await show({ createdAfter: at(3), createdBefore: at(3) })).toEqual([]);
        expect(await show({ createdAfter: new Date(FIRST_MS + 1_001).toISOString() })).toEqual(between(2, 6));
        expect(await show({ createdBefore: new Date(FIRST_MS + 1_001).toISOString() })).toEqual(
          between(0, 2),
        );
        expect(await show({ createdAfter: at(6) })).toEqual([]);
      }
    });
  });

  it('by text looks into name, description and id, in any case, and together with the others', async () => {
    await inEmptyWorld(async (own) => {
      const second = (index: number): number => FIRST_MS + index * 1_000;
      const described = add(own, 0, second(0), { label: 'Nightly ARCHIVE of logs', state: 'Failed' });
      const named = add(own, 3, second(1), { label: 'archive-photos', state: 'FAILED' });
      const running = add(own, 2, second(2), { label: 're-Archive', state: 'RUNNING' });
      const video = add(own, 5, second(3), { label: 'aRcHiVe 视频', state: 'Failed' });
      const byId = add(own, 1, second(4), { jobId: 'ee000000-0000-4000-8000-00000000ee00', label: 'other' });
      add(own, 4, second(5), { label: 'other' });
      const show = async (filter: JobFilter): Promise<string[]> => idsOf(await pageOf(own, { filter }));
      const ids = (...known: Known[]): string[] => sorted(known, 'NEWEST_FIRST');
      expect(await show({ text: 'archive' })).toEqual(ids(described, named, running, video));
      expect(await show({ text: 'ARCHIVE' })).toEqual(ids(described, named, running, video));
      expect(await show({ text: '视频' })).toEqual([video.jobId]);
      expect(await show({ text: '00EE00' })).toEqual([byId.jobId]);
      expect(await show({ text: 'archiv.' })).toEqual([]);
      expect(await show({ text: 'archive', statuses: ['FAILED'] })).toEqual(ids(described, named, video));
      expect(
        await show({
          text: 'Archive',
          statuses: ['FAILED', 'RUNNING'],
          sources: ['BATCH_COMPUTE', 'CI'],
          regions: ['ap-shanghai', 'ap-guangzhou'],
          accounts: ['sandbox'],
          createdAfter: utc(second(1)),
          createdBefore: utc(second(3)),
        }),
      ).toEqual(ids(named, running));
    });
  });

  it.each<[string, JobFilter]>([
    ['sources', { sources: [] }],
    ['accounts', { accounts: [] }],
    ['regions', { regions: [] }],
    ['statuses', { statuses: [] }],
    ['text', { text: '' }],
    ['text of line breaks', { text: 'a\nb' }],
  ])('of no %s is refused without a call', async (_, filter) => {
    const answer = await world.ask(AllJobsDocument, { filter });
    expect(answer.data).toEqual({ jobs: null });
    expect(codeOf(answer)).toBe('BAD_USER_INPUT');
    expect(world.calls()).toEqual([]);
  });
});

describe('the order of all jobs', () => {
  it('is the same list from every side: both orders, both directions, small pages and large', async () => {
    await inEmptyWorld(async (world) => {
      const known = addMany(world, 720, 4);
      const newest = sorted(known, 'NEWEST_FIRST');
      const oldest = sorted(known, 'OLDEST_FIRST');
      const whole = await pageOf(world, { first: 500 });
      expect(idsOf(whole)).toEqual(newest.slice(0, 500));
      expect(whole.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
      const rest = await pageOf(world, { first: 500, after: whole.pageInfo.endCursor });
      expect(idsOf(rest)).toEqual(newest.slice(500));
      expect(rest.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
      const last = await pageOf(world, { last: 500 });
      expect(idsOf(last)).toEqual(newest.slice(-500));
      expect(await walk(world, 97, { orderBy: 'OLDEST_FIRST' })).toEqual(oldest);
      expect(await walk(world, 97, {}, { backwards: true })).toEqual(oldest);
      expect(await walk(world, 97, { orderBy: 'OLDEST_FIRST' }, { backwards: true })).toEqual(newest);
    });
  }, 60_000);

  it('is that of source, place and id among jobs of one creation time', async () => {
    await inEmptyWorld(async (world) => {
      const known = addMany(world, 42, 42).toReversed();
      expect(await walk(world, 5)).toEqual(sorted(known, 'NEWEST_FIRST'));
      const oldest = await pageOf(world, { first: 500, orderBy: 'OLDEST_FIRST' });
      expect(idsOf(oldest)).toEqual(sorted(known, 'OLDEST_FIRST'));
      const places = oldest.edges.map(({ node }) => [node.source, node.region].join(' '));
      expect([...new Set(places)]).toEqual(PLACES.map(({ source, region }) => [source, region].join(' ')));
    });
  });

  it('holds for creation times that some systems write for none, page by page', async () => {
    await inEmptyWorld(async (world) => {
      const times = ['0001-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '1970-01-01T00:00:00Z', utc(FIRST_MS)];
      const known = times.flatMap((time) => [2, 3].map((rank) => add(world, rank, Date.parse(time))));
      for (const orderBy of ['NEWEST_FIRST', 'OLDEST_FIRST'] as const) {
        expect(await walk(world, 1, { orderBy })).toEqual(sorted(known, orderBy));
        const back = await walk(world, 1, { orderBy }, { backwards: true });
        expect(back.toReversed()).toEqual(sorted(known, orderBy));
      }
    });
  });

  it.each(['NEWEST_FIRST', 'OLDEST_FIRST'] as const)('holds for no job and for one (%s)', async (orderBy) => {
    await inEmptyWorld(async (world) => {
      const none = {
        hasNextPage: false,
        hasPreviousPage: false,
        startCursor: null,
        endCursor: null,
      };
      expect(await pageOf(world, { orderBy })).toMatchObject({ edges: [], pageInfo: none });
      expect(await pageOf(world, { orderBy, last: 3 })).toMatchObject({ edges: [], pageInfo: none });
      const { jobId } = add(world, 4, FIRST_MS);
      const page = await pageOf(world, { orderBy });
      const cursor = page.edges[0]?.cursor;
      expect(page).toMatchObject({
        edges: [{ node: { jobId, __typename: 'CiJob' } }],
        pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: cursor, endCursor: cursor },
      });
      expect(idsOf(await pageOf(world, { orderBy, after: cursor }))).toEqual([]);
      expect(idsOf(await pageOf(world, { orderBy, before: cursor }))).toEqual([]);
    });
  });
});

describe('the count of all jobs', () => {
  it('is exact where COS and BatchCompute alone are asked, and null where CI is, or a text', async () => {
    await inEmptyWorld(async (world) => {
      addMany(world, 45);
      add(world, 0, FIRST_MS, { state: 'Suspended' });
      const count = async (filter: JobFilter): Promise<number | null> =>
        (await pageOf(world, { first: 2, filter })).totalCount;
      // 45 in turn over six places: eight at each of the first three, seven at the others; and the one.
      expect(await count({ sources: ['COS', 'BATCH_COMPUTE'] })).toBe(8 + 8 + 8 + 7 + 1);
      expect(await count({ sources: ['COS'], regions: [REGION] })).toBe(9);
      expect(await count({ sources: ['BATCH_COMPUTE'], statuses: ['COMPLETED'] })).toBe(15);
      expect(await count({ statuses: ['SUSPENDED'] })).toBe(1);
      expect(await count({ sources: ['COS'], regions: ['ap-beijing'] })).toBe(0);
      expect(await count({})).toBeNull();
      expect(await count({ sources: ['CI'] })).toBeNull();
      expect(await count({ sources: ['COS'], text: 'e' })).toBeNull();
      expect(await count({ sources: ['COS'], createdAfter: utc(FIRST_MS) })).toBeNull();

      const filter: JobFilter = { sources: ['COS', 'BATCH_COMPUTE'] };
      for (const orderBy of ['NEWEST_FIRST', 'OLDEST_FIRST'] as const) {
        const first = await pageOf(world, { first: 2, filter, orderBy });
        expect(first.totalCount).toBe(32);
        const after = first.pageInfo.endCursor;
        expect((await pageOf(world, { first: 2, filter, orderBy, after })).totalCount).toBe(32);
      }

      const { origins } = await pageOf(world, { first: 2 });
      expect(origins.map(({ totalCount }) => totalCount)).toEqual([9, 8, 8, 7, null, null]);
      expect(origins.every(({ fetchedAt }) => fetchedAt !== null)).toBe(true);
    });
  });
});

describe('the arguments of a page of all jobs', () => {
  let world: World;
  let cursor: string;
  beforeAll(async () => {
    world = await startWorld({ sandbox: { world: 'empty' } });
    addMany(world, 30);
    cursor = (await pageOf(world, { first: 5 })).pageInfo.endCursor ?? '';
  });
  afterAll(() => world.close());
  beforeEach(() => world.sandbox.clearCalls());

  it('mean twenty from the beginning when there are none', async () => {
    expect(idsOf(await pageOf(world, {}))).toHaveLength(20);
  });

  it('lead to the same neighbours from every cursor of a page', async () => {
    const { edges } = await pageOf(world, { first: 30 });
    const ids = edges.map(({ node }) => node.jobId);
    for (const [index, edge] of edges.entries()) {
      const after = await pageOf(world, { first: 3, after: edge.cursor });
      expect(idsOf(after)).toEqual(ids.slice(index + 1, index + 4));
      expect(after.pageInfo).toMatchObject({ hasNextPage: index + 4 < 30, hasPreviousPage: true });
      const before = await pageOf(world, { last: 3, before: edge.cursor });
      expect(idsOf(before)).toEqual(ids.slice(Math.max(0, index - 3), index));
      expect(before.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: index > 3 });
    }
  }, 60_000);

  it.each<[string, AllJobsQueryVariables]>([
    ['first of 0', { first: 0 }],
    ['first of 501', { first: 501 }],
    ['a negative first', { first: -1 }],
    ['last of 0', { last: 0 }],
    ['last of 501', { last: 501 }],
    ['first and last', { first: 1, last: 1 }],
    ['after and before', { after: 'x', before: 'x' }],
    ['first with before', { first: 1, before: 'x' }],
    ['last with after', { last: 1, after: 'x' }],
  ])('are refused without a call: %s', async (_, variables) => {
    const answer = await world.ask(AllJobsDocument, variables);
    expect(answer.data).toEqual({ jobs: null });
    expect(codeOf(answer)).toBe('BAD_USER_INPUT');
    expect(world.calls()).toEqual([]);
  });

  it.each<[string, (cursor: string) => AllJobsQueryVariables]>([
    ['of another order', (after) => ({ after, orderBy: 'OLDEST_FIRST' })],
    ['of another filter by source', (after) => ({ after, filter: { sources: ['COS'] } })],
    ['of another filter by status', (after) => ({ after, filter: { statuses: ['RUNNING'] } })],
    ['of another filter by time', (after) => ({ after, filter: { createdAfter: '2020-01-01T00:00:00Z' } })],
    ['of another filter by text', (after) => ({ last: 2, before: after, filter: { text: 'a' } })],
    ['that was cut', (after) => ({ after: after.slice(0, -1) })],
    ['that nobody gave', () => ({ after: 'WzEsIng' })],
    ['that is empty', () => ({ after: '' })],
    ['that is too long', (after) => ({ after: after.repeat(20) })],
  ])('refuse a cursor %s without a call', async (_, variablesWith) => {
    const answer = await world.ask(AllJobsDocument, variablesWith(cursor));
    expect(answer.data).toEqual({ jobs: null });
    expect(codeOf(answer)).toBe('INVALID_CURSOR');
    expect(world.calls()).toEqual([]);
  });

  it('refuse a cursor of another field without a call', async () => {
    const { page } = dataOf(await world.ask(CosPageDocument, { first: 1 }));
    world.sandbox.clearCalls();
    const answer = await world.ask(AllJobsDocument, { after: page?.pageInfo.endCursor });
    expect(page?.edges).toHaveLength(1);
    expect(codeOf(answer)).toBe('INVALID_CURSOR');
    expect(world.calls()).toEqual([]);
  });

  it('take a cursor of the same filter in other words', async () => {
    const statuses = ['RUNNING', 'COMPLETED'] as const;
    const first = await pageOf(world, { first: 5, filter: { statuses: [...statuses] } });
    const filter: JobFilter = { statuses: [...statuses.toReversed(), 'RUNNING'], text: null };
    const next = await pageOf(world, { first: 5, filter, after: first.pageInfo.endCursor });
    const all = await pageOf(world, { first: 10, filter });
    expect([...idsOf(first), ...idsOf(next)]).toEqual(idsOf(all));
  });
});
