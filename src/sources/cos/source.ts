import type { CallScope } from '../../lib/call-scope.ts';
import type { Origin } from '../../model/origin.ts';
import { KeptSlices } from '../kept-slices.ts';
import type { Kept, OriginCache } from '../origin-cache.ts';
import type { ListPage, ListSlice, ScanChunk, ScanRequest, Source } from '../source.ts';
import type { CosClient } from './client.ts';
import { isCosJobId } from './job-id.ts';
import type { CosFilter, CosJob, CosJobDetail } from './model.ts';
import { learnFromListing } from './learn-from-listing.ts';
import { scanCos } from './scan.ts';
import { storedCosJob } from './stored.ts';
import { type ReadCosPage, walkCos } from './walk.ts';
import { type CosWholeListing, readWholeCosListing, WHOLE_COS_LISTING } from './whole-listing.ts';

const DEFAULT_MAX_SNAPSHOT_JOBS = 20_000;

export interface CosSourceOptions {
  /** How long a listing may be that is sorted by time; a scan of a longer one fails. Default 20,000. */
  readonly maxSnapshotJobs?: number;
}

/** COS Batch Operation as a source. COS has no read of many, so reads by id are one DescribeJob each, and bring the detail. */
export class CosSource implements Source<CosJob, CosJobDetail, CosFilter> {
  readonly origin: Origin;
  readonly #client: CosClient;
  readonly #cache: OriginCache<CosJob, CosJobDetail>;
  readonly #slices: KeptSlices<CosJob, CosFilter>;
  readonly #maxSnapshotJobs: number;

  constructor(client: CosClient, cache: OriginCache<CosJob, CosJobDetail>, options: CosSourceOptions = {}) {
    this.origin = client.origin;
    this.#client = client;
    this.#cache = cache;
    this.#slices = new KeptSlices({
      cache,
      jobForm: storedCosJob,
      isByStatus: ({ status }) => status !== null,
    });
    this.#maxSnapshotJobs = options.maxSnapshotJobs ?? DEFAULT_MAX_SNAPSHOT_JOBS;
  }

  isJobId(text: string): boolean {
    return isCosJobId(text);
  }

  /**
   * One call per distinct id that is not known, or one of the listing where those are many (`learnFromListing`); a malformed id
   * is null without a call. Rejects only when the scope's signal aborts.
   */
  async getMany(jobIds: readonly string[], scope: CallScope): Promise<readonly (CosJob | null | Error)[]> {
    if (this.#cache.isKeeping && scope.noCache !== true) {
      await learnFromListing(this.#cache, this.#whole, jobIds, scope);
    }
    return await this.#cache.jobs(jobIds, (jobId, shared) => this.#client.describeJob(jobId, shared), scope);
  }

  async detail(jobId: string, scope: CallScope): Promise<CosJobDetail | null> {
    return await this.#cache.detail(
      jobId,
      async (id, shared) => {
        const job = await this.#client.describeJob(id, shared);
        return this.#cache.learn(job, shared.sentAtMs ?? undefined);
      },
      scope,
    );
  }

  async list(slice: ListSlice<CosFilter>, scope: CallScope): Promise<ListPage<CosJob>> {
    const { status } = slice.filter;
    return await this.#slices.read(
      slice,
      (wanted, shared) => walkCos((page) => this.#client.listJobs({ status, ...page }, shared), wanted),
      scope,
    );
  }

  /** Scans of all requests share one reading of the whole listing at a time: `scanCos`. */
  scan(request: ScanRequest, scope: CallScope): AsyncGenerator<ScanChunk<CosJob>, void, undefined> {
    return scanCos(this.origin, this.#cache, this.#whole, request, scope);
  }

  /** The whole listing, known or read. */
  readonly #whole = (scope: CallScope): Promise<Kept<CosWholeListing>> =>
    this.#cache.listing(
      WHOLE_COS_LISTING,
      (shared) => {
        const read: ReadCosPage = (page) => this.#client.listJobs({ status: null, ...page }, shared);
        return readWholeCosListing(this.origin, read, this.#maxSnapshotJobs);
      },
      scope,
    );
}
