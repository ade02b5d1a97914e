import { InvalidCursorError, UserInputError } from '../../model/errors.ts';
import type { WalkedPage } from '../kept-slices.ts';
import type { ListSlice, Position } from '../source.ts';
import { MAX_CI_PAGE } from './client.ts';
import type { CiListing } from './decode.ts';
import type { CiFilter, CiJob } from './model.ts';
import { type CiAnchor, sideOf, toAnchor, toPosition } from './position.ts';

/** Reads one page: one list call. */
export type ReadCiPage = (page: {
  readonly nextToken: string | null;
  readonly size: number;
}) => Promise<CiListing>;

/** How many pages may be read to find an anchor that new jobs have pushed away. */
const MAX_SEARCH_PAGES = 20;

interface Entry {
  readonly job: CiJob;
  readonly position: Position;
}

interface Page {
  readonly entries: readonly Entry[];
  readonly nextToken: string | null;
  readonly fetchedAt: string;
}

type ReadPage = (token: string, wanted: number) => Promise<Page>;

/**
 * One slice of a CI listing, forwards. Tokens lead to pages, so a job inside a page is found again by its place in the page
 * of the token that led there. The walk asks for as many jobs as it needs, so that its last job is normally the last of an
 * upstream page: the next slice then begins at a token, exactly and in one call. One call per 100 jobs.
 *
 * When an anchor inside a page is no longer at its place, it is looked for in the rest of the page and, while jobs there are
 * still on its near side in time, on up to 20 pages. When it has gone (deleted, or no longer matching), the slice continues
 * behind its second of creation; other jobs of that very second are given, and may be given twice, so that none is lost. For
 * an anchor without creation time its old place is all there is to go by. A token itself is trusted to lead behind the page
 * that gave it: what it stands for is not documented. Should it stand for a number of jobs, so that arrivals repeat some,
 * those are passed over; jobs that leave the listing before it would then go unseen.
 *
 * `hasNextPage` is what the upstream says: a token leads on. `totalCount` is not told. Throws `UserInputError` on backward
 * reading and `InvalidCursorError`, also when the listing has grown beyond the search.
 */
export async function walkCi(read: ReadCiPage, slice: ListSlice<CiFilter>): Promise<WalkedPage<CiJob>> {
  if (slice.backwards || slice.before !== null) {
    throw new UserInputError('A CI listing goes forwards only: use first and after.');
  }
  const { limit } = slice;
  const anchor = slice.after === null ? null : toAnchor(slice.after);
  const readPage = pageReader(read);
  const taken = new Map<string, Entry>();
  let page =
    anchor === null
      ? await readPage('', limit)
      : await readBehind(readPage, anchor, limit, slice.filter.order);
  for (;;) {
    takeNew(taken, page.entries);
    if (taken.size >= limit || page.nextToken === null) {
      return {
        entries: [...taken.values()].slice(0, limit),
        hasNextPage: taken.size > limit || page.nextToken !== null,
        hasPreviousPage: anchor !== null,
        totalCount: null,
        fetchedAt: page.fetchedAt,
      };
    }
    page = await readPage(page.nextToken, limit - taken.size);
  }
}

function takeNew(taken: Map<string, Entry>, entries: readonly Entry[]): void {
  for (const entry of entries) {
    if (!taken.has(entry.job.jobId)) {
      taken.set(entry.job.jobId, entry);
    }
  }
}

/** Pages with the positions of their jobs. The end is a page without token, without jobs, or with a token sent before. */
function pageReader(read: ReadCiPage): ReadPage {
  const sent = new Set<string>();
  return async (token, wanted) => {
    sent.add(token);
    const listing = await read({
      nextToken: token === '' ? null : token,
      size: Math.min(Math.max(wanted, 1), MAX_CI_PAGE),
    });
    const { jobs, fetchedAt } = listing;
    const leadsOn = listing.nextToken !== null && jobs.length > 0 && !sent.has(listing.nextToken);
    const nextToken = leadsOn ? listing.nextToken : null;
    const entries = jobs.map((job, index): Entry => {
      const isBoundary = nextToken !== null && index === jobs.length - 1;
      const place = isBoundary ? { token: nextToken, index: -1 } : { token, index };
      return { job, position: toPosition({ ...place, jobId: job.jobId, createdAt: job.createdAt }) };
    });
    return { entries, nextToken, fetchedAt };
  };
}

/** The page in which the jobs behind the anchor begin, without what stands before them. */
async function readBehind(
  readPage: ReadPage,
  anchor: CiAnchor,
  wanted: number,
  order: CiFilter['order'],
): Promise<Page> {
  const candidates: Entry[] = [];
  let page = await readPage(anchor.token, anchor.index + 1 + wanted);
  for (let pages = 1; ; pages += 1) {
    const found = page.entries.findIndex(({ job }) => job.jobId === anchor.jobId);
    if (found >= 0) {
      return { ...page, entries: page.entries.slice(found + 1) };
    }
    const sides = page.entries.map(({ job }) => sideOf(job, anchor, order));
    const isAllBefore = sides.every((side) => side < 0);
    if (pages === 1 && anchor.index < 0 && !isAllBefore) {
      return page;
    }
    if (anchor.createdAt === null) {
      return { ...page, entries: page.entries.slice(Math.max(anchor.index, 0)) };
    }
    candidates.push(...page.entries.filter((_, index) => (sides[index] ?? 0) >= 0));
    if (sides.includes(1) || page.nextToken === null) {
      return { ...page, entries: candidates };
    }
    if (pages === MAX_SEARCH_PAGES) {
      throw new InvalidCursorError(
        'The listing has grown too far beyond the place that the cursor names; start again without it.',
      );
    }
    page = await readPage(page.nextToken, MAX_CI_PAGE);
  }
}
