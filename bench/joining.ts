/**
 * How many upstream calls do many clients cost? Four questions, counted at simulated upstreams on real sockets.
 *
 * 1. 200 clients ask for 2,000 BatchCompute jobs, 10 each, at two calls a second: through the gateway's reader, and with a
 *    plain DataLoader per request, paced and not.
 * 2. 1,000 requests in one second, spread over 4 replicas, ask for the same 50 jobs.
 * 3. 500 clients ask and leave: how many calls follow?
 *
 * Takes about a minute and a half, most of it waiting.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import DataLoader from 'dataloader';
import { createApp } from '../src/app.ts';
import { sandboxAccount } from '../src/commands/sandbox-account.ts';
import { type Config, readConfig } from '../src/config.ts';
import { createLoaders } from '../src/jobs/loaders.ts';
import { systemClock } from '../src/lib/clock.ts';
import { Secret } from '../src/lib/secret.ts';
import { encodeGlobalId, type JobRef } from '../src/model/global-id.ts';
import type { Origin } from '../src/model/origin.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { BatchComputeClient } from '../src/sources/batch-compute/client.ts';
import { BATCH_COMPUTE_HOST, batchComputeSigner } from '../src/sources/batch-compute/signature.ts';
import type { Limiter } from '../src/upstream/turns/limiter.ts';
import { createLocalSlots, spacingOf } from '../src/upstream/slots/local-slots.ts';
import { createSend } from '../src/upstream/onion.ts';
import { createPacer } from '../src/upstream/turns/pacer.ts';
import type { CallScope } from '../src/lib/call-scope.ts';
import { wireOrigins } from '../src/wiring.ts';
import { startRedis, type TestRedis } from '../test/support/redis.ts';

const REGION = 'ap-guangzhou';
const REQUESTS_PER_SECOND = 2;
/** Longer than the default: 2,000 jobs take eleven seconds at best, and here nobody is to be refused for that. */
const DEADLINE_MS = 30_000;
const CLIENTS = 200;
const JOBS_PER_CLIENT = 10;
const LEAVE_AFTER_MS = 3_000;
/** A budget that is new in Redis gives no slot for 4.2 s. */
const NEW_BUDGET_MS = 5_000;

const ORIGIN: Origin = { source: 'BATCH_COMPUTE', account: 'sandbox', region: REGION, bucket: null };

/** What one client does with its ids; fails as a whole when one of them does. */
type Ask = (jobIds: readonly string[], scope: CallScope) => Promise<void>;

interface Way {
  readonly ask: Ask;
  readonly close: () => Promise<void>;
}

async function withSandbox<T>(
  jobs: number,
  story: (sandbox: Sandbox, jobIds: string[]) => Promise<T>,
): Promise<T> {
  const sandbox = await startSandbox({
    world: 'empty',
    batchComputeRequestsPerSecond: REQUESTS_PER_SECOND,
  });
  try {
    const jobIds = Array.from({ length: jobs }, () => sandbox.batchCompute.add(REGION, {}));
    return await story(sandbox, jobIds);
  } finally {
    await sandbox.close();
  }
}

function configFor(sandbox: Sandbox, redis: TestRedis | null = null): Config {
  const config = readConfig({});
  const account = sandboxAccount(sandbox, REQUESTS_PER_SECOND);
  return {
    ...config,
    accounts: [account],
    redisUrl: redis === null ? null : new Secret(redis.url),
    deadlines: { ...config.deadlines, requestMs: DEADLINE_MS, originMs: DEADLINE_MS },
  };
}

function aScope(signal = new AbortController().signal): CallScope {
  return { signal, deadlineMs: Date.now() + DEADLINE_MS };
}

function refOf(jobId: string): JobRef {
  return { source: 'BATCH_COMPUTE', account: 'sandbox', place: REGION, jobId };
}

/** The gateway's own loaders, one set per request, over its reader. */
function byReader(sandbox: Sandbox, redis: TestRedis | null = null): Way {
  const { origins, close } = wireOrigins(configFor(sandbox, redis), systemClock);
  const ask: Ask = async (jobIds, scope) => {
    const loaders = createLoaders(origins, scope);
    await Promise.all(jobIds.map((jobId) => loaders.job(refOf(jobId))));
  };
  return { ask, close };
}

/** One DataLoader per request and one call per batch, as most resolvers are written. */
function byPlainLoader(sandbox: Sandbox, limiter: Limiter | null): Way {
  const { credential } = sandboxAccount(sandbox, REQUESTS_PER_SECOND);
  const { send, close } = createSend({
    origin: ORIGIN,
    endpoint: sandbox.endpoints.batchCompute,
    signer: batchComputeSigner({ credential: () => credential }),
    clock: systemClock,
    ...(limiter === null ? {} : { pacing: { limiterFor: () => limiter, host: BATCH_COMPUTE_HOST } }),
    limits: { connections: 256, concurrentCalls: 256 },
  });
  const client = new BatchComputeClient(ORIGIN, send);
  const ask: Ask = async (jobIds, scope) => {
    const loader = new DataLoader<string, unknown>(async (batch) => {
      const { jobs } = await client.describeJobs({ jobIds: batch }, batch.length, scope);
      return batch.map((jobId) => jobs.find((job) => job.jobId === jobId));
    });
    await Promise.all(jobIds.map((jobId) => loader.load(jobId)));
  };
  return { ask, close };
}

