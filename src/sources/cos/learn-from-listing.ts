import type { CallScope } from '../../lib/call-scope.ts';
import type { Kept, OriginCache } from '../origin-cache.ts';
import { MAX_COS_PAGE } from './client.ts';
import type { CosJob, CosJobDetail } from './model.ts';
import { type CosWholeListing, WHOLE_COS_LISTING } from './whole-listing.ts';

/** From so many jobs on the listing is read rather than each of them: it is one call where they are few. */
const MANY_JOBS = 10;

type Cache = OriginCache<CosJob, CosJobDetail>;
type Listing = Pick<Kept<CosWholeListing>, 'value' | 'askedAtMs'>;

/** The jobs of a listing by their ids, made once for each listing. */
const indexes = new WeakMap<CosWholeListing, ReadonlyMap<string, CosJob>>();

/**
 * Makes known of these jobs what the whole listing tells, so that a read by id costs nothing for them (design section 2): what
 * is known of the listing always, and where many are still unknown then, and the listing is not so long that it costs more
 * calls than they do, the listing read for this. A failure to read it is no failure: what it lacks is read by id.
 */
export async function learnFromListing(
  cache: Cache,
  readWhole: (scope: CallScope) => Promise<Kept<CosWholeListing>>,
  jobIds: readonly string[],
  scope: CallScope,
): Promise<void> {
  const known = cache.knownListing(WHOLE_COS_LISTING);
  learn(cache, known, jobIds);
  const unknown = new Set(jobIds.filter((jobId) => !cache.isKnown(jobId)));
  // Of a listing that was never seen nobody knows how long it is; most fit into one call.
  const calls = known === null ? 1 : Math.ceil(known.value.jobs.length / MAX_COS_PAGE);
  const isWorthwhile = unknown.size >= Math.max(MANY_JOBS, 2 * calls) && known?.value.isTooLong !== true;
  if (!isWorthwhile || cache.isFreshListing(WHOLE_COS_LISTING)) {
    return;
  }
  // Not one that is past its time: each job would be read anew behind it.
  const listing = await readWhole({ ...scope, noCache: true }).catch(() => null);
  learn(cache, listing, [...unknown]);
}

function learn(cache: Cache, listing: Listing | null, jobIds: readonly string[]): void {
  if (listing !== null) {
    const index = indexOf(listing.value);
    cache.prime(
      jobIds.flatMap((jobId) => index.get(jobId) ?? []),
      listing.askedAtMs,
    );
  }
}

function indexOf(listing: CosWholeListing): ReadonlyMap<string, CosJob> {
  const index = indexes.get(listing) ?? new Map(listing.jobs.map((job) => [job.jobId, job]));
  indexes.set(listing, index);
  return index;
}
