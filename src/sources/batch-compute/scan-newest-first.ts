import { isWanted, sortedJobs } from '../../model/job-order.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import type {
  ReadsStretch,
  ReadStretch,
  StretchListing,
  StretchStart,
  TimedStretch,
} from '../kept-stretches.ts';
import type { BatchComputeCondition } from './client.ts';
import type { ScanGround } from './scan-ground.ts';
import type { ScanChunk, ScanRequest } from '../source.ts';
import type { BatchComputeJob } from './model.ts';
import { PLACE_ROOM } from './scan-place.ts';
import { readStretch, type Stretch } from './scan-stretch.ts';
import { isInOrder } from './whole-listing.ts';
import { MAX_WINDOW, type ReadWindow } from './window.ts';

/** Room in the first window for the second that is held back. */
const SECOND_ROOM = 5;

/** A window that is not newest first: in such a listing offsets do not lead to times. */
class ListingOutOfOrder extends Error {
  override readonly name = 'ListingOutOfOrder';
}

export interface ListingScan {
  readonly ground: ScanGround;
  readonly request: ScanRequest;
  /** Which jobs the upstream is asked for; null where it is asked for all, and the wanted ones are picked here. */
  readonly conditions: readonly BatchComputeCondition[] | null;
  readonly scope: CallScope;
}

/**
 * A listing newest first, by windows: it is addressable by offset alone, and moves between two reads. Every chunk begins at a
 * second of which nothing has been given, and finds it by time (`findPlace`); so nothing is repeated, and nothing that stays is
 * skipped, whatever is submitted, ends or is deleted. One call for a first chunk of `wanted`, one per about 90 jobs for the
 * others, more after drift; none for what is known. `totalCount` is the upstream's, unless something is filtered here.
 *
 * The order by time is inferred (`upstreams/batch-compute.md` section 4.3), so every window is verified. Returns the place from which
 * on it does not hold, null when it held to the end. Throws `UpstreamError`.
 */
export async function* scanNewestFirst(
  scan: ListingScan,
): AsyncGenerator<ScanChunk<BatchComputeJob>, StretchStart | null, undefined> {
  const { fromMs, offset } = scan.request;
  const second = fromMs === null ? null : Math.floor(fromMs / 1_000);
  let place: StretchStart | null = { second, offset };
  let limit = firstLimit(scan);
  while (place !== null) {
    const stretch: ReadStretch<BatchComputeJob> | null = await readVerified(scan, place, limit);
    if (stretch === null) {
      return place;
    }
    yield toChunk(stretch, scan);
    place = isPastEnd(stretch, scan.request) ? null : stretch.next;
    limit = MAX_WINDOW;
  }
  return null;
}

/**
 * As many as one call gives where what is not used now is kept, for what is scarce is the call; and where jobs are picked here,
 * which fills no chunk by count. Else with room for a place that has moved either way since it was told of.
 */
function firstLimit({ ground, request: { fromMs, wanted }, conditions }: ListingScan): number {
  const room = SECOND_ROOM + (fromMs === null ? 0 : 2 * PLACE_ROOM);
  return conditions === null || ground.cache.isKeeping ? MAX_WINDOW : Math.min(wanted + room, MAX_WINDOW);
}

/** The stretch, known or read; null when a window of it is not newest first. */
async function readVerified(
  { ground, conditions, scope }: ListingScan,
  place: StretchStart,
  limit: number,
): Promise<ReadStretch<BatchComputeJob> | null> {
  const { origin, stretches, readBy } = ground;
  const asked = conditions ?? [];
  const read: ReadsStretch<BatchComputeJob> = async (start, shared) =>
    toTimed(await readStretch(origin, inOrder(readBy(asked, shared)), start, limit));
  const listing: StretchListing = { order: 'NEWEST_FIRST', isByStatus: asked.length > 0, asked: [asked] };
  try {
    return await stretches.from(listing, place, read, scope);
  } catch (error) {
    if (error instanceof ListingOutOfOrder) {
      return null;
    }
    throw error;
  }
}

function inOrder(read: ReadWindow): ReadWindow {
  return async (at) => {
    const window = await read(at);
    if (!isInOrder(window)) {
      throw new ListingOutOfOrder();
    }
    return window;
  };
}

function toTimed({ entries, next, totalCount, fetchedAt }: Stretch): TimedStretch<BatchComputeJob> {
  return {
    jobs: entries.map(({ job }) => job),
    offsets: entries.map(({ offset }) => offset),
    next,
    totalCount,
    fetchedAt,
  };
}

function isPastEnd({ next }: ReadStretch<BatchComputeJob>, { untilMs }: ScanRequest): boolean {
  return untilMs !== null && next !== null && (next.second ?? 0) * 1_000 + 999 < untilMs;
}

function toChunk(
  stretch: ReadStretch<BatchComputeJob>,
  { request, conditions }: ListingScan,
): ScanChunk<BatchComputeJob> {
  const { totalCount, fetchedAt, outcome } = stretch;
  const offsets = new Map(stretch.jobs.map((job, index) => [job, stretch.offsets?.[index] ?? 0]));
  const matching = [...offsets.keys()].filter((job) => isWanted(job, request));
  const jobs = sortedJobs(matching, 'NEWEST_FIRST');
  return {
    jobs,
    offsets: jobs.map((job) => offsets.get(job) ?? 0),
    totalCount: conditions === null ? null : totalCount,
    fetchedAt,
    outcome,
  };
}
