import type { BatchComputeJob } from './batch-compute-job.ts';

/** The jobs of one account and region in the order of the answers: newest first, then JobId (batch-compute.md section 11). */
export interface BatchComputeStore {
  /** The live array behind it; not to be kept. */
  all(): readonly BatchComputeJob[];
  find(jobId: string): BatchComputeJob | null;
  /** Throws when the id is taken. */
  add(job: BatchComputeJob): void;
  remove(jobId: string): void;
}

export function createBatchComputeStore(): BatchComputeStore {
  const jobs: BatchComputeJob[] = [];
  const byId = new Map<string, BatchComputeJob>();
  return {
    all: () => jobs,
    find: (jobId) => byId.get(jobId) ?? null,
    add(job) {
      if (byId.has(job.jobId)) {
        throw new Error(`expected a fresh BatchCompute job id, got ${job.jobId} again`);
      }
      byId.set(job.jobId, job);
      const follower = jobs.findIndex((other) => comesBefore(job, other));
      jobs.splice(follower < 0 ? jobs.length : follower, 0, job);
    },
    remove(jobId) {
      const index = jobs.findIndex((job) => job.jobId === jobId);
      if (index >= 0) {
        jobs.splice(index, 1);
        byId.delete(jobId);
      }
    },
  };
}

function comesBefore(left: BatchComputeJob, right: BatchComputeJob): boolean {
  return left.createdAtMs === right.createdAtMs
    ? left.jobId < right.jobId
    : left.createdAtMs > right.createdAtMs;
}
