/**
 * Who waits when Redis fails? The table of caches under failure, measured on ours in the same way: 200 calls a second over 40
 * keys, an upstream that takes 30 ms, a real Redis that is healthy, stops for 4 s, goes on, is killed and starts again; then
 * three processes that know nothing ask for the same at once.
 *
 * `node bench/cache-failures.ts [part of a condition's name]`
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis, type TestRedis } from '../test/support/redis.ts';
import type { PhaseTold, ReplicaQuestion, ReplicaSettings } from './cache-failures/replica.ts';
import { type Child, startChild } from './cache/children.ts';
import { figure, percentile, row } from './cache/figures.ts';

const [wanted = ''] = process.argv.slice(2);
const CALLS_PER_SECOND = 200;
const REPLICAS = 2;
const COLD_REPLICAS = 3;
const KEYS = 40;
const UPSTREAM_MS = 30;
/** So short that two calls in five find nothing fresh. */
const FRESH_MS = 500;
const WARM_UP_MS = 3_000;
const PHASE_MS = 4_000;
/** For connections to be made anew. */
const PAUSE_MS = 1_500;

interface Condition {
  readonly name: string;
  readonly staleMs: number;
  readonly memoryBytes: number;
}

const CONDITIONS: readonly Condition[] = [
  { name: 'as configured: stale for 10 s', staleMs: 10_000, memoryBytes: 67_108_864 },
  { name: 'nothing stale', staleMs: 0, memoryBytes: 67_108_864 },
  { name: 'nothing stale, Redis alone', staleMs: 0, memoryBytes: 0 },
];

type Replica = Child<'ready'>;

async function startReplicas(
  count: number,
  redis: TestRedis,
  { staleMs, memoryBytes }: Condition,
): Promise<Replica[]> {
  const settings: ReplicaSettings = {
    redis: redis.url,
    callsPerSecond: CALLS_PER_SECOND / REPLICAS,
    keys: KEYS,
    upstreamMs: UPSTREAM_MS,
    life: { freshMs: FRESH_MS, staleWhileRevalidateMs: staleMs, staleIfErrorMs: 0 },
    memoryBytes,
  };
  const module = new URL('./cache-failures/replica.ts', import.meta.url);
  return await Promise.all(Array.from({ length: count }, () => startChild<'ready'>(module, { settings })));
}

/** What all replicas tell of one question. */
async function askAll(replicas: readonly Replica[], question: ReplicaQuestion): Promise<PhaseTold> {
  const told = await Promise.all(replicas.map((replica) => replica.ask<PhaseTold>(question)));
  return {
    callsMs: told.flatMap(({ callsMs }) => callsMs),
    errors: told.reduce((sum, { errors }) => sum + errors, 0),
    loads: told.reduce((sum, { loads }) => sum + loads, 0),
  };
}

interface Result {
  readonly healthy: PhaseTold;
  readonly stopped: PhaseTold;
  readonly continued: PhaseTold;
  readonly killed: PhaseTold;
  readonly restarted: PhaseTold;
  readonly cold: PhaseTold;
}

async function measure(condition: Condition): Promise<Result> {
  const redis = await startRedis();
  const replicas = await startReplicas(REPLICAS, redis, condition);
  try {
    await askAll(replicas, { ms: WARM_UP_MS });
    const healthy = await askAll(replicas, { ms: PHASE_MS });
    redis.stop();
    const stopped = await askAll(replicas, { ms: PHASE_MS });
    redis.cont();
    const continued = await askAll(replicas, { ms: PHASE_MS });
    const killing = redis.kill9();
    const killed = await askAll(replicas, { ms: PHASE_MS });
    await killing;
    await redis.restart();
    const restarted = await askAll(replicas, { ms: PHASE_MS });
    return { healthy, stopped, continued, killed, restarted, cold: await coldStart(redis, condition) };
  } finally {
    await Promise.all(replicas.map((replica) => replica.end()));
    await redis.close();
  }
}

async function coldStart(redis: TestRedis, condition: Condition): Promise<PhaseTold> {
  const replicas = await startReplicas(COLD_REPLICAS, redis, condition);
  try {
    await sleep(PAUSE_MS);
    return await askAll(replicas, { atMs: Date.now() + 500 });
  } finally {
    await Promise.all(replicas.map((replica) => replica.end()));
  }
}

const results: { readonly name: string; readonly result: Result }[] = [];
for (const condition of CONDITIONS.filter(({ name }) => name.includes(wanted))) {
  results.push({ name: condition.name, result: await measure(condition) });
}

console.log(
  `${CALLS_PER_SECOND} calls/s in ${REPLICAS} processes over ${KEYS} keys that are fresh for ${FRESH_MS} ms; ${PHASE_MS / 1_000} s each; times in ms\n`,
);
console.log(
  row(
    'ours',
    'healthy p95',
    'stopped p99 / max',
    'continued p99 / max',
    'killed p99 / max',
    'restarted p95',
    'errors',
    `cold start, ${COLD_REPLICAS} processes`,
  ),
);
console.log(row('---', '---:', '---:', '---:', '---:', '---:', '---:', '---:'));
const p95 = ({ callsMs }: PhaseTold): string => figure(percentile(callsMs, 95), 1);
const worst = ({ callsMs }: PhaseTold): string =>
  `${figure(percentile(callsMs, 99), 1)} / ${figure(Math.max(...callsMs), 0)}`;
for (const { name, result } of results) {
  const { healthy, stopped, continued, killed, restarted, cold } = result;
  const errors = Object.values(result).reduce((sum, { errors: count }: PhaseTold) => sum + count, 0);
  console.log(
    row(
      name,
      p95(healthy),
      worst(stopped),
      worst(continued),
      worst(killed),
      p95(restarted),
      errors,
      `${figure(cold.loads / KEYS, 2)} loads a key`,
    ),
  );
}

console.log('\nReads of the upstream a second:\n');
console.log(row('ours', 'healthy', 'stopped', 'continued', 'killed', 'restarted'));
console.log(row('---', '---:', '---:', '---:', '---:', '---:'));
for (const { name, result } of results) {
  const { healthy, stopped, continued, killed, restarted } = result;
  const phases = [healthy, stopped, continued, killed, restarted];
  console.log(row(name, ...phases.map(({ loads }) => figure((loads * 1_000) / PHASE_MS))));
}
