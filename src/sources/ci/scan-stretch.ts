import { InvalidCursorError, UpstreamError } from '../../model/errors.ts';
import { comesBefore, createdSecondOf, type JobOrder } from '../../model/job-order.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../../upstream/origin-name.ts';
import { type CiListRequest, MAX_CI_PAGE } from './client.ts';
import type { CiListing } from './decode.ts';
import type { CiFilter, CiJob } from './model.ts';

/** Reads one page: one list call. */
export type ReadScanPage = (request: CiListRequest) => Promise<CiListing>;

/** A run of whole seconds. */
export interface Stretch {
  /** As they came, each once. */
  readonly jobs: readonly CiJob[];
  /** The second with which what follows begins, none of it in `jobs`; null at the end. */
  readonly next: number | null;
  readonly fetchedAt: string;
}

interface StretchRequest {
  readonly origin: Origin;
  readonly read: ReadScanPage;
  readonly filter: CiFilter;
  /** The second at which the filter begins; null for no such bound. */
  readonly from: number | null;
  readonly size: number;
}

/**
 * The jobs from where the filter begins, up to the last second that is known to be complete: a second is held back until a job
 * of another one, or the listing's end, was seen. One call, more where a page holds a single second. Throws `UpstreamError`.
 */
export async function readStretch({ origin, read, filter, from, size }: StretchRequest): Promise<Stretch> {
  const sent = new Set<string | null>();
  const jobs = new Map<string, CiJob>();
  const seconds = new SecondsInOrder(origin, filter.order, from);
  let request: CiListRequest = { filter, nextToken: null, size };
  for (;;) {
    const { jobs: page, nextToken, fetchedAt } = await readPage(origin, read, request);
    sent.add(request.nextToken);
    const fresh = page.filter(({ jobId }) => !jobs.has(jobId));
    for (const job of fresh) {
      jobs.set(job.jobId, job);
      seconds.pass(job);
    }
    const dated = [...jobs.values()].filter(({ createdAt }) => createdAt !== null);
    // A token that was sent before leads round in a circle; a page without jobs is the end whatever it says.
    if (nextToken === null || page.length === 0 || sent.has(nextToken)) {
      return { jobs: dated, next: null, fetchedAt };
    }
    if (seconds.hasSeveral) {
      return {
        jobs: dated.filter((job) => createdSecondOf(job) !== seconds.last),
        next: seconds.last,
        fetchedAt,
      };
    }
    request = { filter, nextToken, size: MAX_CI_PAGE };
  }
}

/** The creation seconds of the jobs that arrive. Refuses one that is out of order, for what was skipped then is not known. */
class SecondsInOrder {
  readonly #origin: Origin;
  readonly #order: JobOrder;
  readonly #from: number | null;
  #first: number | null = null;
  /** The last that arrived; null before. */
  last: number | null = null;

  constructor(origin: Origin, order: JobOrder, from: number | null) {
    this.#origin = origin;
    this.#order = order;
    this.#from = from;
  }

  get hasSeveral(): boolean {
    return this.last !== this.#first;
  }

  pass(job: CiJob): void {
    if (job.createdAt === null) {
      return;
    }
    const second = createdSecondOf(job);
    const reached = this.last ?? this.#from;
    if (reached !== null && comesBefore(second, reached, this.#order)) {
      throw unusable(this.#origin, 'jobs that are not in the order of time that was asked for', false);
    }
    this.#first ??= second;
    this.last = second;
  }
}

async function readPage(origin: Origin, read: ReadScanPage, request: CiListRequest): Promise<CiListing> {
  try {
    return await read(request);
  } catch (error) {
    // The token is not from a cursor here: CI gave it a moment ago.
    if (error instanceof InvalidCursorError) {
      throw unusable(origin, 'a token that it no longer knows', true);
    }
    throw error;
  }
}

function unusable(origin: Origin, what: string, retryable: boolean): UpstreamError {
  const message = `${sourceName(origin)} gave an unusable answer for ${placeName(origin)}: ${what}`;
  return new UpstreamError('UPSTREAM_BAD_RESPONSE', origin, message, { retryable });
}
