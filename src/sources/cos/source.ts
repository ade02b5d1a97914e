import { type Clock, systemClock } from '../../lib/clock.ts';
import { Snapshot } from '../../lib/snapshot.ts';
import { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../../upstream/origin-name.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import { readEach } from '../read-each.ts';
import type { ListPage, ListSlice, ScanChunk, ScanRequest, Source } from '../source.ts';
import type { CosClient } from './client.ts';
import { isCosJobId } from './job-id.ts';
import type { CosFilter, CosJob, CosJobDetail } from './model.ts';
import { scanCos } from './scan.ts';
import { walkCos } from './walk.ts';
import { type CosWholeListing, readWholeCosListing } from './whole-listing.ts';

const DEFAULT_SNAPSHOT_TTL_MS = 5_000;
const DEFAULT_MAX_SNAPSHOT_JOBS = 20_000;

export interface CosSourceOptions {
  /** Dates the snapshots of the listing and ends the waiting for them. */
  readonly clock?: Clock;
  /** How long scans may use a snapshot of the listing that was read for others, from its end on. Default 5,000. */
  readonly snapshotTtlMs?: number;
  /** How long a listing may be that is sorted by time; a scan of a longer one fails. Default 20,000. */
  readonly maxSnapshotJobs?: number;
}

/** COS Batch Operation as a source. COS has no read of many, so reads by id are one DescribeJob each, and bring the detail. */
export class CosSource implements Source<CosJob, CosJobDetail, CosFilter> {
  readonly origin: Origin;
  readonly #client: CosClient;
  readonly #listing: Snapshot<CosWholeListing>;

  constructor(client: CosClient, options: CosSourceOptions = {}) {
    const {
      clock = systemClock,
      snapshotTtlMs = DEFAULT_SNAPSHOT_TTL_MS,
      maxSnapshotJobs = DEFAULT_MAX_SNAPSHOT_JOBS,
    } = options;
    const { origin } = client;
    this.origin = origin;
    this.#client = client;
    this.#listing = new Snapshot({
      clock,
      ttlMs: snapshotTtlMs,
      read: async (scope) =>
        await readWholeCosListing(
          origin,
          async (page) => await client.listJobs({ status: null, ...page }, scope),
          maxSnapshotJobs,
        ),
      lateError: () => tooLate(origin),
    });
  }

  isJobId(text: string): boolean {
    return isCosJobId(text);
  }

  /** One call per distinct id; a malformed id is null without a call. Rejects only when the scope's signal aborts. */
  async getMany(jobIds: readonly string[], scope: CallScope): Promise<readonly (CosJob | null | Error)[]> {
    const read = async (jobId: string): Promise<CosJob | null> =>
      isCosJobId(jobId) ? await this.#client.describeJob(jobId, scope) : null;
    return await readEach(jobIds, read, scope);
  }

  async detail(jobId: string, scope: CallScope): Promise<CosJobDetail | null> {
    const [job = null] = await this.getMany([jobId], scope);
    if (job instanceof Error) {
      throw job;
    }
    return job?.detail ?? null;
  }

  async list(slice: ListSlice<CosFilter>, scope: CallScope): Promise<ListPage<CosJob>> {
    const { status } = slice.filter;
    return await walkCos((page) => this.#client.listJobs({ status, ...page }, scope), slice);
  }

  /** Scans of all requests share one reading of the whole listing at a time: `scanCos`. */
  scan(request: ScanRequest, scope: CallScope): AsyncGenerator<ScanChunk<CosJob>, void, undefined> {
    return scanCos(this.origin, this.#listing, request, scope);
  }
}

function tooLate(origin: Origin): UpstreamError {
  const message = `${sourceName(origin)} did not tell its whole listing for ${placeName(origin)} before the request's deadline; ask again, or allow more time`;
  return new UpstreamError('UPSTREAM_TIMEOUT', origin, message, { retryable: true });
}
