import { z } from 'zod';
import type { ListingQuestion } from '../listing-question.ts';
import { storedBatchComputeJob } from './stored.ts';
import { UpstreamError } from '../../model/errors.ts';
import { createdSecondOf, sortedJobs } from '../../model/job-order.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../../upstream/origin-name.ts';
import type { BatchComputeJob } from './model.ts';
import type { Entry } from './position.ts';
import { MAX_WINDOW, type ReadWindow, type Window } from './window.ts';

/** How much further back a window is read each time that it does not begin with a job that is known. */
const STEP_BACK = 25;

/** The listing as one reading found it. */
export interface BatchComputeWholeListing {
  /** Newest first; empty when there are more than the most that may be read. */
  readonly jobs: readonly BatchComputeJob[];
  readonly isTooLong: boolean;
  /** Whether the upstream itself listed them newest first. */
  readonly isNewestFirst: boolean;
  /** When its first window was received: nothing in it is older. */
  readonly fetchedAt: string;
}

/** At two calls a second 1,000 jobs take over five seconds, and the regions of a credential share that. */
const LINGER_MS = 30_000;

/** Kept as one part: any of its jobs may be anywhere in it. */
export const WHOLE_BATCH_COMPUTE_LISTING: ListingQuestion<BatchComputeWholeListing> = {
  asked: ['whole'],
  form: z.object({
    jobs: z.array(storedBatchComputeJob),
    isTooLong: z.boolean(),
    isNewestFirst: z.boolean(),
    fetchedAt: z.iso.datetime(),
  }),
  isClosed: () => false,
  isPrimed: false,
  lingerMs: LINGER_MS,
};

/**
 * The whole unfiltered listing, sorted by time. Each window begins with a job that is known already, so that what is deleted
 * meanwhile hides nothing: about one call per 99 jobs. Of a listing longer than `maxJobs` it reads no more than tells so.
 */
export async function readWholeBatchComputeListing(
  origin: Origin,
  read: ReadWindow,
  maxJobs: number,
): Promise<BatchComputeWholeListing> {
  const jobs = new Map<string, BatchComputeJob>();
  const first = await read({ offset: 0, limit: MAX_WINDOW });
  let window = first;
  let isNewestFirst = true;
  for (;;) {
    isNewestFirst &&= isInOrder(window);
    window.entries.forEach(({ job }) => jobs.set(job.jobId, job));
    if (Math.max(jobs.size, window.totalCount) > maxJobs) {
      return { jobs: [], isTooLong: true, isNewestFirst, fetchedAt: first.fetchedAt };
    }
    const last = window.entries.at(-1);
    if (last === undefined || last.offset + 1 >= window.totalCount) {
      const sorted = sortedJobs([...jobs.values()], 'NEWEST_FIRST');
      return { jobs: sorted, isTooLong: false, isNewestFirst, fetchedAt: first.fetchedAt };
    }
    const next = await readBehind(read, last, jobs);
    if (next.entries.every(({ job }) => jobs.has(job.jobId)) && next.entries.length < 2) {
      throw stuck(origin);
    }
    window = next;
  }
}

/** Whether a window's jobs are newest first, as far as whole seconds tell. */
export function isInOrder({ entries }: Window): boolean {
  return entries.every(({ job }, index) => {
    const before = entries[index - 1];
    return before === undefined || createdSecondOf(before.job) >= createdSecondOf(job);
  });
}

/** The next window: from the last entry on, or from further back until it begins with a job that is known, or at the head. */
async function readBehind(
  read: ReadWindow,
  last: Entry,
  known: ReadonlyMap<string, BatchComputeJob>,
): Promise<Window> {
  let { offset } = last;
  for (;;) {
    const window = await read({ offset, limit: MAX_WINDOW });
    const [first] = window.entries;
    if (offset === 0 || (first !== undefined && known.has(first.job.jobId))) {
      return window;
    }
    offset = Math.max(0, offset - STEP_BACK);
  }
}

function stuck(origin: Origin): UpstreamError {
  const message = `${sourceName(origin)} gave an unusable answer for ${placeName(origin)}: a listing that does not go on`;
  return new UpstreamError('UPSTREAM_BAD_RESPONSE', origin, message, { retryable: true });
}
