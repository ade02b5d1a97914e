/** What one COS origin is known to have, over an upstream of a few jobs that the test changes. */
import { Cache } from '../../src/cache/cache.ts';
import type { CallScope } from '../../src/lib/call-scope.ts';
import type { UpstreamError } from '../../src/model/errors.ts';
import { isCosJobId } from '../../src/sources/cos/job-id.ts';
import { COS_STATUSES, type CosJob, type CosJobDetail, type CosStatus } from '../../src/sources/cos/model.ts';
import { storedCosDetail, storedCosJob } from '../../src/sources/cos/stored.ts';
import type { Lifetimes } from '../../src/sources/freshness.ts';
import { OriginCache } from '../../src/sources/origin-cache.ts';
import { FakeSharedTier } from '../cache/fake-shared-tier.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { LIFETIMES, MEMORY_BYTES } from './caches.ts';
import { COS_ORIGIN } from './support.ts';

export const DETAIL: CosJobDetail = {
  confirmationRequired: false,
  clientRequestToken: null,
  failures: [],
  manifest: null,
  operation: { kind: 'DeleteObject', name: 'COSDeleteObject' },
  report: null,
  roleArn: null,
  statusUpdateReason: null,
  suspendedCause: null,
  suspendedAt: null,
};

export interface KnownJobs {
  readonly clock: FakeClock;
  readonly tier: FakeSharedTier;
  readonly cache: OriginCache<CosJob, CosJobDetail>;
  readonly upstream: CosUpstream;
}

export interface KnownJobsOptions {
  readonly isShared?: boolean;
  readonly lifetimes?: Partial<Lifetimes>;
  readonly clock?: FakeClock;
}

export function knownJobs({
  isShared = false,
  lifetimes = {},
  clock = new FakeClock(),
}: KnownJobsOptions = {}): KnownJobs {
  const tier = new FakeSharedTier(clock);
  const cache = new OriginCache<CosJob, CosJobDetail>({
    cache: new Cache({ clock, memoryBytes: MEMORY_BYTES, shared: isShared ? tier : null }),
    clock,
    origin: COS_ORIGIN,
    place: 'COS',
    lifetimes: { ...LIFETIMES, ...lifetimes },
    isJobId: isCosJobId,
    jobForm: storedCosJob,
    detailForm: storedCosDetail,
  });
  return { clock, tier, cache, upstream: new CosUpstream(clock) };
}

interface UpstreamJob {
  upstreamStatus: CosStatus;
  /** Counts the changes. */
  version: number;
  createdAt: string;
}

/** Jobs by id, with what each call costs counted. What it gives is frozen: nobody may change what is kept. */
export class CosUpstream {
  readonly jobs = new Map<string, UpstreamJob>();
  calls = 0;
  fault: UpstreamError | null = null;
  /** How long an answer takes. */
  delayMs = 0;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  set(jobId: string, upstreamStatus: CosStatus, createdAt = '2025-12-31T00:00:00Z'): void {
    const version = (this.jobs.get(jobId)?.version ?? 0) + 1;
    this.jobs.set(jobId, { upstreamStatus, version, createdAt });
  }

  /** The job as an answer that comes now tells it. Its version is its priority. */
  job(jobId: string): CosJob | null {
    const job = this.jobs.get(jobId);
    return job === undefined
      ? null
      : Object.freeze<CosJob>({
          ...COS_STATUSES[job.upstreamStatus],
          source: 'COS',
          account: 'media',
          region: 'ap-guangzhou',
          jobId,
          name: null,
          description: null,
          upstreamStatus: job.upstreamStatus,
          priority: job.version,
          createdAt: job.createdAt,
          startedAt: null,
          endedAt: null,
          progress: null,
          fetchedAt: new Date(this.#clock.now()).toISOString(),
          operationName: 'COSDeleteObject',
        });
  }

  readonly read = async (jobId: string, scope: CallScope): Promise<CosJob | null> => {
    await this.#answer(scope);
    return this.job(jobId);
  };

  readonly describe = async (jobId: string, scope: CallScope): Promise<CosJob | null> => {
    await this.#answer(scope);
    const job = this.job(jobId);
    return job === null ? null : Object.freeze({ ...job, detail: DETAIL });
  };

  /** All jobs by id, or those of one status. */
  readonly list = async (
    status: CosStatus | null,
    scope: CallScope,
  ): Promise<{ jobs: readonly CosJob[]; fetchedAt: string }> => {
    await this.#answer(scope);
    const ids = [...this.jobs.keys()].toSorted();
    const jobs = ids
      .flatMap((jobId) => this.job(jobId) ?? [])
      .filter(({ upstreamStatus }) => status === null || upstreamStatus === status);
    return Object.freeze({
      jobs: Object.freeze(jobs),
      fetchedAt: new Date(this.#clock.now()).toISOString(),
    });
  };

  async #answer({ signal }: CallScope): Promise<void> {
    this.calls += 1;
    if (this.delayMs > 0) {
      await this.#clock.sleep(this.delayMs, signal);
    }
    if (this.fault !== null) {
      throw this.fault;
    }
  }
}

export function scopeAt(clock: FakeClock, more: Partial<CallScope> = {}): CallScope {
  return { signal: new AbortController().signal, deadlineMs: clock.now() + 8_000, ...more };
}
