import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toRecord } from '../../src/cache/record.ts';
import type { Use } from '../../src/lib/call-scope.ts';
import type { CosJob, CosStatus } from '../../src/sources/cos/model.ts';
import { storedCosJob } from '../../src/sources/cos/stored.ts';
import { KeptSlices } from '../../src/sources/kept-slices.ts';
import type { ListingPart, ListingQuestion } from '../../src/sources/listing-question.ts';
import { scanWholeListing } from '../../src/sources/scan-whole-listing.ts';
import { fault } from '../cache/cache-support.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { DETAIL, knownJobs, type KnownJobs, scopeAt } from './known-jobs.ts';
import { LIFETIMES } from './caches.ts';
import { EVERYTHING } from './scan-contract.ts';

const LISTING: ListingQuestion<ListingPart<CosJob>> = {
  asked: ['all'],
  form: z.object({ jobs: z.array(storedCosJob), fetchedAt: z.iso.datetime() }),
  isClosed: () => false,
  isPrimed: true,
};

/** The jobs as they are given by id. */
function byId({ cache, upstream, clock }: KnownJobs, ids: string[], noCache = false) {
  return cache.jobs(ids, upstream.read, scopeAt(clock, { noCache }));
}

async function listed({ cache, upstream, clock }: KnownJobs, question = LISTING): Promise<(CosJob | null)[]> {
  const { value, outcome } = await cache.listing(
    question,
    (scope) => upstream.list(null, scope),
    scopeAt(clock),
  );
  return [...cache.newest(value.jobs, outcome)];
}

function detailOf({ cache, upstream, clock }: KnownJobs, jobId: string) {
  const read = async (id: string, scope: Parameters<typeof upstream.describe>[1]) =>
    cache.learn(await upstream.describe(id, scope));
  return cache.detail(jobId, read, scopeAt(clock));
}

const statuses = (jobs: readonly (CosJob | Error | null)[]): (string | null)[] =>
  jobs.map((job) => (job === null || job instanceof Error ? null : job.upstreamStatus));

