import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidCursorError, UserInputError } from '../../../src/model/errors.ts';
import type { CiListing } from '../../../src/sources/ci/decode.ts';
import type { CiFilter, CiJob } from '../../../src/sources/ci/model.ts';
import { walkCi } from '../../../src/sources/ci/walk.ts';
import type { WalkedPage } from '../../../src/sources/kept-slices.ts';
import type { ListSlice, Position } from '../../../src/sources/source.ts';
import { FETCHED_AT } from '../support.ts';

type Order = CiFilter['order'];
interface ListedJob {
  readonly jobId: string;
  /** Creation time, seconds; null when the upstream does not tell. */
  readonly second: number | null;
}

const timeOf = (second: number): string => new Date(second * 1_000).toISOString().replace('.000Z', 'Z');

function toJob({ jobId, second }: ListedJob): CiJob {
  return {
    source: 'CI',
    account: 'media',
    region: 'ap-shanghai',
    bucket: 'media-1250000000',
    jobId,
    name: null,
    description: null,
    status: 'QUEUED',
    upstreamStatus: 'Submitted',
    isFinished: false,
    priority: null,
    createdAt: second === null ? null : timeOf(second),
    startedAt: null,
    endedAt: null,
    progress: null,
    fetchedAt: FETCHED_AT,
    type: 'Job',
    code: null,
    message: null,
    input: null,
    operation: null,
  };
}

/**
 * A listing as the vendor describes it: by creation time, addressed by opaque decimal tokens. The documents do not say what
 * a token stands for; here it is either the last job of a page (nothing drifts) or an offset (everything does).
 */
class Listing {
  jobs: ListedJob[];
  reads: { nextToken: string | null; size: number }[] = [];
  /** How many jobs a page may hold at most, whatever is asked. */
  pageLimit = 100;
  readonly #kind: 'anchored' | 'offset';
  readonly #order: Order;
  /** Anchored tokens point behind the place that this job has, or had. */
  readonly #places: ListedJob[] = [];

  constructor(
    jobs: readonly ListedJob[],
    kind: 'anchored' | 'offset' = 'anchored',
    order: Order = 'NEWEST_FIRST',
  ) {
    this.jobs = [...jobs];
    this.#kind = kind;
    this.#order = order;
  }

  readonly read = ({ nextToken, size }: { nextToken: string | null; size: number }): Promise<CiListing> => {
    this.reads.push({ nextToken, size });
    const sorted = this.sorted();
    const start = this.#startOf(nextToken, sorted);
    const rows = sorted.slice(start, start + Math.min(size, this.pageLimit));
    const hasMore = start + rows.length < sorted.length;
    const token = hasMore ? this.#tokenFor(start + rows.length, rows.at(-1)!) : null;
    return Promise.resolve({ jobs: rows.map(toJob), nextToken: token, fetchedAt: FETCHED_AT });
  };

  sorted(): ListedJob[] {
    return this.jobs.toSorted((a, b) => this.#compare(a, b));
  }

  #compare(a: ListedJob, b: ListedJob): number {
    const sign = this.#order === 'NEWEST_FIRST' ? -1 : 1;
    const byTime = (a.second ?? 0) - (b.second ?? 0);
    return byTime === 0 ? (a.jobId < b.jobId ? -1 : 1) : sign * byTime;
  }

  #startOf(token: string | null, sorted: readonly ListedJob[]): number {
    if (token === null) {
      return 0;
    }
    if (this.#kind === 'offset') {
      return Number(token);
    }
    const place = this.#places[Number(token)]!;
    return sorted.filter((job) => job.jobId === place.jobId || this.#compare(job, place) < 0).length;
  }

  #tokenFor(offset: number, last: ListedJob): string {
    return String(this.#kind === 'offset' ? offset : this.#places.push(last) - 1);
  }
}

/** `count` jobs, one per second unless told; j00 is the newest. */
function someJobs(count: number, perSecond = 1): ListedJob[] {
  return Array.from({ length: count }, (_, n) => ({
    jobId: `j${String(n).padStart(3, '0')}`,
    second: 1_000_000 - Math.floor(n / perSecond),
  }));
}

