import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import type { Phase } from '../../src/sandbox/life.ts';
import type { UpstreamName } from '../../src/sandbox/call-log.ts';
import { MovedClock } from '../support/moved-clock.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import type { World, WorldSettings } from '../support/world.ts';
import {
  asksAt,
  jobsOf,
  nodeOf,
  nodesOf,
  openBudgets,
  PATIENT,
  read,
  SEEN,
  type SeenJob,
  SOON,
} from './kept.ts';
import {
  addJobs,
  batchComputeId,
  BUCKET,
  callCounts,
  ciId,
  cosId,
  inEmptyWorld,
  inWorld,
  REGION,
} from './support.ts';

let redis: TestRedis;
let admin: Redis;

beforeAll(async () => {
  redis = await startRedis();
  admin = new Redis(redis.url);
});

beforeEach(async () => {
  await admin.flushall();
});

afterAll(async () => {
  admin.disconnect();
  await redis.close();
});

const KINDS = {
  running: { cos: { status: 'Active' }, batchCompute: { state: 'RUNNING' }, ci: { state: 'Running' } },
  failed: { cos: { status: 'Failed' }, batchCompute: { state: 'FAILED' }, ci: { state: 'Failed' } },
  finished: { cos: {}, batchCompute: {}, ci: {} },
} as const;

const UNKNOWN = {
  cos: 'no-such-job',
  batchCompute: 'job-nosuch00',
  ci: `b${'0'.repeat(32)}`,
} satisfies Record<UpstreamName, string>;

/** What is read before that is not kept in Redis. */
async function connected({ url }: World): Promise<void> {
  await expect.poll(async () => (await fetch(`${url}/ready`)).text(), SOON).toContain('"redis":"connected"');
}

