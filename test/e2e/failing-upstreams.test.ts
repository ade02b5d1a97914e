import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../../src/config.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { SandboxCall, UpstreamName } from '../../src/sandbox/call-log.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import {
  AllSourcesDocument,
  BatchComputePageDocument,
  NodesByIdDocument,
} from '../operations/generated/graphql.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type Answer, startWorld, type World } from '../support/world.ts';
import {
  addJobs,
  batchComputeId,
  BUCKET,
  callCounts,
  cosId,
  dataOf,
  inEmptyWorld,
  REGION,
} from './support.ts';

const UPSTREAMS = ['cos', 'batchCompute', 'ci'] as const;
const FIELDS = { cos: 'cosJobs', batchCompute: 'batchComputeJobs', ci: 'ciJobs' } as const;
const PLACES = {
  cos: { source: 'COS', account: 'sandbox', region: REGION },
  batchCompute: { source: 'BATCH_COMPUTE', account: 'sandbox', region: REGION },
  ci: { source: 'CI', account: 'sandbox', region: 'ap-beijing', bucket: BUCKET },
} as const;
/** Attempts for a fault that may pass: a call of BatchCompute costs half a second of its budget, so it gets one less. */
const ATTEMPTS = { cos: 3, batchCompute: 2, ci: 3 } as const;

const UPSTREAM_WORDS = 'internal words of 10.1.2.3 about evil.example';

function deadlines(requestMs: number, attemptMs: number): Partial<Config> {
  return { deadlines: { ...readConfig({}).deadlines, requestMs, attemptMs } };
}

/** What no client may read, in the data or in an error, whatever has gone wrong. */
function expectNothingLeaked({ sandbox }: World, { text }: Answer<unknown>): void {
  for (const secret of [sandbox.account.secretId, sandbox.account.secretKey, sandbox.account.uin]) {
    expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/myqcloud|tencentcloudapi|127\.0\.0\.1|localhost|evil|10\.1\.2\.3/);
  expect(text).not.toMatch(/q-sign|q-ak|TC3-HMAC|StringToSign|FormatString|Authorization|x-cos-|X-TC-/i);
  expect(text).not.toMatch(/\.[jt]s\b|node_modules|file:|\/src\/|stack/);
  expect(text).not.toMatch(
    /internal words|request rate too high|current request times|Access Denied|Signature you specified|Bad Gateway|<html/i,
  );
}

function callsTo(world: World, upstream: UpstreamName): SandboxCall[] {
  return world.calls().filter((call) => call.upstream === upstream);
}

interface Expected {
  readonly code: string;
  readonly retryable: boolean;
  readonly upstreamCode?: string;
  /** Left out: how often it is tried depends on chance. */
  readonly calls?: number;
}

type Case = readonly [
  name: string,
  fault: (upstream: UpstreamName) => Fault,
  expected: (upstream: UpstreamName) => Expected,
];

const inWords = (fault: { code: string; status?: number }): Fault => ({
  kind: 'error',
  message: UPSTREAM_WORDS,
  ...fault,
});

