/** What the sources keep what they read in, without Redis. */
import { Cache } from '../../src/cache/cache.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import type { Origin } from '../../src/model/origin.ts';
import { isBatchComputeJobId } from '../../src/sources/batch-compute/job-id.ts';
import type { BatchComputeJob, BatchComputeJobDetail } from '../../src/sources/batch-compute/model.ts';
import { storedBatchComputeDetail, storedBatchComputeJob } from '../../src/sources/batch-compute/stored.ts';
import { isCiJobId } from '../../src/sources/ci/job-id.ts';
import type { CiJob } from '../../src/sources/ci/model.ts';
import { noCiDetail, storedCiJob } from '../../src/sources/ci/stored.ts';
import { isCosJobId } from '../../src/sources/cos/job-id.ts';
import type { CosJob, CosJobDetail } from '../../src/sources/cos/model.ts';
import { storedCosDetail, storedCosJob } from '../../src/sources/cos/stored.ts';
import type { Lifetimes } from '../../src/sources/freshness.ts';
import { OriginCache } from '../../src/sources/origin-cache.ts';
import { BATCH_COMPUTE_ORIGIN, CI_ORIGIN, COS_ORIGIN } from './support.ts';

export const LIFETIMES: Lifetimes = {
  runningJobMs: 5_000,
  failedJobMs: 300_000,
  finishedJobMs: 86_400_000,
  unknownJobMs: 2_000,
  listingHeadMs: 5_000,
  listingTailMs: 30_000,
  staleWhileRevalidateMs: 10_000,
  staleIfErrorMs: 600_000,
};

export interface TestCache {
  readonly clock?: Clock;
  /** 0, the default, keeps nothing: every read costs what it costs. */
  readonly memoryBytes?: number;
  readonly lifetimes?: Partial<Lifetimes>;
}

/** Enough for every test. */
export const MEMORY_BYTES = 64 * 1_024 * 1_024;

export function cosCache(options: TestCache = {}): OriginCache<CosJob, CosJobDetail> {
  return new OriginCache({
    ...common(COS_ORIGIN, options),
    isJobId: isCosJobId,
    jobForm: storedCosJob,
    detailForm: storedCosDetail,
  });
}

export function batchComputeCache(
  options: TestCache = {},
): OriginCache<BatchComputeJob, BatchComputeJobDetail> {
  return new OriginCache({
    ...common(BATCH_COMPUTE_ORIGIN, options),
    isJobId: isBatchComputeJobId,
    jobForm: storedBatchComputeJob,
    detailForm: storedBatchComputeDetail,
  });
}

export function ciCache(options: TestCache = {}): OriginCache<CiJob> {
  return new OriginCache({
    ...common(CI_ORIGIN, options),
    isJobId: isCiJobId,
    jobForm: storedCiJob,
    detailForm: noCiDetail,
  });
}

function common(origin: Origin, { clock = systemClock, memoryBytes = 0, lifetimes = {} }: TestCache) {
  return {
    cache: new Cache({ clock, memoryBytes, shared: null }),
    clock,
    origin,
    place: origin.source,
    lifetimes: { ...LIFETIMES, ...lifetimes },
  };
}
