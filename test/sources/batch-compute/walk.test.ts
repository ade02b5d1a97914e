import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  BatchComputeFilter,
  BatchComputeJob,
  BatchComputeState,
} from '../../../src/sources/batch-compute/model.ts';
import { walkBatchCompute } from '../../../src/sources/batch-compute/walk.ts';
import { type ReadWindow, toWindow } from '../../../src/sources/batch-compute/window.ts';
import type { WalkedPage } from '../../../src/sources/kept-slices.ts';
import type { Position } from '../../../src/sources/source.ts';

const EVERYTHING: BatchComputeFilter = {
  jobIds: null,
  names: null,
  states: null,
  zones: null,
  tagKeys: null,
  tagValues: null,
  tags: null,
};
const RUNNING_ONLY: BatchComputeFilter = { ...EVERYTHING, states: ['RUNNING'] };

interface ListedJob {
  readonly jobId: string;
  readonly second: number;
  state: BatchComputeState;
}

/** A listing as the vendor describes it: newest first, then by id; addressed by offset; free to change between two reads. */
class Listing {
  readonly jobs: ListedJob[] = [];
  reads: { offset: number; limit: number }[] = [];
  beforeRead: () => void = () => undefined;
  #issued = 0;
  readonly #filter: BatchComputeFilter;

  constructor(filter: BatchComputeFilter = EVERYTHING) {
    this.#filter = filter;
  }

  submit(second: number, state: BatchComputeState = 'RUNNING'): string {
    // A multiplicative hash scatters the ids, so that neither order of submission nor of time is the order of ids.
    const jobId = `job-${((this.#issued * 2_654_435_761) % 4_294_967_296).toString(36).padStart(8, '0')}`;
    this.#issued += 1;
    this.jobs.push({ jobId, second, state });
    this.jobs.sort((a, b) => b.second - a.second || (a.jobId < b.jobId ? -1 : 1));
    return jobId;
  }

  remove(index: number): void {
    this.jobs.splice(index % Math.max(1, this.jobs.length), 1);
  }

