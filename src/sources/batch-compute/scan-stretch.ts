import { UpstreamError } from '../../model/errors.ts';
import { createdSecondOf } from '../../model/job-order.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../../upstream/origin-name.ts';
import type { StretchStart } from '../kept-stretches.ts';
import type { Entry } from './position.ts';
import { findPlace } from './scan-place.ts';
import { MAX_WINDOW, type ReadWindow, type Window } from './window.ts';

/** How many windows one stretch may read beyond its first: several thousand jobs of one second. */
const MAX_FURTHER_READS = 50;

/** A run of whole seconds, newest first. */
export interface Stretch {
  readonly entries: readonly Entry[];
  /** Where what follows begins; null at the end. */
  readonly next: StretchStart | null;
  readonly totalCount: number;
  readonly fetchedAt: string;
}

/**
 * The jobs from a place on, up to the last second that is known to be complete: a second is held back until an older job, or the
 * listing's end, was seen. One call where the place is where it is expected. A second that is longer than a window is read by
 * windows that share an entry; when they do not, the listing has moved, and the stretch is read anew from its place, which
 * is defined by time. Throws `UpstreamError`.
 */
export async function readStretch(
  origin: Origin,
  read: ReadWindow,
  place: StretchStart,
  limit: number,
): Promise<Stretch> {
  let run = await readFromPlace(origin, read, place, limit);
  for (let reads = 0; reads < MAX_FURTHER_READS; reads += 1) {
    const stretch = wholeSecondsOf(run);
    if (stretch !== null) {
      return stretch;
    }
    const last = run.entries.at(-1);
    const joined = last === undefined ? null : joinAt(run, last, await read(windowAt(last.offset)));
    run = joined ?? (await readFromPlace(origin, read, place, MAX_WINDOW));
  }
  const message = `${sourceName(origin)} changes its listing for ${placeName(origin)} faster than it can be read; ask again`;
  throw new UpstreamError('UPSTREAM_BAD_RESPONSE', origin, message, { retryable: true });
}

async function readFromPlace(
  origin: Origin,
  read: ReadWindow,
  { second, offset }: StretchStart,
  limit: number,
): Promise<Window> {
  if (second === null) {
    return await read({ offset: 0, limit });
  }
  const window = await findPlace(origin, read, { second, offset, limit });
  return { ...window, entries: window.entries.filter(({ job }) => createdSecondOf(job) <= second) };
}

/** What of a run can be given; null when it is part of one second that goes on. */
function wholeSecondsOf({ entries, totalCount, fetchedAt }: Window): Stretch | null {
  const last = entries.at(-1);
  if (last === undefined || last.offset + 1 >= totalCount) {
    return { entries, next: null, totalCount, fetchedAt };
  }
  const second = createdSecondOf(last.job);
  const end = entries.findIndex(({ job }) => createdSecondOf(job) === second);
  return end === 0
    ? null
    : {
        entries: entries.slice(0, end),
        next: { second, offset: entries[end]?.offset ?? null },
        totalCount,
        fetchedAt,
      };
}

function windowAt(offset: number): { offset: number; limit: number } {
  return { offset, limit: MAX_WINDOW };
}

/** A run and what a further window shows from its last entry on; null when the window does not show that entry. */
function joinAt(run: Window, last: Entry, more: Window): Window | null {
  const index = more.entries.findIndex(({ job }) => job.jobId === last.job.jobId);
  return index < 0 ? null : { ...more, entries: [...run.entries.slice(0, -1), ...more.entries.slice(index)] };
}
