import { z } from 'zod';
import type { Outcome } from '../cache/question.ts';
import type { CallScope } from '../lib/call-scope.ts';
import { comesBefore, createdSecondOf, type JobOrder } from '../model/job-order.ts';
import type { JobSummary } from '../model/job.ts';
import type { ListingPart, ListingQuestion } from './listing-question.ts';
import type { Kept, OriginCache } from './origin-cache.ts';

/** Where a stretch begins: with the jobs of a second, since the epoch, expected at an offset if that is known. */
export interface StretchStart {
  /** Null is the listing's beginning. */
  readonly second: number | null;
  readonly offset: number | null;
}

/** Reads a stretch that begins at a place. */
export type ReadsStretch<J> = (start: StretchStart, scope: CallScope) => Promise<TimedStretch<J>>;

/** A run of whole seconds of a listing in order of time. */
export interface TimedStretch<J> extends ListingPart<J> {
  /** For each job how many stood before it in the upstream's listing; null where no such thing helps. */
  readonly offsets: readonly number[] | null;
  /** Where what follows begins; null at the end. */
  readonly next: StretchStart | null;
  readonly totalCount: number | null;
}

export interface ReadStretch<J> extends TimedStretch<J> {
  readonly outcome: Outcome;
}

export interface StretchListing {
  readonly order: JobOrder;
  /** Whether the upstream lets jobs in by their status, so that one may appear anywhere as it changes. */
  readonly isByStatus: boolean;
  /** All that tells the listing from others of its origin, but where a stretch begins: plain JSON. */
  readonly asked: readonly unknown[];
}

/** A second that is this much older than the answer it was told in holds all the jobs that it ever will. */
const CLOSED_AFTER_S = 60;
/** How many stretches are looked at to find the one that a second lies in: some thousand jobs. */
const MAX_LINKS = 50;

/**
 * The stretches of one origin's listings in order of time. Each is kept by the second with which it begins and tells with
 * which the next one does: so stretches of different age go together, and a walk that stands anywhere in one that is known
 * goes on without a call.
 */
export class KeptStretches<J extends JobSummary> {
  readonly #cache: OriginCache<J, unknown>;
  readonly #form: z.ZodType<TimedStretch<J>>;

  constructor(cache: OriginCache<J, unknown>, jobForm: z.ZodType<J>) {
    this.#cache = cache;
    this.#form = stretchForm(jobForm);
  }

  /**
   * What is left from a place on, included, of the stretch that it lies in. Known, or as `read` finds it. Jobs come as they
   * were told of last; those that have gone since are left out.
   */
  async from(
    listing: StretchListing,
    place: StretchStart,
    read: ReadsStretch<J>,
    scope: CallScope,
  ): Promise<ReadStretch<J>> {
    const start = scope.noCache === true ? place : this.#startOf(listing, place);
    const kept = await this.#read(listing, start, read, scope);
    // What another replica read since may be shorter than what was known here.
    const { value, outcome } = reaches(kept.value, place.second, listing.order)
      ? kept
      : await this.#read(listing, place, read, scope);
    return { ...this.#shown(value, outcome, listing.order, place.second), outcome };
  }

  async #read(
    listing: StretchListing,
    start: StretchStart,
    read: ReadsStretch<J>,
    scope: CallScope,
  ): Promise<Kept<TimedStretch<J>>> {
    return await this.#cache.listing(
      this.#questionOf(listing, start.second),
      (shared) => read(start, shared),
      scope,
    );
  }

  /** Where the stretch begins that a place lies in, as far as stretches are known to follow each other. */
  #startOf(listing: StretchListing, place: StretchStart): StretchStart {
    let start: StretchStart = { second: null, offset: null };
    for (let links = 0; links < MAX_LINKS && place.second !== null; links += 1) {
      const stretch = this.#cache.knownListing(this.#questionOf(listing, start.second))?.value ?? null;
      if (stretch === null) {
        return place;
      }
      if (stretch.next === null || reaches(stretch, place.second, listing.order)) {
        return start;
      }
      start = stretch.next;
    }
    return place;
  }

  #shown(stretch: TimedStretch<J>, outcome: Outcome, order: JobOrder, from: number | null): TimedStretch<J> {
    const jobs: J[] = [];
    const offsets: number[] = [];
    for (const [index, job] of this.#cache.newest(stretch.jobs, outcome).entries()) {
      if (job !== null && !(from !== null && comesBefore(createdSecondOf(job), from, order))) {
        jobs.push(job);
        offsets.push(stretch.offsets?.[index] ?? 0);
      }
    }
    return { ...stretch, jobs, offsets: stretch.offsets === null ? null : offsets };
  }

  #questionOf(
    { order, isByStatus, asked }: StretchListing,
    start: number | null,
  ): ListingQuestion<TimedStretch<J>> {
    return {
      // As text: a job without a time begins a stretch that is infinitely far back.
      asked: ['stretch', order, ...asked, String(start)],
      form: this.#form,
      isClosed: ({ next, fetchedAt }) => {
        const youngest = order === 'NEWEST_FIRST' ? start : (next?.second ?? null);
        const isOver = youngest !== null && youngest < Date.parse(fetchedAt) / 1_000 - CLOSED_AFTER_S;
        return isOver && !isByStatus;
      },
      isPrimed: true,
    };
  }
}

/** Whether a second that does not come before a stretch lies in it, and not behind it. */
function reaches({ next }: TimedStretch<unknown>, second: number | null, order: JobOrder): boolean {
  const end = next?.second ?? null;
  return end === null || second === null || comesBefore(second, end, order);
}

function stretchForm<J>(job: z.ZodType<J>): z.ZodType<TimedStretch<J>> {
  // JSON has no word for where the jobs without a time begin, and nothing goes on at the listing's beginning.
  const second = z
    .number()
    .min(Number.MIN_SAFE_INTEGER)
    .max(Number.MAX_SAFE_INTEGER)
    .nullable()
    .transform((value) => value ?? Number.NEGATIVE_INFINITY);
  return z
    .object({
      jobs: z.array(job),
      offsets: z.array(z.int().min(0)).nullable(),
      next: z.object({ second, offset: z.int().min(0).nullable() }).nullable(),
      totalCount: z.int().min(0).nullable(),
      fetchedAt: z.iso.datetime(),
    })
    .refine(({ jobs, offsets }) => offsets === null || offsets.length === jobs.length);
}