function slice(
  limit: number,
  after: Position | null = null,
  order: Order = 'NEWEST_FIRST',
): ListSlice<CiFilter> {
  const filter: CiFilter = {
    type: null,
    states: null,
    name: null,
    workflowId: null,
    jobId: null,
    createdAfter: null,
    createdBefore: null,
    order,
  };
  return { filter, limit, backwards: false, after, before: null };
}

const idsOf = ({ entries }: WalkedPage<CiJob>): string[] => entries.map(({ job }) => job.jobId);
const expectedIds = (from: number, to: number): string[] =>
  someJobs(to)
    .slice(from)
    .map(({ jobId }) => jobId);

/** Reads on to the end; `between` happens before each further page. */
async function walkAll(
  listing: Listing,
  limit: number,
  {
    after = null,
    order = 'NEWEST_FIRST',
    between = () => undefined,
  }: {
    after?: Position | null;
    order?: Order;
    between?: () => void;
  } = {},
): Promise<string[]> {
  const seen: string[] = [];
  for (let place = after, turns = 0; turns < 1_000; turns += 1) {
    const page = await walkCi(listing.read, slice(limit, place, order));
    seen.push(...idsOf(page));
    if (!page.hasNextPage) {
      return seen;
    }
    place = page.entries.at(-1)!.position;
    between();
  }
  throw new Error('the walk does not end');
}

