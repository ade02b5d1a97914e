import { describe, expect, it } from 'vitest';
import { InvalidCursorError, UserInputError } from '../../../src/model/errors.ts';
import type { CosListing } from '../../../src/sources/cos/decode.ts';
import type { CosFilter, CosJob } from '../../../src/sources/cos/model.ts';
import { walkCos } from '../../../src/sources/cos/walk.ts';
import type { ListSlice, Position } from '../../../src/sources/source.ts';
import { FETCHED_AT } from '../support.ts';

function aJob(jobId: string): CosJob {
  return {
    source: 'COS',
    account: 'media',
    region: 'ap-guangzhou',
    jobId,
    name: null,
    description: null,
    status: 'QUEUED',
    upstreamStatus: 'New',
    isFinished: false,
    priority: null,
    createdAt: null,
    startedAt: null,
    endedAt: null,
    progress: null,
    fetchedAt: FETCHED_AT,
    operationName: 'COSDeleteObject',
  };
}

type PageRequest = { readonly maxResults: number; readonly nextToken: string | null };

/** A listing as the vendor describes it: in JobId order, the token of a page the id of its last job. */
class Listing {
  ids: string[];
  /** How many jobs a page may hold at most, whatever is asked. */
  pageLimit = 1_000;
  /** Whether the last page still carries a token. */
  endsWithToken = false;
  reads: PageRequest[] = [];

  constructor(count: number) {
    this.ids = Array.from({ length: count }, (_, n) => `id-${String(n).padStart(4, '0')}`);
  }

  readonly read = (request: PageRequest): Promise<CosListing> => {
    this.reads.push(request);
    const { maxResults, nextToken } = request;
    const rest = this.ids.filter((id) => nextToken === null || id > nextToken);
    const ids = rest.slice(0, Math.min(maxResults, this.pageLimit));
    const hasMore = rest.length > ids.length || this.endsWithToken;
    const token = hasMore ? (ids.at(-1) ?? nextToken) : null;
    return Promise.resolve({ jobs: ids.map(aJob), nextToken: token, fetchedAt: FETCHED_AT });
  };
}

function slice(limit: number, after: Position | null = null): ListSlice<CosFilter> {
  return { filter: { status: null }, limit, backwards: false, after, before: null };
}

const idsOf = ({ entries }: { entries: readonly { job: CosJob }[] }): string[] =>
  entries.map(({ job }) => job.jobId);

