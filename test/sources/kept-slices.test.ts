import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallScope, Use } from '../../src/lib/call-scope.ts';
import type { CosJob, CosStatus } from '../../src/sources/cos/model.ts';
import { storedCosJob } from '../../src/sources/cos/stored.ts';
import { KeptSlices, type Walk } from '../../src/sources/kept-slices.ts';
import type { ListPage, ListSlice } from '../../src/sources/source.ts';
import { fault } from '../cache/cache-support.ts';
import { settle } from '../support/fake-clock.ts';
import { LIFETIMES } from './caches.ts';
import { type KnownJobs, knownJobs, scopeAt } from './known-jobs.ts';

type Filter = CosStatus | null;

interface Slices extends KnownJobs {
  readonly read: (
    change?: Partial<ListSlice<Filter>>,
    scope?: Partial<CallScope>,
  ) => Promise<ListPage<CosJob>>;
  /** Reads the job by id, whatever is known. */
  readonly look: (jobId: string) => Promise<unknown>;
}

/** Slices of two jobs, in the order of ids, of an upstream that has `ids`. */
function open(ids: string, isShared = false, known = knownJobs({ isShared })): Slices {
  const { cache, upstream, clock } = known;
  for (const jobId of ids) {
    upstream.set(jobId, 'Active');
  }
  const slices = new KeptSlices<CosJob, Filter>({
    cache,
    jobForm: storedCosJob,
    isByStatus: (status) => status !== null,
  });
  const walk: Walk<CosJob, Filter> = async ({ filter, limit, after }, scope) => {
    const { jobs, fetchedAt } = await upstream.list(filter, scope);
    const rest = jobs.filter(({ jobId }) => jobId > String(after?.[0] ?? ''));
    const entries = rest.slice(0, limit).map((job) => ({ job, position: [job.jobId] }));
    const hasNextPage = rest.length > limit;
    return { entries, hasNextPage, hasPreviousPage: after !== null, totalCount: null, fetchedAt };
  };
  const whole = { filter: null, limit: 2, backwards: false, after: null, before: null };
  return {
    ...known,
    read: (change = {}, scope = {}) => slices.read({ ...whole, ...change }, walk, scopeAt(clock, scope)),
    look: (jobId) => cache.jobs([jobId], upstream.read, scopeAt(clock, { noCache: true })),
  };
}

const idsOf = ({ entries }: ListPage<CosJob>): string => entries.map(({ job }) => job.jobId).join('');
const wordsOf = ({ entries }: ListPage<CosJob>): string[] => entries.map(({ job }) => job.upstreamStatus);