describe('walkCi', () => {
  it('asks for what it needs and ends on the end of an upstream page, so that the next slice costs one call', async () => {
    const listing = new Listing(someJobs(50));
    const first = await walkCi(listing.read, slice(20));
    expect(first).toMatchObject({
      hasNextPage: true,
      hasPreviousPage: false,
      totalCount: null,
      fetchedAt: FETCHED_AT,
    });
    const second = await walkCi(listing.read, slice(20, first.entries.at(-1)!.position));
    expect(second.hasPreviousPage).toBe(true);
    expect([...idsOf(first), ...idsOf(second)]).toEqual(expectedIds(0, 40));
    expect(listing.reads).toEqual([
      { nextToken: null, size: 20 },
      { nextToken: '0', size: 20 },
    ]);
  });

  it('writes positions as the page token, the place in the page, the id and the time', async () => {
    const page = await walkCi(new Listing(someJobs(5)).read, slice(3));
    expect(page.entries.map(({ position }) => position)).toEqual([
      ['', 0, 'j000', timeOf(1_000_000)],
      ['', 1, 'j001', timeOf(999_999)],
      ['0', -1, 'j002', timeOf(999_998)],
    ]);
  });

  it('serves more than 100 jobs by several calls', async () => {
    const listing = new Listing(someJobs(300));
    const page = await walkCi(listing.read, slice(250));
    expect(idsOf(page)).toEqual(expectedIds(0, 250));
    expect(listing.reads.map(({ size }) => size)).toEqual([100, 100, 50]);
  });

  it.each(['anchored', 'offset'] as const)('continues from every edge, with %s tokens', async (kind) => {
    const listing = new Listing(someJobs(30, 3), kind);
    const page = await walkCi(listing.read, slice(12));
    for (const [index, { position }] of page.entries.entries()) {
      expect(idsOf(await walkCi(listing.read, slice(7, position)))).toEqual(
        expectedIds(index + 1, index + 8),
      );
    }
  });

  it('continues within a page with one call when the page has room', async () => {
    const listing = new Listing(someJobs(50));
    const page = await walkCi(listing.read, slice(10));
    listing.reads = [];
    const next = await walkCi(listing.read, slice(10, page.entries[3]!.position));
    expect(idsOf(next)).toEqual(expectedIds(4, 14));
    expect(listing.reads).toEqual([{ nextToken: null, size: 14 }]);
  });

  it.each(['NEWEST_FIRST', 'OLDEST_FIRST'] as const)(
    'gives each job once, %s, whatever the size',
    async (order) => {
      const kinds = ['anchored', 'offset'] as const;
      const property = fc.asyncProperty(
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(...kinds),
        async (count, limit, perSecond, pageLimit, kind) => {
          const listing = new Listing(someJobs(count, perSecond), kind, order);
          listing.pageLimit = pageLimit;
          expect(await walkAll(listing, limit, { order })).toEqual(
            listing.sorted().map(({ jobId }) => jobId),
          );
        },
      );
      await fc.assert(property, { numRuns: 200, seed: 42 });
    },
  );

  it.each(['anchored', 'offset'] as const)(
    'neither repeats nor skips when jobs arrive between two pages, with %s tokens',
    async (kind) => {
      const listing = new Listing(someJobs(60), kind);
      let second = 2_000_000;
      const seen = await walkAll(listing, 7, {
        between: () => {
          second += 1;
          listing.jobs.push({ jobId: `new${second}`, second });
        },
      });
      expect(seen).toEqual(expectedIds(0, 60));
    },
  );

  it('passes over what an offset repeats when more jobs than a page arrive at once', async () => {
    const listing = new Listing(someJobs(30), 'offset');
    const first = await walkCi(listing.read, slice(7));
    listing.jobs.push(...Array.from({ length: 40 }, (_, n) => ({ jobId: `new${n}`, second: 2_000_000 + n })));
    const rest = await walkAll(listing, 7, { after: first.entries.at(-1)!.position });
    expect([...idsOf(first), ...rest]).toEqual(expectedIds(0, 30));
  });

  it('finds an anchor of the first page again that new jobs have pushed pages away', async () => {
    const listing = new Listing(someJobs(60));
    const anchor = (await walkCi(listing.read, slice(10))).entries[4]!.position;
    listing.jobs.push(
      ...Array.from({ length: 250 }, (_, n) => ({ jobId: `new${n}`, second: 2_000_000 + n })),
    );
    expect(idsOf(await walkCi(listing.read, slice(5, anchor)))).toEqual(expectedIds(5, 10));
  });

  it('finds an anchor among many jobs of its second', async () => {
    const listing = new Listing(someJobs(90, 90));
    const anchor = (await walkCi(listing.read, slice(10))).entries[4]!.position;
    listing.jobs.push({ jobId: 'j0000', second: 1_000_000 });
    expect(idsOf(await walkCi(listing.read, slice(5, anchor)))).toEqual(expectedIds(5, 10));
  });

  it('gives up, rather than guesses, beyond 20 pages of new jobs', async () => {
    const listing = new Listing(someJobs(60));
    const anchor = (await walkCi(listing.read, slice(10))).entries[4]!.position;
    listing.jobs.push(
      ...Array.from({ length: 2_100 }, (_, n) => ({ jobId: `new${n}`, second: 2_000_000 + n })),
    );
    listing.reads = [];
    await expect(walkCi(listing.read, slice(5, anchor))).rejects.toBeInstanceOf(InvalidCursorError);
    expect(listing.reads).toHaveLength(20);
  });

  it.each(['NEWEST_FIRST', 'OLDEST_FIRST'] as const)(
    'continues behind the second of an anchor that has gone, %s',
    async (order) => {
      const listing = new Listing(someJobs(30), 'anchored', order);
      const sorted = listing.sorted();
      const anchor = (await walkCi(listing.read, slice(10, null, order))).entries[4]!;
      listing.jobs = listing.jobs.filter(({ jobId }) => jobId !== anchor.job.jobId);
      listing.jobs.push({ jobId: 'new', second: order === 'NEWEST_FIRST' ? 2_000_000 : 1 });
      listing.reads = [];
      const page = await walkCi(listing.read, slice(5, anchor.position, order));
      expect(idsOf(page)).toEqual(sorted.slice(5, 10).map(({ jobId }) => jobId));
      expect(listing.reads).toHaveLength(1);
    },
  );

  it('loses no job of the second of an anchor that has gone, though it may repeat some', async () => {
    const listing = new Listing(someJobs(12, 4));
    const anchor = (await walkCi(listing.read, slice(10))).entries[5]!;
    listing.jobs = listing.jobs.filter(({ jobId }) => jobId !== anchor.job.jobId);
    const page = await walkCi(listing.read, slice(20, anchor.position));
    expect(idsOf(page)).toEqual(['j004', 'j006', 'j007', 'j008', 'j009', 'j010', 'j011']);
  });

  it('continues at the old place of an anchor without creation time that has gone', async () => {
    const unknown = { jobId: 'x', second: null };
    const listing = new Listing([
      ...someJobs(4),
      unknown,
      { jobId: 'y', second: null },
      { jobId: 'z', second: null },
    ]);
    const anchor = (await walkCi(listing.read, slice(6))).entries[4]!;
    expect(anchor.position).toEqual(['', 4, 'x', '']);
    expect(idsOf(await walkCi(listing.read, slice(5, anchor.position)))).toEqual(['y', 'z']);
    listing.jobs = listing.jobs.filter((job) => job !== unknown);
    expect(idsOf(await walkCi(listing.read, slice(5, anchor.position)))).toEqual(['y', 'z']);
  });

  it('has nothing behind the last job, before and after that job has gone', async () => {
    const listing = new Listing(someJobs(3));
    const last = (await walkCi(listing.read, slice(5))).entries.at(-1)!;
    expect(await walkCi(listing.read, slice(5, last.position))).toMatchObject({
      entries: [],
      hasNextPage: false,
    });
    listing.jobs.pop();
    expect(await walkCi(listing.read, slice(5, last.position))).toMatchObject({
      entries: [],
      hasNextPage: false,
    });
  });

  it('stops when tokens lead round in a circle and at a page without jobs', async () => {
    let reads = 0;
    const circle = await walkCi(({ nextToken }) => {
      reads += 1;
      const here = nextToken === 'a' ? 'b' : 'a';
      return Promise.resolve({
        jobs: [toJob({ jobId: `${here}${reads}`, second: 1 })],
        nextToken: here,
        fetchedAt: FETCHED_AT,
      });
    }, slice(10));
    expect([circle.hasNextPage, reads]).toEqual([false, 3]);
    const empty = await walkCi(
      () => Promise.resolve({ jobs: [], nextToken: 'a', fetchedAt: FETCHED_AT }),
      slice(10),
    );
    expect(empty).toMatchObject({ entries: [], hasNextPage: false });
  });

  it('cuts a page that holds more than was asked for, and continues within it', async () => {
    const listing = new Listing(someJobs(9));
    const generous = () => listing.read({ nextToken: null, size: 9 });
    const page = await walkCi(generous, slice(4));
    expect(idsOf(page)).toEqual(expectedIds(0, 4));
    expect(page.hasNextPage).toBe(true);
    expect(idsOf(await walkCi(generous, slice(9, page.entries.at(-1)!.position)))).toEqual(expectedIds(4, 9));
  });

  it('gives a job once that the upstream tells twice', async () => {
    const twice = [
      toJob({ jobId: 'a', second: 2 }),
      toJob({ jobId: 'a', second: 2 }),
      toJob({ jobId: 'b', second: 1 }),
    ];
    const page = await walkCi(
      () => Promise.resolve({ jobs: twice, nextToken: null, fetchedAt: FETCHED_AT }),
      slice(10),
    );
    expect(idsOf(page)).toEqual(['a', 'b']);
  });

  const time = '2024-01-01T00:00:00Z';
  it.each<[Position]>([
    [[]],
    [['', 0, 'a']],
    [['', 0, 'a', time, '']],
    [[0, 0, 'a', time]],
    [['t'.repeat(65), 0, 'a', time]],
    [['a b', 0, 'a', time]],
    [['', -1, 'a', time]],
    [['t', -2, 'a', time]],
    [['t', 0.5, 'a', time]],
    [['t', Number.NaN, 'a', time]],
    [['t', 10_000, 'a', time]],
    [['t', '0', 'a', time]],
    [['t', 0, '../a', time]],
    [['t', 0, '', time]],
    [['t', 0, ['a'], time]],
    [['t', 0, 'a', '2024-01-01']],
    [['t', 0, 'a', '2024-01-01T08:00:00+0800']],
    [['t', 0, 'a', 0]],
  ])('refuses the position %j without a call', async (position) => {
    const listing = new Listing(someJobs(3));
    await expect(walkCi(listing.read, slice(2, position))).rejects.toBeInstanceOf(InvalidCursorError);
    expect(listing.reads).toEqual([]);
  });

  it('does not go backwards', async () => {
    const listing = new Listing(someJobs(3));
    await expect(walkCi(listing.read, { ...slice(2), backwards: true })).rejects.toBeInstanceOf(
      UserInputError,
    );
    expect(listing.reads).toEqual([]);
  });
});
