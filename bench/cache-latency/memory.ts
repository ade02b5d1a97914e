/**
 * What jobs take in a process of its own, started with `--expose-gc`: `MemorySettings`. Ready, it has read them all and tells
 * by how much the heap has grown, and by how much the cache believes to have grown.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cache } from '../../src/cache/cache.ts';
import { createRedisTier } from '../../src/cache/redis-tier.ts';
import type { SharedTier } from '../../src/cache/shared-tier.ts';
import { sandboxAccount } from '../../src/commands/sandbox-account.ts';
import { readConfig } from '../../src/config.ts';
import type { CallScope } from '../../src/lib/call-scope.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Origin } from '../../src/model/origin.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { BatchComputeClient } from '../../src/sources/batch-compute/client.ts';
import { isBatchComputeJobId } from '../../src/sources/batch-compute/job-id.ts';
import type { BatchComputeJob, BatchComputeJobDetail } from '../../src/sources/batch-compute/model.ts';
import { batchComputeSigner } from '../../src/sources/batch-compute/signature.ts';
import { storedBatchComputeDetail, storedBatchComputeJob } from '../../src/sources/batch-compute/stored.ts';
import { CiClient } from '../../src/sources/ci/client.ts';
import { isCiJobId } from '../../src/sources/ci/job-id.ts';
import type { CiJob } from '../../src/sources/ci/model.ts';
import { ciSigner } from '../../src/sources/ci/signature.ts';
import { noCiDetail, storedCiJob } from '../../src/sources/ci/stored.ts';
import type { CosListing } from '../../src/sources/cos/decode.ts';
import { CosClient } from '../../src/sources/cos/client.ts';
import { isCosJobId } from '../../src/sources/cos/job-id.ts';
import type { CosJob, CosJobDetail } from '../../src/sources/cos/model.ts';
import { cosSigner } from '../../src/sources/cos/signature.ts';
import { storedCosDetail, storedCosJob } from '../../src/sources/cos/stored.ts';
import { OriginCache, type OriginCacheOptions } from '../../src/sources/origin-cache.ts';
import { createSend } from '../../src/upstream/onion.ts';
import type { Send } from '../../src/upstream/send.ts';
import type { Signer } from '../../src/upstream/signing/sign.ts';
import { answerQuestions, settingsOfChild } from '../cache/children.ts';
import { LASTING } from '../cache/config.ts';
import type { SandboxFacts } from '../cache/upstreams.ts';

export interface MemorySettings {
  readonly sandbox: SandboxFacts;
  readonly kind: Kind;
  /** Where they come from: the upstream, or a Redis that already has them. */
  readonly way: 'upstream' | 'redis';
  readonly jobIds: readonly string[];
  /** The path of a Redis' socket. */
  readonly redis: string;
}

/** A detail comes with its job where one call tells both: two entries. */
export type Kind = 'COS' | 'COS with detail' | 'BatchCompute' | 'BatchCompute with detail' | 'CI';

export interface MemoryTold {
  readonly entries: number;
  readonly heapBytes: number;
  readonly estimatedBytes: number;
}

const { sandbox, kind, way, jobIds, redis } = (await settingsOfChild()) as MemorySettings;
const account = sandboxAccount(sandbox as Sandbox, 1_000_000_000);
const place = { account: account.name, region: sandbox.regions[0] ?? '', bucket: null };
const scope: CallScope = { signal: new AbortController().signal, deadlineMs: Date.now() + 600_000 };
const lifetimes = { ...readConfig({}).cache, ...LASTING };
const credential = (): typeof account.credential => account.credential;
/** As many as the cache asks for at once. */
const AT_ONCE = 100;
const PAGE = 1_000;
/** Read before the heap is measured, so that what the code itself takes is not counted. */
const WARM_UP = 100;

function sendTo(origin: Origin, endpoint: string, signer: Signer): Send {
  return createSend({ origin, endpoint, signer, clock: systemClock, limits: { concurrentCalls: 16 } }).send;
}

type CommonOptions = Pick<
  OriginCacheOptions<CosJob, CosJobDetail>,
  'cache' | 'clock' | 'origin' | 'place' | 'lifetimes'
>;

function commonOf(cache: Cache, origin: Origin): CommonOptions {
  return { cache, clock: systemClock, origin, place: origin.source, lifetimes } as const;
}

/** Never called where a Redis has everything. */
function unread(): never {
  throw new Error('expected Redis to have it');
}

function chunked<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** Reads all and gives what keeps them; everything else may go. */
async function fill(cache: Cache, wanted: readonly string[]): Promise<unknown> {
  switch (kind) {
    case 'COS':
    case 'COS with detail':
      return await fillCos(cache, wanted);
    case 'BatchCompute':
    case 'BatchCompute with detail':
      return await fillBatchCompute(cache, wanted);
    case 'CI':
      return await fillCi(cache, wanted);
  }
}

