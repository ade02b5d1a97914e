/** Redis fails in every way while queries run (reliability F1 to F3, F5, S19): nobody notices but by the time it takes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { AccountConfig } from '../../src/config.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type SlowRelay, startSlowRelay } from '../support/slow-relay.ts';
import {
  adminOf,
  areSharing,
  type Asks,
  asksAt,
  jobsOf,
  keysOf,
  listening,
  MEMORY_BYTES,
  nodesOf,
  openBudgets,
  read,
  SEEN,
  SOON,
  startReplicas,
} from './kept.ts';
import { BUCKET, ciId, cosId, REGION } from './support.ts';
import { LOAD_LIFETIMES, type LoadReport, SteadyLoad } from './steady-load.ts';

const MIB = 1_048_576;
/** Longer than in life: a machine that is busy with all that is in this process is not to count as a Redis that is away. */
const PATIENCE_MS = 150;
const CACHE = {
  memoryBytes: MEMORY_BYTES,
  redisReadMs: PATIENCE_MS,
  redisWriteMs: PATIENCE_MS,
  ...LOAD_LIFETIMES,
};

let sandbox: Sandbox;
let redis: TestRedis;
let relay: SlowRelay;
let admin: Redis;

beforeEach(async () => {
  sandbox = await startSandbox({
    world: 'empty',
    batchComputeRequestsPerSecond: null,
    recordedCalls: 100_000,
  });
  onTestFinished(() => sandbox.close());
  const port = await freePort();
  redis = await startRedis('--port', String(port));
  onTestFinished(() => redis.close());
  relay = await startSlowRelay(port);
  onTestFinished(() => relay.close());
  admin = adminOf(redis.url);
});

interface Failure {
  begin(): unknown;
  end(): unknown;
  /** How long it lasts; the default is long enough to be noticed by everybody. */
  readonly lastsMs?: number;
  /** Whether it has begun before the replicas start. */
  readonly isFromTheStart?: boolean;
}

interface Suffered extends LoadReport {
  /** How much more of the heap is in use at the end. */
  readonly heapBytes: number;
  /** When, after the failure, one replica got from Redis again what another had read. */
  readonly backAfterMs: number;
}

/** Two replicas under load while Redis fails and recovers. */
async function suffer(failure: Failure): Promise<Suffered> {
  const { begin, end, lastsMs = 1_000, isFromTheStart = false } = failure;
  const url = `redis://127.0.0.1:${relay.port}`;
  if (isFromTheStart) {
    await begin();
  }
  const replicas = await startReplicas(2, sandbox, url, {
    cache: CACHE,
    // Without Redis there is no budget for BatchCompute, so it could not be read before.
    account: (account) => (isFromTheStart ? withoutBatchCompute(account) : account),
  });
  const load = new SteadyLoad({ sandbox, replicas, withBatchCompute: !isFromTheStart });
  if (!isFromTheStart) {
    await openBudgets(admin);
    await expect.poll(() => listening(admin, 2), SOON).toBe(2);
  }
  await load.warmUp();
  const heapUsed = process.memoryUsage().heapUsed;
  load.start();
  await sleep(300);
  if (!isFromTheStart) {
    await begin();
  }
  await sleep(lastsMs);
  await end();
  const endedMs = performance.now();
  await expect.poll(() => areSharing(sandbox, replicas[0]!, replicas[1]!), SOON).toBe(true);
  const backAfterMs = performance.now() - endedMs;
  await sleep(300);
  const report = await load.stop();
  return { ...report, heapBytes: process.memoryUsage().heapUsed - heapUsed, backAfterMs };
}

const spoiling = { over: new AbortController(), done: Promise.resolve() };

const FAILURES: Readonly<Record<string, Failure>> = {
  'stands still and goes on': {
    begin: () => {
      redis.stop();
    },
    end: () => {
      redis.cont();
    },
    lastsMs: 2_000,
  },
  'dies and is restarted': { begin: () => redis.kill9(), end: () => redis.restart() },
  'dies again and again': {
    begin: async () => {
      for (let times = 0; times < 5; times += 1) {
        await redis.restart();
        await sleep(200);
      }
    },
    end: () => undefined,
    lastsMs: 0,
  },
  'is slow': {
    begin: () => {
      relay.delayMs = 1.5 * PATIENCE_MS;
    },
    end: () => {
      relay.delayMs = 0;
    },
    lastsMs: 2_000,
  },
  'is full': {
    begin: () => admin.config('SET', 'maxmemory', '1mb'),
    end: () => admin.config('SET', 'maxmemory', '0'),
  },
  'takes no writes': {
    begin: () => admin.replicaof('127.0.0.1', 1),
    end: () => admin.replicaof('NO', 'ONE'),
  },
  'lets nobody in': {
    begin: async () => {
      await admin.config('SET', 'requirepass', 'another');
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    },
    end: () => admin.config('SET', 'requirepass', ''),
  },
  'is not there at first': {
    begin: () => redis.kill9(),
    end: () => redis.restart(),
    lastsMs: 500,
    isFromTheStart: true,
  },
  'holds rubbish under every key, again and again': {
    begin: () => {
      spoiling.over = new AbortController();
      spoiling.done = spoilOn(spoiling.over.signal);
    },
    end: async () => {
      spoiling.over.abort();
      await spoiling.done;
    },
    lastsMs: 2_500,
  },
};