const CASES: readonly Case[] = [
  [
    'does not answer',
    () => ({ kind: 'hang' }),
    (upstream) => ({ code: 'UPSTREAM_TIMEOUT', retryable: true, calls: ATTEMPTS[upstream] }),
  ],
  [
    'breaks connections before it answers',
    () => ({ kind: 'drop', when: 'before-answer' }),
    (upstream) => ({ code: 'UPSTREAM_UNAVAILABLE', retryable: true, calls: ATTEMPTS[upstream] }),
  ],
  [
    'breaks connections within its answers',
    () => ({ kind: 'drop', when: 'within-body' }),
    (upstream) => ({ code: 'UPSTREAM_UNAVAILABLE', retryable: true, calls: ATTEMPTS[upstream] }),
  ],
  [
    'stands behind a proxy that answers 502 with a page',
    () => ({ kind: 'html', status: 502 }),
    (upstream) => ({ code: 'UPSTREAM_UNAVAILABLE', retryable: true, calls: ATTEMPTS[upstream] }),
  ],
  [
    'stands behind a proxy that answers 200 with a page',
    () => ({ kind: 'html', status: 200 }),
    () => ({ code: 'UPSTREAM_BAD_RESPONSE', retryable: true, calls: 2 }),
  ],
  [
    'answers 503 with nothing',
    () => ({ kind: 'empty', status: 503 }),
    (upstream) => ({ code: 'UPSTREAM_UNAVAILABLE', retryable: true, calls: ATTEMPTS[upstream] }),
  ],
  [
    'throttles',
    (upstream) => inWords({ code: upstream === 'batchCompute' ? 'RequestLimitExceeded' : 'SlowDown' }),
    (upstream) => ({
      code: 'UPSTREAM_RATE_LIMITED',
      retryable: true,
      upstreamCode: upstream === 'batchCompute' ? 'RequestLimitExceeded' : 'SlowDown',
    }),
  ],
  [
    'does not accept the signature',
    (upstream) =>
      upstream === 'batchCompute'
        ? inWords({ code: 'AuthFailure.SignatureFailure' })
        : inWords({ code: 'SignatureDoesNotMatch', status: 403 }),
    (upstream) => ({
      code: 'UPSTREAM_AUTH_FAILED',
      retryable: false,
      upstreamCode: upstream === 'batchCompute' ? 'AuthFailure.SignatureFailure' : 'SignatureDoesNotMatch',
      calls: 1,
    }),
  ],
  [
    'does not grant the call',
    (upstream) =>
      upstream === 'batchCompute'
        ? inWords({ code: 'UnauthorizedOperation.NoPermission' })
        : inWords({ code: 'AccessDenied', status: 403 }),
    (upstream) => ({
      code: 'UPSTREAM_FORBIDDEN',
      retryable: false,
      upstreamCode: upstream === 'batchCompute' ? 'UnauthorizedOperation.NoPermission' : 'AccessDenied',
      calls: 1,
    }),
  ],
  [
    'answers an error with status 200',
    () => inWords({ code: 'InternalError', status: 200 }),
    (upstream) => ({
      code: 'UPSTREAM_UNAVAILABLE',
      retryable: true,
      upstreamCode: 'InternalError',
      calls: ATTEMPTS[upstream],
    }),
  ],
  [
    'answers with a code that nobody knows',
    () => inWords({ code: 'SomethingNew', status: 400 }),
    () => ({ code: 'UPSTREAM_REJECTED', retryable: false, upstreamCode: 'SomethingNew', calls: 1 }),
  ],
  [
    'cuts its answers short',
    () => ({ kind: 'truncate' }),
    () => ({ code: 'UPSTREAM_BAD_RESPONSE', retryable: true, calls: 2 }),
  ],
  [
    'redirects elsewhere',
    () => ({ kind: 'raw', status: 302, headers: { location: 'http://evil.example/' }, body: '' }),
    () => ({ code: 'UPSTREAM_BAD_RESPONSE', retryable: true, calls: 2 }),
  ],
];

describe.each(UPSTREAMS)('when %s', (upstream) => {
  let runningSandbox: Sandbox;
  let world: World;
  beforeAll(async () => {
    runningSandbox = await startSandbox({ batchComputeRequestsPerSecond: 1_000 });
  });
  afterAll(() => runningSandbox.close());
  // One for each case, for a gateway remembers how an upstream did of late.
  beforeEach(async () => {
    runningSandbox.faults.clear();
    runningSandbox.clearCalls();
    world = await startWorld({ runningSandbox, config: deadlines(2_000, 250) });
  });
  afterEach(() => world.close());

  it.each(CASES)(
    '%s, the others’ jobs are there, and the error says what a client can do',
    async (_, fault, expect_) => {
      const expected = expect_(upstream);
      const { sandbox } = world;
      sandbox.faults.add({ upstream, fault: fault(upstream) });
      const startedMs = performance.now();
      const answer = await world.ask(AllSourcesDocument, { first: 5 });
      expect(performance.now() - startedMs).toBeLessThan(3_000);

      expect(answer.status).toBe(200);
      for (const other of UPSTREAMS.filter((name) => name !== upstream)) {
        const place = other === 'ci' ? BUCKET : REGION;
        expect(answer.data?.[FIELDS[other]]?.nodes.map(({ jobId }) => jobId)).toEqual(
          sandbox[other].jobIds(place).slice(0, 5),
        );
        expect(callsTo(world, other)).toHaveLength(1);
      }
      expect(answer.data?.[FIELDS[upstream]]).toBeNull();
      expect(answer.errors).toHaveLength(1);
      const [error] = answer.errors;
      const { code, retryable, upstreamCode } = expected;
      expect(error?.path).toEqual([FIELDS[upstream]]);
      expect(error?.extensions).toMatchObject({ code, retryable, ...PLACES[upstream] });
      expect(error?.extensions['upstreamCode']).toBe(upstreamCode);
      const seen = callsTo(world, upstream);
      expect(seen).toHaveLength(expected.calls ?? seen.length);
      if (upstreamCode !== undefined) {
        expect(seen.at(-1)?.requestId).toEqual(expect.any(String));
        expect(error?.extensions['requestId']).toBe(seen.at(-1)?.requestId);
      }
      expect(error?.message).not.toBe('');
      expectNothingLeaked(world, answer);
    },
  );

  it.each([
    ['a 503', { kind: 'empty', status: 503 }],
    ['a broken connection', { kind: 'drop', when: 'before-answer' }],
    ['an answer that breaks off', { kind: 'drop', when: 'within-body' }],
    ['an answer cut short', { kind: 'truncate' }],
  ] as const)(
    'has a bad moment, %s, its jobs are there all the same with the second attempt',
    async (_, fault) => {
      world.sandbox.faults.add({ upstream, times: 1, fault });
      const data = dataOf(await world.ask(AllSourcesDocument, { first: 5 }));
      const place = upstream === 'ci' ? BUCKET : REGION;
      expect(data[FIELDS[upstream]]?.nodes.map(({ jobId }) => jobId)).toEqual(
        world.sandbox[upstream].jobIds(place).slice(0, 5),
      );
      expect(callsTo(world, upstream).map(({ outcome }) => outcome)).toEqual([`fault:${fault.kind}`, 'OK']);
      expect(world.calls()).toHaveLength(4);
    },
  );
});