const pacer = (): Limiter =>
  createPacer(createLocalSlots(spacingOf(REQUESTS_PER_SECOND), systemClock), systemClock);

function percentile(sorted: readonly number[], percent: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

async function manyClients(name: string, wayTo: (sandbox: Sandbox) => Way): Promise<string> {
  return await withSandbox(CLIENTS * JOBS_PER_CLIENT, async (sandbox, jobIds) => {
    const { ask, close } = wayTo(sandbox);
    const startedAtMs = performance.now();
    const waits = await Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => {
        const own = jobIds.slice(client * JOBS_PER_CLIENT, (client + 1) * JOBS_PER_CLIENT);
        const hasAnswer = await ask(own, aScope()).then(
          () => true,
          () => false,
        );
        return hasAnswer ? performance.now() - startedAtMs : null;
      }),
    );
    await close();
    const answered = waits.filter((wait) => wait !== null).toSorted((a, b) => a - b);
    const calls = sandbox.calls.filter(({ action }) => action === 'DescribeJobs');
    return `| ${name} | ${calls.length} | ${calls.filter(({ outcome }) => outcome !== 'OK').length} | ${answered.length} | ${seconds(percentile(answered, 50))} | ${seconds(percentile(answered, 95))} |`;
  });
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}

async function sameJobsOnReplicas(replicas: number, requests: number, jobs: number): Promise<string> {
  const redis = await startRedis();
  const row = await withSandbox(jobs, async (sandbox, jobIds) => {
    const ways = Array.from({ length: replicas }, () => byReader(sandbox, redis));
    await sleep(NEW_BUDGET_MS);
    const asking = Array.from({ length: requests }, async (_, n) => {
      await sleep((n * 1_000) / requests);
      return await ways[n % replicas]!.ask(jobIds, aScope()).then(
        () => true,
        () => false,
      );
    });
    const answered = (await Promise.all(asking)).filter(Boolean);
    await Promise.all(ways.map(({ close }) => close()));
    return `| ${replicas} | ${requests} | ${jobs} | ${sandbox.calls.length} | ${answered.length} |`;
  });
  await redis.close();
  return row;
}

async function clientsWhoLeave(clients: number, jobsPerClient: number): Promise<string> {
  return await withSandbox(clients * jobsPerClient, async (sandbox, jobIds) => {
    const app = createApp(configFor(sandbox));
    const controllers = Array.from({ length: clients }, () => new AbortController());
    const asking = controllers.map(async ({ signal }, client) => {
      const own = jobIds.slice(client * jobsPerClient, (client + 1) * jobsPerClient);
      const ids = own.map((jobId) => encodeGlobalId(refOf(jobId)));
      const body = JSON.stringify({
        query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
        variables: { ids },
      });
      const headers = { 'content-type': 'application/json' };
      await app
        .fetch(new Request('http://localhost/graphql', { method: 'POST', headers, body, signal }))
        .catch(() => undefined);
    });
    await sleep(LEAVE_AFTER_MS);
    const before = sandbox.calls.length;
    controllers.forEach((controller) => {
      controller.abort();
    });
    await Promise.all(asking);
    await sleep(3_000);
    const after = sandbox.calls.length - before;
    await app.close();
    return `| ${clients} | ${clients * jobsPerClient} | ${before} | ${after} |`;
  });
}

console.log(`
${CLIENTS} clients, ${CLIENTS * JOBS_PER_CLIENT} jobs, ${REQUESTS_PER_SECOND} calls a second, ${DEADLINE_MS / 1_000} s for each:

| way | upstream calls | refused by the upstream | clients answered | median wait, s | p95 wait, s |
| --- | ---: | ---: | ---: | ---: | ---: |`);
console.log(await manyClients('the gateway’s reader', byReader));
console.log(await manyClients('DataLoader per request, paced', (sandbox) => byPlainLoader(sandbox, pacer())));
console.log(await manyClients('DataLoader per request', (sandbox) => byPlainLoader(sandbox, null)));

console.log(`
The same jobs, asked for within one second, by replicas that share the budget through Redis:

| replicas | requests | jobs | upstream calls | requests answered |
| ---: | ---: | ---: | ---: | ---: |`);
console.log(await sameJobsOnReplicas(1, 1_000, 50));
console.log(await sameJobsOnReplicas(4, 1_000, 50));

console.log(`
Clients who leave after ${LEAVE_AFTER_MS / 1_000} s:

| clients | jobs | upstream calls before | calls after |
| ---: | ---: | ---: | ---: |`);
console.log(await clientsWhoLeave(500, 20));
