import { InvalidIdError, UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import type { Send, UpstreamRequest } from '../../upstream/send.ts';
import type { JobDescription } from '../source.ts';
import { type BatchComputeListing, decodeDescription, decodeListing } from './decode.ts';
import { requestIdInEnvelope } from './envelope.ts';
import { isBatchComputeJobId } from './job-id.ts';
import type { BatchComputeJob, BatchComputeJobDetail } from './model.ts';

/** The most ids, and the most jobs, of one DescribeJobs (`upstreams/batch-compute.md` section 4.1). */
export const MAX_BATCH_COMPUTE_JOBS = 100;

/** Every action that is called; each has a budget of its own. */
export const BATCH_COMPUTE_ACTIONS = ['DescribeJobs', 'DescribeJob'] as const;
type Action = (typeof BATCH_COMPUTE_ACTIONS)[number];

const VERSION = '2017-03-12';

/** One condition of DescribeJobs; its values are ORed, several conditions ANDed. */
export interface BatchComputeCondition {
  /** The upstream's name, e.g. `job-state` or `tag:team`. */
  readonly name: string;
  readonly values: readonly string[];
}

/** Jobs by id, or by conditions from an offset on; the upstream accepts only one of the two. */
export type BatchComputeQuery =
  | { readonly jobIds: readonly string[] }
  | { readonly filters: readonly BatchComputeCondition[]; readonly offset: number };

/** The two reads of the BatchCompute API, of one account in one region. */
export class BatchComputeClient {
  readonly origin: Origin;
  readonly #send: Send;

  constructor(origin: Origin, send: Send) {
    this.origin = origin;
    this.#send = send;
  }

  /**
   * Up to `limit` jobs, newest first as far as is known, and how many match in all. By id: duplicates are asked once and
   * answered once, the order is not that of the ids, unknown ids are absent, and jobs that were not asked for are dropped.
   * One call; throws `UpstreamError`, and `InvalidIdError` without a call when an id is malformed or none is given, for an
   * empty list of ids may well mean all jobs (`upstreams/batch-compute.md` section 4.1).
   */
  async describeJobs(
    query: BatchComputeQuery,
    limit: number,
    scope: CallScope,
  ): Promise<BatchComputeListing> {
    const decode = decodeListing.bind(null, this.origin);
    if (!('jobIds' in query)) {
      const filters = query.filters.map(({ name, values }) => ({ Name: name, Values: values }));
      const parameters = {
        ...(filters.length === 0 ? {} : { Filters: filters }),
        Offset: query.offset,
        Limit: limit,
      };
      return await this.#send(this.#request('DescribeJobs', parameters, decode), scope);
    }
    const jobIds = [...new Set(query.jobIds)];
    if (jobIds.length === 0 || !jobIds.every(isBatchComputeJobId)) {
      throw new InvalidIdError('Expected ids such as job-7e7evk2x for BatchCompute jobs.');
    }
    const request = {
      ...this.#request('DescribeJobs', { JobIds: jobIds, Limit: limit }, decode),
      batchSize: () => jobIds.length,
    };
    const listing = await this.#send(request, scope);
    return { ...listing, jobs: onlyAskedFor(jobIds, listing.jobs) };
  }

  /**
   * Jobs by ids that are named when the call leaves: `depart` is asked once, for distinct, well-formed ids, at least one and at
   * most `MAX_BATCH_COMPUTE_JOBS`. Otherwise as `describeJobs` by id. One call.
   */
  async describeJobsLate(
    depart: () => readonly string[],
    scope: CallScope,
  ): Promise<readonly BatchComputeJob[]> {
    let jobIds: readonly string[] | null = null;
    const departed = (): readonly string[] => (jobIds ??= depart());
    const { jobs } = await this.#send(
      {
        ...this.#request('DescribeJobs', {}, decodeListing.bind(null, this.origin)),
        lateBody: () => JSON.stringify({ JobIds: departed(), Limit: departed().length }),
        batchSize: () => jobIds?.length ?? 0,
      },
      scope,
    );
    return onlyAskedFor(departed(), jobs);
  }

  /**
   * What DescribeJob alone tells; null when the job is unknown. One call; throws `UpstreamError`, and `InvalidIdError` without a
   * call, or when the upstream finds fault with the id (`reliability.md` section 5.4).
   */
  async describeJob(jobId: string, scope: CallScope): Promise<JobDescription<BatchComputeJobDetail> | null> {
    if (!isBatchComputeJobId(jobId)) {
      throw new InvalidIdError('Expected an id such as job-7e7evk2x for a BatchCompute job.');
    }
    const decode = decodeDescription.bind(null, this.origin, jobId);
    try {
      return await this.#send(this.#request('DescribeJob', { JobId: jobId }, decode), scope);
    } catch (error) {
      if (error instanceof UpstreamError && error.upstreamCode === 'InvalidParameter.JobIdMalformed') {
        throw new InvalidIdError(`BatchCompute does not take "${jobId}" for the id of a job.`);
      }
      throw error;
    }
  }

  /** Timestamp, token, host and signature are the signer's. Messages are asked for in English; they are for logs only. */
  #request<T>(action: Action, parameters: object, decode: UpstreamRequest<T>['decode']): UpstreamRequest<T> {
    return {
      action,
      method: 'POST',
      path: '/',
      query: [],
      headers: {
        'content-type': 'application/json',
        'x-tc-action': action,
        'x-tc-version': VERSION,
        'x-tc-region': this.origin.region,
        'x-tc-language': 'en-US',
      },
      body: JSON.stringify(parameters),
      decode,
      requestIdIn: requestIdInEnvelope,
    };
  }
}

/** The first of each job that was asked for. */
function onlyAskedFor(jobIds: readonly string[], jobs: readonly BatchComputeJob[]): BatchComputeJob[] {
  const wanted = new Set(jobIds);
  return jobs.filter(({ jobId }) => wanted.delete(jobId));
}
