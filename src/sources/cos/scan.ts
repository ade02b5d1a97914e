import type { CallScope } from '../../lib/call-scope.ts';
import { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../../upstream/origin-name.ts';
import type { Kept, OriginCache } from '../origin-cache.ts';
import { scanWholeListing } from '../scan-whole-listing.ts';
import type { ScanChunk, ScanRequest } from '../source.ts';
import type { CosJob, CosJobDetail } from './model.ts';
import type { CosWholeListing } from './whole-listing.ts';

/**
 * A COS origin in order of time: slices of the whole listing. Costs what reading that costs, which is nothing while it is
 * known; never more for further chunks. Throws what `readWhole` throws, and `UpstreamError` when the listing is too long to be
 * sorted.
 */
export async function* scanCos(
  origin: Origin,
  cache: OriginCache<CosJob, CosJobDetail>,
  readWhole: (scope: CallScope) => Promise<Kept<CosWholeListing>>,
  request: ScanRequest,
  scope: CallScope,
): AsyncGenerator<ScanChunk<CosJob>, void, undefined> {
  const listing = await readWhole(scope);
  if (listing.value.isTooLong) {
    throw tooLong(origin);
  }
  yield* scanWholeListing(cache, listing, request, scope);
}

function tooLong(origin: Origin): UpstreamError {
  const message = `${sourceName(origin)} lists more jobs for ${placeName(origin)} than the gateway sorts by time: read them with cosJobs, or raise the limit`;
  return new UpstreamError('UPSTREAM_BAD_RESPONSE', origin, message);
}
