/** What the tests of the jobs floor share: jobs of every kind, and sources that record what is asked of them. */
import type { BatchComputeSource, CiSource, CosSource } from '../../src/jobs/origins.ts';
import type { JobSummary } from '../../src/model/job.ts';
import type { Origin } from '../../src/model/origin.ts';
import type { BatchComputeJob, BatchComputeJobDetail } from '../../src/sources/batch-compute/model.ts';
import type { CiJob } from '../../src/sources/ci/model.ts';
import type { CosJob, CosJobDetail } from '../../src/sources/cos/model.ts';
import type { ListPage, ListSlice, Source, ScanChunk } from '../../src/sources/source.ts';
import type { CallScope } from '../../src/lib/call-scope.ts';

export const GUANGZHOU = anOrigin({ source: 'COS' });
export const SHANGHAI = anOrigin({ source: 'COS', region: 'ap-shanghai' });
export const ARCHIVE = anOrigin({ source: 'COS', account: 'archive' });
export const COMPUTE = anOrigin({ source: 'BATCH_COMPUTE' });
export const BUCKET = anOrigin({ source: 'CI', region: 'ap-beijing', bucket: 'media-1250000000' });

export function anOrigin(change: Partial<Origin>): Origin {
  return { source: 'COS', account: 'media', region: 'ap-guangzhou', bucket: null, ...change };
}

export function aScope(): CallScope {
  return { signal: new AbortController().signal, deadlineMs: Date.now() + 5_000 };
}

function aSummary(jobId: string): Omit<JobSummary, 'source' | 'account' | 'region'> {
  return {
    jobId,
    name: null,
    description: null,
    status: 'RUNNING',
    upstreamStatus: 'Active',
    isFinished: false,
    priority: 1,
    createdAt: '2026-01-01T00:00:00Z',
    startedAt: null,
    endedAt: null,
    progress: null,
    fetchedAt: '2026-01-02T00:00:00Z',
  };
}

export function aCosJob(jobId: string, change: Partial<CosJob> = {}): CosJob {
  const { account, region } = GUANGZHOU;
  return { ...aSummary(jobId), source: 'COS', account, region, operationName: 'COSPutObjectCopy', ...change };
}

const NO_TASKS = {
  submitted: 0,
  pending: 0,
  runnable: 0,
  starting: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  failedInterrupted: 0,
};

export function aBatchComputeJob(jobId: string, change: Partial<BatchComputeJob> = {}): BatchComputeJob {
  const { account, region } = COMPUTE;
  const own = { source: 'BATCH_COMPUTE', placement: null, taskMetrics: NO_TASKS, tags: [] } as const;
  return { ...aSummary(jobId), account, region, ...own, ...change };
}

export function aCiJob(jobId: string, change: Partial<CiJob> = {}): CiJob {
  const { account, region } = BUCKET;
  const own = { source: 'CI', bucket: 'media-1250000000', type: 'Job' } as const;
  const nothing = { code: null, message: null, input: null, operation: null };
  return { ...aSummary(jobId), account, region, ...own, ...nothing, ...change };
}

export const COS_DETAIL: CosJobDetail = {
  confirmationRequired: false,
  clientRequestToken: null,
  failures: [],
  manifest: null,
  operation: { kind: 'DeleteObject', name: 'COSDeleteObject' },
  report: null,
  roleArn: 'role',
  statusUpdateReason: null,
  suspendedCause: null,
  suspendedAt: null,
};

export const BATCH_COMPUTE_DETAIL: BatchComputeJobDetail = {
  stateReason: 'spot reclaimed',
  nextAction: null,
  tasks: [],
  dependencies: [],
  taskInstanceMetrics: null,
};

/** Answers of a fake source; what is left out knows no job. */
interface Answers<J, D, F> {
  readonly getMany?: (jobIds: readonly string[], scope: CallScope) => Promise<readonly (J | null | Error)[]>;
  readonly detail?: (jobId: string, scope: CallScope) => Promise<D | null>;
  readonly list?: (slice: ListSlice<F>, scope: CallScope) => Promise<ListPage<J>>;
}

/** A source of one origin that records every batch, detail and slice asked of it. Ids with a `!` are none of its own. */
export class FakeSource<J extends JobSummary, D, F> implements Source<J, D, F> {
  readonly origin: Origin;
  readonly batches: (readonly string[])[] = [];
  readonly details: string[] = [];
  readonly slices: ListSlice<F>[] = [];
  readonly scopes: CallScope[] = [];
  readonly #answers: Answers<J, D, F>;

  constructor(origin: Origin, answers: Answers<J, D, F> = {}) {
    this.origin = origin;
    this.#answers = answers;
  }

  isJobId(text: string): boolean {
    return !text.includes('!');
  }

  getMany(jobIds: readonly string[], scope: CallScope): Promise<readonly (J | null | Error)[]> {
    this.batches.push([...jobIds]);
    this.scopes.push(scope);
    return this.#answers.getMany?.(jobIds, scope) ?? Promise.resolve(jobIds.map(() => null));
  }

  detail(jobId: string, scope: CallScope): Promise<D | null> {
    this.details.push(jobId);
    this.scopes.push(scope);
    return this.#answers.detail?.(jobId, scope) ?? Promise.resolve(null);
  }

  list(slice: ListSlice<F>, scope: CallScope): Promise<ListPage<J>> {
    this.slices.push(slice);
    this.scopes.push(scope);
    const none = {
      entries: [],
      hasNextPage: false,
      hasPreviousPage: false,
      totalCount: 0,
      fetchedAt: '',
      outcome: 'FRESH' as const,
    };
    return this.#answers.list?.(slice, scope) ?? Promise.resolve(none);
  }

  async *scan(): AsyncGenerator<ScanChunk<J>, void, undefined> {
    // Reads by id and single listings never scan; what does has fakes of its own.
  }
}

type FakeOf<S> = S extends Source<infer J, infer D, infer F> ? FakeSource<J, D, F> : never;
export type FakeCos = FakeOf<CosSource>;
export type FakeBatchCompute = FakeOf<BatchComputeSource>;
export type FakeCi = FakeOf<CiSource>;

/** A COS source that knows every id. */
export function cosThatKnowsAll(origin: Origin = GUANGZHOU): FakeCos {
  const { account, region } = origin;
  return new FakeSource(origin, {
    getMany: async (jobIds) => jobIds.map((jobId) => aCosJob(jobId, { account, region })),
    detail: async () => COS_DETAIL,
  });
}

export function batchComputeThatKnowsAll(origin: Origin = COMPUTE): FakeBatchCompute {
  return new FakeSource(origin, {
    getMany: async (jobIds) => jobIds.map((jobId) => aBatchComputeJob(jobId)),
    detail: async () => BATCH_COMPUTE_DETAIL,
  });
}

export function ciThatKnowsAll(origin: Origin = BUCKET): FakeCi {
  return new FakeSource(origin, { getMany: async (jobIds) => jobIds.map((jobId) => aCiJob(jobId)) });
}
