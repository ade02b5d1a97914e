import { placeOf } from '../model/global-id.ts';
import type { JobOrder } from '../model/job-order.ts';
import { JOB_SOURCES, type Origin } from '../model/origin.ts';
import type { Job } from './origins.ts';

/**
 * Where a job stands among all jobs of all origins: the total order (createdAt, source, account, region or bucket, jobId) of
 * design section 4. A key is not a position: it stays right whatever arrives, ends or vanishes.
 */
export interface JobKey {
  /** `NO_TIME_MS` for a job without a creation time, which counts as older than every other. */
  readonly createdAtMs: number;
  readonly origin: Origin;
  readonly jobId: string;
}

/** Before every time that can be told: some systems write `0001-01-01T00:00:00Z` for none. */
export const NO_TIME_MS = Number.MIN_SAFE_INTEGER;

/** The key of a job of this origin. */
export function keyOf(job: Job, origin: Origin): JobKey {
  const createdAtMs = job.createdAt === null ? NO_TIME_MS : Date.parse(job.createdAt);
  return { createdAtMs, origin, jobId: job.jobId };
}

/** Negative when `a` comes before `b` in the order, positive when after, 0 for one and the same job. */
export function compareKeys(a: JobKey, b: JobKey, order: JobOrder): number {
  const ascending =
    a.createdAtMs - b.createdAtMs ||
    JOB_SOURCES.indexOf(a.origin.source) - JOB_SOURCES.indexOf(b.origin.source) ||
    compareTexts(a.origin.account, b.origin.account) ||
    compareTexts(placeOf(a.origin), placeOf(b.origin)) ||
    compareTexts(a.jobId, b.jobId);
  return order === 'OLDEST_FIRST' ? ascending : 0 - ascending;
}

/** The later of two places in the order; null is the beginning. */
export function laterOf(a: JobKey | null, b: JobKey | null, order: JobOrder): JobKey | null {
  if (a === null || b === null) {
    return a ?? b;
  }
  return compareKeys(a, b, order) >= 0 ? a : b;
}

/** By code units, so that the order is the same everywhere. */
function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