describe('credentials', () => {
  it.each([
    ['a key that nobody knows', { secretId: new Secret('AKIDNOBODY00000000000000000000000001') }],
    ['a wrong secret', { secretKey: new Secret('NOT-THE-SECRET') }],
  ])(
    'that are wrong, %s, fail each source with UPSTREAM_AUTH_FAILED and show nothing of themselves',
    (_, wrong) =>
      inEmptyWorld(
        async (world) => {
          const answer = await world.ask(AllSourcesDocument, {});
          expect(answer.data).toEqual({ cosJobs: null, batchComputeJobs: null, ciJobs: null });
          expect(answer.errors.map(({ extensions }) => extensions['code'])).toEqual(
            Array(3).fill('UPSTREAM_AUTH_FAILED'),
          );
          expect(answer.errors.map(({ extensions }) => extensions['retryable'])).toEqual(
            Array(3).fill(false),
          );
          expectNothingLeaked(world, answer);
          expect(answer.text).not.toMatch(/AKIDNOBODY|NOT-THE-SECRET/);
          // Not one of them is tried again.
          expect(callCounts(world)).toEqual({
            'cos ListJobs': 1,
            'batchCompute DescribeJobs': 1,
            'ci DescribeInventoryTriggerJobs': 1,
          });
        },
        { account: (given) => ({ ...given, credential: { ...given.credential, ...wrong } }) },
      ),
  );
});

describe('time', () => {
  it('that a request may take is kept when no upstream answers, however long an attempt might take', () =>
    inEmptyWorld(
      async (world) => {
        for (const upstream of UPSTREAMS) {
          world.sandbox.faults.add({ upstream, fault: { kind: 'hang' } });
        }
        const startedMs = performance.now();
        const answer = await world.askText(`{
          cosJobs { nodes { id } } batchComputeJobs { nodes { id } } ciJobs { nodes { id } }
          nodes(ids: ["${cosId('a')}", "${batchComputeId('job-aaaaaaaa')}"]) { id }
        }`);
        const tookMs = performance.now() - startedMs;
        expect(tookMs).toBeGreaterThan(350);
        expect(tookMs).toBeLessThan(1_500);
        expect(answer.status).toBe(200);
        expect(answer.data).toEqual({
          cosJobs: null,
          batchComputeJobs: null,
          ciJobs: null,
          nodes: [null, null],
        });
        expect(answer.errors.map(({ extensions }) => extensions['code'])).toEqual(
          Array(5).fill('UPSTREAM_TIMEOUT'),
        );
        expect(world.calls()).toHaveLength(5);
        expectNothingLeaked(world, answer);
      },
      { config: deadlines(400, 60_000) },
    ));

  it('passes between two attempts: each is signed anew, so that the second is accepted minutes later', async () => {
    const clock = new FakeClock();
    await inEmptyWorld(
      async (world) => {
        for (const upstream of UPSTREAMS) {
          world.sandbox.faults.add({ upstream, times: 1, fault: { kind: 'empty', status: 503 } });
        }
        const asked = world.ask(AllSourcesDocument, {});
        // Three pauses before the second attempt, three deadlines of those who wait for a value and three of those who wait
        // for its call, and no attempt under way.
        await expect.poll(() => [world.calls().length, clock.sleeping]).toEqual([3, 9]);
        // Beyond what either signature allows for.
        clock.jump(400_000);
        await clock.advance(100);
        await expect.poll(() => world.calls().length).toBe(6);
        dataOf(await asked);
        expect(world.calls().map(({ outcome }) => outcome)).toEqual([
          ...Array(3).fill('fault:empty'),
          ...Array(3).fill('OK'),
        ]);
      },
      { sandbox: { clock }, parts: { clock }, config: deadlines(600_000, 2_500) },
    );
  });
});

