import { KeyedReads } from '../../lib/keyed-reads.ts';
import type { Origin } from '../../model/origin.ts';
import type { CallScope } from '../../upstream/send.ts';
import type { ListPage, ListSlice, Source } from '../source.ts';
import type { CosClient } from './client.ts';
import { isCosJobId } from './job-id.ts';
import type { CosFilter, CosJob, CosJobDetail } from './model.ts';
import { walkCos } from './walk.ts';

const DEFAULT_CONCURRENCY = 8;

/** COS Batch Operation as a source. COS has no read of many, so reads by id are one DescribeJob each, and bring the detail. */
export class CosSource implements Source<CosJob, CosJobDetail, CosFilter> {
  readonly origin: Origin;
  readonly #client: CosClient;
  readonly #reads: KeyedReads;

  /** `concurrency`: how many reads by id may be under way at a time, over all requests. */
  constructor(client: CosClient, { concurrency = DEFAULT_CONCURRENCY }: { concurrency?: number } = {}) {
    this.origin = client.origin;
    this.#client = client;
    this.#reads = new KeyedReads(concurrency);
  }

  isJobId(text: string): boolean {
    return isCosJobId(text);
  }

  /** One call per distinct id; a malformed id is null without a call. Rejects only when the scope's signal aborts. */
  async getMany(jobIds: readonly string[], scope: CallScope): Promise<readonly (CosJob | null | Error)[]> {
    const read = async (jobId: string): Promise<CosJob | null> =>
      isCosJobId(jobId) ? await this.#client.describeJob(jobId, scope) : null;
    return await this.#reads.readAll(jobIds, read, scope.signal);
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
}
