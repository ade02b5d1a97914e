import type { Clock } from '../../lib/clock.ts';
import type { Snapshot } from '../../lib/snapshot.ts';
import { UpstreamError } from '../../model/errors.ts';
import { chunksOfSeconds, countOf, wantedAmong } from '../../model/job-order.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../../upstream/origin-name.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import type { ScanChunk, ScanRequest } from '../source.ts';
import type { BatchComputeCondition } from './client.ts';
import type { BatchComputeJob } from './model.ts';
import { scanNewestFirst } from './scan-newest-first.ts';
import { statusConditions } from './scan-states.ts';
import type { Place } from './scan-stretch.ts';
import type { BatchComputeWholeListing } from './whole-listing.ts';
import type { ReadWindow } from './window.ts';

type Chunks = AsyncGenerator<ScanChunk<BatchComputeJob>, void, undefined>;

/** A chunk of the whole listing is a slice of what is in memory already, so that small ones would save nothing. */
const MIN_CHUNK = 100;

/** What the scans of one origin share. */
export interface ScanGround {
  readonly origin: Origin;
  readonly clock: Clock;
  readonly snapshot: Snapshot<BatchComputeWholeListing>;
  /** Whether the upstream's order was by time when the whole listing was last read; true before. */
  isNewestFirst: boolean;
}

/**
 * A BatchCompute origin in order of time: newest first by windows, as long as the upstream's own order allows (`scanNewestFirst`);
 * oldest first, or once it does not, from one snapshot of the whole listing. Statuses are asked of the upstream where it can
 * apply them exactly, else applied here. At least one chunk comes, an empty one without a call where BatchCompute has no such status.
 *
 * When the order turns out wrong in the middle of a scan, jobs that are younger than what was given are not given any more: only
 * the next scan has them. Throws `UpstreamError`.
 */
export async function* scanBatchCompute(
  ground: ScanGround,
  readBy: (conditions: readonly BatchComputeCondition[]) => ReadWindow,
  request: ScanRequest,
  scope: CallScope,
): Chunks {
  const conditions = statusConditions(request.statuses);
  if (conditions === 'NOTHING') {
    const fetchedAt = new Date(ground.clock.now()).toISOString();
    yield { jobs: [], offsets: null, totalCount: 0, fetchedAt, isCached: false };
    return;
  }
  let rest = request;
  if (request.order === 'NEWEST_FIRST' && ground.isNewestFirst) {
    const place = yield* scanNewestFirst({
      origin: ground.origin,
      request,
      read: readBy(conditions ?? []),
      filtersHere: conditions === null,
    });
    if (place === null) {
      return;
    }
    rest = fromPlace(request, place);
  }
  yield* scanSnapshot(ground, rest, scope);
}

async function* scanSnapshot(ground: ScanGround, request: ScanRequest, scope: CallScope): Chunks {
  const { value, isCached } = await ground.snapshot.take(scope);
  ground.isNewestFirst = value.isNewestFirst;
  if (value.isTooLong) {
    throw tooLong(ground.origin);
  }
  const jobs = wantedAmong(value.jobs, request);
  const totalCount = countOf(value.jobs, request.statuses);
  for (const chunk of chunksOfSeconds(jobs, Math.max(request.wanted, MIN_CHUNK))) {
    scope.signal.throwIfAborted();
    yield { jobs: chunk, offsets: null, totalCount, fetchedAt: value.fetchedAt, isCached };
  }
}

/** What is left of a request when everything before a place has been given. */
function fromPlace(request: ScanRequest, { second }: Place): ScanRequest {
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
