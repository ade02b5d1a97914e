import type { CallScope } from '../../lib/call-scope.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Origin } from '../../model/origin.ts';
import { KeptSlices, type Walk } from '../kept-slices.ts';
import { KeptStretches } from '../kept-stretches.ts';
import type { OriginCache } from '../origin-cache.ts';
import type { ListPage, ListSlice, ScanChunk, ScanRequest, Source } from '../source.ts';
import { type BatchComputeClient, type BatchComputeCondition, MAX_BATCH_COMPUTE_JOBS } from './client.ts';
import type { BatchComputeListing } from './decode.ts';
import { conditionsOf, jobIdsOf, matchesNothing } from './filters.ts';
import { isBatchComputeJobId } from './job-id.ts';
import type { BatchComputeFilter, BatchComputeJob, BatchComputeJobDetail } from './model.ts';
import { BatchComputeReader } from './reader.ts';
import { scanBatchCompute } from './scan.ts';
import type { ScanGround } from './scan-ground.ts';
import { storedBatchComputeJob } from './stored.ts';
import { walkBatchCompute } from './walk.ts';
import {
  type BatchComputeWholeListing,
  readWholeBatchComputeListing,
  WHOLE_BATCH_COMPUTE_LISTING,
} from './whole-listing.ts';
import { type ReadWindow, toWindow } from './window.ts';

const DEFAULT_MAX_SNAPSHOT_JOBS = 5_000;

export interface BatchComputeSourceOptions {
  /** Dates the listings that need no call, and the turns of reads by id. */
  readonly clock?: Clock;
  /** How long a listing may be that is sorted by time; a scan that would have to sort a longer one fails. Default 5,000. */
  readonly maxSnapshotJobs?: number;
}

interface Place {
  readonly offset: number;
  readonly limit: number;
}

type Cache = OriginCache<BatchComputeJob, BatchComputeJobDetail>;

/** BatchCompute as a source: jobs by id in batches, listings by offset, detail one DescribeJob each. */
export class BatchComputeSource implements Source<
  BatchComputeJob,
  BatchComputeJobDetail,
  BatchComputeFilter
> {
  readonly origin: Origin;
  readonly #client: BatchComputeClient;
  readonly #cache: Cache;
  readonly #clock: Clock;
  readonly #reader: BatchComputeReader;
  readonly #slices: KeptSlices<BatchComputeJob, BatchComputeFilter>;
  readonly #scanGround: ScanGround;

  constructor(client: BatchComputeClient, cache: Cache, options: BatchComputeSourceOptions = {}) {
    const { clock = systemClock, maxSnapshotJobs = DEFAULT_MAX_SNAPSHOT_JOBS } = options;
    const { origin } = client;
    this.origin = origin;
    this.#client = client;
    this.#cache = cache;
    this.#clock = clock;
    this.#reader = new BatchComputeReader(client, clock);
    this.#slices = new KeptSlices({
      cache,
      jobForm: storedBatchComputeJob,
      isByStatus: ({ states }) => states !== null,
      // What is scarce is the call, whatever it brings.
      jobsPerCall: MAX_BATCH_COMPUTE_JOBS,
    });
    const readBy: ScanGround['readBy'] = (conditions, scope) => this.#windowsOf(conditions, scope);
    const readWhole = async (scope: CallScope): Promise<BatchComputeWholeListing> =>
      await readWholeBatchComputeListing(origin, readBy([], scope), maxSnapshotJobs);
    this.#scanGround = {
      origin,
      clock,
      cache,
      stretches: new KeptStretches(cache, storedBatchComputeJob),
      readBy,
      readWhole: (scope) => cache.listing(WHOLE_BATCH_COMPUTE_LISTING, readWhole, scope),
      isNewestFirst: true,
    };
  }

  isJobId(text: string): boolean {
    return isBatchComputeJobId(text);
  }

  /** Joins the reads of all requests: `BatchComputeReader`. A malformed id is null without a call. */
  async getMany(
    jobIds: readonly string[],
    scope: CallScope,
  ): Promise<readonly (BatchComputeJob | null | Error)[]> {
    return await this.#cache.jobs(jobIds, (jobId, shared) => this.#readJob(jobId, shared), scope);
  }

  async detail(jobId: string, scope: CallScope): Promise<BatchComputeJobDetail | null> {
    return await this.#cache.detail(jobId, (id, shared) => this.#client.describeJob(id, shared), scope);
  }

  async list(slice: ListSlice<BatchComputeFilter>, scope: CallScope): Promise<ListPage<BatchComputeJob>> {
    const walk: Walk<BatchComputeJob, BatchComputeFilter> = async (wanted, shared) =>
      await walkBatchCompute(
        async (place) => toWindow(place.offset, await this.#readPlace(wanted.filter, place, shared)),
        wanted,
      );
    return matchesNothing(slice.filter)
      ? { ...(await walk(slice, scope)), outcome: 'FRESH' }
      : await this.#slices.read(slice, walk, scope);
  }

  /** Scans that need the whole listing share one reading of it at a time: `scanBatchCompute`. */
  scan(request: ScanRequest, scope: CallScope): AsyncGenerator<ScanChunk<BatchComputeJob>, void, undefined> {
    return scanBatchCompute(this.#scanGround, request, scope);
  }

  async #readJob(jobId: string, scope: CallScope): Promise<BatchComputeJob | null> {
    const result = (await this.#reader.read([jobId], scope)).get(jobId) ?? null;
    if (result instanceof Error) {
      throw result;
    }
    return result;
  }

  #windowsOf(filters: readonly BatchComputeCondition[], scope: CallScope): ReadWindow {
    return async ({ offset, limit }) =>
      toWindow(offset, await this.#client.describeJobs({ filters, offset }, limit, scope));
  }

  async #readPlace(filter: BatchComputeFilter, place: Place, scope: CallScope): Promise<BatchComputeListing> {
    const jobIds = jobIdsOf(filter);
    if (matchesNothing(filter)) {
      return { jobs: [], totalCount: 0, fetchedAt: new Date(this.#clock.now()).toISOString() };
    }
    if (jobIds === null) {
      const query = { filters: conditionsOf(filter), offset: place.offset };
      return await this.#client.describeJobs(query, place.limit, scope);
    }
    // Ids cannot be asked for by offset, but all that a filter may hold fit into one answer.
    const { jobs, fetchedAt } = await this.#client.describeJobs({ jobIds }, jobIds.length, scope);
    const window = jobs.slice(place.offset, place.offset + place.limit);
    return { jobs: window, totalCount: jobs.length, fetchedAt };
  }
}
