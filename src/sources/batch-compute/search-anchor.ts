import { InvalidCursorError } from '../../model/errors.ts';
import type { Anchor, Entry } from './position.ts';
import { MAX_WINDOW, type ReadWindow, type Window } from './window.ts';

/** How many windows an anchor is searched in: about 1,900 places of drift, where the account's quota is 1,000 jobs. */
const MAX_READS = 20;

/**
 * The entries of a window that come after the anchor's place. Where the anchor has gone, what was before it tells: newer
 * jobs, and of its own second those that were listed before it.
 */
export function entriesAfter(window: Window, anchor: Anchor): readonly Entry[] {
  const { entries } = window;
  const index = indexOfAnchor(window, anchor);
  const isBefore = ({ job }: Entry): boolean =>
    isNewer(job.createdAt, anchor) || anchor.peersBefore.includes(job.jobId);
  return entries.slice(1 + (index >= 0 ? index : entries.findLastIndex(isBefore)));
}

/** The entries of a window that come before the anchor's place; as `entriesAfter`. */
export function entriesBefore(window: Window, anchor: Anchor): readonly Entry[] {
  const { entries } = window;
  const index = indexOfAnchor(window, anchor);
  const isAfter = ({ job }: Entry): boolean =>
    isOlder(job.createdAt, anchor) || anchor.peersAfter.includes(job.jobId);
  const end = index >= 0 ? index : entries.findIndex(isAfter);
  return end >= 0 ? entries.slice(0, end) : entries;
}

/** Where the anchor stands in a window, or -1. */
export function indexOfAnchor({ entries }: Window, anchor: Anchor): number {
  return entries.findIndex(({ job }) => job.jobId === anchor.jobId);
}

/**
 * A window around the anchor with at least one entry on the wanted side, unless the listing ends there. When the anchor
 * has gone, a window that holds the whole of its second, so that the entries' times tell where it stood. Reads outwards
 * from the old place; neighbouring reads share an entry, so that a listing that moves meanwhile is noticed.
 * Throws `InvalidCursorError` after `MAX_READS` calls, or when the times that should tell are not in order.
 */
export async function searchAnchor(
  read: ReadWindow,
  anchor: Anchor,
  side: 'after' | 'before',
): Promise<Window> {
  let window = await read({ offset: Math.max(0, anchor.offset - MAX_WINDOW / 4), limit: MAX_WINDOW });
  for (let reads = 1; reads < MAX_READS; reads += 1) {
    const next = nextRead(window, anchor, side);
    if (next === null) {
      assertTellsPlace(window, anchor);
      return window;
    }
    window = join(window, await read(next));
  }
  throw new InvalidCursorError(
    'The listing has moved too far since this cursor was given: start again without it.',
  );
}

/** What to read next, or null when the window is enough. */
function nextRead(
  { entries, totalCount }: Window,
  anchor: Anchor,
  side: 'after' | 'before',
): { offset: number; limit: number } | null {
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined) {
    return totalCount === 0 ? null : { offset: Math.max(0, totalCount - MAX_WINDOW), limit: MAX_WINDOW };
  }
  const index = entries.findIndex(({ job }) => job.jobId === anchor.jobId);
  const isHead = first.offset === 0;
  const isEnd = last.offset + 1 >= last.totalCount;
  const wantsDown =
    index >= 0 ? side === 'after' && index === entries.length - 1 : !isOlder(last.job.createdAt, anchor);
  const wantsUp = index >= 0 ? side === 'before' && index === 0 : !isNewer(first.job.createdAt, anchor);
  if (wantsDown && !isEnd) {
    return { offset: last.offset, limit: MAX_WINDOW };
  }
  const offset = Math.max(0, first.offset + 1 - MAX_WINDOW);
  return wantsUp && !isHead ? { offset, limit: first.offset + 1 - offset } : null;
}

/** One window of two that share an entry at an edge; the newer read alone when they do not, for the listing has moved. */
function join(known: Window, more: Window): Window {
  const idAt = ({ entries }: Window, index: number): string | undefined => entries.at(index)?.job.jobId;
  if (more.entries.length === 0) {
    return more;
  }
  if (idAt(known, -1) === idAt(more, 0)) {
    return { ...more, entries: [...known.entries, ...more.entries.slice(1)] };
  }
  return idAt(known, 0) === idAt(more, -1)
    ? { ...more, entries: [...more.entries, ...known.entries.slice(1)] }
    : more;
}

function assertTellsPlace(window: Window, anchor: Anchor): void {
  const { entries } = window;
  const isNewestFirst = entries.every(({ job }, index) => {
    const next = entries[index + 1];
    return next === undefined || (job.createdAt ?? '') >= (next.job.createdAt ?? '');
  });
  if (indexOfAnchor(window, anchor) < 0 && !isNewestFirst) {
    throw new InvalidCursorError(
      'The job that this cursor stands on has gone, and the listing is not in order of time: start again without it.',
    );
  }
}

function isNewer(createdAt: string | null, anchor: Anchor): boolean {
  return (createdAt ?? '') > anchor.createdAt;
}

function isOlder(createdAt: string | null, anchor: Anchor): boolean {
  return (createdAt ?? '') < anchor.createdAt;
}
