/**
 * How many calls do the questions of many clients cost? A mix of lists and jobs, popular by Zipf's law, at a steady rate to two
 * replicas, each a process of its own, before simulated upstreams: without a cache, with the memory of each alone, and with a
 * Redis that both share; at BatchCompute's two calls a second, and without that limit.
 *
 * `node bench/cache-mix.ts [questions a second] [seconds of each row]`
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { startRedis, type TestRedis } from '../test/support/redis.ts';
import { Queries, type Query } from './cache-mix/queries.ts';
import { type Child, startChild } from './cache/children.ts';
import { type GatewaySettings, NO_CACHE } from './cache/config.ts';
import { figure, percentile, row } from './cache/figures.ts';
import type { GatewayReady } from './cache/gateway.ts';
import type { Calls, UpstreamSettings, UpstreamsReady } from './cache/upstreams.ts';

const [perSecond = 100, seconds = 20] = process.argv.slice(2).map(Number);
const REPLICAS = 2;
const UPSTREAM_MS = 30;
/** Longer than the lives of what changes, and than a new budget in Redis takes to begin. */
const WARM_UP_SECONDS = 12;
/** A region of BatchCompute has a quota of a thousand. */
const JOBS = { cos: 1_000, batchCompute: 1_000, ci: 3_000 };
const RUNNING_SHARE = 0.2;

interface Way {
  readonly name: string;
  readonly withRedis: boolean;
  readonly cache: GatewaySettings['cache'];
}

const WAYS: readonly Way[] = [
  { name: 'no cache', withRedis: false, cache: NO_CACHE },
  { name: 'memory', withRedis: false, cache: {} },
  { name: 'memory and Redis', withRedis: true, cache: {} },
];

/** How one question went. */
interface Told {
  readonly ms: number;
  readonly hasFailed: boolean;
  readonly values: number;
  /** Of the values, those that were known before the question was asked. */
  readonly known: number;
}

/** A part of any answer: a job, or an origin's report. */
interface Part {
  readonly fetchedAt?: string | null;
  readonly freshness?: { readonly fetchedAt: string };
  readonly outcome?: string;
}

interface Page {
  readonly origins: readonly Part[];
  readonly pageInfo: { readonly endCursor: string | null };
}

interface Answer {
  readonly data?: Readonly<Record<string, Part | Page | readonly (Part | null)[] | null>> | null;
  readonly errors?: readonly unknown[];
}

async function ask(pool: Pool, query: Query, queries: Queries): Promise<Told> {
  const askedAtMs = Date.now();
  const startedMs = performance.now();
  const response = await pool.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: query.body,
  });
  const { data, errors = [] } = (await response.body.json()) as Answer;
  const ms = performance.now() - startedMs;
  const [shown] = Object.values(data ?? {});
  const page = shown !== null && shown !== undefined && 'pageInfo' in shown ? shown : null;
  const endCursor = page?.pageInfo.endCursor ?? null;
  if (query.list !== null && endCursor !== null) {
    queries.learn(query.list, endCursor);
  }
  const parts = page?.origins ?? [shown ?? null].flat();
  const times = (parts as readonly (Part | null)[]).map(
    (part) => part?.freshness?.fetchedAt ?? part?.fetchedAt,
  );
  const hasFailed = errors.length > 0 || page?.origins.some(({ outcome }) => outcome === 'FAILED') === true;
  return {
    ms,
    hasFailed,
    values: Math.max(query.jobs, parts.length),
    known: times.filter((at) => typeof at === 'string' && Date.parse(at) < askedAtMs).length,
  };
}

/** At a steady rate, however long each takes. */
async function askFor(forSeconds: number, pools: readonly Pool[], queries: Queries): Promise<Told[]> {
  const startedMs = performance.now();
  const asked: Promise<Told>[] = [];
  for (let sent = 0; sent < forSeconds * perSecond; sent += 1) {
    const earlyMs = (sent * 1_000) / perSecond - (performance.now() - startedMs);
    if (earlyMs > 0) {
      await sleep(earlyMs);
    }
    const pool = pools[Math.floor(Math.random() * pools.length)];
    if (pool !== undefined) {
      asked.push(ask(pool, queries.next(), queries));
    }
  }
  return await Promise.all(asked);
}

