/**
 * How long does it take, and how much does it take? Two questions, two tables.
 *
 * 1. One job by its id, and the first page of all jobs: a hit in the memory of the process, a hit in Redis, and a miss, with
 *    an upstream that answers in 30 ms. One request at a time over a socket.
 * 2. The heap that 10,000 jobs take, beside what the cache believes that they take.
 */
import { Pool } from 'undici';
import { encodeGlobalId, type JobRef } from '../src/model/global-id.ts';
import { startRedis, type TestRedis } from '../test/support/redis.ts';
import type { Kind, MemorySettings, MemoryTold } from './cache-latency/memory.ts';
import { type Child, startChild } from './cache/children.ts';
import { type GatewaySettings, LASTING, NO_CACHE } from './cache/config.ts';
import { figure, percentile, row } from './cache/figures.ts';
import type { GatewayReady } from './cache/gateway.ts';
import type { UpstreamSettings, UpstreamsReady } from './cache/upstreams.ts';

const UPSTREAM_MS = 30;
const ROUNDS = 80;
/** In each round: what came before it, of another server, is not to be in the figures. */
const UNCOUNTED = 1;
const COUNTED = 3;
const WARM_UP = 20;
const JOBS = 10_000;

const LIST = `{
  jobs(first: 20) {
    nodes { id jobId source status displayName createdAt }
    pageInfo { hasNextPage endCursor }
    origins { source region bucket outcome }
  }
}`;
const JOB = `query ($id: ID!) { job(id: $id) { id jobId source status displayName createdAt } }`;

/** Nothing stays fresh, and nothing stale is given: each request looks in vain, reads, and tells Redis. */
const FLEETING: GatewaySettings['cache'] = {
  runningJobMs: 1,
  failedJobMs: 1,
  finishedJobMs: 1,
  listingHeadMs: 1,
  listingTailMs: 1,
  staleWhileRevalidateMs: 0,
  replayBytes: 0,
};

interface Server {
  readonly name: string;
  readonly child: Child<GatewayReady>;
  readonly pool: Pool;
}

interface Case {
  readonly question: string;
  readonly server: Server;
  readonly body: () => string;
  readonly ms: number[];
}

async function startUpstreams(settings: UpstreamSettings): Promise<Child<UpstreamsReady>> {
  return await startChild(new URL('./cache/upstreams.ts', import.meta.url), { settings });
}

async function ask({ server, body }: Omit<Case, 'ms'>): Promise<number> {
  const startedMs = performance.now();
  const answer = await server.pool.request({
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json' },
    body: body(),
  });
  const text = await answer.body.text();
  const ms = performance.now() - startedMs;
  if (answer.statusCode !== 200 || text.includes('"errors"') || text.includes('"outcome":"FAILED"')) {
    throw new Error(`expected an answer without errors, got ${answer.statusCode}: ${text.slice(0, 300)}`);
  }
  return ms;
}

