import type { CosJob } from './cos-job.ts';

/** The jobs of one account and region, in the order of the listing: ascending JobId (cos-batch.md section 2). */
export interface CosStore {
  /** The live array behind it; not to be kept. */
  all(): readonly CosJob[];
  find(jobId: string): CosJob | null;
  /** Whether the id belongs, or once belonged, to a job here. */
  wasIssued(jobId: string): boolean;
  /** Throws when the id is taken. */
  add(job: CosJob): void;
  remove(jobId: string): void;
}

export function createCosStore(): CosStore {
  const jobs: CosJob[] = [];
  const issued = new Map<string, CosJob | null>();
  return {
    all: () => jobs,
    find: (jobId) => issued.get(jobId) ?? null,
    wasIssued: (jobId) => issued.has(jobId),
    add(job) {
      if (issued.has(job.jobId)) {
        throw new Error(`expected a fresh COS job id, got ${job.jobId} again`);
      }
      issued.set(job.jobId, job);
      jobs.splice(firstAfter(jobs, job.jobId), 0, job);
    },
    remove(jobId) {
      const index = jobs.findIndex((job) => job.jobId === jobId);
      if (index >= 0) {
        jobs.splice(index, 1);
        issued.set(jobId, null);
      }
    },
  };
}

/** Index of the first job whose id is greater than the given one. */
export function firstAfter(jobs: readonly CosJob[], jobId: string): number {
  let low = 0;
  let high = jobs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((jobs[middle]?.jobId ?? '') <= jobId) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
