import DataLoader from 'dataloader';
import { InvalidIdError } from '../model/errors.ts';
import { type JobRef, placeOf } from '../model/global-id.ts';
import type { JobSummary } from '../model/job.ts';
import { originKey } from '../model/origin.ts';
import type { BatchComputeJob, BatchComputeJobDetail } from '../sources/batch-compute/model.ts';
import type { CiJob } from '../sources/ci/model.ts';
import type { CosJob, CosJobDetail } from '../sources/cos/model.ts';
import type { Source } from '../sources/source.ts';
import type { CallScope } from '../upstream/send.ts';
import type { BatchComputeSource, CiSource, CosSource, Job, Origins } from './origins.ts';

/**
 * One request's reads by id: one DataLoader per source for jobs and one for details. They join what one request asks
 * and hold nothing beyond it (design section 2).
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

/** The parts of a source's contract that a loader uses. */
type Identified = Pick<Source<JobSummary, unknown, never>, 'origin' | 'isJobId'>;
type ReadsJobs<J extends JobSummary> = Identified & Pick<Source<J, unknown, never>, 'getMany'>;
type ReadsDetails<D> = Identified & Pick<Source<JobSummary, D, never>, 'detail'>;

interface Key<S extends Identified> {
  readonly source: S;
  readonly jobId: string;
}

/** Loaders for one request; all their calls end with `scope`. */
export function createLoaders(origins: Origins, scope: CallScope): JobLoaders {
  const cos = jobLoader<CosJob, CosSource>(scope);
  const batchCompute = jobLoader<BatchComputeJob, BatchComputeSource>(scope);
  const ci = jobLoader<CiJob, CiSource>(scope);
  const cosDetail = detailLoader<CosJobDetail, CosSource>(scope);
  const batchComputeDetail = detailLoader<BatchComputeJobDetail, BatchComputeSource>(scope);
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

type Loader<S extends Identified, T> = DataLoader<Key<S>, T | null, string>;

function jobLoader<J extends JobSummary, S extends ReadsJobs<J>>(scope: CallScope): Loader<S, J> {
  return new DataLoader<Key<S>, J | null, string>((keys) => readBatch<J, S>(keys, scope), {
    cacheKeyFn: keyText,
  });
}

/** Splits one batch by origin, reads the origins side by side, and puts each answer in its key's place. */
async function readBatch<J extends JobSummary, S extends ReadsJobs<J>>(
  keys: readonly Key<S>[],
  scope: CallScope,
): Promise<(J | null | Error)[]> {
  const answers = new Map<string, J | null | Error>();
  const byOrigin = Map.groupBy(keys, ({ source }) => source);
  await Promise.all(
    [...byOrigin].map(async ([source, asked]) => {
      const ids = asked.map(({ jobId }) => jobId);
      // A whole read that fails is the failure of its own keys, not of the other origins'.
      const jobs = await source.getMany(ids, scope).catch(asError);
      asked.forEach((key, index) =>
        answers.set(keyText(key), jobs instanceof Error ? jobs : (jobs[index] ?? null)),
      );
    }),
  );
  return keys.map((key) => answers.get(keyText(key)) ?? null);
}

function detailLoader<D, S extends ReadsDetails<D>>(scope: CallScope): Loader<S, D> {
  return new DataLoader<Key<S>, D | null, string>(
    (keys) => Promise.all(keys.map(({ source, jobId }) => source.detail(jobId, scope).catch(asError))),
    { cacheKeyFn: keyText },
  );
}

async function load<S extends Identified, T>(
  loader: Loader<S, T>,
  source: S | null,
  { jobId }: JobRef,
): Promise<T | null> {
  if (source === null) {
    return null;
  }
  if (!source.isJobId(jobId)) {
    throw new InvalidIdError(`"${jobId.slice(0, 64)}" cannot be the id of a ${source.origin.source} job.`);
  }
  return loader.load({ source, jobId });
}

function prime<S extends Identified, T extends JobSummary>(
  loader: Loader<S, T>,
  source: S | null,
  job: T,
): void {
  if (source !== null) {
    loader.prime({ source, jobId: job.jobId }, job);
  }
}

function keyText({ source, jobId }: Key<Identified>): string {
  return `${originKey(source.origin)}/${jobId}`;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('the read failed', { cause: error });
}
