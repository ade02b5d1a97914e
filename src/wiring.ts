import { type BudgetCondition, BudgetPool, type Budgets } from './budgets.ts';
import { type Caching, openCaching, type RedisCondition } from './caching.ts';
import type { Config } from './config.ts';
import { type HeldAccount, holderOf, NO_RENEWAL } from './credentials.ts';
import { Origins } from './jobs/origins.ts';
import type { Clock } from './lib/clock.ts';
import type { Origin } from './model/origin.ts';
import { BatchComputeClient } from './sources/batch-compute/client.ts';
import { BATCH_COMPUTE_HOST, batchComputeSigner } from './sources/batch-compute/signature.ts';
import { BatchComputeSource, type BatchComputeSourceOptions } from './sources/batch-compute/source.ts';
import { CiClient } from './sources/ci/client.ts';
import { ciHost, ciSigner } from './sources/ci/signature.ts';
import { CiSource, type CiSourceOptions } from './sources/ci/source.ts';
import { CosClient } from './sources/cos/client.ts';
import { cosHost, cosSigner } from './sources/cos/signature.ts';
import { CosSource, type CosSourceOptions } from './sources/cos/source.ts';
import type { CircuitState } from './upstream/breaker/circuit.ts';
import { createSend, type OriginWay, type SendOptions } from './upstream/onion.ts';
import type { Send } from './upstream/send.ts';

/** The sources of all configured origins, each with its own way to its upstream. */
export interface Wiring {
  readonly origins: Origins;
  /** Every origin, in the order in which it was wired, and whether it is asked at present. */
  conditions(): readonly (Origin & { readonly circuit: CircuitState })[];
  /** The documents that clients have made known by their hash. */
  readonly documents: Caching['documents'];
  /** What waits for the calls of each budget at present. */
  budgetConditions(): readonly BudgetCondition[];
  /** Of the memory that values may take, how much they take by estimate. */
  memoryBytes(): number;
  /** How it stands with Redis; null when none is configured. */
  redisCondition(): RedisCondition | null;
  /** Cuts every connection to the upstreams and to Redis that was opened for this. */
  close(): Promise<void>;
}

/** Opens a way to the upstream of one origin: a connection pool of its own and the call onion around it. */
type Open = (wire: Pick<SendOptions, 'origin' | 'endpoint' | 'signer' | 'credential' | 'pacing'>) => Send;

/**
 * Joins each configured origin to its upstream. Connects to nothing yet. Its calls come out of the budgets of `sharedPool`,
 * which stays open with the one who made it; without one it has a pool of its own.
 */
export function wireOrigins(
  config: Config,
  clock: Clock,
  renewal = NO_RENEWAL,
  sharedPool: BudgetPool | null = null,
): Wiring {
  const { accounts, deadlines, limits } = config;
  const ways: (OriginWay & { readonly origin: Origin })[] = [];
  const open: Open = (wire) => {
    const way = createSend({
      ...wire,
      clock,
      breaker: config.breaker,
      limits: {
        attemptTimeoutMs: deadlines.attemptMs,
        connectTimeoutMs: deadlines.connectMs,
        maxBodyBytes: limits.upstreamBodyBytes,
        connections: limits.connectionsPerOrigin,
        concurrentCalls: limits.concurrentReadsPerOrigin,
      },
    });
    ways.push({ ...way, origin: wire.origin });
    return way.send;
  };
  const pool = sharedPool ?? new BudgetPool(config, clock);
  const budgets = pool.open(accounts);
  const caching = openCaching(config, clock);
  const options = { clock, maxSnapshotJobs: limits.maxSnapshotJobs };
  const held = accounts.map((account): HeldAccount => ({ account, holder: holderOf(account, renewal) }));
  return {
    origins: new Origins({
      cos: held.flatMap((each) => wireCos(each, open, caching, options)),
      batchCompute: held.flatMap((each) => wireBatchCompute(each, open, budgets, caching, options)),
      ci: held.flatMap((each) => wireCi(each, open, caching, options)),
    }),
    conditions: () => ways.map(({ origin, circuit }) => ({ ...origin, circuit: circuit() })),
    documents: caching.documents,
    budgetConditions: () => budgets.conditions(),
    memoryBytes: () => caching.memoryBytes(),
    redisCondition: () => caching.redisCondition(),
    close: async () => {
      caching.close();
      budgets.close();
      if (sharedPool === null) {
        pool.close();
      }
      await Promise.all(ways.map(({ close }) => close()));
    },
  };
}

function wireCos(
  { account, holder }: HeldAccount,
  open: Open,
  caching: Caching,
  options: CosSourceOptions,
): CosSource[] {
  const { name, cos } = account;
  if (cos === null) {
    return [];
  }
  const { uin, appId, endpoint, regions } = cos;
  return regions.map((region) => {
    const origin: Origin = { source: 'COS', account: name, region, bucket: null };
    const signer = cosSigner({ origin, uin, appId, credential: holder.current });
    const send = open({
      origin,
      signer,
      credential: holder,
      endpoint: endpoint ?? `https://${cosHost(uin, region)}`,
    });
    return new CosSource(new CosClient(origin, send), caching.cos(origin, account), options);
  });
}

function wireBatchCompute(
  { account, holder }: HeldAccount,
  open: Open,
  budgets: Budgets,
  caching: Caching,
  options: BatchComputeSourceOptions,
): BatchComputeSource[] {
  const { name, batchCompute } = account;
  if (batchCompute === null) {
    return [];
  }
  const { endpoint, regions } = batchCompute;
  const pacing = { limiterFor: budgets.limitersOf(account), host: BATCH_COMPUTE_HOST };
  return regions.map((region) => {
    const origin: Origin = { source: 'BATCH_COMPUTE', account: name, region, bucket: null };
    const signer = batchComputeSigner({ credential: holder.current });
    const send = open({
      origin,
      signer,
      credential: holder,
      pacing,
      endpoint: endpoint ?? `https://${BATCH_COMPUTE_HOST}`,
    });
    return new BatchComputeSource(
      new BatchComputeClient(origin, send),
      caching.batchCompute(origin, account),
      options,
    );
  });
}

function wireCi(
  { account, holder }: HeldAccount,
  open: Open,
  caching: Caching,
  options: CiSourceOptions,
): CiSource[] {
  const { name, ci } = account;
  if (ci === null) {
    return [];
  }
  const { endpoint, buckets } = ci;
  return buckets.map((bucket) => {
    const origin: Origin = { source: 'CI', account: name, region: bucket.region, bucket: bucket.name };
    const signer = ciSigner({ origin, credential: holder.current });
    const send = open({
      origin,
      signer,
      credential: holder,
      endpoint: endpoint ?? `https://${ciHost(bucket.name, bucket.region)}`,
    });
    return new CiSource(new CiClient(origin, send), caching.ci(origin, account), options);
  });
}
