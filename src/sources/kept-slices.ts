import { z } from 'zod';
import { isFault } from '../cache/faults.ts';
import type { CallScope } from '../lib/call-scope.ts';
import type { JobSummary } from '../model/job.ts';
import type { ListingPart, ListingQuestion } from './listing-question.ts';
import type { OriginCache } from './origin-cache.ts';
import type { ListPage, ListSlice, Position } from './source.ts';

/** A page as its source's walk through the listing finds it. */
export type WalkedPage<J> = Omit<ListPage<J>, 'outcome'>;

/** A page as it is kept. */
interface Slice<J> extends ListingPart<J> {
  readonly positions: readonly Position[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly totalCount: number | null;
}

export interface SliceOptions<J extends JobSummary, F> {
  readonly cache: OriginCache<J, unknown>;
  readonly jobForm: z.ZodType<J>;
  /** Whether the filter lets jobs in by their status, so that one whose status changes enters or leaves the listing. */
  readonly isByStatus: (filter: F) => boolean;
  /** How many jobs a slice may be read with at the price of fewer; default 1. */
  readonly jobsPerCall?: number;
}

/** Walks through the listing as far as a slice goes. */
export type Walk<J, F> = (slice: ListSlice<F>, scope: CallScope) => Promise<WalkedPage<J>>;

/**
 * The slices of one origin's listing, in the upstream's own order. A slice is kept by the place that it begins behind, which
 * names a job and not a number of jobs: so slices of different age go together, and nothing that stays is lost or repeated.
 */
export class KeptSlices<J extends JobSummary, F> {
  readonly #options: SliceOptions<J, F>;
  readonly #form: z.ZodType<Slice<J>>;

  constructor(options: SliceOptions<J, F>) {
    this.#options = options;
    this.#form = sliceForm(options.jobForm);
  }

  /**
   * The slice, known or as `walk` finds it. One that a job on it has left since is read anew; where that fails by a fault of
   * the upstream, what is left of it is given. Where a call gives more than is asked for, the slices of the same length that
   * follow are made known too.
   */
  async read(slice: ListSlice<F>, walk: Walk<J, F>, scope: CallScope): Promise<ListPage<J>> {
    const { page, isWhole } = await this.#read(slice, walk, scope);
    if (isWhole) {
      return page;
    }
    try {
      const again = await this.#read(slice, walk, { ...scope, noCache: true });
      return again.isWhole ? again.page : { ...(await walk(slice, scope)), outcome: 'FRESH' };
    } catch (error) {
      // A page without jobs would have no place to go on from.
      if (isFault(error) && (page.entries.length > 0 || !page.hasNextPage)) {
        return { ...page, outcome: 'STALE' };
      }
      throw error;
    }
  }

  /** `isWhole`: nothing that is known of the jobs since contradicts it. The page is without those that have left. */
  async #read(
    slice: ListSlice<F>,
    walk: Walk<J, F>,
    scope: CallScope,
  ): Promise<{ readonly page: ListPage<J>; readonly isWhole: boolean }> {
    const { cache, isByStatus } = this.#options;
    const read = async (shared: CallScope): Promise<Slice<J>> => {
      const [first, ...following] = slicesOf(await walk(this.#withRoom(slice), shared), slice.limit);
      this.#keep(slice, first, following, shared.sentAtMs ?? Date.parse(first.fetchedAt));
      return first;
    };
    const { value, outcome } = await cache.listing(this.#questionOf(slice), read, scope);
    const entries: { job: J; position: Position }[] = [];
    for (const [index, job] of cache.newest(value.jobs, outcome).entries()) {
      // Several of the upstream's words are one status here, and filters are in its words.
      const hasOther = job?.upstreamStatus !== value.jobs[index]?.upstreamStatus;
      if (job !== null && !(hasOther && isByStatus(slice.filter))) {
        entries.push({ job, position: value.positions[index] ?? [] });
      }
    }
    const { hasNextPage, hasPreviousPage, totalCount, fetchedAt } = value;
    const page = { entries, hasNextPage, hasPreviousPage, totalCount, fetchedAt, outcome };
    return { page, isWhole: entries.length === value.jobs.length };
  }

  /** Of a whole number of slices, as many as one call gives; one less behind a cursor, whose own job is read again. */
  #withRoom(slice: ListSlice<F>): ListSlice<F> {
    const { cache, jobsPerCall = 1 } = this.#options;
    const jobs = slice.after === null ? jobsPerCall : jobsPerCall - 1;
    const slices = cache.isKeeping && !slice.backwards ? Math.floor(jobs / slice.limit) : 1;
    return { ...slice, limit: Math.max(slices, 1) * slice.limit };
  }

  #keep(slice: ListSlice<F>, first: Slice<J>, following: readonly Slice<J>[], askedAtMs: number): void {
    let { positions } = first;
    for (const next of following) {
      const after = positions.at(-1) ?? null;
      this.#options.cache.keepListing(this.#questionOf({ ...slice, after }), next, askedAtMs);
      ({ positions } = next);
    }
  }

  #questionOf({ filter, limit, backwards, after, before }: ListSlice<F>): ListingQuestion<Slice<J>> {
    return {
      asked: ['slice', filter, limit, backwards, after, before],
      form: this.#form,
      // Most orders are not those of time, so that jobs may appear anywhere.
      isClosed: () => false,
      isPrimed: true,
    };
  }
}

/** A page cut into slices; what does not fill one is left out, unless the listing ends with it. */
function slicesOf<J extends JobSummary>(page: WalkedPage<J>, limit: number): [Slice<J>, ...Slice<J>[]] {
  const first = sliceAt(page, 0, limit);
  const following: Slice<J>[] = [];
  for (let start = limit; start < page.entries.length; start += limit) {
    if (start + limit <= page.entries.length || !page.hasNextPage) {
      following.push(sliceAt(page, start, limit));
    }
  }
  return [first, ...following];
}

function sliceAt<J extends JobSummary>(page: WalkedPage<J>, start: number, limit: number): Slice<J> {
  const entries = page.entries.slice(start, start + limit);
  const jobs = entries.map(({ job }) => job);
  return {
    jobs,
    positions: entries.map(({ position }) => position),
    hasNextPage: page.hasNextPage || start + limit < page.entries.length,
    hasPreviousPage: page.hasPreviousPage || start > 0,
    totalCount: page.totalCount,
    fetchedAt: oldestOf(jobs, page.fetchedAt),
  };
}

/** A page may be made of several answers, and is as old as the oldest of them. */
function oldestOf(jobs: readonly JobSummary[], fetchedAt: string): string {
  return jobs.reduce((oldest, job) => (job.fetchedAt < oldest ? job.fetchedAt : oldest), fetchedAt);
}

const position = z.array(z.union([z.string(), z.number(), z.array(z.string())]));

function sliceForm<J>(job: z.ZodType<J>): z.ZodType<Slice<J>> {
  return z
    .object({
      jobs: z.array(job),
      positions: z.array(position),
      hasNextPage: z.boolean(),
      hasPreviousPage: z.boolean(),
      totalCount: z.int().min(0).nullable(),
      fetchedAt: z.iso.datetime(),
    })
    .refine(({ jobs, positions }) => jobs.length === positions.length);
}
