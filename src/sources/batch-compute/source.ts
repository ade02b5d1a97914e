import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Origin } from '../../model/origin.ts';
import type { CallScope } from '../../upstream/send.ts';
import type { ListPage, ListSlice, Source } from '../source.ts';
import type { BatchComputeClient } from './client.ts';
import type { BatchComputeListing } from './decode.ts';
import { conditionsOf, jobIdsOf, matchesNothing } from './filters.ts';
import { isBatchComputeJobId } from './job-id.ts';
import type { BatchComputeFilter, BatchComputeJob, BatchComputeJobDetail } from './model.ts';
import { readMany } from './read-many.ts';
import { walkBatchCompute } from './walk.ts';
import { toWindow } from './window.ts';

interface Place {
  readonly offset: number;
  readonly limit: number;
}

/** BatchCompute as a source: jobs by id in batches, listings by offset, detail one DescribeJob each. */
export class BatchComputeSource implements Source<
  BatchComputeJob,
  BatchComputeJobDetail,
  BatchComputeFilter
> {
  readonly origin: Origin;
  readonly #client: BatchComputeClient;
  readonly #clock: Clock;

  /** `clock` dates the listings that need no call. */
  constructor(client: BatchComputeClient, { clock = systemClock }: { clock?: Clock } = {}) {
    this.origin = client.origin;
    this.#client = client;
    this.#clock = clock;
  }

  isJobId(text: string): boolean {
    return isBatchComputeJobId(text);
  }

  /** One call per 100 distinct ids; a malformed id is null without a call. Rejects only when the scope's signal aborts. */
  async getMany(
    jobIds: readonly string[],
    scope: CallScope,
  ): Promise<readonly (BatchComputeJob | null | Error)[]> {
    scope.signal.throwIfAborted();
    const wanted = [...new Set(jobIds)].filter(isBatchComputeJobId);
    const results = await readMany(this.#client, wanted, scope);
    scope.signal.throwIfAborted();
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
