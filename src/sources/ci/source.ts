import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Origin } from '../../model/origin.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import { readEach } from '../read-each.ts';
import type { ListPage, ListSlice, ScanChunk, ScanRequest, Source } from '../source.ts';
import type { CiClient } from './client.ts';
import { isCiJobId } from './job-id.ts';
import type { CiFilter, CiJob } from './model.ts';
import { scanCi } from './scan.ts';
import { matchesNothing } from './time-range.ts';
import { walkCi } from './walk.ts';

export interface CiSourceOptions {
  /** Dates the listings that need no call. */
  readonly clock?: Clock;
}

/** Cloud Infinite's batch jobs as a source. CI has no read of many, so reads by id are one call each; there is no detail. */
export class CiSource implements Source<CiJob, never, CiFilter> {
  readonly origin: Origin;
  readonly #client: CiClient;
  readonly #clock: Clock;

  constructor(client: CiClient, options: CiSourceOptions = {}) {
    this.origin = client.origin;
    this.#client = client;
    this.#clock = options.clock ?? systemClock;
  }

  isJobId(text: string): boolean {
    return isCiJobId(text);
  }

  /** One call per distinct id; a malformed id is null without a call. Rejects only when the scope's signal aborts. */
  async getMany(jobIds: readonly string[], scope: CallScope): Promise<readonly (CiJob | null | Error)[]> {
    const read = async (jobId: string): Promise<CiJob | null> =>
      isCiJobId(jobId) ? await this.#client.describeJob(jobId, scope) : null;
    return await readEach(jobIds, read, scope);
  }

  /** Always null, without a call: a CI job is told whole by any call. */
  detail(): Promise<null> {
    return Promise.resolve(null);
  }

  async list(slice: ListSlice<CiFilter>, scope: CallScope): Promise<ListPage<CiJob>> {
    const { filter } = slice;
    return await walkCi(async ({ nextToken, size }) => {
      if (matchesNothing(filter)) {
        return { jobs: [], nextToken: null, fetchedAt: new Date(this.#clock.now()).toISOString() };
      }
      return await this.#client.listJobs({ filter, nextToken, size }, scope);
    }, slice);
  }

  scan(request: ScanRequest, scope: CallScope): AsyncGenerator<ScanChunk<CiJob>, void, undefined> {
    return scanCi(
      this.origin,
      this.#clock,
      async (page) => await this.#client.listJobs(page, scope),
      request,
    );
  }
}
