import type { AccountConfig, Config } from './config.ts';
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
import { createLimiter, type Limiter } from './upstream/limiter.ts';
import { createSend, type SendOptions } from './upstream/onion.ts';
import type { Send } from './upstream/send.ts';

/** The sources of all configured origins, each with its own way to its upstream. */
export interface Wiring {
  readonly origins: Origins;
  /** Cuts every connection to the upstreams. */
  close(): Promise<void>;
}

/** Opens a way to the upstream of one origin: a connection pool of its own and the call onion around it. */
type Open = (wire: Pick<SendOptions, 'origin' | 'endpoint' | 'signer' | 'limiterFor'>) => Send;

/** Joins each configured origin to its upstream. Connects to nothing yet. */
export function wireOrigins(config: Config, clock: Clock): Wiring {
  const { accounts, deadlines, limits } = config;
  const closers: (() => Promise<void>)[] = [];
  const open: Open = (wire) => {
    const { send, close } = createSend({
      ...wire,
      clock,
      limits: {
        attemptTimeoutMs: deadlines.attemptMs,
        connectTimeoutMs: deadlines.connectMs,
        maxBodyBytes: limits.upstreamBodyBytes,
        connections: limits.connectionsPerOrigin,
      },
    });
    closers.push(close);
    return send;
  };
  const { concurrentReadsPerOrigin: concurrency, maxSnapshotJobs, snapshotTtlMs } = limits;
  const budgets = budgetsOf(accounts, clock);
  const snapshots = { clock, maxSnapshotJobs, snapshotTtlMs };
  return {
    origins: new Origins({
      cos: accounts.flatMap((account) => wireCos(account, open, { ...snapshots, concurrency })),
      batchCompute: accounts.flatMap((account) => wireBatchCompute(account, open, budgets, snapshots)),
      ci: accounts.flatMap((account) => wireCi(account, open, { clock, concurrency })),
    }),
    close: async () => {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

function wireCos(
  { name, credential, cos }: AccountConfig,
  open: Open,
  options: CosSourceOptions,
): CosSource[] {
  if (cos === null) {
    return [];
  }
  const { uin, appId, endpoint, regions } = cos;
  return regions.map((region) => {
    const origin: Origin = { source: 'COS', account: name, region, bucket: null };
    const signer = cosSigner({ origin, uin, appId, credential });
    const send = open({ origin, signer, endpoint: endpoint ?? `https://${cosHost(uin, region)}` });
    return new CosSource(new CosClient(origin, send), options);
  });
}

function wireBatchCompute(
  account: AccountConfig,
  open: Open,
  budgets: Budgets,
  options: BatchComputeSourceOptions,
): BatchComputeSource[] {
  const { name, credential, batchCompute } = account;
  if (batchCompute === null) {
    return [];
  }
  const { endpoint, regions } = batchCompute;
  const limiterFor = budgets(account);
  return regions.map((region) => {
    const origin: Origin = { source: 'BATCH_COMPUTE', account: name, region, bucket: null };
    const signer = batchComputeSigner({ credential });
    const send = open({ origin, signer, limiterFor, endpoint: endpoint ?? `https://${BATCH_COMPUTE_HOST}` });
    return new BatchComputeSource(new BatchComputeClient(origin, send), options);
  });
}

function wireCi({ name, credential, ci }: AccountConfig, open: Open, options: CiSourceOptions): CiSource[] {
  if (ci === null) {
    return [];
  }
  const { endpoint, buckets } = ci;
  return buckets.map((bucket) => {
    const origin: Origin = { source: 'CI', account: name, region: bucket.region, bucket: bucket.name };
    const signer = ciSigner({ origin, credential });
    const send = open({
      origin,
      signer,
      endpoint: endpoint ?? `https://${ciHost(bucket.name, bucket.region)}`,
    });
    return new CiSource(new CiClient(origin, send), options);
  });
}

/** Gives, for an account, the budget of each action. */
type Budgets = (account: AccountConfig) => (action: string) => Limiter;

/**
 * One budget for each action of a credential at an access host. The vendor counts where a call enters, so all regions that are
 * read through one host share it (`upstreams/batch-compute.md` section 3), and so do accounts with one credential: at the
 * lowest of their rates.
 */
function budgetsOf(accounts: readonly AccountConfig[], clock: Clock): Budgets {
  const limiters = new Map<string, Limiter>();
  const keyOf = ({ credential, batchCompute }: AccountConfig): string =>
    `${credential.secretId.reveal()} ${batchCompute?.endpoint ?? BATCH_COMPUTE_HOST}`;
  return (account) => {
    const key = keyOf(account);
    const sharing = accounts.filter((other) => keyOf(other) === key);
    const requestsPerSecond = Math.min(
      ...sharing.flatMap(({ batchCompute }) => batchCompute?.requestsPerSecond ?? []),
    );
    return (action) => {
      const limiter = limiters.get(`${key} ${action}`) ?? createLimiter({ requestsPerSecond, clock });
      limiters.set(`${key} ${action}`, limiter);
      return limiter;
    };
  };
}
