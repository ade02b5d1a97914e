import type { CallScope } from '../lib/call-scope.ts';
import { chunksOfSeconds, countOf, isWanted, wantedAmong } from '../model/job-order.ts';
import type { JobSummary } from '../model/job.ts';
import type { ListingPart } from './listing-question.ts';
import type { Kept, OriginCache } from './origin-cache.ts';
import type { ScanChunk, ScanRequest } from './source.ts';

/** A chunk is a slice of what is in memory already. What is looked up of its jobs is looked up for nothing where few are used. */
const CHUNK = 50;

/** The chunks of listings from their newest job on, which is what most ask for: the same each time, as far as anybody got. */
const chunksFromHead = new WeakMap<readonly JobSummary[], HeadChunks<JobSummary>>();

/**
 * Scans a whole listing, newest first, that is in memory. Statuses and times are applied here. `totalCount` is always told.
 * Jobs come as they were told of last; those that have gone since, or no longer have a wanted status, are left out. At
 * least one chunk comes, empty when nothing is wanted of what is there.
 */
export function* scanWholeListing<J extends JobSummary>(
  cache: OriginCache<J, unknown>,
  { value, outcome, askedAtMs }: Kept<ListingPart<J>>,
  request: ScanRequest,
  scope: CallScope,
): Generator<ScanChunk<J>, void, undefined> {
  const { fetchedAt } = value;
  const totalCount = countOf(value.jobs, request.statuses);
  for (const chunk of chunksOf(value.jobs, request)) {
    scope.signal.throwIfAborted();
    // Of thousands of jobs only those that are shown are worth remembering one by one.
    cache.prime(chunk, askedAtMs);
    const jobs = cache.newest(chunk, outcome).filter((job) => job !== null && isWanted(job, request));
    yield { jobs: jobs as readonly J[], offsets: null, totalCount, fetchedAt, outcome };
  }
}

function chunksOf<J extends JobSummary>(jobs: readonly J[], request: ScanRequest): Iterable<readonly J[]> {
  const { order, fromMs, untilMs, statuses } = request;
  if (order === 'OLDEST_FIRST' || fromMs !== null || untilMs !== null || statuses !== null) {
    return chunksOfSeconds(wantedAmong(jobs, request), CHUNK);
  }
  const known = chunksFromHead.get(jobs) ?? new HeadChunks<JobSummary>(chunksOfSeconds(jobs, CHUNK));
  chunksFromHead.set(jobs, known);
  // Made of these very jobs.
  return known as HeadChunks<J>;
}

/** What a generator gives, remembered for whoever begins anew. */
class HeadChunks<J> implements Iterable<readonly J[]> {
  readonly #rest: Generator<readonly J[], void, undefined>;
  readonly #made: (readonly J[])[] = [];

  constructor(chunks: Generator<readonly J[], void, undefined>) {
    this.#rest = chunks;
  }

  *[Symbol.iterator](): Generator<readonly J[], void, undefined> {
    for (let index = 0; ; index += 1) {
      if (index === this.#made.length) {
        const step = this.#rest.next();
        if (step.done === true) {
          return;
        }
        this.#made.push(step.value);
      }
      yield this.#made[index] ?? [];
    }
  }
}
