import { InvalidCursorError, InvalidIdError, UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import type { Send } from '../../upstream/send.ts';
import { type CiListing, decodeDescription, decodeListingInTurns } from './decode.ts';
import { isCiJobId } from './job-id.ts';
import type { CiFilter, CiJob } from './model.ts';
import { timeRangeOf, timeRangeQuery } from './time-range.ts';

/** The most jobs that one list call gives (`upstreams/ci-jobs.md` section 4). */
export const MAX_CI_PAGE = 100;

const PATH = '/inventorytriggerjob';

export interface CiListRequest {
  readonly filter: CiFilter;
  /** What the page before gave; null for the first page. */
  readonly nextToken: string | null;
  /** 1 to `MAX_CI_PAGE`. */
  readonly size: number;
}

/** The two reads of the CI batch job API, of one bucket. */
export class CiClient {
  readonly origin: Origin;
  readonly #send: Send;

  constructor(origin: Origin, send: Send) {
    this.origin = origin;
    this.#send = send;
  }

  /**
   * One page, by creation time. One call. Throws `UpstreamError`, `UserInputError` on a time that is none, and
   * `InvalidCursorError` when CI refuses an argument and a token was among them (`reliability.md` section 5.4).
   */
  async listJobs(request: CiListRequest, scope: CallScope): Promise<CiListing> {
    try {
      return await this.#send(
        {
          action: 'DescribeInventoryTriggerJobs',
          method: 'GET',
          path: PATH,
          query: listQuery(request),
          headers: {},
          body: null,
          decode: (response) => decodeListingInTurns(this.origin, response),
        },
        scope,
      );
    } catch (error) {
      const isRefused = error instanceof UpstreamError && error.upstreamCode === 'InvalidArgument';
      if (request.nextToken !== null && isRefused) {
        throw new InvalidCursorError(
          'CI no longer knows the place that the cursor names; start again without it.',
        );
      }
      throw error;
    }
  }

  /** The job; null when CI does not know it. One call. Throws `UpstreamError`, and `InvalidIdError` without a call. */
  async describeJob(jobId: string, scope: CallScope): Promise<CiJob | null> {
    if (!isCiJobId(jobId)) {
      throw new InvalidIdError(
        'Expected 1 to 64 letters, digits, hyphens or underscores as the id of a CI job.',
      );
    }
    return await this.#send(
      {
        action: 'DescribeInventoryTriggerJob',
        method: 'GET',
        path: `${PATH}/${jobId}`,
        query: [],
        headers: {},
        body: null,
        decode: (response) => decodeDescription(this.origin, jobId, response),
      },
      scope,
    );
  }
}

function listQuery({ filter, nextToken, size }: CiListRequest): (readonly [string, string])[] {
  const query: readonly (readonly [string, string | null])[] = [
    ['nextToken', nextToken],
    ['size', String(size)],
    ['type', filter.type],
    ['orderByTime', filter.order === 'OLDEST_FIRST' ? 'Asc' : 'Desc'],
    ['states', filter.states?.join(',') ?? null],
    ...timeRangeQuery(timeRangeOf(filter)),
    ['workflowId', filter.workflowId],
    ['jobId', filter.jobId],
    ['name', filter.name],
  ];
  // A lone surrogate has no place in a URL; what is signed and what is sent must be one text.
  return query.flatMap(([name, value]) => (value === null ? [] : [[name, value.toWellFormed()] as const]));
}
