import { isWanted, sortedJobs } from '../../model/job-order.ts';
import type { Origin } from '../../model/origin.ts';
import type { ScanChunk, ScanRequest } from '../source.ts';
import type { BatchComputeJob } from './model.ts';
import { PLACE_ROOM } from './scan-place.ts';
import { type Place, readStretch, type Stretch } from './scan-stretch.ts';
import { isInOrder } from './whole-listing.ts';
import { MAX_WINDOW, type ReadWindow } from './window.ts';

/** Room in the first window for the second that is held back. */
const SECOND_ROOM = 5;

/** A window that is not newest first: in such a listing offsets do not lead to times. */
class ListingOutOfOrder extends Error {
  override readonly name = 'ListingOutOfOrder';
}

export interface ListingScan {
  readonly origin: Origin;
  readonly request: ScanRequest;
  /** Reads the listing of the wanted statuses or, when `filtersHere`, of everything. */
  readonly read: ReadWindow;
  readonly filtersHere: boolean;
}

/**
 * A listing newest first, by windows: it is addressable by offset alone, and moves between two reads. Every chunk begins at a
 * second of which nothing has been given, and finds it by time (`findPlace`); so nothing is repeated, and nothing that stays is
 * skipped, whatever is submitted, ends or is deleted. One call for a first chunk of `wanted`, one per about 90 jobs for the
 * others, more after drift. `totalCount` is the upstream's, unless something is filtered here.
 *
 * The order by time is inferred (`upstreams/batch-compute.md` section 4.3), so every window is verified. Returns the place from which
 * on it does not hold, null when it held to the end. Throws `UpstreamError`.
 */
export async function* scanNewestFirst(
  scan: ListingScan,
): AsyncGenerator<ScanChunk<BatchComputeJob>, Place | null, undefined> {
  const { fromMs, offset } = scan.request;
  const second = fromMs === null ? null : Math.floor(fromMs / 1_000);
  let place: Place | null = { second, offset };
  let limit = firstLimit(scan);
  while (place !== null) {
    const stretch: Stretch | null = await readVerified(scan, place, limit);
    if (stretch === null) {
      return place;
    }
    yield toChunk(stretch, scan);
    place = isPastEnd(stretch, scan.request) ? null : stretch.next;
    limit = MAX_WINDOW;
  }
  return null;
}

/** What is filtered here fills no chunk by count, and a place that was told of may have moved either way. */
function firstLimit({ request: { fromMs, wanted }, filtersHere }: ListingScan): number {
  const room = SECOND_ROOM + (fromMs === null ? 0 : 2 * PLACE_ROOM);
  return filtersHere ? MAX_WINDOW : Math.min(wanted + room, MAX_WINDOW);
}

/** The stretch, null when a window of it is not newest first. */
async function readVerified(
  { origin, read }: ListingScan,
  place: Place,
  limit: number,
): Promise<Stretch | null> {
  const readInOrder: ReadWindow = async (at) => {
    const window = await read(at);
    if (!isInOrder(window)) {
      throw new ListingOutOfOrder();
    }
    return window;
  };
  try {
    return await readStretch(origin, readInOrder, place, limit);
  } catch (error) {
    if (error instanceof ListingOutOfOrder) {
      return null;
    }
    throw error;
  }
}

function isPastEnd({ next }: Stretch, { untilMs }: ScanRequest): boolean {
  return untilMs !== null && next !== null && (next.second ?? 0) * 1_000 + 999 < untilMs;
}

function toChunk(
  { entries, totalCount, fetchedAt }: Stretch,
  { request, filtersHere }: ListingScan,
): ScanChunk<BatchComputeJob> {
  const offsets = new Map(entries.map(({ job, offset }) => [job, offset]));
  const matching = [...offsets.keys()].filter((job) => isWanted(job, request));
  const jobs = sortedJobs(matching, 'NEWEST_FIRST');
  return {
    jobs,
    offsets: jobs.map((job) => offsets.get(job) ?? 0),
    totalCount: filtersHere ? null : totalCount,
    fetchedAt,
    isCached: false,
  };
}
