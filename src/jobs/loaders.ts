import DataLoader from 'dataloader';
import { InvalidIdError } from '../model/errors.ts';
import { type JobRef, placeOf } from '../model/global-id.ts';
import type { JobSummary } from '../model/job.ts';
import type { BatchComputeJob, BatchComputeJobDetail } from '../sources/batch-compute/model.ts';
import type { CiJob } from '../sources/ci/model.ts';
import type { CosJob, CosJobDetail } from '../sources/cos/model.ts';
import type { Source } from '../sources/source.ts';
import type { CallScope } from '../lib/call-scope.ts';
import type { Job, Origins } from './origins.ts';

/**
 * One request's reads by id: for each origin that it asks, one DataLoader for jobs and one for details. They join what
 * one request asks and hold nothing beyond it (design section 2).
 */
export interface JobLoaders {
  /**
   * A job by its ref: null when the upstream does not know it or its place is not configured (no call then). Rejects
   * with `InvalidIdError` when the id cannot be one of that upstream's, with `UpstreamError` when the read failed.
   */
  job(ref: JobRef): Promise<Job | null>;
  /** What only DescribeJob tells of a job; null when the job has gone meanwhile. At most one call per job. */
  cosDetail(job: CosJob): Promise<CosJobDetail | null>;
  batchComputeDetail(job: BatchComputeJob): Promise<BatchComputeJobDetail | null>;
  /** Remembers a job that a listing of this request showed, so that asking for it by id costs no call. */
  prime(job: Job): void;
}

/** Loaders for one request; all their calls end with `scope`. */
export function createLoaders(origins: Origins, scope: CallScope): JobLoaders {
  const cos = jobLoaders<CosJob>(scope);
  const batchCompute = jobLoaders<BatchComputeJob>(scope);
  const ci = jobLoaders<CiJob>(scope);
  const cosDetail = detailLoaders<CosJobDetail>(scope);
  const batchComputeDetail = detailLoaders<BatchComputeJobDetail>(scope);
  return {
    job: async (ref) => {
      switch (ref.source) {
        case 'COS':
          return load(cos, origins.findCos(ref), ref);
        case 'BATCH_COMPUTE':
          return load(batchCompute, origins.findBatchCompute(ref), ref);
        case 'CI':
          return load(ci, origins.findCi(ref), ref);
      }
    },
    cosDetail: async (job) => job.detail ?? load(cosDetail, origins.findCos(refOf(job)), refOf(job)),
    batchComputeDetail: async (job) =>
      job.detail ?? load(batchComputeDetail, origins.findBatchCompute(refOf(job)), refOf(job)),
    prime: (job) => {
      switch (job.source) {
        case 'COS':
          return prime(cos, origins.findCos(refOf(job)), job);
        case 'BATCH_COMPUTE':
          return prime(batchCompute, origins.findBatchCompute(refOf(job)), job);
        case 'CI':
          return prime(ci, origins.findCi(refOf(job)), job);
      }
    },
  };
}

/** The ref of a job: what its global id is made of. */
export function refOf(job: Job): JobRef {
  const bucket = job.source === 'CI' ? job.bucket : null;
  const { source, account, region, jobId } = job;
  return { source, account, place: placeOf({ source, account, region, bucket }), jobId };
}

/** The parts of a source's contract that a loader uses. */
type Identified = Pick<Source<JobSummary, unknown, never>, 'origin' | 'isJobId'>;
type ReadsJobs<J extends JobSummary> = Identified & Pick<Source<J, unknown, never>, 'getMany'>;
type ReadsDetails<D> = Identified & Pick<Source<JobSummary, D, never>, 'detail'>;

/** Gives the DataLoader of an origin's source, by the upstream's own ids; makes it when first asked. */
type LoadersOf<S, T> = (source: S) => DataLoader<string, T | null>;

function jobLoaders<J extends JobSummary>(scope: CallScope): LoadersOf<ReadsJobs<J>, J> {
  return perSource((source) => new DataLoader((jobIds) => source.getMany(jobIds, scope)));
}

/** There is no read of many details: a batch is one call each, side by side as far as the source allows. */
function detailLoaders<D>(scope: CallScope): LoadersOf<ReadsDetails<D>, D> {
  return perSource(
    (source) =>
      new DataLoader((jobIds) => Promise.all(jobIds.map((id) => source.detail(id, scope).catch(asError)))),
  );
}

function perSource<S extends object, T>(make: LoadersOf<S, T>): LoadersOf<S, T> {
  const loaders = new Map<S, DataLoader<string, T | null>>();
  return (source) => {
    const loader = loaders.get(source) ?? make(source);
    loaders.set(source, loader);
    return loader;
  };
}

async function load<S extends Identified, T>(
  loaders: LoadersOf<S, T>,
  source: S | null,
  { jobId }: JobRef,
): Promise<T | null> {
  if (source === null) {
    return null;
  }
  if (!source.isJobId(jobId)) {
    throw new InvalidIdError(`"${jobId.slice(0, 64)}" cannot be the id of a ${source.origin.source} job.`);
  }
  return loaders(source).load(jobId);
}

function prime<S, T extends JobSummary>(loaders: LoadersOf<S, T>, source: S | null, job: T): void {
  if (source !== null) {
    loaders(source).prime(job.jobId, job);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('the read failed', { cause: error });
}