async function fillCos(cache: Cache, wanted: readonly string[]): Promise<unknown> {
  const origin: Origin = { ...place, source: 'COS' };
  const { appId, uin } = sandbox.account;
  const client = new CosClient(
    origin,
    sendTo(origin, sandbox.endpoints.cos, cosSigner({ origin, uin, appId, credential })),
  );
  const jobs = new OriginCache<CosJob, CosJobDetail>({
    ...commonOf(cache, origin),
    isJobId: isCosJobId,
    jobForm: storedCosJob,
    detailForm: storedCosDetail,
  });
  if (way === 'upstream' && kind === 'COS') {
    let nextToken: string | null = null;
    for (let read = 0; read < wanted.length; read += PAGE) {
      const page: CosListing = await client.listJobs({ status: null, maxResults: PAGE, nextToken }, scope);
      jobs.prime(page.jobs);
      ({ nextToken } = page);
    }
    return jobs;
  }
  for (const some of chunked(wanted, AT_ONCE)) {
    await jobs.jobs(
      some,
      (id, shared) => (way === 'redis' ? unread() : client.describeJob(id, shared)),
      scope,
    );
    await Promise.all(
      kind === 'COS with detail' ? some.map((id) => jobs.detail(id, () => unread(), scope)) : [],
    );
  }
  return jobs;
}

async function fillBatchCompute(cache: Cache, wanted: readonly string[]): Promise<unknown> {
  const origin: Origin = { ...place, source: 'BATCH_COMPUTE' };
  const client = new BatchComputeClient(
    origin,
    sendTo(origin, sandbox.endpoints.batchCompute, batchComputeSigner({ credential })),
  );
  const jobs = new OriginCache<BatchComputeJob, BatchComputeJobDetail>({
    ...commonOf(cache, origin),
    isJobId: isBatchComputeJobId,
    jobForm: storedBatchComputeJob,
    detailForm: storedBatchComputeDetail,
  });
  for (const some of chunked(wanted, AT_ONCE)) {
    if (way === 'upstream') {
      jobs.prime((await client.describeJobs({ jobIds: some }, some.length, scope)).jobs);
    } else {
      await jobs.jobs(some, () => unread(), scope);
    }
    await Promise.all(
      kind === 'BatchCompute with detail'
        ? some.map((id) =>
            jobs.detail(
              id,
              (one, shared) => (way === 'redis' ? unread() : client.describeJob(one, shared)),
              scope,
            ),
          )
        : [],
    );
  }
  return jobs;
}

async function fillCi(cache: Cache, wanted: readonly string[]): Promise<unknown> {
  const [bucket] = sandbox.buckets;
  const origin: Origin = { ...place, source: 'CI', region: bucket?.region ?? '', bucket: bucket?.name ?? '' };
  const client = new CiClient(origin, sendTo(origin, sandbox.endpoints.ci, ciSigner({ origin, credential })));
  const jobs = new OriginCache<CiJob>({
    ...commonOf(cache, origin),
    isJobId: isCiJobId,
    jobForm: storedCiJob,
    detailForm: noCiDetail,
  });
  for (const some of chunked(wanted, AT_ONCE)) {
    await jobs.jobs(
      some,
      (id, shared) => (way === 'redis' ? unread() : client.describeJob(id, shared)),
      scope,
    );
  }
  return jobs;
}

async function heapNow(): Promise<number> {
  for (let turns = 0; turns < 3; turns += 1) {
    await sleep(50);
    global.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

const shared: SharedTier = createRedisTier({
  url: redis,
  clock: systemClock,
  schema: `bench-${kind.replaceAll(' ', '-')}`,
  // Nothing here is about time, and everything is to be kept.
  readTimeoutMs: 10_000,
  writeTimeoutMs: 10_000,
});
await sleep(500);
const cache = new Cache({ clock: systemClock, memoryBytes: 17_179_869_184, shared });
const warm = new Cache({
  clock: systemClock,
  memoryBytes: 17_179_869_184,
  shared: way === 'redis' ? shared : null,
});
await fill(warm, jobIds.slice(0, WARM_UP));
const before = await heapNow();
const kept = await fill(cache, jobIds);
await sleep(1_000);
const after = await heapNow();
const told: MemoryTold = {
  entries: jobIds.length,
  heapBytes: after - before,
  estimatedBytes: cache.memoryBytes,
};
// Whatever keeps them must be alive until now.
answerQuestions(kept === null ? null : told, () => Promise.resolve(null));
