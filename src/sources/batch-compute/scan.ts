import { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../../upstream/origin-name.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import { scanWholeListing } from '../scan-whole-listing.ts';
import type { ScanChunk, ScanRequest } from '../source.ts';
import type { BatchComputeJob } from './model.ts';
import type { ScanGround } from './scan-ground.ts';
import { scanNewestFirst } from './scan-newest-first.ts';
import { statusConditions } from './scan-states.ts';
import type { StretchStart } from '../kept-stretches.ts';

type Chunks = AsyncGenerator<ScanChunk<BatchComputeJob>, void, undefined>;

/**
 * A BatchCompute origin in order of time: newest first by windows, as long as the upstream's own order allows (`scanNewestFirst`);
 * oldest first, or once it does not, from the whole listing. Statuses are asked of the upstream where it can
 * apply them exactly, else applied here. At least one chunk comes, an empty one without a call where BatchCompute has no such status.
 *
 * When the order turns out wrong in the middle of a scan, jobs that are younger than what was given are not given any more: only
 * the next scan has them. Throws `UpstreamError`.
 */
export async function* scanBatchCompute(ground: ScanGround, request: ScanRequest, scope: CallScope): Chunks {
  const conditions = statusConditions(request.statuses);
  if (conditions === 'NOTHING') {
    const fetchedAt = new Date(ground.clock.now()).toISOString();
    yield { jobs: [], offsets: null, totalCount: 0, fetchedAt, outcome: 'FRESH' };
    return;
  }
  let rest = request;
  if (request.order === 'NEWEST_FIRST' && ground.isNewestFirst) {
    const place = yield* scanNewestFirst({
      ground,
      request,
      conditions,
      scope,
    });
    if (place === null) {
      return;
    }
    rest = fromPlace(request, place);
  }
  yield* scanWhole(ground, rest, scope);
}

async function* scanWhole(ground: ScanGround, request: ScanRequest, scope: CallScope): Chunks {
  const listing = await ground.readWhole(scope);
  ground.isNewestFirst = listing.value.isNewestFirst;
  if (listing.value.isTooLong) {
    throw tooLong(ground.origin);
  }
  yield* scanWholeListing(ground.cache, listing, request, scope);
}

/** What is left of a request when everything before a place has been given. */
function fromPlace(request: ScanRequest, { second }: StretchStart): ScanRequest {
  if (second === null) {
    return request;
  }
  const fromMs = Math.min(request.fromMs ?? Number.POSITIVE_INFINITY, second * 1_000 + 999);
  return { ...request, fromMs };
}

function tooLong(origin: Origin): UpstreamError {
  const message = `${sourceName(origin)} lists more jobs for ${placeName(origin)} than the gateway sorts by time: read them with batchComputeJobs, or newest first`;
  return new UpstreamError('UPSTREAM_BAD_RESPONSE', origin, message);
}
