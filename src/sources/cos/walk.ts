import { InvalidCursorError, UserInputError } from '../../model/errors.ts';
import type { WalkedPage } from '../kept-slices.ts';
import type { ListSlice, Position } from '../source.ts';
import { MAX_COS_PAGE } from './client.ts';
import type { CosListing } from './decode.ts';
import { isCosJobId } from './job-id.ts';
import type { CosFilter, CosJob } from './model.ts';

/** Reads one page: one ListJobs. */
export type ReadCosPage = (page: {
  readonly maxResults: number;
  readonly nextToken: string | null;
}) => Promise<CosListing>;

/**
 * One slice of a COS listing. The upstream continues behind any JobId (`upstreams/cos-batch.md` section 2), so a job's id is
 * its position, and no page boundary shows. One job more than wanted is asked for, so that `hasNextPage` is exact: one call
 * for up to 999 jobs while pages are full. Short pages are followed as long as a token leads on.
 *
 * `hasPreviousPage` only says that the slice began behind a job; `totalCount` is not told. Throws `UserInputError` on
 * backward reading, which the upstream has no way to do, and `InvalidCursorError`.
 */
export async function walkCos(read: ReadCosPage, slice: ListSlice<CosFilter>): Promise<WalkedPage<CosJob>> {
  if (slice.backwards || slice.before !== null) {
    throw new UserInputError('A COS listing goes forwards only: use first and after.');
  }
  const start = slice.after === null ? null : toJobId(slice.after);
  const jobs = new Map<string, CosJob>();
  const sent = new Set<string | null>();
  let token = start;
  for (;;) {
    const page = await read({
      maxResults: Math.min(slice.limit + 1 - jobs.size, MAX_COS_PAGE),
      nextToken: token,
    });
    sent.add(token);
    for (const job of page.jobs) {
      if (job.jobId !== start && !jobs.has(job.jobId)) {
        jobs.set(job.jobId, job);
      }
    }
    // A token that was sent before would lead round in a circle; a page without jobs is the end whatever it says.
    const hasMore = page.nextToken !== null && page.jobs.length > 0 && !sent.has(page.nextToken);
    if (jobs.size > slice.limit || !hasMore) {
      return toPage([...jobs.values()], slice.limit, start !== null, page.fetchedAt);
    }
    token = page.nextToken;
  }
}

function toPage(
  jobs: readonly CosJob[],
  limit: number,
  hasPreviousPage: boolean,
  fetchedAt: string,
): WalkedPage<CosJob> {
  return {
    entries: jobs.slice(0, limit).map((job) => ({ job, position: [job.jobId] })),
    hasNextPage: jobs.length > limit,
    hasPreviousPage,
    totalCount: null,
    fetchedAt,
  };
}

function toJobId(position: Position): string {
  const [jobId] = position;
  if (position.length !== 1 || typeof jobId !== 'string' || !isCosJobId(jobId)) {
    throw new InvalidCursorError('The cursor does not name a place in a COS listing.');
  }
  return jobId;
}