  matching(): ListedJob[] {
    return this.jobs.filter((job) => this.#filter.states?.includes(job.state) ?? true);
  }

  readonly read: ReadWindow = async ({ offset, limit }) => {
    expect(offset).toBeGreaterThanOrEqual(0);
    expect(limit).toBeGreaterThanOrEqual(1);
    expect(limit).toBeLessThanOrEqual(100);
    this.beforeRead();
    this.reads.push({ offset, limit });
    const all = this.matching();
    const jobs = all.slice(offset, offset + limit).map(asJob);
    return toWindow(offset, { jobs, totalCount: all.length, fetchedAt: '2026-01-01T00:00:00.000Z' });
  };
}

function asJob({ jobId, second, state }: ListedJob): BatchComputeJob {
  return {
    source: 'BATCH_COMPUTE',
    account: 'a',
    region: 'r',
    jobId,
    name: null,
    description: null,
    status: 'RUNNING',
    upstreamStatus: state,
    isFinished: false,
    priority: 0,
    createdAt: new Date(1_700_000_000_000 + second * 1_000).toISOString().replace('.000Z', 'Z'),
    startedAt: null,
    endedAt: null,
    progress: null,
    fetchedAt: '2026-01-01T00:00:00.000Z',
    placement: null,
    taskMetrics: {
      submitted: 0,
      pending: 0,
      runnable: 0,
      starting: 0,
      running: 1,
      succeeded: 0,
      failed: 0,
      failedInterrupted: 0,
    },
    tags: [],
  };
}

/** Cursors travel as JSON. */
function throughJson(position: Position | undefined): Position | null {
  return position === undefined ? null : (JSON.parse(JSON.stringify(position)) as Position);
}

async function walk(
  listing: Listing,
  {
    backwards,
    sizes,
    filter = EVERYTHING,
  }: { backwards: boolean; sizes: readonly number[]; filter?: BatchComputeFilter },
): Promise<string[]> {
  const seen: string[] = [];
  let position: Position | null = null;
  for (let page = 0; ; page += 1) {
    const limit = sizes[page % sizes.length] ?? 20;
    const slice = {
      filter,
      limit,
      backwards,
      after: backwards ? null : position,
      before: backwards ? position : null,
    };
    const answer: WalkedPage<BatchComputeJob> = await walkBatchCompute(listing.read, slice);
    expect(answer.entries.length).toBeLessThanOrEqual(limit);
    const ids = answer.entries.map(({ job }) => job.jobId);
    seen.push(...(backwards ? ids.toReversed() : ids));
    if (!(backwards ? answer.hasPreviousPage : answer.hasNextPage)) {
      return seen;
    }
    const edge = backwards ? answer.entries[0] : answer.entries.at(-1);
    expect(edge, 'a page that promises more has an edge to go on from').toBeDefined();
    position = throughJson(edge?.position);
    expect(page).toBeLessThan(5_000);
  }
}

function filled(count: number, jobsPerSecond = 1): Listing {
  const listing = new Listing();
  for (let index = 0; index < count; index += 1) {
    listing.submit(Math.floor(index / jobsPerSecond));
  }
  return listing;
}

describe('a walk through a BatchCompute listing', () => {
  it.each([
    [1, 1_000],
    [7, 143],
    [99, 11],
    [100, 10],
    [500, 11],
  ])('reads 1,000 jobs at %i a page in %i calls, each job once and in order', async (size, calls) => {
    const listing = filled(1_000, 3);
    expect(await walk(listing, { backwards: false, sizes: [size] })).toEqual(
      listing.jobs.map((job) => job.jobId),
    );
    expect(listing.reads.length).toBeLessThanOrEqual(calls);
  });

  it.each([1, 7, 100, 500])(
    'reads 1,000 jobs backwards at %i a page, each once and in order',
    async (size) => {
      const listing = filled(1_000, 3);
      const seen = await walk(listing, { backwards: true, sizes: [size] });
      expect(seen.toReversed()).toEqual(listing.jobs.map((job) => job.jobId));
    },
  );

  it('gives an empty page for an empty listing, either way', async () => {
    for (const backwards of [false, true]) {
      const slice = { filter: EVERYTHING, limit: 5, backwards, after: null, before: null };
      expect(await walkBatchCompute(new Listing().read, slice)).toMatchObject({
        entries: [],
        hasNextPage: false,
        hasPreviousPage: false,
        totalCount: 0,
      });
    }
  });

  it('ends behind the last job with one call and nothing to repeat', async () => {
    const listing = filled(5);
    const all = await walkBatchCompute(listing.read, {
      filter: EVERYTHING,
      limit: 5,
      backwards: false,
      after: null,
      before: null,
    });
    listing.reads = [];
    const after = throughJson(all.entries.at(-1)?.position);
    const rest = await walkBatchCompute(listing.read, {
      filter: EVERYTHING,
      limit: 5,
      backwards: false,
      after,
      before: null,
    });
    expect(rest).toMatchObject({ entries: [], hasNextPage: false, hasPreviousPage: true });
    expect(listing.reads).toHaveLength(1);
  });

  it('finds its place again after 600 jobs arrived above it', async () => {
    const listing = filled(300);
    const first = await walkBatchCompute(listing.read, {
      filter: EVERYTHING,
      limit: 10,
      backwards: false,
      after: null,
      before: null,
    });
    for (let index = 0; index < 600; index += 1) {
      listing.submit(1_000 + index);
    }
    const after = throughJson(first.entries.at(-1)?.position);
    const next = await walkBatchCompute(listing.read, {
      filter: EVERYTHING,
      limit: 10,
      backwards: false,
      after,
      before: null,
    });
    expect(next.entries.map(({ job }) => job.jobId)).toEqual(
      listing.jobs.slice(610, 620).map((job) => job.jobId),
    );
  });

  it('refuses a cursor whose place is more than the search allows away', async () => {
    const listing = filled(300);
    const first = await walkBatchCompute(listing.read, {
      filter: EVERYTHING,
      limit: 10,
      backwards: false,
      after: null,
      before: null,
    });
    for (let index = 0; index < 3_000; index += 1) {
      listing.submit(1_000 + index);
    }
    listing.reads = [];
    const slice = {
      filter: EVERYTHING,
      limit: 10,
      backwards: false,
      after: throughJson(first.entries.at(-1)?.position),
      before: null,
    };
    await expect(walkBatchCompute(listing.read, slice)).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
    expect(listing.reads.length).toBeLessThanOrEqual(21);
  });

  it.each([
    ['too short', [1, 1, '00000000', '2023-11-14T22:13:20Z', []]],
    ['a negative offset', [-1, 1, '00000000', '2023-11-14T22:13:20Z', [], []]],
    ['an offset that is no whole number', [1.5, 1, '00000000', '2023-11-14T22:13:20Z', [], []]],
    ['an id with a slash', [1, 1, '../../x', '2023-11-14T22:13:20Z', [], []]],
    ['a time that is none', [1, 1, '00000000', 'yesterday', [], []]],
    ['a text where peers belong', [1, 1, '00000000', '2023-11-14T22:13:20Z', 'x', []]],
    ['too many peers', [1, 1, '00000000', '2023-11-14T22:13:20Z', [], Array.from({ length: 25 }, () => 'a')]],
  ])('refuses a position with %s without a call', async (_what, position) => {
    const listing = filled(3);
    const slice = {
      filter: EVERYTHING,
      limit: 1,
      backwards: false,
      after: position as Position,
      before: null,
    };
    await expect(walkBatchCompute(listing.read, slice)).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
    expect(listing.reads).toEqual([]);
  });
});

/** What happens to the listing before one read: seconds that pass, submissions, deletions, jobs that end or start again. */
const change = fc.record({
  secondsPassed: fc.nat(2),
  submitted: fc.nat(4),
  removed: fc.array(fc.nat(200), { maxLength: 2 }),
  flipped: fc.array(fc.nat(200), { maxLength: 3 }),
});

const world = fc.record({
  jobs: fc.nat(160),
  jobsPerSecond: fc.integer({ min: 1, max: 12 }),
  backwards: fc.boolean(),
  filtered: fc.boolean(),
  sizes: fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 4 }),
  changes: fc.array(change, { maxLength: 12 }),
});