describe('a slice', () => {
  it('is read once and then known, with its places and what lies around it', async () => {
    const { read, upstream } = open('abc');
    const first = await read();
    const again = await read();
    expect([first.outcome, again.outcome, upstream.calls]).toEqual(['FRESH', 'CACHED', 1]);
    expect(again).toEqual({ ...first, outcome: 'CACHED' });
    expect(again.entries.map(({ position }) => position)).toEqual([['a'], ['b']]);
  });

  it.each([
    { limit: 3 },
    { after: ['a'] },
    { before: ['c'] },
    { backwards: true },
    { filter: 'Active' as const },
  ])('is another with %o', async (change) => {
    const { read, upstream } = open('abc');
    await read();
    await read(change);
    expect(upstream.calls).toBe(2);
  });

  it('that another replica read is the same', async () => {
    const ours = open('abc', true);
    const first = await ours.read();
    const theirs = open('', true, {
      ...knownJobs({ isShared: true, clock: ours.clock }),
      upstream: ours.upstream,
    });
    Object.assign(theirs.tier, { kept: ours.tier.kept });
    expect(await theirs.read()).toEqual({ ...first, outcome: 'CACHED' });
  });

  it('that a job has left is read anew, once', async () => {
    const { read, upstream, clock, look } = open('abc');
    await read();
    await clock.advance(1_000);
    upstream.jobs.delete('a');
    await look('a');
    const page = await read();
    expect([idsOf(page), page.outcome, upstream.calls]).toEqual(['bc', 'FRESH', 3]);
    expect([idsOf(await read()), upstream.calls]).toEqual(['bc', 3]);
  });

  it('that a job has left is given without it while it cannot be read anew, unless nothing is left to go on from', async () => {
    const { read, upstream, clock, look } = open('abc');
    await read();
    await read({ limit: 1 });
    await clock.advance(1_000);
    upstream.jobs.delete('a');
    await look('a');
    upstream.fault = fault('UPSTREAM_UNAVAILABLE');
    const page = await read();
    expect([idsOf(page), page.outcome, page.hasNextPage]).toEqual(['b', 'STALE', true]);
    await expect(read({ limit: 1 })).rejects.toThrow(upstream.fault);
    upstream.fault = fault('UPSTREAM_FORBIDDEN');
    await expect(read()).rejects.toThrow(upstream.fault);
  });

  it('by status is read anew when one of its jobs has another, also where both words mean the same here', async () => {
    const { read, upstream, clock, look } = open('abc');
    await read({ filter: 'Active' });
    await clock.advance(1_000);
    upstream.set('a', 'Completing');
    await look('a');
    expect(idsOf(await read({ filter: 'Active' }))).toBe('bc');
    expect(upstream.calls).toBe(3);
  });

  it('of all statuses shows what its jobs have by now, at no cost', async () => {
    const { read, upstream, clock, look } = open('abc');
    await read();
    await clock.advance(1_000);
    upstream.set('a', 'Completing');
    await look('a');
    const page = await read();
    expect([wordsOf(page), page.outcome, upstream.calls]).toEqual([['Completing', 'Active'], 'CACHED', 2]);
  });

  it('that is contradicted even while it is read anew is given as it is found then', async () => {
    const { read, upstream, clock, cache } = open('abc');
    await read({ filter: 'Active' });
    upstream.delayMs = 100;
    const contradict = async (jobId: string): Promise<void> => {
      upstream.set(jobId, 'Complete');
      await clock.advance(1);
      const job = { ...upstream.job(jobId)!, fetchedAt: new Date(clock.now() + 150).toISOString() };
      cache.prime([job]);
    };
    await contradict('a');
    const reading = read({ filter: 'Active' });
    await settle();
    await contradict('b');
    // The upstream itself is behind what is known.
    upstream.set('b', 'Active');
    await clock.advance(300);
    const page = await reading;
    expect([idsOf(page), page.outcome, upstream.calls]).toEqual(['bc', 'FRESH', 3]);
    expect(clock.sleeping).toBe(0);
  });

  it('that is stale answers for a fault with its jobs marked', async () => {
    const { read, upstream, clock } = open('abc');
    await read();
    await clock.advance(60_000);
    upstream.fault = fault('UPSTREAM_UNAVAILABLE');
    const page = await read();
    expect(page.outcome).toBe('STALE');
    expect(page.entries.map(({ job }) => job.isStale)).toEqual([true, true]);
  });

  it('is read for whoever wants none that is kept', async () => {
    const { read, upstream, clock } = open('abc');
    await read();
    await clock.advance(1);
    upstream.set('a', 'Complete');
    expect(wordsOf(await read({}, { noCache: true }))).toEqual(['Complete', 'Active']);
    expect(upstream.calls).toBe(2);
  });

  it('is told of with the time until which it answers', async () => {
    const { read, clock } = open('abc');
    const uses: Use[] = [];
    await read({}, { onUse: (use) => uses.push(use) });
    expect(uses.map(({ freshUntilMs }) => freshUntilMs)).toEqual([clock.now() + LIFETIMES.listingHeadMs]);
  });
});

describe('slices of different age', () => {
  it('repeat no job and lose none that stayed, wherever a walk finds what is known', async () => {
    const ids = 'abcdefghijkl'.split('');
    const step = fc.record({
      ms: fc.constantFrom(0, 1, 4_000, 6_000, 20_000),
      gone: fc.nat(40),
      come: fc.nat(40),
      looked: fc.nat(40),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 40 }), async (steps) => {
        const { read, upstream, clock, look } = open('acegik');
        const stayed = new Set(upstream.jobs.keys());
        for (let walks = 0; walks < 3; walks += 1) {
          const given: string[] = [];
          let page: ListPage<CosJob> | null = null;
          do {
            const { ms, gone, come, looked } = steps[(given.length + walks * 7) % steps.length]!;
            await clock.advance(ms);
            upstream.jobs.delete(ids[gone] ?? '');
            stayed.delete(ids[gone] ?? '');
            // One that has gone does not come back.
            if (ids[come] !== undefined && come % 2 === 1) {
              upstream.set(ids[come], 'Active');
            }
            await look(ids[looked] ?? 'zz');
            page = await read({ after: page?.entries.at(-1)?.position ?? null });
            given.push(...page.entries.map(({ job }) => job.jobId));
          } while (page.entries.length > 0 && page.hasNextPage);
          expect(new Set(given).size, 'a job is repeated').toBe(given.length);
          expect(given).toEqual(given.toSorted());
          expect([...stayed].filter((jobId) => !given.includes(jobId))).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });
});
