import { type Clock, systemClock } from '../../lib/clock.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import type { Origin } from '../../model/origin.ts';
import { KeptSlices } from '../kept-slices.ts';
import { KeptStretches } from '../kept-stretches.ts';
import type { OriginCache } from '../origin-cache.ts';
import type { ListPage, ListSlice, ScanChunk, ScanRequest, Source } from '../source.ts';
import type { CiClient } from './client.ts';
import { isCiJobId } from './job-id.ts';
import type { CiFilter, CiJob } from './model.ts';
import { scanCi } from './scan.ts';
import { storedCiJob } from './stored.ts';
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
  readonly #cache: OriginCache<CiJob>;
  readonly #slices: KeptSlices<CiJob, CiFilter>;
  readonly #stretches: KeptStretches<CiJob>;
  readonly #clock: Clock;

  constructor(client: CiClient, cache: OriginCache<CiJob>, options: CiSourceOptions = {}) {
    this.origin = client.origin;
    this.#client = client;
    this.#cache = cache;
    this.#slices = new KeptSlices({
      cache,
      jobForm: storedCiJob,
      isByStatus: ({ states }) => states !== null,
    });
    this.#stretches = new KeptStretches(cache, storedCiJob);
    this.#clock = options.clock ?? systemClock;
  }

  isJobId(text: string): boolean {
    return isCiJobId(text);
  }

  /** One call per distinct id that is not known; a malformed id is null without a call. Rejects only when the scope's signal aborts. */
  async getMany(jobIds: readonly string[], scope: CallScope): Promise<readonly (CiJob | null | Error)[]> {
    return await this.#cache.jobs(jobIds, (jobId, shared) => this.#client.describeJob(jobId, shared), scope);
  }

  /** Always null, without a call: a CI job is told whole by any call. */
  detail(): Promise<null> {
    return Promise.resolve(null);
  }

  async list(slice: ListSlice<CiFilter>, scope: CallScope): Promise<ListPage<CiJob>> {
    const { filter } = slice;
    if (matchesNothing(filter)) {
      const fetchedAt = new Date(this.#clock.now()).toISOString();
      const nothing = { jobs: [], nextToken: null, fetchedAt };
      return { ...(await walkCi(() => Promise.resolve(nothing), slice)), outcome: 'FRESH' };
    }
    return await this.#slices.read(
      slice,
      (wanted, shared) => walkCi((page) => this.#client.listJobs({ filter, ...page }, shared), wanted),
      scope,
    );
  }

  scan(request: ScanRequest, scope: CallScope): AsyncGenerator<ScanChunk<CiJob>, void, undefined> {
    return scanCi({
      origin: this.origin,
      clock: this.#clock,
      stretches: this.#stretches,
      read: (shared) => (page) => this.#client.listJobs(page, shared),
      request,
      scope,
    });
  }
}
