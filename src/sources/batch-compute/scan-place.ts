import { UpstreamError } from '../../model/errors.ts';
import { createdSecondOf } from '../../model/job-order.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../../upstream/origin-name.ts';
import { MAX_WINDOW, type ReadWindow, type Window } from './window.ts';

/** How many windows a place is looked for in: 7 find one among 1,000 jobs, and 11 among 20,000, however wrong the hint. */
const MAX_READS = 12;
/** How many of them lie beside an expected place, before the listing is halved: what moved it was mostly little. */
const NEAR_READS = 2;
/** How far before its expected offset a place may have moved to be found at once. */
export const PLACE_ROOM = 10;

/** What is known: the place lies behind `low` and not behind `high`. */
interface Bounds {
  readonly low: number;
  readonly high: number;
}

/**
 * A window that shows where, in a listing that is newest first, the jobs of `second` and older ones begin: it holds the first of
 * them, and begins with a younger job or the listing's head, so that none of them stands before it; or it shows that there are
 * none. One call where `offset` is right, up to 12 where it is not, or is null. Throws `UpstreamError` when the listing moves faster than that.
 */
export async function findPlace(
  origin: Origin,
  read: ReadWindow,
  {
    second,
    offset,
    limit,
  }: { readonly second: number; readonly offset: number | null; readonly limit: number },
): Promise<Window> {
  let at = { offset: Math.max(0, (offset ?? 0) - PLACE_ROOM), limit };
  let bounds: Bounds = { low: -1, high: Number.POSITIVE_INFINITY };
  for (let reads = 1; reads <= MAX_READS; reads += 1) {
    const window = await read(at);
    const side = sideOf(window, at.offset, second);
    if (side === 'here') {
      return window;
    }
    bounds = narrowed(bounds, window, at.offset, side);
    const near = side === 'before' ? bounds.high - MAX_WINDOW + 1 : bounds.low;
    const next = offset !== null && reads <= NEAR_READS ? near : middleOf(bounds);
    at = { offset: Math.max(0, next), limit: MAX_WINDOW };
  }
  const message = `${sourceName(origin)} changes its listing for ${placeName(origin)} faster than a place in it can be found; ask again`;
  throw new UpstreamError('UPSTREAM_BAD_RESPONSE', origin, message, { retryable: true });
}

/** Whether the window shows the place, or on which side of it the place lies. */
function sideOf(
  { entries, totalCount }: Window,
  offset: number,
  second: number,
): 'here' | 'before' | 'behind' {
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined) {
    return offset === 0 ? 'here' : 'before';
  }
  if (offset > 0 && createdSecondOf(first.job) <= second) {
    return 'before';
  }
  const isEnd = last.offset + 1 >= totalCount;
  return isEnd || createdSecondOf(last.job) <= second ? 'here' : 'behind';
}

/** With what a window told. What contradicts it was true before the listing moved, and is forgotten. */
function narrowed(known: Bounds, window: Window, offset: number, side: 'before' | 'behind'): Bounds {
  const { entries, totalCount } = window;
  const high = side === 'before' ? Math.min(offset, totalCount) : Math.min(known.high, totalCount);
  const low = side === 'behind' ? (entries.at(-1)?.offset ?? offset) : known.low;
  if (low < high) {
    return { low, high };
  }
  return side === 'before' ? { low: -1, high } : { low, high: totalCount };
}

/** Where to look next: from `low` on when one window reaches `high`, which is sure then, else around the middle. */
function middleOf({ low, high }: Bounds): number {
  return high - low < MAX_WINDOW ? low : Math.floor((low + high - MAX_WINDOW) / 2);
}