describe('a rate that BatchCompute enforces', () => {
  /** As many questions that nothing joins: each for the jobs of another name. */
  const byName = (name: string): string =>
    `{ batchComputeJobs(first: 1, filter: { names: ["${name}"] }) { nodes { jobId } } }`;
  const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `name-${String(n)}`);

  it('is kept by waiting, so that six calls at once all succeed', () =>
    inEmptyWorld(
      async (world) => {
        const answers = await Promise.all(names(6).map((name) => world.askText(byName(name))));
        expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
        const calls = world.calls('DescribeJobs');
        expect(calls.map(({ outcome }) => outcome)).toEqual(Array(6).fill('OK'));
        const arrivals = calls.map(({ arrivedAtMs }) => arrivedAtMs);
        const spans = arrivals.slice(2).map((arrivedAtMs, index) => arrivedAtMs - (arrivals[index] ?? 0));
        // Never a third arrival within the second of a first.
        expect(spans.filter((spanMs) => spanMs < 1_000)).toEqual([]);
      },
      { requestsPerSecond: 2 },
    ));

  it('joins the reads of forty requests into a few calls, each job asked for once', () =>
    inEmptyWorld(
      async (world) => {
        const jobs = addJobs(world, 'batchCompute', 40);
        const answers = await Promise.all(
          jobs.map((jobId) => world.ask(NodesByIdDocument, { ids: [batchComputeId(jobId)] })),
        );
        expect(answers.map((answer) => dataOf(answer).nodes.map((node) => node?.jobId))).toEqual(
          jobs.map((jobId) => [jobId]),
        );
        // The first leaves at once; while it does, the others come together.
        expect(world.calls('DescribeJobs').length).toBeLessThanOrEqual(3);
      },
      { requestsPerSecond: 2 },
    ));

  it('refuses at once, saying when to come again, what it could not do before the deadline', () =>
    inEmptyWorld(
      async (world) => {
        const startedMs = performance.now();
        const answers = await Promise.all(names(4).map((name) => world.askText(byName(name))));
        expect(performance.now() - startedMs).toBeLessThan(2_500);
        const refused = answers.flatMap(({ errors }) => errors);
        expect(answers.filter(({ errors }) => errors.length === 0)).toHaveLength(2);
        expect(refused).toHaveLength(2);
        for (const { extensions } of refused) {
          expect(extensions).toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retryable: true });
          expect(extensions['retryAfterMs']).toBeGreaterThan(0);
        }
        expect(world.calls('DescribeJobs')).toHaveLength(2);
      },
      { requestsPerSecond: 1, config: deadlines(1_900, 1_500) },
    ));
});

describe('a client that leaves', () => {
  async function leaveAfter(world: World, calls: number, body: object): Promise<void> {
    const controller = new AbortController();
    const asked = fetch(`${world.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: controller.signal,
    });
    const left = expect(asked).rejects.toThrow('aborted');
    await expect.poll(() => world.calls().length, { interval: 5 }).toBe(calls);
    controller.abort();
    await left;
  }

  it('ends its walk: no further page is asked for', () =>
    inEmptyWorld(
      async (world) => {
        addJobs(world, 'batchCompute', 450);
        await leaveAfter(world, 1, {
          query: '{ batchComputeJobs(first: 450) { nodes { jobId } } }',
        });
        // Its second page would have been due after 550 ms.
        await sleep(900);
        expect(world.calls('DescribeJobs')).toHaveLength(1);
        const { page } = dataOf(await world.ask(BatchComputePageDocument, { first: 1 }));
        expect(page?.totalCount).toBe(450);
      },
      { requestsPerSecond: 2 },
    ));

  it('takes its reads with it: those under way are cut, those that wait are not begun', () =>
    inEmptyWorld(async (world) => {
      const ids = addJobs(world, 'cos', 40).map((jobId) => cosId(jobId));
      world.sandbox.faults.add({ upstream: 'cos', fault: { kind: 'slow', delayMs: 400 } });
      await leaveAfter(world, 8, {
        query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
        variables: { ids },
      });
      await sleep(700);
      expect(world.calls().map(({ outcome }) => outcome)).toEqual(Array(8).fill('abandoned'));
    }));

  it('leaves the reads alone that others wait for too', () =>
    inEmptyWorld(async (world) => {
      const ids = addJobs(world, 'cos', 8).map((jobId) => cosId(jobId));
      world.sandbox.faults.add({ upstream: 'cos', fault: { kind: 'slow', delayMs: 300 } });
      const stays = world.ask(NodesByIdDocument, { ids: ids.slice(0, 6) });
      await expect.poll(() => world.calls().length, { interval: 5 }).toBe(6);
      await leaveAfter(world, 8, {
        query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
        variables: { ids },
      });
      expect(dataOf(await stays).nodes.map((node) => node?.id)).toEqual(ids.slice(0, 6));
      const outcomes = world.calls().map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === 'abandoned')).toHaveLength(2);
      expect(outcomes).toHaveLength(8);
    }));
});
