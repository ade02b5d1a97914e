import type { WalkedPage } from '../kept-slices.ts';
import type { ListSlice } from '../source.ts';
import type { BatchComputeFilter, BatchComputeJob } from './model.ts';
import { type Anchor, anchorAt, type Entry, toAnchor, toPosition } from './position.ts';
import { entriesAfter, entriesBefore, indexOfAnchor, searchAnchor } from './search-anchor.ts';
import { MAX_WINDOW, type ReadWindow, type Window } from './window.ts';

/** The end moves as jobs are deleted and submitted: how often it is read anew, and the room left for it in a window. */
const MAX_TAIL_READS = 8;
const TAIL_ROOM = 10;

type Filter = BatchComputeFilter;
type Edge = { readonly after: Anchor | null; readonly before: Anchor | null };

/**
 * One slice of a listing that is addressable by offset alone and moves between two reads: jobs are submitted at its
 * head, deleted anywhere, and enter and leave a filtered listing anywhere. Nothing is repeated or skipped, because each
 * window is joined to what is known by an entry that both hold, the anchor. Where the anchor is not at its place it is
 * searched nearby; where it has gone, its second of creation tells where it stood.
 *
 * Costs one call per 100 entries, the anchor of a continued listing counting as one where it has to be read again
 * (`overlapOf`); one more for a `last` without `before` in a listing that is longer; a few more after drift.
 * Throws `InvalidCursorError` when the cursor's place cannot be found again.
 */
export async function walkBatchCompute(
  read: ReadWindow,
  slice: ListSlice<Filter>,
): Promise<WalkedPage<BatchComputeJob>> {
  const edge: Edge = {
    after: slice.after === null ? null : toAnchor(slice.after),
    before: slice.before === null ? null : toAnchor(slice.before),
  };
  const window = slice.backwards
    ? await readBackwards(read, edge.before, slice.limit)
    : await readForwards(read, edge.after, slice);
  return toPage(window, edge);
}

function toPage({ entries, totalCount, fetchedAt }: Window, edge: Edge): WalkedPage<BatchComputeJob> {
  const first = entries[0];
  const last = entries.at(-1);
  return {
    entries: entries.map(({ job }, index) => ({
      job,
      get position() {
        return toPosition(anchorAt(entries, index, edge));
      },
    })),
    hasNextPage: last === undefined ? edge.before !== null : last.offset + 1 < last.totalCount,
    hasPreviousPage: first === undefined ? edge.after !== null : first.offset > 0,
    totalCount,
    fetchedAt,
  };
}

async function readForwards(
  read: ReadWindow,
  after: Anchor | null,
  { limit, filter }: ListSlice<Filter>,
): Promise<Window> {
  let window =
    after === null
      ? await read({ offset: 0, limit: Math.min(limit, MAX_WINDOW) })
      : await readAfter(read, after, limit, filter);
  for (;;) {
    const { entries } = window;
    if (entries.length === 0 || entries.length >= limit || isAtEnd(window)) {
      return { ...window, entries: entries.slice(0, limit) };
    }
    const anchor = anchorAt(entries, entries.length - 1, { after, before: null });
    const more = await readAfter(read, anchor, limit - entries.length, filter);
    const fresh = unknownIn(entries, more);
    window = { ...more, entries: [...entries, ...fresh] };
    if (fresh.length === 0) {
      return window;
    }
  }
}

async function readBackwards(read: ReadWindow, before: Anchor | null, limit: number): Promise<Window> {
  let window = before === null ? await readTail(read, limit) : await readBefore(read, before, limit);
  for (;;) {
    const { entries } = window;
    const first = entries[0];
    if (first === undefined || entries.length >= limit || first.offset === 0) {
      return { ...window, entries: entries.slice(-limit) };
    }
    const anchor = anchorAt(entries, 0, { after: null, before });
    const more = await readBefore(read, anchor, limit - entries.length);
    const fresh = unknownIn(entries, more);
    window = { ...more, entries: [...fresh, ...entries] };
    if (fresh.length === 0) {
      return window;
    }
  }
}

function isAtEnd({ entries }: Window): boolean {
  const last = entries.at(-1);
  return last !== undefined && last.offset + 1 >= last.totalCount;
}

function unknownIn(known: readonly Entry[], more: Window): readonly Entry[] {
  const ids = new Set(known.map(({ job }) => job.jobId));
  return more.entries.filter(({ job }) => !ids.has(job.jobId));
}

/** Up to `wanted` of the entries after the anchor, more after a search; none only at the listing's end. */
async function readAfter(read: ReadWindow, anchor: Anchor, wanted: number, filter: Filter): Promise<Window> {
  const overlap = overlapOf(wanted, filter);
  const limit = Math.min(wanted + overlap, MAX_WINDOW);
  const window = await read({ offset: anchor.offset + 1 - overlap, limit });
  const index = indexOfAnchor(window, anchor);
  const entries = entriesAfter(window, anchor);
  // A count may tell of more than is to be seen; a window that ends early is the end all the same.
  const isEnd = isAtEnd(window) || window.entries.length < limit;
  const isJoined = index >= 0 && (entries.length > 0 || isEnd);
  const didNotShrink = window.totalCount >= anchor.totalCount;
  const needsNoJoint = overlap === 0 && didNotShrink && entries.length === window.entries.length;
  if (isJoined || needsNoJoint) {
    return { ...window, entries };
  }
  const found = await searchAnchor(read, anchor, 'after');
  return { ...found, entries: entriesAfter(found, anchor) };
}

/**
 * Whether the anchor itself is read again. It is wherever that costs no further call, and always where jobs can leave the
 * listing while others enter it in its middle, as states and tags change. A listing that can only grow at its head needs
 * no such proof: a count that did not fall shows that nothing before the place has gone, and arrivals show themselves.
 */
function overlapOf(wanted: number, { states, tagKeys, tagValues, tags }: Filter): 0 | 1 {
  const isFree = Math.ceil((wanted + 1) / MAX_WINDOW) === Math.ceil(wanted / MAX_WINDOW);
  const isMutable = states !== null || tagKeys !== null || tagValues !== null || tags !== null;
  return isFree || isMutable ? 1 : 0;
}

/** Up to `wanted` of the entries before the anchor, more after a search; none only at the listing's head. */
async function readBefore(read: ReadWindow, anchor: Anchor, wanted: number): Promise<Window> {
  const count = Math.min(wanted, MAX_WINDOW - 1, anchor.offset);
  const offset = anchor.offset - count;
  const window = await read({ offset, limit: count + 1 });
  const index = indexOfAnchor(window, anchor);
  if (index > 0 || (index === 0 && offset === 0)) {
    return { ...window, entries: entriesBefore(window, anchor) };
  }
  const found = await searchAnchor(read, anchor, 'before');
  return { ...found, entries: entriesBefore(found, anchor) };
}

/** The last entries. The first call tells how long the listing is, and is the answer when it is short. */
async function readTail(read: ReadWindow, limit: number): Promise<Window> {
  const wanted = Math.min(limit, MAX_WINDOW);
  let window = await read({ offset: 0, limit: wanted });
  for (let reads = 1; reads < MAX_TAIL_READS && window.totalCount > 0 && !isAtEnd(window); reads += 1) {
    const offset = Math.max(0, window.totalCount - Math.max(wanted, MAX_WINDOW - TAIL_ROOM));
    window = await read({ offset, limit: MAX_WINDOW });
  }
  return window;
}
