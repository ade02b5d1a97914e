import { createHash } from 'node:crypto';
import { Cache } from './cache/cache.ts';
import { ContentStore } from './cache/content-store.ts';
import { createRedisTier } from './cache/redis-tier.ts';
import type { AccountConfig, Config } from './config.ts';
import type { Clock } from './lib/clock.ts';
import { type Origin, originKey } from './model/origin.ts';
import { isBatchComputeJobId } from './sources/batch-compute/job-id.ts';
import type { BatchComputeJob, BatchComputeJobDetail } from './sources/batch-compute/model.ts';
import { storedBatchComputeDetail, storedBatchComputeJob } from './sources/batch-compute/stored.ts';
import { isCiJobId } from './sources/ci/job-id.ts';
import type { CiJob } from './sources/ci/model.ts';
import { noCiDetail, storedCiJob } from './sources/ci/stored.ts';
import { isCosJobId } from './sources/cos/job-id.ts';
import type { CosJob, CosJobDetail } from './sources/cos/model.ts';
import { storedCosDetail, storedCosJob } from './sources/cos/stored.ts';
import { OriginCache } from './sources/origin-cache.ts';
import { shapeDigest } from './sources/stored-shape.ts';

export type RedisCondition = 'connected' | 'away';

/** What each origin knows of its jobs, over the two tiers that all origins share. */
export interface Caching {
  cos(origin: Origin, account: AccountConfig): OriginCache<CosJob, CosJobDetail>;
  batchCompute(origin: Origin, account: AccountConfig): OriginCache<BatchComputeJob, BatchComputeJobDetail>;
  ci(origin: Origin, account: AccountConfig): OriginCache<CiJob>;
  /** The documents that clients have made known by their hash. */
  readonly documents: ContentStore;
  /** Of the memory that values may take, how much they take by estimate. */
  memoryBytes(): number;
  /** How it stands with Redis; null when none is configured. */
  redisCondition(): RedisCondition | null;
  /** Ends what is read for nobody, and the connections to Redis. */
  close(): void;
}

/** To be raised when what is kept comes to mean something else while its shape stays. */
const MEANING = 1;

/** Opens the two tiers: the memory of this process and, where there is one, Redis. Connects in the background. */
export function openCaching(config: Pick<Config, 'cache' | 'documents' | 'redisUrl'>, clock: Clock): Caching {
  const { cache: settings, documents, redisUrl } = config;
  const shared =
    redisUrl === null
      ? null
      : createRedisTier({
          url: redisUrl.reveal(),
          clock,
          schema: schemaVersion(),
          readTimeoutMs: settings.redisReadMs,
          writeTimeoutMs: settings.redisWriteMs,
          maxValueBytes: settings.maxRedisValueBytes,
        });
  const cache = new Cache({ clock, memoryBytes: settings.memoryBytes, shared });
  const common = (origin: Origin, account: AccountConfig) =>
    ({ cache, clock, origin, place: placeOf(origin, account), lifetimes: settings }) as const;
  return {
    documents: new ContentStore({
      clock,
      shared,
      memoryBytes: documents.automaticMemoryBytes,
      maxTextBytes: documents.maxAutomaticBytes,
      ttlMs: documents.automaticTtlMs,
      maxSharedTexts: documents.maxAutomaticInRedis,
      maxNewPerMinute: documents.maxAutomaticPerMinute,
    }),
    cos: (origin, account) =>
      new OriginCache({
        ...common(origin, account),
        isJobId: isCosJobId,
        jobForm: storedCosJob,
        detailForm: storedCosDetail,
      }),
    batchCompute: (origin, account) =>
      new OriginCache({
        ...common(origin, account),
        isJobId: isBatchComputeJobId,
        jobForm: storedBatchComputeJob,
        detailForm: storedBatchComputeDetail,
      }),
    ci: (origin, account) =>
      new OriginCache({
        ...common(origin, account),
        isJobId: isCiJobId,
        jobForm: storedCiJob,
        detailForm: noCiDetail,
      }),
    memoryBytes: () => cache.memoryBytes,
    redisCondition: () => (shared === null ? null : shared.isConnected ? 'connected' : 'away'),
    close: () => {
      cache.close();
      shared?.close();
    },
  };
}

/** Releases that would not understand each other's values do not see them. */
function schemaVersion(): string {
  const shape = shapeDigest(
    storedCosJob,
    storedCosDetail,
    storedBatchComputeJob,
    storedBatchComputeDetail,
    storedCiJob,
  );
  return `${MEANING}-${shape}`;
}

/**
 * Whose values they are. An account's name is what one configuration calls it: another may give it to another account, or to
 * another credential that may see other jobs, and share the Redis all the same.
 */
function placeOf(origin: Origin, account: AccountConfig): string {
  const { credential, cos, batchCompute, ci } = account;
  const endpoints = [cos, batchCompute, ci].map((source) => source?.endpoint ?? null);
  const identity = JSON.stringify([credential.secretId.reveal(), cos?.uin ?? null, endpoints]);
  const digest = createHash('sha256').update(identity).digest('base64url').slice(0, 16);
  return `${originKey(origin)}/${digest}`;
}