describe.each([
  ['in its own memory', false],
  ['in its own memory and in Redis', true],
  ['in Redis alone', true, 0],
])('a gateway that keeps what it reads %s', (_where, withRedis, memoryBytes = PATIENT.memoryBytes) => {
  let clock: MovedClock;
  let settings: WorldSettings;

  beforeEach(() => {
    clock = new MovedClock();
    settings = {
      parts: { clock },
      sandbox: { clock },
      cache: { ...PATIENT, memoryBytes, replayBytes: 0 },
      config: { redisUrl: withRedis ? new Secret(redis.url) : null },
    };
  });

  const inKeepingWorld = (story: (world: World) => Promise<void>): Promise<void> =>
    inEmptyWorld(async (world) => {
      await (withRedis ? openBudgets(admin) : undefined);
      await story(world);
    }, settings);

  /**
   * A world whose clock may be moved. With Redis it has no BatchCompute, whose budget keeps quiet for seconds when a clock is
   * set. Gives the jobs of a kind that were added to each source, and how many origins there are.
   */
  const inMovingWorld = (
    kind: keyof typeof KINDS,
    story: (world: World, ids: readonly string[], origins: number) => Promise<void>,
  ): Promise<void> =>
    inEmptyWorld(
      async (world) => {
        const { cos, batchCompute, ci } = KINDS[kind];
        const ids = [
          ...addJobs(world, 'cos', 1, { like: () => cos }).map((jobId) => cosId(jobId)),
          ...addJobs(world, 'ci', 1, { like: () => ci }).map((jobId) => ciId(jobId)),
        ];
        if (!withRedis) {
          ids.push(
            ...addJobs(world, 'batchCompute', 1, { like: () => batchCompute }).map((id) =>
              batchComputeId(id),
            ),
          );
        }
        await (withRedis ? connected(world) : undefined);
        await story(world, ids, 2 * ids.length);
      },
      { ...settings, account: (account) => (withRedis ? { ...account, batchCompute: null } : account) },
    );

  /** What it costs upstream, of whatever kind. */
  async function costOf(world: World, ask: () => Promise<unknown>): Promise<Record<string, number>> {
    world.sandbox.clearCalls();
    await ask();
    return callCounts(world);
  }

  it('asks for nothing twice, whatever the shape of the second query', () =>
    inKeepingWorld(async (world) => {
      const [cos = ''] = addJobs(world, 'cos', 3).toSorted();
      const [batchCompute = ''] = addJobs(world, 'batchCompute', 3);
      const [ci = ''] = addJobs(world, 'ci', 3);
      const ids = [cosId(cos), batchComputeId(batchCompute), ciId(ci)];
      expect(Object.keys(await costOf(world, () => jobsOf(world))).toSorted()).toEqual([
        'batchCompute DescribeJobs',
        'ci DescribeInventoryTriggerJobs',
        'cos ListJobs',
      ]);
      const shapes = [
        '{ jobs(first: 20) { nodes { id } } }',
        '{ jobs(first: 20) { edges { cursor node { name } } pageInfo { endCursor } origins { outcome } } }',
        '{ one: jobs(first: 20) { nodes { a: id } } other: jobs(first: 20) { nodes { b: jobId status } } }',
        'query ($n: Int) { jobs(first: $n) { nodes { createdAt } } }',
        '{ jobs(first: 2) { nodes { id } } }',
        '{ jobs(first: 4) { totalCount nodes { id } } }',
        ...ids.map((id) => `{ node(id: "${id}") { id ${SEEN} } }`),
        ...ids.map((id) => `{ x: job(id: "${id}") { displayName } y: job(id: "${id}") { createdAt } }`),
        `{ nodes(ids: ${JSON.stringify(ids)}) { id } }`,
        `{ cosJob(jobId: "${cos}") { cosStatus } }`,
        `{ batchComputeJob(jobId: "${batchCompute}") { displayName } }`,
        `{ ciJob(jobId: "${ci}") { displayName } }`,
      ];
      for (const shape of shapes) {
        expect([shape, await costOf(world, () => read(world, shape, { n: 20 }))]).toEqual([shape, {}]);
      }
    }));

  it('knows the jobs of a source’s own listing by id, and the listing again, page by page', () =>
    inKeepingWorld(async (world) => {
      const all = {
        cosJobs: addJobs(world, 'cos', 5).map((jobId) => cosId(jobId)),
        batchComputeJobs: addJobs(world, 'batchCompute', 5).map((jobId) => batchComputeId(jobId)),
        ciJobs: addJobs(world, 'ci', 5).map((jobId) => ciId(jobId)),
      };
      for (const [field, ids] of Object.entries(all)) {
        const page = (after: string | null): string =>
          `{ page: ${field}(first: 3${after === null ? '' : `, after: "${after}"`}) { nodes { id } pageInfo { endCursor } } }`;
        const walk = async (): Promise<string[]> => {
          const first = await read<{ page: Page }>(world, page(null));
          const second = await read<{ page: Page }>(world, page(first.page.pageInfo.endCursor));
          return [...first.page.nodes, ...second.page.nodes].map(({ id }) => id);
        };
        const found = await walk();
        expect(found.toSorted()).toEqual(ids.toSorted());
        let again: string[] = [];
        expect(await costOf(world, async () => (again = await walk()))).toEqual({});
        expect(again).toEqual(found);
        expect(await costOf(world, () => nodesOf(world, ids))).toEqual({});
      }
    }));

  it('tells truthfully what is fresh, what was kept and what is past its time', () =>
    inMovingWorld('running', async (world, ids, origins) => {
      const seen = async (): Promise<{ outcomes: unknown[]; stale: unknown[]; fetchedAt: number[] }> => {
        const { nodes, origins: reports } = await jobsOf(world);
        expect(nodes).toHaveLength(ids.length);
        return {
          outcomes: [...new Set(reports.map(({ outcome }) => outcome))],
          stale: [...new Set(nodes.map(({ freshness }) => freshness.stale))],
          fetchedAt: [...nodes.map(({ freshness }) => freshness), ...reports].map(({ fetchedAt }) =>
            Date.parse(String(fetchedAt)),
          ),
        };
      };
      const askedAtMs = clock.now();
      const first = await seen();
      expect(first).toMatchObject({ outcomes: ['FRESH'], stale: [false] });
      expect(Math.min(...first.fetchedAt)).toBeGreaterThanOrEqual(askedAtMs);
      expect(Math.max(...first.fetchedAt)).toBeLessThanOrEqual(clock.now());

      clock.movedMs += 3_000;
      expect(await seen()).toEqual({ ...first, outcomes: ['CACHED'] });

      // Past its time: answered at once, as it was, and read anew behind.
      clock.movedMs += 3_000;
      world.sandbox.clearCalls();
      const stale = await seen();
      expect(stale).toEqual({ ...first, outcomes: ['STALE'], stale: [true] });
      await expect.poll(() => world.calls().length, SOON).toBe(origins);
      await expect.poll(async () => (await seen()).outcomes, SOON).toEqual(['CACHED']);
      const renewed = await seen();
      expect(renewed.stale).toEqual([false]);
      expect(Math.min(...renewed.fetchedAt)).toBeGreaterThanOrEqual(askedAtMs + 6_000);
      expect(world.calls()).toHaveLength(origins);
    }));

  it.each([
    ['running', 5_000],
    ['failed', 300_000],
    ['finished', 86_400_000],
  ] as const)(
    'reads a job that is %s once in %i ms, and gives it once more while it reads it anew',
    (kind, freshMs) =>
      inMovingWorld(kind, async (world, ids) => {
        const ask = async (): Promise<SeenJob['freshness'][]> =>
          (await nodesOf(world, ids)).map((node) => node!.freshness);
        const first = await ask();
        expect(world.calls()).toHaveLength(ids.length);
        clock.movedMs += freshMs - 2_500;
        expect(await ask()).toEqual(first);
        expect(world.calls()).toHaveLength(ids.length);
        clock.movedMs += 5_000;
        expect(await ask()).toEqual(first.map(({ fetchedAt }) => ({ fetchedAt, stale: true })));
        await expect.poll(() => world.calls().length, SOON).toBe(2 * ids.length);
        await expect.poll(async () => (await ask()).some(({ stale }) => stale), SOON).toBe(false);
        // Past the time in which it may be given while it is read: nobody gets it any more.
        clock.movedMs += freshMs + 12_000;
        expect((await ask()).some(({ stale }) => stale)).toBe(false);
        expect(world.calls()).toHaveLength(3 * ids.length);
      }),
  );

  it('believes for two seconds that a job does not exist', () =>
    inMovingWorld('running', async (world) => {
      const ids = [
        cosId(UNKNOWN.cos),
        ciId(UNKNOWN.ci),
        ...(withRedis ? [] : [batchComputeId(UNKNOWN.batchCompute)]),
      ];
      expect(await nodesOf(world, ids)).toEqual(ids.map(() => null));
      expect(world.calls()).toHaveLength(ids.length);
      world.sandbox.cos.add(REGION, { jobId: UNKNOWN.cos });
      world.sandbox.batchCompute.add(REGION, { jobId: UNKNOWN.batchCompute });
      world.sandbox.ci.add(BUCKET, { jobId: UNKNOWN.ci });
      clock.movedMs += 100;
      expect(await nodesOf(world, ids)).toEqual(ids.map(() => null));
      expect(world.calls()).toHaveLength(ids.length);
      clock.movedMs += 2_000;
      expect((await nodesOf(world, ids)).map((node) => node?.id)).toEqual(ids);
    }));

  it('gives what it knows while the upstreams are down, for as long as it may', () =>
    inMovingWorld('running', async (world, ids, origins) => {
      const first = await jobsOf(world);
      expect(first.nodes.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
      for (const upstream of ['cos', 'batchCompute', 'ci'] as const) {
        world.sandbox.faults.add({ upstream, fault: { kind: 'empty', status: 503 } });
      }
      // Beyond the ten seconds in which it is given anyway.
      clock.movedMs += 60_000;
      const list = await jobsOf(world);
      expect(list.nodes.map(({ id }) => id)).toEqual(first.nodes.map(({ id }) => id));
      expect(list.origins).toEqual(
        first.origins.map((report) => ({ ...report, outcome: 'STALE', error: null })),
      );
      for (const job of [...list.nodes, ...(await nodesOf(world, ids))]) {
        const { fetchedAt } = first.nodes.find(({ id }) => id === job?.id)!.freshness;
        expect(job?.freshness).toEqual({ fetchedAt, stale: true });
      }
      // Beyond the grace there is nothing left to give.
      clock.movedMs += 700_000;
      const byId = await world.askText('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids });
      expect(byId.data).toEqual({ nodes: ids.map(() => null) });
      expect(byId.errors.map(({ extensions }) => extensions['code'])).toEqual(
        ids.map(() => 'UPSTREAM_UNAVAILABLE'),
      );
      const all = await world.askText('{ jobs { origins { outcome } } }');
      expect(all.data).toEqual({ jobs: null });
      expect(origins).toBe(first.origins.length);
    }));

  it('loses nothing of the other sources when one fails', () =>
    inKeepingWorld(async (world) => {
      addJobs(world, 'cos', 2);
      addJobs(world, 'batchCompute', 2);
      addJobs(world, 'ci', 2);
      world.sandbox.faults.add({ upstream: 'ci', fault: { kind: 'empty', status: 503 } });
      const outcomesOf = async (): Promise<Record<string, string>> =>
        Object.fromEntries((await jobsOf(world)).origins.map(({ source, outcome }) => [source, outcome]));
      expect(await outcomesOf()).toEqual({ COS: 'FRESH', BATCH_COMPUTE: 'FRESH', CI: 'FAILED' });
      world.sandbox.clearCalls();
      const { nodes, origins } = await jobsOf(world);
      expect(nodes).toHaveLength(4);
      expect(Object.fromEntries(origins.map(({ source, outcome }) => [source, outcome]))).toEqual({
        COS: 'CACHED',
        BATCH_COMPUTE: 'CACHED',
        CI: 'FAILED',
      });
      expect(world.calls().filter(({ upstream }) => upstream !== 'ci')).toEqual([]);
    }));

  it('reads for details only when they are asked for, and once', () =>
    inKeepingWorld(async (world) => {
      addJobs(world, 'cos', 3);
      addJobs(world, 'batchCompute', 3);
      const lists = { 'cos ListJobs': 1, 'batchCompute DescribeJobs': 1 };
      const listOf = (cos: string, batchCompute: string): string =>
        `{ cosJobs(first: 3) { nodes { id ${cos} } } batchComputeJobs(first: 3) { nodes { id ${batchCompute} } } }`;
      expect(await costOf(world, () => read(world, listOf('status', 'displayName')))).toEqual(lists);
      expect(await costOf(world, () => read(world, listOf('createdAt', 'progress { total }')))).toEqual({});
      expect(await costOf(world, () => read(world, listOf('roleArn', 'tasks { name }')))).toEqual({
        'cos DescribeJob': 3,
        'batchCompute DescribeJob': 3,
      });
      expect(
        await costOf(world, () => read(world, listOf('manifest { spec { format } }', 'tasks { state }'))),
      ).toEqual({});
    }));

  it('reads anew, and makes known, what a client asks for with no-cache', () =>
    inMovingWorld('finished', async (world, ids) => {
      const anew = asksAt(world.url, { 'cache-control': 'no-cache' });
      const first = await nodesOf(world, ids);
      expect(await costOf(world, () => nodesOf(world, ids))).toEqual({});
      clock.movedMs += 1_000;
      const again = await nodesOf(anew, ids);
      expect(world.calls()).toHaveLength(ids.length);
      for (const [index, job] of again.entries()) {
        expect(
          Date.parse(job!.freshness.fetchedAt) - Date.parse(first[index]!.freshness.fetchedAt),
        ).toBeGreaterThanOrEqual(1_000);
      }
      expect(await nodesOf(world, ids)).toEqual(again);
      expect(world.calls()).toHaveLength(ids.length);
    }));
});

interface Page {
  readonly nodes: readonly { readonly id: string }[];
  readonly pageInfo: { readonly endCursor: string };
}

describe('a job', () => {
  // Of two values the one counts that was received later, and not the one that was asked for later.
  it('that was seen to have ended does not run again because of an answer that was under way', () =>
    inEmptyWorld(
      async (world) => {
        const phases: [Phase] = [{ status: 'Active', fromMs: 0, done: 0 }];
        const id = cosId(world.sandbox.cos.add(REGION, { life: phases }));
        world.sandbox.faults.add({
          upstream: 'cos',
          action: 'ListJobs',
          times: 1,
          fault: { kind: 'slow-body', delayMs: 500 },
        });
        const list = read(world, '{ cosJobs { nodes { status } } }');
        await expect.poll(() => world.calls('ListJobs').length, SOON).toBe(1);
        // What the list tells is made up already, and half of it under way.
        await expect.poll(() => world.calls('ListJobs')[0]?.httpStatus ?? null, SOON).not.toBe(null);
        phases[0] = { status: 'Complete', fromMs: 0, done: 1 };
        expect((await nodeOf(world, id))?.status).toBe('COMPLETED');
        await list;
        expect((await nodeOf(world, id))?.status).toBe('COMPLETED');
      },
      { cache: { memoryBytes: PATIENT.memoryBytes } },
    ));
});

describe('a gateway that keeps nothing', () => {
  it('reads whatever it is asked for', () =>
    inWorld({ cache: { memoryBytes: 0 } }, async (world) => {
      const { nodes } = await jobsOf(world, 3);
      const cost = world.calls().length;
      await jobsOf(world, 3);
      expect(world.calls()).toHaveLength(2 * cost);
      await nodeOf(world, nodes[0]!.id);
      expect(world.calls()).toHaveLength(2 * cost + 1);
    }));
});
