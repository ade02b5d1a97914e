import { setImmediate } from 'node:timers/promises';
import { InvalidCursorError, UpstreamError } from '../../model/errors.ts';
import { sortedJobs } from '../../model/job-order.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../../upstream/origin-name.ts';
import { z } from 'zod';
import type { ListingQuestion } from '../listing-question.ts';
import { MAX_COS_PAGE } from './client.ts';
import type { CosListing } from './decode.ts';
import type { CosJob } from './model.ts';
import { storedCosJob } from './stored.ts';
import type { ReadCosPage } from './walk.ts';

/**
 * How many jobs a page of the whole listing asks for: as many as COS gives. Long pages are decoded piece by piece, which
 * holds up everything else in the process for 7 ms at a time (bench/hostile-bodies.ts).
 */
const WHOLE_LISTING_PAGE = MAX_COS_PAGE;

/** The listing as one reading found it. */
export interface CosWholeListing {
  /** Newest first; empty when there are more than the most that may be read. */
  readonly jobs: readonly CosJob[];
  readonly isTooLong: boolean;
  /** When its first page was received: nothing in it is older. */
  readonly fetchedAt: string;
}

/** Kept as one part: any of its jobs may be anywhere in it. */
export const WHOLE_COS_LISTING: ListingQuestion<CosWholeListing> = {
  asked: ['whole'],
  form: z.object({ jobs: z.array(storedCosJob), isTooLong: z.boolean(), fetchedAt: z.iso.datetime() }),
  isClosed: () => false,
  isPrimed: false,
};

/**
 * The whole listing, sorted by time, for COS lists by id (`upstreams/cos-batch.md` section 2). One call per 1,000 jobs, one
 * after the other; stops where `walkCos` stops. A job that stays is in it once, whatever comes and goes meanwhile, for pages
 * continue behind an id. Of a listing longer than `maxJobs` it reads no more than tells so. Throws `UpstreamError`.
 */
export async function readWholeCosListing(
  origin: Origin,
  read: ReadCosPage,
  maxJobs: number,
): Promise<CosWholeListing> {
  const jobs = new Map<string, CosJob>();
  const sent = new Set<string | null>();
  let token: string | null = null;
  let fetchedAt: string | null = null;
  for (;;) {
    const page: CosListing = await readPage(origin, read, token);
    sent.add(token);
    fetchedAt ??= page.fetchedAt;
    page.jobs.forEach((job) => jobs.set(job.jobId, job));
    const hasMore = page.nextToken !== null && page.jobs.length > 0 && !sent.has(page.nextToken);
    if (jobs.size > maxJobs || (hasMore && jobs.size === maxJobs)) {
      return { jobs: [], isTooLong: true, fetchedAt };
    }
    if (!hasMore) {
      // Sorting is to share no turn of the event loop with decoding.
      await setImmediate();
      return { jobs: sortedJobs([...jobs.values()], 'NEWEST_FIRST'), isTooLong: false, fetchedAt };
    }
    token = page.nextToken;
  }
}

async function readPage(origin: Origin, read: ReadCosPage, nextToken: string | null): Promise<CosListing> {
  try {
    return await read({ maxResults: WHOLE_LISTING_PAGE, nextToken });
  } catch (error) {
    // The token is not from a cursor here: COS gave it a moment ago, and the job that it names may have been dropped since.
    if (error instanceof InvalidCursorError) {
      const message = `${sourceName(origin)} no longer knows a place in its own listing for ${placeName(origin)}: ask again`;
      throw new UpstreamError('UPSTREAM_BAD_RESPONSE', origin, message, { retryable: true, cause: error });
    }
    throw error;
  }
}