async function measure(
  upstreams: Child<UpstreamsReady>,
  way: Way,
  requestsPerSecond: number | null,
): Promise<string> {
  const redis = way.withRedis ? await startRedis() : null;
  const replicas = await startReplicas(upstreams.ready, way, requestsPerSecond, redis);
  const pools = replicas.map(({ ready }) => new Pool(ready.url, { connections: null }));
  const queries = new Queries(upstreams.ready);
  try {
    await askFor(WARM_UP_SECONDS, pools, queries);
    await upstreams.ask<Calls>('calls');
    const told = await askFor(seconds, pools, queries);
    return rowOf(way, requestsPerSecond, told, await upstreams.ask<Calls>('calls'));
  } finally {
    await Promise.all(pools.map((pool) => pool.destroy()));
    await Promise.all(replicas.map((replica) => replica.end()));
    await redis?.close();
  }
}

async function startReplicas(
  { facts }: UpstreamsReady,
  { cache }: Way,
  requestsPerSecond: number | null,
  redis: TestRedis | null,
): Promise<Child<GatewayReady>[]> {
  return await Promise.all(
    Array.from({ length: REPLICAS }, (_, replicaIndex) => {
      const settings: GatewaySettings = {
        sandbox: facts,
        requestsPerSecond,
        redis: redis?.url ?? null,
        // Without a Redis each keeps to its part of the budget.
        fleet: { replicaIndex, replicaCount: REPLICAS },
        cache,
      };
      return startChild<GatewayReady>(new URL('./cache/gateway.ts', import.meta.url), { settings });
    }),
  );
}

function rowOf(way: Way, requestsPerSecond: number | null, told: readonly Told[], calls: Calls): string {
  const sum = (part: (each: Told) => number): number => told.reduce((all, each) => all + part(each), 0);
  const perThousand = (count: number): string => figure((count * 1_000) / told.length);
  const times = told.map(({ ms }) => ms);
  return row(
    way.name,
    requestsPerSecond ?? 'any',
    figure(told.length),
    perThousand(calls.cos),
    `${perThousand(calls.batchCompute)} (${calls.refused})`,
    perThousand(calls.ci),
    perThousand(calls.cos + calls.batchCompute + calls.ci),
    `${figure((100 * sum(({ known }) => known)) / sum(({ values }) => values), 1)} %`,
    `${figure((100 * told.filter(({ hasFailed }) => hasFailed).length) / told.length, 1)} %`,
    `${figure(percentile(times, 50))} / ${figure(percentile(times, 95))}`,
  );
}

console.log(
  `${perSecond} questions/s for ${seconds} s each, after ${WARM_UP_SECONDS} s, to ${REPLICAS} processes; upstreams answer in ${UPSTREAM_MS} ms\n`,
);
console.log(
  row(
    'kept in',
    'BatchCompute calls/s',
    'questions',
    'COS calls per 1,000',
    'BatchCompute (refused)',
    'CI',
    'all',
    'values known',
    'failed',
    'p50 / p95, ms',
  ),
);
console.log(row('---', '---:', '---:', '---:', '---:', '---:', '---:', '---:', '---:', '---:'));
for (const requestsPerSecond of [2, null]) {
  const settings: UpstreamSettings = {
    jobs: JOBS,
    runningShare: RUNNING_SHARE,
    delayMs: UPSTREAM_MS,
    requestsPerSecond,
  };
  for (const way of WAYS) {
    const upstreams = await startChild<UpstreamsReady>(new URL('./cache/upstreams.ts', import.meta.url), {
      settings,
    });
    console.log(await measure(upstreams, way, requestsPerSecond));
    await upstreams.end();
  }
}
