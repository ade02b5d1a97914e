import { InvalidCursorError, InvalidIdError, UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import type { Send } from '../../upstream/send.ts';
import { type CosListing, decodeDescription, decodeListingInTurns } from './decode.ts';
import { isCosJobId } from './job-id.ts';
import type { CosFilter, CosJob } from './model.ts';

/** The most jobs that one ListJobs gives (seed page ListJobs). */
export const MAX_COS_PAGE = 1_000;

export interface CosListRequest extends CosFilter {
  /** 1 to `MAX_COS_PAGE`. */
  readonly maxResults: number;
  /** The JobId behind which the page begins; null for the first. */
  readonly nextToken: string | null;
}

/** The two reads of the COS Batch Operation API, of one account in one region. */
export class CosClient {
  readonly origin: Origin;
  readonly #send: Send;

  constructor(origin: Origin, send: Send) {
    this.origin = origin;
    this.#send = send;
  }

  /**
   * One page in the upstream's own order, which is not chronological. One call. Throws `UpstreamError`, and
   * `InvalidCursorError` when COS refuses an argument and a token was among them (`reliability.md` section 5.4).
   */
  async listJobs(request: CosListRequest, scope: CallScope): Promise<CosListing> {
    const { status, maxResults, nextToken } = request;
    try {
      return await this.#send(
        {
          action: 'ListJobs',
          method: 'GET',
          path: '/jobs',
          query: [
            ...(status === null ? [] : [['jobStatuses', status] as const]),
            ['maxResults', String(maxResults)],
            ...(nextToken === null ? [] : [['nextToken', nextToken] as const]),
          ],
          headers: {},
          body: null,
          decode: (response) => decodeListingInTurns(this.origin, response),
        },
        scope,
      );
    } catch (error) {
      if (nextToken !== null && error instanceof UpstreamError && error.upstreamCode === 'InvalidArgument') {
        throw new InvalidCursorError(
          'COS no longer knows the place that the cursor names; start again without it.',
        );
      }
      throw error;
    }
  }

  /** The job with its detail; null when COS does not know it. One call. Throws `UpstreamError`, and `InvalidIdError` without a call. */
  async describeJob(jobId: string, scope: CallScope): Promise<CosJob | null> {
    if (!isCosJobId(jobId)) {
      throw new InvalidIdError(
        'Expected 1 to 64 letters, digits, hyphens or underscores as the id of a COS job.',
      );
    }
    return await this.#send(
      {
        action: 'DescribeJob',
        method: 'GET',
        path: `/jobs/${jobId}`,
        query: [],
        headers: {},
        body: null,
        decode: (response) => decodeDescription(this.origin, jobId, response),
      },
      scope,
    );
  }
}