describe('jobs by id', () => {
  it('are read each once, and known then; malformed ids cost nothing', async () => {
    const known = knownJobs();
    known.upstream.set('a', 'Active');
    expect(statuses(await byId(known, ['a', 'b', 'a', 'no id']))).toEqual(['Active', null, 'Active', null]);
    expect(known.upstream.calls).toBe(2);
    expect(statuses(await byId(known, ['b', 'a']))).toEqual([null, 'Active']);
    expect(known.upstream.calls).toBe(2);
  });

  it('that there are none of are asked for again soon', async () => {
    const known = knownJobs();
    await byId(known, ['a']);
    known.upstream.set('a', 'New');
    await known.clock.advance(LIFETIMES.unknownJobMs - 1);
    expect(statuses(await byId(known, ['a']))).toEqual([null]);
    await known.clock.advance(1);
    expect(statuses(await byId(known, ['a']))).toEqual(['New']);
  });

  it('fail each alone, and are not kept as failures', async () => {
    const known = knownJobs();
    known.upstream.set('a', 'Active');
    await byId(known, ['a']);
    known.upstream.fault = fault('UPSTREAM_UNAVAILABLE');
    const [a, b] = await byId(known, ['a', 'b']);
    expect([(a as CosJob).jobId, (b as Error).message]).toEqual(['a', 'UPSTREAM_UNAVAILABLE']);
    known.upstream.fault = null;
    expect(await byId(known, ['b'])).toEqual([null]);
  });

  it('that are past their time are marked, and what is kept is not', async () => {
    const known = knownJobs();
    known.upstream.set('a', 'Active');
    const [first] = await byId(known, ['a']);
    await known.clock.advance(LIFETIMES.runningJobMs);
    const [stale] = await byId(known, ['a']);
    expect([first, stale]).toMatchObject([{ jobId: 'a' }, { jobId: 'a', isStale: true }]);
    expect(stale).toHaveProperty('fetchedAt', (first as CosJob).fetchedAt);
    await settle();
    expect((await byId(known, ['a']))[0]).not.toHaveProperty('isStale');
    expect(known.upstream.calls).toBe(2);
  });

  it('that another replica wrote under a wrong id or place are none', async () => {
    const known = knownJobs({ isShared: true });
    const { tier, upstream, clock } = known;
    upstream.set('a', 'Active');
    upstream.set('b', 'Failed');
    const life = { freshMs: 60_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
    const other = upstream.job('b')!;
    for (const job of [
      other,
      { ...other, jobId: 'a', account: 'another' },
      { ...other, jobId: 'a', region: 'x' },
    ]) {
      const entry = { value: { job }, fetchedAtMs: clock.now(), life };
      tier.kept.set('job:a', toRecord({ place: 'COS', name: 'job:a' }, entry, 'd'));
      expect(statuses(await byId(knownJobsOf(known), ['a']))).toEqual(['Active']);
    }
    expect(tier.dropped).toHaveLength(3);
  });
});

/** Another process on the same tier, upstream and clock. */
function knownJobsOf({ tier, upstream, clock }: KnownJobs): KnownJobs {
  const other = knownJobs({ isShared: true, clock });
  Object.assign(other.tier, { kept: tier.kept, turns: tier.turns, dropped: tier.dropped });
  return { ...other, upstream };
}

describe('a listing', () => {
  it('makes its jobs known one by one', async () => {
    const known = knownJobs();
    ['a', 'b'].forEach((jobId) => {
      known.upstream.set(jobId, 'Active');
    });
    await listed(known);
    expect(statuses(await byId(known, ['a', 'b']))).toEqual(['Active', 'Active']);
    expect(known.upstream.calls).toBe(1);
  });

  it('that another replica read makes its jobs known too', async () => {
    const known = knownJobs({ isShared: true });
    known.upstream.set('a', 'Active');
    const other = knownJobsOf(known);
    expect(statuses(await byId(other, ['a']))).toEqual(['Active']);
    await known.clock.advance(1_000);
    known.upstream.set('a', 'Complete');
    await listed(known);
    known.tier.kept.delete('job:a');
    // No word of the job itself came through.
    expect(statuses(await listed(other))).toEqual(['Complete']);
    expect(statuses(await byId(other, ['a']))).toEqual(['Complete']);
    expect(known.upstream.calls).toBe(2);
  });

  it('shows a job as it was told of last, and none that has gone', async () => {
    const known = knownJobs();
    ['a', 'b', 'c'].forEach((jobId) => {
      known.upstream.set(jobId, 'Active');
    });
    await listed(known);
    await known.clock.advance(1_000);
    known.upstream.set('a', 'Complete');
    known.upstream.jobs.delete('b');
    await byId(known, ['a', 'b'], true);
    expect(statuses(await listed(known))).toEqual(['Complete', null, 'Active']);
  });

  it('shows the same list again as long as nothing more is known', async () => {
    const known = knownJobs();
    known.upstream.set('a', 'Active');
    const part = await known.upstream.list(null, scopeAt(known.clock));
    known.cache.prime(part.jobs);
    const shown = known.cache.newest(part.jobs, 'CACHED');
    expect(known.cache.newest(part.jobs, 'CACHED')).toBe(shown);
    await known.clock.advance(1);
    await byId(known, ['a'], true);
    expect(known.cache.newest(part.jobs, 'CACHED')).toBe(shown);
    known.upstream.set('a', 'Complete');
    await known.clock.advance(1);
    await byId(known, ['a'], true);
    expect(statuses(known.cache.newest(part.jobs, 'CACHED'))).toEqual(['Complete']);
  });

  it('that is stale marks the jobs of which nothing fresh is known', async () => {
    const known = knownJobs();
    known.upstream.set('a', 'Active');
    known.upstream.set('b', 'Active');
    await listed(known);
    await known.clock.advance(LIFETIMES.listingHeadMs);
    await byId(known, ['a'], true);
    known.upstream.fault = fault('UPSTREAM_UNAVAILABLE');
    const isStale = async (): Promise<(true | undefined)[]> =>
      (await listed(known)).map((job) => job?.isStale);
    expect(await isStale()).toEqual([undefined, true]);
    await known.clock.advance(LIFETIMES.runningJobMs);
    expect(await isStale()).toEqual([true, true]);
  });

  it('with a foreign job is nobody else’s', async () => {
    const known = knownJobs({ isShared: true });
    known.upstream.set('a', 'Active');
    await listed(known);
    const [name, record] = [...known.tier.kept].find(([key]) => key.startsWith('list:'))!;
    known.tier.kept.set(name, { ...record, text: record.text.replace('"media"', '"others"') });
    const other = knownJobsOf(known);
    expect(statuses(await listed(other))).toEqual(['Active']);
    expect(known.tier.dropped).toHaveLength(1);
    expect(known.upstream.calls).toBe(2);
  });

  it('from before the clock was set back does not hold up what is told now', async () => {
    const known = knownJobs();
    known.upstream.set('a', 'Active');
    await byId(known, ['a']);
    known.clock.jump(-3_600_000);
    known.upstream.set('a', 'Complete');
    expect(statuses(await listed(known))).toEqual(['Complete']);
    expect(statuses(await byId(known, ['a']))).toEqual(['Complete']);
    expect(known.upstream.calls).toBe(2);
  });
});

describe('a detail', () => {
  it('is known apart from the job, and makes the job known', async () => {
    const known = knownJobs();
    known.upstream.set('a', 'Active');
    expect([await detailOf(known, 'a'), await detailOf(known, 'a')]).toEqual([DETAIL, DETAIL]);
    await byId(known, ['a']);
    expect(known.upstream.calls).toBe(1);
    await known.clock.advance(1_000);
    await byId(known, ['a'], true);
    await detailOf(known, 'a');
    expect(known.upstream.calls).toBe(2);
  });

  it('is known of a job that came with it', async () => {
    const known = knownJobs();
    known.upstream.set('a', 'Active');
    await known.cache.jobs(['a'], known.upstream.describe, scopeAt(known.clock));
    expect(await detailOf(known, 'a')).toEqual(DETAIL);
    expect(known.upstream.calls).toBe(1);
  });

  it('of a job that has another status by now is read anew', async () => {
    const known = knownJobs();
    known.upstream.set('a', 'Active');
    await detailOf(known, 'a');
    await known.clock.advance(1_000);
    known.upstream.set('a', 'Completing');
    await byId(known, ['a'], true);
    expect(known.upstream.calls).toBe(2);
    await detailOf(known, 'a');
    expect(known.upstream.calls).toBe(3);
    await detailOf(known, 'a');
    expect(known.upstream.calls).toBe(3);
  });

  it('of a job that has gone is none, and of a malformed id costs nothing', async () => {
    const known = knownJobs();
    expect(await detailOf(known, 'a')).toBeNull();
    expect(await detailOf(known, 'no id')).toBeNull();
    expect(known.upstream.calls).toBe(1);
  });
});

describe('a job that came with its detail', () => {
  it.each([false, true])(
    'brings it to whoever has it read, and is kept without it; anew: %s',
    async (noCache) => {
      const { cache, upstream, clock } = knownJobs();
      upstream.set('a', 'Active');
      const [read] = await cache.jobs(['a'], upstream.describe, scopeAt(clock, { noCache }));
      expect(read).toMatchObject({ jobId: 'a', detail: DETAIL });
      const [known] = await cache.jobs(['a'], upstream.describe, scopeAt(clock));
      expect(known).not.toHaveProperty('detail', DETAIL);
      expect(upstream.calls).toBe(1);
    },
  );
});

describe('an answer made of known jobs', () => {
  it('is over when a job is told of otherwise by another replica, and not when it is told of the same', async () => {
    const known = knownJobs({ isShared: true });
    const { tier, upstream, clock, cache } = known;
    upstream.set('a', 'Active');
    await listed(known);
    const uses: Use[] = [];
    const look = (): Promise<unknown> =>
      cache.listing(
        LISTING,
        (scope) => upstream.list(null, scope),
        scopeAt(clock, { onUse: (use) => uses.push(use) }),
      );
    await look();
    const announced = async (): Promise<void> => {
      await clock.advance(100);
      await byId(knownJobsOf(known), ['a'], true);
      tier.announce({ place: 'COS', name: 'job:a' }, tier.kept.get('job:a')!);
    };
    // What was read back has its members in another order.
    await announced();
    expect(uses[0]!.isCurrent()).toBe(true);
    upstream.set('a', 'Complete');
    await announced();
    expect(uses[0]!.isCurrent()).toBe(false);
    expect(statuses(await byId(known, ['a']))).toEqual(['Complete']);
  });
});

type Act =
  | { readonly act: 'byId' | 'slice' | 'running' | 'scan' | 'detail'; readonly noCache: boolean }
  | { readonly act: 'change'; readonly job: number }
  | { readonly act: 'remove'; readonly job: number }
  | { readonly act: 'wait'; readonly ms: number }
  | { readonly act: 'upstream'; readonly delayMs: number; readonly isDown: boolean };

const IDS = ['a', 'b', 'c', 'd'];
const WORDS: CosStatus[] = ['Active', 'Completing', 'Complete', 'Failed'];
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constantFrom('byId', 'slice', 'running', 'scan', 'detail'),
      noCache: fc.nat(4).map((n) => n === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('change'), job: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('remove'), job: fc.nat(30) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('wait'),
      ms: fc.constantFrom(1, 20, 900, 4_000, 12_000, 400_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('upstream'),
      delayMs: fc.constantFrom(0, 10, 500),
      isDown: fc.nat(3).map((n) => n === 0),
    }),
  },
);

