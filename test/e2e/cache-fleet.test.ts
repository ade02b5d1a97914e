import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { lifeOf, type Phase } from '../../src/sandbox/life.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis.ts';
import { startSlowRelay } from '../support/slow-relay.ts';
import { startProcesses } from './gateway-processes.ts';
import {
  adminOf,
  areSharing,
  type Asks,
  asksAt,
  jobsOf,
  listening,
  nodeOf,
  nodesOf,
  openBudgets,
  read,
  SEEN,
  type SeenJob,
  SOON,
  startReplicas,
} from './kept.ts';
import { batchComputeId, BUCKET, ciId, cosId, REGION } from './support.ts';

let sandbox: Sandbox;
let port: number;
let redisUrl: string;
let admin: Redis;

beforeEach(async () => {
  sandbox = await startSandbox({
    world: 'empty',
    batchComputeRequestsPerSecond: null,
    requireVendorHost: true,
  });
  onTestFinished(() => sandbox.close());
  port = await freePort();
  const redis = await startRedis('--port', String(port));
  onTestFinished(() => redis.close());
  redisUrl = `redis://127.0.0.1:${port}`;
  admin = adminOf(redisUrl);
});

const PROCESSES = 3;
const ROUNDS = 30;
const NO_CACHE = { 'cache-control': 'no-cache' };
/** So long that only what others tell, or Redis, makes a replica show anything else. */
const LONG = { runningJobMs: 600_000, listingHeadMs: 600_000 };
const CALLERS = 20;

function addOfEach(): { readonly cos: string; readonly batchCompute: string; readonly ci: string } {
  return {
    cos: cosId(sandbox.cos.add(REGION, { status: 'Active' })),
    batchCompute: batchComputeId(sandbox.batchCompute.add(REGION, { state: 'RUNNING' })),
    ci: ciId(sandbox.ci.add(BUCKET, { state: 'Running' })),
  };
}

function costs(): string[] {
  return sandbox.calls.map(({ upstream, action }) => `${upstream} ${action}`).toSorted();
}

async function listened(replicas: number): Promise<void> {
  await expect.poll(() => listening(admin, replicas), SOON).toBe(replicas);
}

describe('three processes over one Redis', () => {
  it('cost one upstream call, however many callers ask each of them for the same at once', async () => {
    const processes = await startProcesses(PROCESSES, sandbox, redisUrl, LONG);
    await openBudgets(admin);
    await listened(PROCESSES);
    const ids = addOfEach();
    for (const upstream of ['cos', 'batchCompute', 'ci'] as const) {
      sandbox.faults.add({ upstream, fault: { kind: 'slow', delayMs: 250 } });
    }
    const askAll = async <R>(ask: (asks: Asks) => Promise<R>): Promise<R[]> =>
      await Promise.all(processes.flatMap((process) => Array.from({ length: CALLERS }, () => ask(process))));
    const expected = [
      ['cos', 'cos DescribeJob'],
      ['batchCompute', 'batchCompute DescribeJobs'],
      ['ci', 'ci DescribeInventoryTriggerJob'],
    ] as const;
    for (const [source, call] of expected) {
      sandbox.clearCalls();
      const answers = await askAll((process) => nodeOf(process, ids[source]));
      expect(new Set(answers.map((job) => JSON.stringify(job))).size).toBe(1);
      expect(answers[0]?.id).toBe(ids[source]);
      expect(costs()).toEqual([call]);
    }
    sandbox.clearCalls();
    const pages = await askAll((process) => jobsOf(process));
    expect(costs()).toEqual(['batchCompute DescribeJobs', 'ci DescribeInventoryTriggerJobs', 'cos ListJobs']);
    for (const { nodes } of pages) {
      expect(nodes.map(({ id }) => id).toSorted()).toEqual(Object.values(ids).toSorted());
    }
  }, 60_000);

  it('all show what one of them has learnt, and never again what was before, by whatever way it is read', async () => {
    const processes = await startProcesses(2, sandbox, redisUrl, LONG);
    await openBudgets(admin);
    await listened(2);
    const life = lifeOf([{ status: 'Active', forMs: 600_000, doneAfter: 1 }], 'Complete');
    const id = cosId(sandbox.cos.add(REGION, { life, totalTasks: 1_000_000_000, failShare: 0 }));
    const ways: readonly ((asks: Asks) => Promise<SeenJob>)[] = [
      async (asks) => (await nodeOf(asks, id))!,
      async (asks) => (await read<CosList>(asks, `{ cosJobs { nodes { ${SEEN} } } }`)).cosJobs.nodes[0]!,
      async (asks) => (await jobsOf(asks, 5)).nodes[0]!,
    ];
    const doneBy = async (way: number, asks: Asks): Promise<number> =>
      (await ways[way % ways.length]!(asks)).progress!.succeeded;
    // From now on every way is known everywhere.
    for (const process of processes) {
      for (const way of ways.keys()) {
        await doneBy(way, process);
      }
    }
    let shown = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const [one, other] = round % 2 === 0 ? processes : processes.toReversed();
      const learnt = await doneBy(Math.floor(round / 2), asksAt(one!.url, NO_CACHE));
      expect(learnt).toBeGreaterThan(shown);
      // The others are told before the answer leaves; that they have heard it by now is likely, and no more.
      await expect.poll(() => doneBy(round, other!), SOON).toBeGreaterThanOrEqual(learnt);
      shown = learnt;
      for (const process of processes) {
        for (const way of ways.keys()) {
          expect(await doneBy(way, process)).toBe(shown);
        }
      }
    }
  }, 60_000);
});

