import type { CallScope } from '../lib/call-scope.ts';
import { chunksOfSeconds, countOf, isWanted, wantedAmong } from '../model/job-order.ts';
import type { JobSummary } from '../model/job.ts';
import type { Kept, ListingPart, OriginCache } from './origin-cache.ts';
import type { ScanChunk, ScanRequest } from './source.ts';

/** A chunk is a slice of what is in memory already, so that small ones would save nothing. */
const MIN_CHUNK = 100;

/**
 * Scans a whole listing, newest first, that is in memory. Statuses and times are applied here. `totalCount` is always told.
 * Jobs come as they were told of last; those that have gone since, or no longer have a wanted status, are left out. At
 * least one chunk comes, empty when nothing is wanted of what is there.
 */
export function* scanWholeListing<J extends JobSummary>(
  cache: OriginCache<J, unknown>,
  { value, outcome }: Kept<ListingPart<J>>,
  request: ScanRequest,
  scope: CallScope,
): Generator<ScanChunk<J>, void, undefined> {
  const { fetchedAt } = value;
  const totalCount = countOf(value.jobs, request.statuses);
  const wanted = wantedAmong(value.jobs, request);
  for (const chunk of chunksOfSeconds(wanted, Math.max(request.wanted, MIN_CHUNK))) {
    scope.signal.throwIfAborted();
    // Of thousands of jobs only those that are shown are worth remembering one by one.
    cache.prime(chunk);
    const jobs = cache.newest(chunk, outcome).filter((job) => job !== null && isWanted(job, request));
    yield { jobs: jobs as readonly J[], offsets: null, totalCount, fetchedAt, outcome };
  }
}