/** One who reads in every way there is, and remembers the latest that was told of each job. */
class Reader {
  readonly faults: string[] = [];
  readonly #versions = new Map<string, number>();
  readonly #known: KnownJobs;
  readonly #slices: KeptSlices<CosJob, CosStatus | null>;

  constructor(known: KnownJobs) {
    this.#known = known;
    this.#slices = new KeptSlices({
      cache: known.cache,
      jobForm: storedCosJob,
      isByStatus: (status) => status !== null,
    });
  }

  async read(way: string, noCache: boolean): Promise<void> {
    const { cache, upstream, clock } = this.#known;
    const scope = scopeAt(clock, { noCache });
    const seenBefore = new Map(this.#versions);
    if (way === 'byId') {
      const jobs = await cache.jobs(IDS, upstream.read, scope);
      jobs.forEach((job, index) => {
        this.#see(job, IDS[index]!, seenBefore);
      });
    } else if (way === 'detail') {
      await detailOf(this.#known, 'a');
    } else if (way === 'scan') {
      const whole = { ...LISTING, asked: ['whole'], isPrimed: false };
      const kept = await cache.listing(whole, (shared) => upstream.list(null, shared), scope);
      for (const { jobs } of scanWholeListing(cache, kept, EVERYTHING, scope)) {
        this.#seeAll(jobs, seenBefore);
      }
    } else {
      const status: CosStatus | null = way === 'running' ? 'Active' : null;
      const slice = { filter: status, limit: 10, backwards: false, after: null, before: null };
      const page = await this.#slices.read(
        slice,
        async (_, shared) => {
          const { jobs, fetchedAt } = await upstream.list(status, shared);
          const entries = jobs.map((job) => ({ job, position: [job.jobId] }));
          return { entries, hasNextPage: false, hasPreviousPage: false, totalCount: null, fetchedAt };
        },
        scope,
      );
      const jobs = page.entries.map(({ job }) => job);
      this.#seeAll(jobs, seenBefore);
    }
  }

  #seeAll(jobs: readonly CosJob[], seenBefore: ReadonlyMap<string, number>): void {
    jobs.forEach((job) => {
      this.#see(job, job.jobId, seenBefore);
    });
  }

  /** Reads go on at the same time: one is only later than those that had ended when it began. */
  #see(job: CosJob | Error | null, jobId: string, seenBefore: ReadonlyMap<string, number>): void {
    if (job instanceof Error) {
      return;
    }
    // One that has gone never comes back.
    const version = job === null ? Number.POSITIVE_INFINITY : job.priority!;
    if (version < (seenBefore.get(jobId) ?? 0)) {
      this.faults.push(`${jobId} went back to ${String(version)}`);
    }
    this.#versions.set(jobId, Math.max(version, this.#versions.get(jobId) ?? 0));
  }
}