interface CosList {
  readonly cosJobs: { readonly nodes: readonly SeenJob[] };
}

describe('replicas over one Redis', () => {
  it('read nothing that another has read', async () => {
    const ids = addOfEach();
    const [first] = await startReplicas(1, sandbox, redisUrl);
    await openBudgets(admin);
    const byId = await nodesOf(first!, Object.values(ids));
    const page = await jobsOf(first!);
    const [second] = await startReplicas(1, sandbox, redisUrl);
    await expect.poll(() => areSharing(sandbox, first!, second!), SOON).toBe(true);
    sandbox.clearCalls();
    const again = await nodesOf(second!, Object.values(ids));
    expect(again.map((job) => job?.id)).toEqual(byId.map((job) => job?.id));
    expect((await jobsOf(second!)).nodes).toEqual(page.nodes);
    expect(sandbox.calls).toEqual([]);
  });

  describe('of which one learns that a job has changed', () => {
    it('all show it, by id and in lists, at once', async () => {
      const [a, b] = await startReplicas(2, sandbox, redisUrl, { cache: LONG });
      await openBudgets(admin);
      await listened(2);
      const { id, finish } = addRunning();
      for (const replica of [a!, b!]) {
        expect((await nodeOf(replica, id))?.status).toBe('RUNNING');
        expect((await jobsOf(replica)).nodes.map(({ status }) => status)).toEqual(['RUNNING']);
        // Again: whole answers are kept as well.
        expect((await nodeOf(replica, id))?.status).toBe('RUNNING');
        expect((await jobsOf(replica)).nodes.map(({ status }) => status)).toEqual(['RUNNING']);
      }
      finish();
      expect((await nodeOf(asksAt(a!.url, NO_CACHE), id))?.status).toBe('COMPLETED');
      sandbox.clearCalls();
      await expect.poll(async () => (await nodeOf(b!, id))?.status, SOON).toBe('COMPLETED');
      expect((await jobsOf(b!)).nodes.map(({ status }) => status)).toEqual(['COMPLETED']);
      expect((await jobsOf(a!)).nodes.map(({ status }) => status)).toEqual(['COMPLETED']);
      expect(sandbox.calls).toEqual([]);
    });

    it('all show it, and go on showing it, also where Redis is full and keeps what was before', async () => {
      const [a, b] = await startReplicas(2, sandbox, redisUrl, { cache: { ...LONG, replayBytes: 0 } });
      await openBudgets(admin);
      await listened(2);
      const { id, finish } = addRunning();
      expect([(await nodeOf(a!, id))?.status, (await nodeOf(b!, id))?.status]).toEqual([
        'RUNNING',
        'RUNNING',
      ]);
      await admin.config('SET', 'maxmemory', '1mb');
      finish();
      expect((await nodeOf(asksAt(a!.url, NO_CACHE), id))?.status).toBe('COMPLETED');
      await expect.poll(async () => (await nodeOf(b!, id))?.status, SOON).toBe('COMPLETED');
      // Both compare what they know with what Redis knows, which is older.
      await interruptAnnouncements();
      for (const replica of [a!, b!, a!, b!]) {
        expect((await nodeOf(replica, id))?.status).toBe('COMPLETED');
      }
    });

    it('a write that another has sent before and that comes late changes nothing', async () => {
      const relay = await startSlowRelay(port);
      onTestFinished(() => relay.close());
      const [a] = await startReplicas(1, sandbox, redisUrl, { cache: LONG });
      const [late] = await startReplicas(1, sandbox, `redis://127.0.0.1:${relay.port}`, { cache: LONG });
      await expect.poll(() => areSharing(sandbox, late!, a!), SOON).toBe(true);
      const { id, finish } = addRunning();
      expect((await nodeOf(a!, id))?.status).toBe('RUNNING');
      relay.delayMs = 700;
      const before = nodeOf(asksAt(late!.url, NO_CACHE), id);
      await expect
        .poll(() => sandbox.calls.filter(({ outcome }) => outcome === 'OK').length, SOON)
        .toBeGreaterThan(1);
      await sleep(50);
      finish();
      expect((await nodeOf(asksAt(a!.url, NO_CACHE), id))?.status).toBe('COMPLETED');
      expect((await before)?.status).toBe('RUNNING');
      relay.delayMs = 0;
      const [another] = await startReplicas(1, sandbox, redisUrl, { cache: LONG });
      await expect.poll(() => areSharing(sandbox, a!, another!), SOON).toBe(true);
      sandbox.clearCalls();
      for (const replica of [another!, a!]) {
        expect((await nodeOf(replica, id))?.status).toBe('COMPLETED');
      }
      await expect.poll(async () => (await nodeOf(late!, id))?.status, SOON).toBe('COMPLETED');
      expect(sandbox.calls).toEqual([]);
    });

    it('one that starts later believes no list that tells of it as it was before', async () => {
      const [a] = await startReplicas(1, sandbox, redisUrl, { cache: LONG });
      const phases: [Phase] = [{ status: 'Failed', fromMs: 0, done: 0 }];
      const id = cosId(sandbox.cos.add(REGION, { life: phases }));
      await openBudgets(admin);
      expect((await jobsOf(a!)).nodes.map(({ status }) => status)).toEqual(['FAILED']);
      // Somebody tries it again.
      phases[0] = { status: 'Active', fromMs: 0, done: 0 };
      expect((await nodeOf(asksAt(a!.url, NO_CACHE), id))?.status).toBe('RUNNING');
      const [b] = await startReplicas(1, sandbox, redisUrl, { cache: LONG });
      await expect.poll(() => areSharing(sandbox, a!, b!), SOON).toBe(true);
      await listened(2);
      sandbox.clearCalls();
      expect((await jobsOf(b!)).nodes).toHaveLength(1);
      expect((await nodeOf(b!, id))?.status).toBe('RUNNING');
      expect((await jobsOf(b!)).nodes.map(({ status }) => status)).toEqual(['RUNNING']);
      expect(sandbox.calls).toEqual([]);
    });

    /** What a replica shows that did not hear that the job has ended, a moment after it listens again. */
    const shownByTheDeaf = async (replayBytes: number): Promise<string | undefined> => {
      const [a, b] = await startReplicas(2, sandbox, redisUrl, { cache: { ...LONG, replayBytes } });
      await openBudgets(admin);
      await listened(2);
      const { id, finish } = addRunning();
      for (let times = 0; times < 3; times += 1) {
        expect((await nodeOf(b!, id))?.status).toBe('RUNNING');
      }
      await interruptAnnouncements(async () => {
        finish();
        expect((await nodeOf(asksAt(a!.url, NO_CACHE), id))?.status).toBe('COMPLETED');
      });
      await sleep(500);
      return (await nodeOf(b!, id))?.status;
    };

    it('none goes on showing the old one that did not hear of it', async () => {
      expect(await shownByTheDeaf(0)).toBe('COMPLETED');
    });

    it('none gives a whole answer again that did not hear of it', async () => {
      expect(await shownByTheDeaf(1_048_576)).toBe('COMPLETED');
    });
  });
});

/** Nobody hears what is announced meanwhile. */
async function interruptAnnouncements(meanwhile = (): Promise<void> => Promise.resolve()): Promise<void> {
  expect(await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBeGreaterThanOrEqual(2);
  await meanwhile();
  await listened(2);
  // They listen, and are about to know it.
  await sleep(100);
}

/** A job that runs until it is told to end. */
function addRunning(): { readonly id: string; readonly finish: () => void } {
  const phases: [Phase] = [{ status: 'Active', fromMs: 0, done: 0 }];
  const jobId = sandbox.cos.add(REGION, { life: phases });
  return {
    id: cosId(jobId),
    finish: () => {
      phases[0] = { status: 'Complete', fromMs: 0, done: 1 };
    },
  };
}
