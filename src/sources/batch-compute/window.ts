import type { BatchComputeJob } from './model.ts';
import type { Entry } from './position.ts';

/** The most entries that one DescribeJobs gives (`upstreams/batch-compute.md` section 4.1). */
export const MAX_WINDOW = 100;

/** Neighbouring entries of a listing, with the count and the time of the last read that they come from. */
export interface Window {
  readonly entries: readonly Entry[];
  readonly totalCount: number;
  readonly fetchedAt: string;
}

/** Reads one window: one DescribeJobs. */
export type ReadWindow = (at: { readonly offset: number; readonly limit: number }) => Promise<Window>;

/** What one DescribeJobs answered to an offset, as a window. */
export function toWindow(
  offset: number,
  answer: {
    readonly jobs: readonly BatchComputeJob[];
    readonly totalCount: number;
    readonly fetchedAt: string;
  },
): Window {
  const { jobs, totalCount, fetchedAt } = answer;
  const entries = jobs.map((job, index) => ({ job, offset: offset + index, totalCount }));
  const seen = new Set<string>();
  return {
    // Should a job be listed twice, it is shown once, and the others keep their places (`reliability.md` U30).
    entries: entries.filter(({ job }) => !seen.has(job.jobId) && seen.add(job.jobId)),
    totalCount,
    fetchedAt,
  };
}