describe('whoever reads jobs in whatever ways', () => {
  it.each([false, true])('never sees one go back (shared: %s)', async (isShared) => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
        const clock = new FakeClock();
        const known = knownJobs({ clock, isShared });
        const { upstream } = known;
        IDS.forEach((jobId) => {
          upstream.set(jobId, 'Active');
        });
        const reader = new Reader(known);
        const reads: Promise<void>[] = [];
        for (const next of acts) {
          if (next.act === 'wait') {
            await clock.advance(next.ms);
          } else if (next.act === 'upstream') {
            upstream.delayMs = next.delayMs;
            upstream.fault = next.isDown ? fault('UPSTREAM_UNAVAILABLE') : null;
          } else if (next.act === 'remove') {
            // Of two answers of one millisecond nobody knows which is newer.
            upstream.jobs.delete(IDS[next.job] ?? '');
            await clock.advance(1);
          } else if (next.act === 'change') {
            const jobId = IDS[next.job]!;
            const job = upstream.jobs.get(jobId);
            if (job !== undefined) {
              upstream.set(jobId, WORDS[job.version % WORDS.length]!);
              await clock.advance(1);
            }
          } else {
            reads.push(reader.read(next.act, next.noCache).catch(() => undefined));
            await settle();
          }
        }
        await clock.advance(60_000);
        await Promise.all(reads);
        expect(reader.faults).toEqual([]);
        expect(clock.sleeping).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
