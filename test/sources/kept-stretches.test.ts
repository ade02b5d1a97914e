import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createdSecondOf } from '../../src/model/job-order.ts';
import { CiClient } from '../../src/sources/ci/client.ts';
import { CiSource } from '../../src/sources/ci/source.ts';
import type { CosJob } from '../../src/sources/cos/model.ts';
import { storedCosJob } from '../../src/sources/cos/stored.ts';
import { KeptStretches, type ReadStretch, type StretchStart } from '../../src/sources/kept-stretches.ts';
import type { ScanRequest } from '../../src/sources/source.ts';
import { fault } from '../cache/cache-support.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ciCache, LIFETIMES, MEMORY_BYTES } from './caches.ts';
import { type KnownJobs, knownJobs, type KnownJobsOptions, scopeAt } from './known-jobs.ts';
import { ciListing, msOf, type WireJob } from './listing-wires.ts';
import { change, MovingListing, readInPages } from './moving-listing.ts';
import { CI_ORIGIN, FakeWire } from './support.ts';

type Order = ScanRequest['order'];

interface Stretches extends KnownJobs {
  /** From a second on, counted from the clock's beginning; from the listing's beginning where it is null. */
  readonly from: (second: number | null, noCache?: boolean) => Promise<ReadStretch<CosJob>>;
  /** Where each stretch was read from, in the same seconds. */
  readonly reads: (number | null)[];
  /** Has a job be created in a second before the clock's beginning; null for no time. */
  readonly create: (jobId: string, secondsAgo: number | null) => void;
}

/** Stretches of three jobs and what else belongs to their seconds. */
function open(order: Order = 'NEWEST_FIRST', options: KnownJobsOptions = {}, isByStatus = false): Stretches {
  const known = knownJobs(options);
  const { cache, upstream, clock } = known;
  const zero = Math.floor(clock.now() / 1_000);
  const reads: (number | null)[] = [];
  const sign = order === 'NEWEST_FIRST' ? -1 : 1;
  const stretches = new KeptStretches<CosJob>(cache, storedCosJob);
  const read = async (start: StretchStart, scope: Parameters<typeof upstream.list>[1]) => {
    const { jobs, fetchedAt } = await upstream.list(null, scope);
    reads.push(start.second === null ? null : start.second - zero);
    const sorted = jobs.toSorted((a, b) => sign * compare(createdSecondOf(a), createdSecondOf(b)));
    const rest = sorted.filter(
      (job) => start.second === null || sign * compare(createdSecondOf(job), start.second) >= 0,
    );
    const offsets = new Map(sorted.map((job, index) => [job.jobId, index]));
    const nextJob = rest.slice(3).find((job) => createdSecondOf(job) !== createdSecondOf(rest[2]!)) ?? null;
    const run = nextJob === null ? rest : rest.slice(0, rest.indexOf(nextJob));
    return {
      jobs: Object.freeze(run),
      offsets: run.map(({ jobId }) => offsets.get(jobId)!),
      next:
        nextJob === null ? null : { second: createdSecondOf(nextJob), offset: offsets.get(nextJob.jobId)! },
      totalCount: null,
      fetchedAt,
    };
  };
  return {
    ...known,
    reads,
    from: (second, noCache = false) => {
      const place = { second: second === null ? null : second + zero, offset: null };
      return stretches.from({ order, isByStatus, asked: [] }, place, read, scopeAt(clock, { noCache }));
    },
    create: (jobId, secondsAgo) => {
      upstream.set(jobId, 'Active', secondsAgo === null ? undefined : timeOf(zero - secondsAgo));
      if (secondsAgo === null) {
        Object.assign(upstream.jobs.get(jobId)!, { createdAt: null });
      }
    },
  };
}

const timeOf = (second: number): string => new Date(second * 1_000).toISOString().replace('.000Z', 'Z');
const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
const idsOf = ({ jobs }: { readonly jobs: readonly CosJob[] }): string =>
  jobs.map(({ jobId }) => jobId).join('');

/** Nine jobs, one a second, the newest a second old. */
function openNine(order: Order = 'NEWEST_FIRST', options: KnownJobsOptions = {}): Stretches {
  const stretches = open(order, options);
  'abcdefghi'.split('').forEach((jobId, index) => {
    stretches.create(jobId, index + 1);
  });
  return stretches;
}

async function walk({ from, clock }: Stretches): Promise<string[]> {
  const zero = Math.floor(new FakeClock().now() / 1_000);
  const stretches: string[] = [];
  let second: number | null = null;
  for (let count = 0; count < 20; count += 1) {
    const stretch: ReadStretch<CosJob> = await from(second);
    stretches.push(idsOf(stretch));
    if (stretch.next === null) {
      return stretches;
    }
    second = stretch.next.second! - zero;
  }
  throw new Error(`the walk does not end at ${String(clock.now())}`);
}