describe('a walk while the listing moves', () => {
  it('repeats no job and skips none that stayed, whatever arrives, ends and vanishes between two reads', async () => {
    await fc.assert(
      fc.asyncProperty(world, async ({ jobs, jobsPerSecond, backwards, filtered, sizes, changes }) => {
        const filter = filtered ? RUNNING_ONLY : EVERYTHING;
        const listing = new Listing(filter);
        for (let index = 0; index < jobs; index += 1) {
          listing.submit(Math.floor(index / jobsPerSecond), index % 5 === 0 ? 'SUCCEED' : 'RUNNING');
        }
        const stayed = new Set(listing.matching().map((job) => job.jobId));
        let second = Math.ceil(jobs / jobsPerSecond);
        const pending = [...changes];
        let isFirstRead = true;
        listing.beforeRead = () => {
          const next = isFirstRead ? undefined : pending.shift();
          isFirstRead = false;
          if (next === undefined) {
            return;
          }
          second += next.secondsPassed;
          for (let index = 0; index < next.submitted; index += 1) {
            listing.submit(second);
          }
          next.removed.forEach((index) => listing.remove(index));
          next.flipped.forEach((index) => {
            const job = listing.jobs[index % Math.max(1, listing.jobs.length)];
            if (filtered && job !== undefined) {
              job.state = job.state === 'RUNNING' ? 'SUCCEED' : 'RUNNING';
            }
          });
          const present = new Set(listing.matching().map((job) => job.jobId));
          stayed.forEach((id) => {
            if (!present.has(id)) {
              stayed.delete(id);
            }
          });
        };
        const seen = await walk(listing, { backwards, sizes, filter });
        expect(new Set(seen).size, 'a job is repeated').toBe(seen.length);
        const lost = [...stayed].filter((id) => !seen.includes(id));
        expect(lost, 'jobs that were there all the time are skipped').toEqual([]);
      }),
      { numRuns: 1_000, seed: 20_260_101 },
    );
  });
});
