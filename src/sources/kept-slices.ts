import { z } from 'zod';
import type { CallScope } from '../lib/call-scope.ts';
import type { JobSummary } from '../model/job.ts';
import type { ListingPart, ListingQuestion, OriginCache } from './origin-cache.ts';
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
}

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

  /** The slice, known or as `walk` finds it. One that a job on it has left since is read anew. */
  async read(
    slice: ListSlice<F>,
    walk: (scope: CallScope) => Promise<WalkedPage<J>>,
    scope: CallScope,
  ): Promise<ListPage<J>> {
    const page = await this.#read(slice, walk, scope);
    return page ?? (await this.#read(slice, walk, { ...scope, noCache: true })) ?? (await fresh(walk, scope));
  }

  /** Null when what is known of the jobs since contradicts it. */
  async #read(
    slice: ListSlice<F>,
    walk: (scope: CallScope) => Promise<WalkedPage<J>>,
    scope: CallScope,
  ): Promise<ListPage<J> | null> {
    const { cache, isByStatus } = this.#options;
    const read = async (shared: CallScope): Promise<Slice<J>> => toSlice(await walk(shared));
    const { value, outcome } = await cache.listing(this.#questionOf(slice), read, scope);
    const entries: { job: J; position: Position }[] = [];
    for (const [index, job] of cache.newest(value.jobs, outcome).entries()) {
      const hasLeft = job === null || (isByStatus(slice.filter) && job.status !== value.jobs[index]?.status);
      if (hasLeft) {
        return null;
      }
      entries.push({ job, position: value.positions[index] ?? [] });
    }
    const { hasNextPage, hasPreviousPage, totalCount, fetchedAt } = value;
    return { entries, hasNextPage, hasPreviousPage, totalCount, fetchedAt, outcome };
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

async function fresh<J>(
  walk: (scope: CallScope) => Promise<WalkedPage<J>>,
  scope: CallScope,
): Promise<ListPage<J>> {
  return { ...(await walk(scope)), outcome: 'FRESH' };
}

function toSlice<J>({ entries, ...page }: WalkedPage<J>): Slice<J> {
  return {
    ...page,
    jobs: entries.map(({ job }) => job),
    positions: entries.map(({ position }) => position),
  };
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