describe('stretches of a listing', () => {
  it.each([
    ['NEWEST_FIRST' as const, ['abc', 'def', 'ghi']],
    ['OLDEST_FIRST' as const, ['ihg', 'fed', 'cba']],
  ])('are read each once, %s', async (order, expected) => {
    const stretches = openNine(order);
    expect(await walk(stretches)).toEqual(expected);
    expect(await walk(stretches)).toEqual(expected);
    expect(stretches.upstream.calls).toBe(3);
  });

  it.each([
    ['NEWEST_FIRST' as const, -2, 'bc'],
    ['NEWEST_FIRST' as const, -5, 'ef'],
    ['NEWEST_FIRST' as const, -9, 'i'],
    ['NEWEST_FIRST' as const, -20, ''],
    ['OLDEST_FIRST' as const, -8, 'hg'],
    ['OLDEST_FIRST' as const, -4, 'd'],
  ])('that are known give what is left from anywhere in them, %s from %i', async (order, second, ids) => {
    const stretches = openNine(order);
    await walk(stretches);
    const { calls } = stretches.upstream;
    const stretch = await stretches.from(second);
    expect([idsOf(stretch), stretch.outcome, stretches.upstream.calls]).toEqual([ids, 'CACHED', calls]);
    const offsets = new Map(
      (await stretches.upstream.list(null, scopeAt(stretches.clock))).jobs.map(({ jobId }, i) => [jobId, i]),
    );
    const expected = stretch.jobs.map(({ jobId }) =>
      order === 'NEWEST_FIRST' ? offsets.get(jobId) : 8 - offsets.get(jobId)!,
    );
    expect(stretch.offsets).toEqual(expected);
  });

  it.each([
    ['of any status is kept longer', false, 'CACHED'],
    ['of chosen statuses is not, for a job may come to have one', true, 'STALE'],
  ])('in which all have ended long ago and that is %s', async (_, isByStatus, outcome) => {
    const stretches = open('NEWEST_FIRST', {}, isByStatus);
    const zero = Math.floor(stretches.clock.now() / 1_000);
    'abcdef'.split('').forEach((jobId, index) => {
      stretches.upstream.set(jobId, 'Complete', timeOf(zero - 1_000 - index));
    });
    await walk(stretches);
    await stretches.clock.advance(LIFETIMES.listingHeadMs);
    expect((await stretches.from(-1_003)).outcome).toBe(outcome);
    expect((await stretches.from(null)).outcome).toBe('STALE');
  });

  it('are read at the very place where what leads to it is not known', async () => {
    const stretches = openNine();
    await stretches.from(null);
    expect(idsOf(await stretches.from(-6))).toBe('fgh');
    expect(stretches.reads).toEqual([null, -6]);
    await stretches.from(-4);
    expect(idsOf(await stretches.from(-6))).toBe('f');
    expect(stretches.reads).toEqual([null, -6, -4]);
  });

  it('are read at the very place by whoever wants none that is kept', async () => {
    const stretches = openNine();
    await walk(stretches);
    expect(idsOf(await stretches.from(-2, true))).toBe('bcd');
    expect(stretches.reads.at(-1)).toBe(-2);
  });

  it('leave out jobs that have gone, and keep the places of the others', async () => {
    const { from, upstream, cache, clock } = openNine();
    await from(null);
    upstream.jobs.delete('b');
    await clock.advance(1);
    await cache.jobs(['b'], upstream.read, scopeAt(clock, { noCache: true }));
    const stretch = await from(null);
    expect([idsOf(stretch), stretch.offsets]).toEqual(['ac', [0, 2]]);
  });

  it('of the same second are never divided', async () => {
    const stretches = open();
    'abcdefg'.split('').forEach((jobId, index) => {
      stretches.create(jobId, index === 0 ? 1 : 2);
    });
    stretches.create('z', 9);
    expect(await walk(stretches)).toEqual(['abcdefg', 'z']);
  });

  it('that are stale answer for a fault, with their jobs marked', async () => {
    const stretches = openNine();
    await walk(stretches);
    await stretches.clock.advance(60_000);
    stretches.upstream.fault = fault('UPSTREAM_UNAVAILABLE');
    const stretch = await stretches.from(null);
    expect([idsOf(stretch), stretch.outcome]).toEqual(['abc', 'STALE']);
    expect(stretch.jobs.map(({ isStale }) => isStale)).toEqual([true, true, true]);
  });

  it('give nothing from before the place when what is known is replaced by something shorter', async () => {
    const stretches = openNine('NEWEST_FIRST', { isShared: true });
    const { tier, clock, upstream } = stretches;
    await stretches.from(null);
    const others = openNine('NEWEST_FIRST', { isShared: true, clock });
    Object.assign(others.tier, { kept: tier.kept });
    await clock.advance(1_000);
    ['x', 'y', 'z'].forEach((jobId) => {
      others.create(jobId, 0);
      upstream.set(jobId, 'Active', upstream.jobs.get('a')!.createdAt);
    });
    await others.from(null, true);
    // Nothing was heard of it here.
    tier.listeningSince += 1;
    const stretch = await stretches.from(-3);
    expect(idsOf(stretch)).toBe('cde');
  });

  it('end where the jobs without a time do, also when another replica reads on', async () => {
    const ours = open('NEWEST_FIRST', { isShared: true });
    'abc'.split('').forEach((jobId, index) => {
      ours.create(jobId, index + 1);
    });
    'def'.split('').forEach((jobId) => {
      ours.create(jobId, null);
    });
    expect(await walk(ours)).toEqual(['abc', 'def']);
    const theirs = open('NEWEST_FIRST', { isShared: true, clock: ours.clock });
    Object.assign(theirs.tier, { kept: ours.tier.kept });
    expect(await walk(theirs)).toEqual(['abc', 'def']);
    expect(theirs.upstream.calls).toBe(0);
  });
});