async function benchLatency(redis: TestRedis, otherRedis: TestRedis): Promise<void> {
  const upstreams = await startUpstreams({
    jobs: { cos: 200, batchCompute: 200, ci: 200 },
    runningShare: 0.2,
    delayMs: UPSTREAM_MS,
    requestsPerSecond: null,
  });
  const { facts, jobIds } = upstreams.ready;
  const start = async (
    name: string,
    redisOf: TestRedis | null,
    cache: GatewaySettings['cache'],
  ): Promise<Server> => {
    const settings: GatewaySettings = {
      sandbox: facts,
      requestsPerSecond: null,
      redis: redisOf?.url ?? null,
      fleet: null,
      cache,
    };
    const child = await startChild<GatewayReady>(new URL('./cache/gateway.ts', import.meta.url), {
      settings,
    });
    return { name, child, pool: new Pool(child.ready.url, { connections: 1 }) };
  };
  const servers = [
    await start('the whole answer is known', redis, LASTING),
    await start('a hit in memory', redis, { ...LASTING, replayBytes: 0 }),
    // Without a memory every value is looked up in Redis, which the one before fills.
    await start('a hit in Redis', redis, { ...LASTING, ...NO_CACHE }),
    await start('a miss', otherRedis, FLEETING),
  ];
  const bodies = { job: () => jobBody(jobIds), list: () => JSON.stringify({ query: LIST }) };
  const cases = servers.flatMap((server): Case[] => [
    { question: 'one job by id', server, body: bodies.job, ms: [] },
    { question: 'jobs(first: 20)', server, body: bodies.list, ms: [] },
  ]);
  // Rounds go through all in turn, so that a noisy moment falls on all of them.
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const { ms, ...each } of cases) {
      for (let asked = 0; asked < UNCOUNTED + COUNTED; asked += 1) {
        const took = await ask(each);
        if (round >= 0 && asked >= UNCOUNTED) {
          ms.push(took);
        }
      }
    }
  }
  console.log(
    `1. ${ROUNDS} rounds of ${COUNTED}, one request at a time over a socket; an upstream that answers in ${UPSTREAM_MS} ms, with ${jobIds.length} jobs; ms\n`,
  );
  console.log(row('question', 'what is known', 'p50', 'p99'));
  console.log(row('---', '---', '---:', '---:'));
  for (const { question, server, ms } of cases.toSorted((a, b) => (a.question < b.question ? 1 : -1))) {
    console.log(row(question, server.name, figure(percentile(ms, 50), 1), figure(percentile(ms, 99), 1)));
  }
  for (const { child, pool } of servers) {
    await pool.destroy();
    await child.end();
  }
  await upstreams.end();
}

/** One of few, so that all of them are soon known; of COS, which reads each by itself. */
function jobBody(jobIds: UpstreamsReady['jobIds']): string {
  const few = jobIds.filter(({ source }) => source === 'COS').slice(0, 20);
  const { place, jobId } = few[Math.floor(Math.random() * few.length)] ?? { place: '', jobId: '' };
  const ref: JobRef = { source: 'COS', account: 'sandbox', place, jobId };
  return JSON.stringify({ query: JOB, variables: { id: encodeGlobalId(ref) } });
}

const KINDS: readonly Kind[] = ['COS', 'COS with detail', 'BatchCompute', 'BatchCompute with detail', 'CI'];

function sourceOf(kind: Kind): string {
  return kind === 'CI' ? 'CI' : kind.startsWith('COS') ? 'COS' : 'BATCH_COMPUTE';
}

async function benchMemory(redis: TestRedis): Promise<void> {
  const upstreams = await startUpstreams({
    jobs: { cos: JOBS, batchCompute: JOBS, ci: JOBS },
    runningShare: 0.2,
    delayMs: 0,
    requestsPerSecond: null,
  });
  const { facts, jobIds } = upstreams.ready;
  console.log(`\n2. ${JOBS.toLocaleString('en')} jobs of a kind, in a process each; bytes a job\n`);
  console.log(row('jobs', 'read from', 'heap', 'estimate', 'heap / estimate'));
  console.log(row('---', '---', '---:', '---:', '---:'));
  for (const kind of KINDS) {
    for (const way of ['upstream', 'redis'] as const) {
      const source = sourceOf(kind);
      const place = source === 'CI' ? facts.buckets[0]?.name : facts.regions[0];
      const settings: MemorySettings = {
        sandbox: facts,
        kind,
        way,
        jobIds: jobIds
          .filter((job) => job.source === source && job.place === place)
          .map(({ jobId }) => jobId),
        redis: redis.url,
      };
      const child = await startChild<MemoryTold>(new URL('./cache-latency/memory.ts', import.meta.url), {
        settings,
        execArgv: ['--expose-gc'],
      });
      const { entries, heapBytes, estimatedBytes } = child.ready;
      const [heap, estimate] = [heapBytes / entries, estimatedBytes / entries];
      console.log(row(kind, way, figure(heap), figure(estimate), figure(heap / estimate, 2)));
      await child.end();
    }
  }
  await upstreams.end();
}

const [redis, otherRedis] = await Promise.all([startRedis(), startRedis()]);
await benchLatency(redis, otherRedis);
await benchMemory(redis);
await Promise.all([redis.close(), otherRedis.close()]);