describe('walkCos', () => {
  it('reads one page with one call, which also tells whether more follow', async () => {
    const listing = new Listing(5);
    const page = await walkCos(listing.read, slice(2));
    expect(page).toMatchObject({
      hasNextPage: true,
      hasPreviousPage: false,
      totalCount: null,
      fetchedAt: FETCHED_AT,
    });
    expect(page.entries.map(({ position }) => position)).toEqual([['id-0000'], ['id-0001']]);
    expect(listing.reads).toEqual([{ maxResults: 3, nextToken: null }]);
  });

  it.each([1, 2, 3, 7])(
    'visits every job once in pages of %i, from the cursor of any edge',
    async (limit) => {
      const listing = new Listing(7);
      const seen: string[] = [];
      let after: Position | null = null;
      for (;;) {
        const page = await walkCos(listing.read, slice(limit, after));
        seen.push(...idsOf(page));
        expect(page.hasPreviousPage).toBe(after !== null);
        if (!page.hasNextPage) {
          break;
        }
        after = page.entries.at(-1)!.position;
      }
      expect(seen).toEqual(listing.ids);
      const middle = await walkCos(listing.read, slice(2, ['id-0003']));
      expect(idsOf(middle)).toEqual(['id-0004', 'id-0005']);
    },
  );

  it('has no next page when the jobs end exactly with the page', async () => {
    const page = await walkCos(new Listing(3).read, slice(3));
    expect(idsOf(page)).toHaveLength(3);
    expect(page.hasNextPage).toBe(false);
  });

  it('follows pages that are shorter than asked as long as they carry a token', async () => {
    const listing = new Listing(7);
    listing.pageLimit = 2;
    const page = await walkCos(listing.read, slice(5));
    expect(idsOf(page)).toEqual(listing.ids.slice(0, 5));
    expect(page.hasNextPage).toBe(true);
    expect(listing.reads).toEqual([
      { maxResults: 6, nextToken: null },
      { maxResults: 4, nextToken: 'id-0001' },
      { maxResults: 2, nextToken: 'id-0003' },
    ]);
  });

  it('asks for more than 1,000 jobs in several calls', async () => {
    const listing = new Listing(1_500);
    const page = await walkCos(listing.read, slice(1_200));
    expect(idsOf(page)).toEqual(listing.ids.slice(0, 1_200));
    expect(listing.reads.map(({ maxResults }) => maxResults)).toEqual([1_000, 201]);
  });

  it('stops at a page without jobs, though it carries a token', async () => {
    const listing = new Listing(2);
    listing.endsWithToken = true;
    const page = await walkCos(listing.read, slice(5));
    expect(idsOf(page)).toEqual(listing.ids);
    expect(page.hasNextPage).toBe(false);
    expect(listing.reads).toHaveLength(2);
  });

  it('stops when tokens lead round in a circle', async () => {
    let reads = 0;
    const page = await walkCos(({ nextToken }) => {
      reads += 1;
      const here = nextToken === 'a' ? 'b' : 'a';
      return Promise.resolve({ jobs: [aJob(here)], nextToken: here, fetchedAt: FETCHED_AT });
    }, slice(10));
    expect(idsOf(page)).toEqual(['a', 'b']);
    expect(page.hasNextPage).toBe(false);
    expect(reads).toBe(3);
  });

  it('stops when the token is the one just sent', async () => {
    let reads = 0;
    const page = await walkCos(
      () => {
        reads += 1;
        return Promise.resolve({ jobs: [aJob('b')], nextToken: 'a', fetchedAt: FETCHED_AT });
      },
      slice(10, ['a']),
    );
    expect(idsOf(page)).toEqual(['b']);
    expect(reads).toBe(1);
  });

  it('gives a job once that the upstream tells twice, and never the one it continued behind', async () => {
    const page = await walkCos(
      () =>
        Promise.resolve({
          jobs: [aJob('a'), aJob('b'), aJob('b'), aJob('c')],
          nextToken: null,
          fetchedAt: FETCHED_AT,
        }),
      slice(10, ['a']),
    );
    expect(idsOf(page)).toEqual(['b', 'c']);
  });

  it('cuts a page that holds more than was asked for', async () => {
    const listing = new Listing(9);
    const page = await walkCos(() => listing.read({ maxResults: 9, nextToken: null }), slice(2));
    expect(idsOf(page)).toEqual(['id-0000', 'id-0001']);
    expect(page.hasNextPage).toBe(true);
  });

  it('continues behind a job that has gone', async () => {
    const listing = new Listing(5);
    listing.ids = listing.ids.filter((id) => id !== 'id-0001');
    expect(idsOf(await walkCos(listing.read, slice(2, ['id-0001'])))).toEqual(['id-0002', 'id-0003']);
  });

  it.each<[Position]>([
    [[]],
    [['']],
    [['a', 'b']],
    [['a b']],
    [['../a']],
    [[1]],
    [[['a']]],
    [['a'.repeat(65)]],
  ])('refuses the position %j without a call', async (position) => {
    const listing = new Listing(5);
    await expect(walkCos(listing.read, slice(2, position))).rejects.toBeInstanceOf(InvalidCursorError);
    expect(listing.reads).toEqual([]);
  });

  it('does not go backwards', async () => {
    const listing = new Listing(5);
    const backwards = { ...slice(2), backwards: true };
    await expect(walkCos(listing.read, backwards)).rejects.toBeInstanceOf(UserInputError);
    await expect(walkCos(listing.read, { ...slice(2), before: ['id-0003'] })).rejects.toBeInstanceOf(
      UserInputError,
    );
    expect(listing.reads).toEqual([]);
  });
});
