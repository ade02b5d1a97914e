import type { Life } from '../cache/entry.ts';
import type { JobSummary } from '../model/job.ts';

/** How long what is known of jobs may be used, in milliseconds, each from when it was fetched (design section 5). */
export interface Lifetimes {
  /** A job that may change at any time. Default 5,000. */
  readonly runningJobMs: number;
  /** One that has failed: somebody may try it again. Default 5 minutes. */
  readonly failedJobMs: number;
  /** One that has completed or was cancelled: it does not change any more. Default a day. */
  readonly finishedJobMs: number;
  /** That there is no such job: it may be about to be created. Default 2,000. */
  readonly unknownJobMs: number;
  /** A part of a listing in which jobs may appear. Default 5,000. */
  readonly listingHeadMs: number;
  /** A part in which none can appear any more, and all have ended. Default 30,000. */
  readonly listingTailMs: number;
  /** How long after its time a value still answers at once, while it is read anew behind. Default 10,000. */
  readonly staleWhileRevalidateMs: number;
  /** How long after its time a value still answers in place of a fault of the upstream. Default 10 minutes. */
  readonly staleIfErrorMs: number;
}

/** The life of a job by what it says; of one that does not exist where it is null, which never answers beyond its time. */
export function lifeOfJob(job: Pick<JobSummary, 'status'> | null, lifetimes: Lifetimes): Life {
  return job === null
    ? { freshMs: lifetimes.unknownJobMs, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 }
    : withWindows(freshMsOf(job, lifetimes), lifetimes);
}

/** The life of a part of a listing. `isClosed`: no job can appear in it any more. */
export function lifeOfListing(
  jobs: readonly Pick<JobSummary, 'isFinished'>[],
  isClosed: boolean,
  lifetimes: Lifetimes,
): Life {
  const isTail = isClosed && jobs.every(({ isFinished }) => isFinished);
  return withWindows(isTail ? lifetimes.listingTailMs : lifetimes.listingHeadMs, lifetimes);
}

function freshMsOf({ status }: Pick<JobSummary, 'status'>, lifetimes: Lifetimes): number {
  switch (status) {
    case 'COMPLETED':
    case 'CANCELLED':
      return lifetimes.finishedJobMs;
    case 'FAILED':
      return lifetimes.failedJobMs;
    default:
      return lifetimes.runningJobMs;
  }
}

function withWindows(freshMs: number, { staleWhileRevalidateMs, staleIfErrorMs }: Lifetimes): Life {
  return { freshMs, staleWhileRevalidateMs, staleIfErrorMs };
}
