import { type Clock, systemClock } from '../../lib/clock.ts';
import { Snapshot } from '../../lib/snapshot.ts';
import { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../../upstream/origin-name.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import type { ListPage, ListSlice, ScanChunk, ScanRequest, Source } from '../source.ts';
import type { BatchComputeClient, BatchComputeCondition } from './client.ts';
import type { BatchComputeListing } from './decode.ts';
import { conditionsOf, jobIdsOf, matchesNothing } from './filters.ts';
import { isBatchComputeJobId } from './job-id.ts';
import type { BatchComputeFilter, BatchComputeJob, BatchComputeJobDetail } from './model.ts';
import { BatchComputeReader } from './reader.ts';
import { type ScanGround, scanBatchCompute } from './scan.ts';
import { walkBatchCompute } from './walk.ts';
import { readWholeBatchComputeListing } from './whole-listing.ts';
import { type ReadWindow, toWindow } from './window.ts';

const DEFAULT_SNAPSHOT_TTL_MS = 5_000;
const DEFAULT_MAX_SNAPSHOT_JOBS = 5_000;

export interface BatchComputeSourceOptions {
  /** Dates the listings that need no call and the snapshots, and ends the waiting for them. */
  readonly clock?: Clock;
  /** How long scans may use a snapshot of the listing that was read for others, from its end on. Default 5,000. */
  readonly snapshotTtlMs?: number;
  /** How long a listing may be that is sorted by time; a scan that would have to sort a longer one fails. Default 5,000. */
  readonly maxSnapshotJobs?: number;
}

interface Place {
  readonly offset: number;
  readonly limit: number;
}

/** At two calls a second 1,000 jobs take over five seconds, and the regions of a credential share that. */
const LINGER_MS = 30_000;

/** BatchCompute as a source: jobs by id in batches, listings by offset, detail one DescribeJob each. */
export class BatchComputeSource implements Source<
  BatchComputeJob,
  BatchComputeJobDetail,
  BatchComputeFilter
> {
  readonly origin: Origin;
  readonly #client: BatchComputeClient;
  readonly #clock: Clock;
  readonly #reader: BatchComputeReader;
  readonly #scanGround: ScanGround;

  constructor(client: BatchComputeClient, options: BatchComputeSourceOptions = {}) {
    const { clock = systemClock, snapshotTtlMs = DEFAULT_SNAPSHOT_TTL_MS } = options;
    const { maxSnapshotJobs = DEFAULT_MAX_SNAPSHOT_JOBS } = options;
    const { origin } = client;
    this.origin = origin;
    this.#client = client;
    this.#clock = clock;
    this.#reader = new BatchComputeReader(client, clock);
    const snapshot = new Snapshot({
      clock,
      ttlMs: snapshotTtlMs,
      lingerMs: LINGER_MS,
      read: async (scope) =>
        await readWholeBatchComputeListing(origin, this.#windowsOf([], scope), maxSnapshotJobs),
      lateError: () => tooLate(origin),
    });
    this.#scanGround = { origin, clock, snapshot, isNewestFirst: true };
  }

  isJobId(text: string): boolean {
    return isBatchComputeJobId(text);
  }

  /** Joins the reads of all requests: `BatchComputeReader`. A malformed id is null without a call. */
  async getMany(
    jobIds: readonly string[],
    scope: CallScope,
  ): Promise<readonly (BatchComputeJob | null | Error)[]> {
    const wanted = [...new Set(jobIds)].filter(isBatchComputeJobId);
    const results = await this.#reader.read(wanted, scope);
    return jobIds.map((jobId) => results.get(jobId) ?? null);
  }

  async detail(jobId: string, scope: CallScope): Promise<BatchComputeJobDetail | null> {
    return isBatchComputeJobId(jobId) ? await this.#client.describeJob(jobId, scope) : null;
  }

  async list(slice: ListSlice<BatchComputeFilter>, scope: CallScope): Promise<ListPage<BatchComputeJob>> {
    const read = async (place: Place): Promise<BatchComputeListing> =>
      await this.#readPlace(slice.filter, place, scope);
    return await walkBatchCompute(async (place) => toWindow(place.offset, await read(place)), slice);
  }

  /** Scans that need the whole listing share one reading of it at a time: `scanBatchCompute`. */
  scan(request: ScanRequest, scope: CallScope): AsyncGenerator<ScanChunk<BatchComputeJob>, void, undefined> {
    const readBy = (conditions: readonly BatchComputeCondition[]): ReadWindow =>
      this.#windowsOf(conditions, scope);
    return scanBatchCompute(this.#scanGround, readBy, request, scope);
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

function tooLate(origin: Origin): UpstreamError {
  const message = `${sourceName(origin)} did not tell its whole listing for ${placeName(origin)} before the request's deadline; ask again, or allow more time`;
  return new UpstreamError('UPSTREAM_TIMEOUT', origin, message, { retryable: true });
}