describe('under a steady load, two replicas over a Redis', () => {
  it.each(Object.entries(FAILURES))(
    'that %s answer everything, rightly',
    async (_what, failure) => {
      const { faults, stampedes, queries, heapBytes } = await suffer(failure);
      expect(faults).toEqual([]);
      expect(stampedes).toEqual([]);
      expect(queries).toBeGreaterThan(20);
      expect(heapBytes).toBeLessThan(128 * MIB);
    },
    60_000,
  );
});

describe('a replica that keeps nothing itself', () => {
  it('believes nothing that no replica can have written to Redis', async () => {
    const url = redis.url;
    const [writer] = await startReplicas(1, sandbox, url, { account: withoutBatchCompute });
    const [reader] = await startReplicas(1, sandbox, url, {
      account: withoutBatchCompute,
      cache: { memoryBytes: 0, replayBytes: 0 },
    });
    const ids = ['Active', 'Complete', 'Failed'].flatMap((status) => [
      cosId(sandbox.cos.add(REGION, { status, description: `cos ${status}`, roleArn: status })),
      ciId(sandbox.ci.add(BUCKET, { state: status === 'Failed' ? status : 'Success', name: `ci ${status}` })),
    ]);
    await expect.poll(() => areSharing(sandbox, writer!, reader!), SOON).toBe(true);
    const ways: readonly ((asks: Asks) => Promise<unknown>)[] = [
      (asks) => nodesOf(asks, ids),
      (asks) => read(asks, `{ cosJobs { nodes { ${SEEN} roleArn failures { reason } } } }`),
      (asks) => jobsOf(asks),
    ];
    const shown = async (way: number, asks: Asks): Promise<string> =>
      JSON.stringify(await ways[way]!(asks), (key, value: unknown) => (LATER.has(key) ? null : value));
    const anew = asksAt(writer!.url, { 'cache-control': 'no-cache' });
    for (const [index, spoil] of SPOILERS.entries()) {
      for (const way of ways.keys()) {
        // By itself: whatever is read anew puts right what it finds.
        const truth = await shown(way, anew);
        const keys = (await keysOf(admin)).filter((key) => !key.includes(':turn:')).toSorted();
        for (const key of keys) {
          await spoil(key, keys);
        }
        expect([index, await shown(way, reader!)]).toEqual([index, truth]);
      }
    }
    expect('polluted' in {}).toBe(false);
  }, 60_000);
});

/** What differs from one reading to the next. */
const LATER = new Set(['freshness', 'origins', 'progress']);

const withoutBatchCompute = (account: AccountConfig): AccountConfig => ({ ...account, batchCompute: null });

/** Each makes of a key what no replica has written there. */
const SPOILERS: readonly ((key: string, others: readonly string[]) => Promise<unknown>)[] = [
  (key) => admin.set(key, Buffer.from([0, 255, 254, 10, 13, 0xc3, 0x28])),
  (key) => admin.set(key, ''),
  (key) => admin.set(key, '{"__proto__":{"polluted":true}}'),
  (key) =>
    admin.set(
      key,
      `${Date.now()} ${Date.now() + 60_000} x ["place","name",${Date.now()},[1,1,1],{"__proto__":{"polluted":true}}]`,
    ),
  (key, others) => admin.set(key, Buffer.alloc((key === others[0] ? 10 : 2) * MIB, 'x'), 'PX', 1_000),
  (key) => admin.set(key, `${Date.now()} ${Date.now() + 60_000} x ${'[['.repeat(200_000)}`),
  (key) => admin.multi().del(key).hset(key, 'a', 'b').exec(),
  (key) => admin.multi().del(key).lpush(key, 'a').exec(),
  async (key, others) => {
    const kin = others.filter((each) => kindOf(each) === kindOf(key));
    const other = kin[(kin.indexOf(key) + 1) % kin.length]!;
    const value = await admin.getBuffer(other).catch(() => null);
    await admin.set(key, value ?? 'null');
  },
  async (key) => {
    const value = await admin.get(key).catch(() => null);
    await admin.set(
      key,
      (value ?? '').replaceAll(/\d{13}/g, (ms) => String(Number(ms) + 3_600_000)),
    );
  },
  async (key) => {
    const value = await admin.get(key).catch(() => null);
    await admin.set(key, (value ?? '').slice(0, -20));
  },
  async (key) => {
    const value = await admin.get(key).catch(() => null);
    await admin.set(key, (value ?? '').replaceAll('"status":"', '"status":"X'));
  },
];

/** Up to what is kept: a job, a detail, a part of a list. */
function kindOf(key: string): string {
  return key.slice(0, key.indexOf(':', key.indexOf('}:') + 2));
}

async function spoilOn(signal: AbortSignal): Promise<void> {
  for (let round = 0; !signal.aborted; round += 1) {
    const keys = await keysOf(admin);
    for (const [index, key] of keys.entries()) {
      await SPOILERS[(index + round) % SPOILERS.length]!(key, keys);
      if (signal.aborted) {
        return;
      }
    }
    await sleep(5);
  }
}