describe('how long a stretch is known', () => {
  /** Six jobs that have ended, so many seconds ago and before. */
  function openEnded(order: Order, secondsAgo: number): Stretches {
    const stretches = open(order);
    'abcdef'.split('').forEach((jobId, index) => {
      stretches.create(jobId, secondsAgo + index);
      stretches.upstream.jobs.get(jobId)!.upstreamStatus = 'Complete';
    });
    return stretches;
  }

  /** Which of the two stretches are still fresh when a head is not any more. */
  async function lasting(stretches: Stretches): Promise<string[]> {
    await walk(stretches);
    await stretches.clock.advance(LIFETIMES.listingHeadMs);
    const first = await stretches.from(null);
    const zero = Math.floor(new FakeClock().now() / 1_000);
    const second = await stretches.from(first.next!.second! - zero);
    return [first.outcome, second.outcome];
  }

  it.each([
    ['NEWEST_FIRST' as const, 100, ['STALE', 'CACHED']],
    ['NEWEST_FIRST' as const, 1, ['STALE', 'STALE']],
    ['OLDEST_FIRST' as const, 100, ['CACHED', 'STALE']],
    ['OLDEST_FIRST' as const, 1, ['STALE', 'STALE']],
  ])('%s, from %i s ago, is long where no job can appear in it', async (order, secondsAgo, outcomes) => {
    expect(await lasting(openEnded(order, secondsAgo))).toEqual(outcomes);
  });
});

describe('a scan of stretches of different age while the listing moves', () => {
  const world = fc.record({
    jobs: fc.integer({ min: 0, max: 260 }),
    perSecond: fc.integer({ min: 1, max: 5 }),
    runningOnly: fc.boolean(),
    changes: fc.array(change, { maxLength: 30 }),
    sizes: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
    pauses: fc.array(fc.constantFrom(0, 10, 3_000, 8_000, 40_000), { minLength: 1, maxLength: 5 }),
    order: fc.constantFrom<Order>('NEWEST_FIRST', 'OLDEST_FIRST'),
  });

  it('repeats no job and skips none that stayed, in one walk after the other', async () => {
    await fc.assert(
      fc.asyncProperty(world, async ({ sizes, pauses, order, ...rest }) => {
        const clock = new FakeClock(msOf(rest.jobs));
        const listing = new MovingListing('b', rest);
        const wire = new FakeWire((request) => {
          listing.moveOn();
          const jobs: WireJob[] = listing.jobs.map(({ isRunning, ...job }) => ({
            ...job,
            word: isRunning ? 'Running' : 'Success',
          }));
          return { ...ciListing(jobs)(request), receivedAtMs: clock.now() };
        });
        const cache = ciCache({ clock, memoryBytes: MEMORY_BYTES });
        const source = new CiSource(new CiClient(CI_ORIGIN, wire.send), cache, { clock });
        const request: Partial<ScanRequest> = { order, statuses: rest.runningOnly ? ['RUNNING'] : null };
        let pages = 0;
        const scan = (each: ScanRequest): ReturnType<CiSource['scan']> => {
          clock.jump(pauses[pages % pauses.length]!);
          pages += 1;
          return source.scan(each, scopeAt(clock));
        };
        for (let walks = 0; walks < 3; walks += 1) {
          const { ids, faults } = await readInPages(scan, request, sizes);
          expect(faults).toEqual([]);
          expect(new Set(ids).size, 'a job is repeated').toBe(ids.length);
          const given = new Set(ids);
          expect([...listing.stayed].filter((jobId) => !given.has(jobId))).toEqual([]);
        }
      }),
      { numRuns: 30 },
    );
  });
});
