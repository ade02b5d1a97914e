import type { Snapshot } from '../../lib/snapshot.ts';
import { UpstreamError } from '../../model/errors.ts';
import { chunksOfSeconds, countOf, wantedAmong } from '../../model/job-order.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../../upstream/origin-name.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import type { ScanChunk, ScanRequest } from '../source.ts';
import type { CosJob } from './model.ts';
import type { CosWholeListing } from './whole-listing.ts';

/** A chunk is a slice of what is in memory already, so that small ones would save nothing. */
const MIN_CHUNK = 100;

/**
 * A COS origin in order of time: slices of one snapshot of the whole listing. Costs what the snapshot costs, which is nothing
 * when it was read for somebody else a moment ago; never more for further chunks. Statuses and times are applied here.
 * `totalCount` is always told. At least one chunk comes, empty when nothing is wanted of what is
 * there. Throws what the snapshot throws, and `UpstreamError` when the listing is too long to be sorted.
 */
export async function* scanCos(
  origin: Origin,
  snapshot: Snapshot<CosWholeListing>,
  request: ScanRequest,
  scope: CallScope,
): AsyncGenerator<ScanChunk<CosJob>, void, undefined> {
  const { value, isCached } = await snapshot.take(scope);
  if (value.isTooLong) {
    throw tooLong(origin);
  }
  const jobs = wantedAmong(value.jobs, request);
  const totalCount = countOf(value.jobs, request.statuses);
  for (const chunk of chunksOfSeconds(jobs, Math.max(request.wanted, MIN_CHUNK))) {
    scope.signal.throwIfAborted();
    yield {
      jobs: chunk,
      offsets: null,
      totalCount,
      fetchedAt: value.fetchedAt,
      isCached,
    };
  }
}

function tooLong(origin: Origin): UpstreamError {
  const message = `${sourceName(origin)} lists more jobs for ${placeName(origin)} than the gateway sorts by time: read them with cosJobs, or raise the limit`;
  return new UpstreamError('UPSTREAM_BAD_RESPONSE', origin, message);
}
