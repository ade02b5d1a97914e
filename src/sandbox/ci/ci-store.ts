import type { CiJob } from './ci-job.ts';

/** A job with its place in the bucket. */
export interface NumberedCiJob {
  readonly job: CiJob;
  /** Given in order of insertion and never reused: the decimal cursor of the listing. */
  readonly sequence: number;
}

/** The jobs of one bucket, oldest first; equal creation times by sequence. */
export interface CiStore {
  all(): readonly NumberedCiJob[];
  find(jobId: string): CiJob | null;
  /** The job that a cursor stands for; null when the number was never given. */
  atSequence(sequence: number): NumberedCiJob | null;
  /** Throws when the id is taken. */
  add(job: CiJob): void;
}

/** Cursors seen in the field are decimal numbers with gaps (ci-jobs.md section 4): `25`, `19193`, `115716`. */
export function createCiStore(firstSequence: number): CiStore {
  const jobs: NumberedCiJob[] = [];
  const byId = new Map<string, CiJob>();
  const bySequence = new Map<number, NumberedCiJob>();
  let nextSequence = firstSequence;
  return {
    all: () => jobs,
    find: (jobId) => byId.get(jobId) ?? null,
    atSequence: (sequence) => bySequence.get(sequence) ?? null,
    add(job) {
      if (byId.has(job.jobId)) {
        throw new Error(`expected a fresh CI job id, got ${job.jobId} again`);
      }
      const entry = { job, sequence: nextSequence };
      nextSequence += 1 + (nextSequence % 3);
      byId.set(job.jobId, job);
      bySequence.set(entry.sequence, entry);
      const later = jobs.findLastIndex((other) => byAge(other, entry) < 0);
      jobs.splice(later + 1, 0, entry);
    },
  };
}

/** Negative when `left` is listed before `right` in ascending order. */
export function byAge(left: NumberedCiJob, right: NumberedCiJob): number {
  return left.job.createdAtMs - right.job.createdAtMs || left.sequence - right.sequence;
}
