import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchComputeClient } from '../../../src/sources/batch-compute/client.ts';
import { BatchComputeSource } from '../../../src/sources/batch-compute/source.ts';
import type { ScanRequest } from '../../../src/sources/source.ts';
import { batchComputeListing, msOf, type WireJob } from '../listing-wires.ts';
import { change, MovingListing, readInPages } from '../moving-listing.ts';
import { chunksOf, EVERYTHING, idsOf } from '../scan-contract.ts';
import { aScope, BATCH_COMPUTE_ORIGIN, FETCHED_AT, FakeWire } from '../support.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { batchComputeCache, MEMORY_BYTES } from '../caches.ts';

function asWire({ jobId, second, isRunning }: MovingListing['jobs'][number]): WireJob {
  return { jobId, second, word: isRunning ? 'RUNNING' : 'SUCCEED' };
}

/** `count` jobs, job-00000000 the newest. */
function someJobs(count: number, perSecond = 1): WireJob[] {
  return Array.from({ length: count }, (_, n) => ({
    jobId: `job-${String(n).padStart(8, '0')}`,
    second: 100_000 - Math.floor(n / perSecond),
    word: 'RUNNING',
  }));
}

function open(
  jobs: readonly WireJob[],
  order?: (a: WireJob, b: WireJob) => number,
  cache = batchComputeCache(),
): { wire: FakeWire; source: BatchComputeSource; asked: () => { Offset: number; Limit: number }[] } {
  const wire = new FakeWire((request) => batchComputeListing(jobs, order)(request));
  const source = new BatchComputeSource(new BatchComputeClient(BATCH_COMPUTE_ORIGIN, wire.send), cache);
  const asked = (): { Offset: number; Limit: number }[] =>
    wire.sent.map(({ body }) => JSON.parse(body!) as { Offset: number; Limit: number });
  return { wire, source, asked };
}

describe('the calls of a BatchCompute scan', () => {
  it('are one for a first page, of little more than it wants', async () => {
    const { source, asked } = open(someJobs(1_000));
    const { value } = await source.scan(EVERYTHING, aScope()).next();
    expect(value?.jobs.length).toBeGreaterThanOrEqual(20);
    expect(value?.totalCount).toBe(1_000);
    expect(asked()).toMatchObject([{ Offset: 0, Limit: 25 }]);
  });

  it.each([0, 5, -5, -20])('are one for a page that begins at its hint, give or take %i', async (drift) => {
    const { source, asked } = open(someJobs(1_000));
    const request = { ...EVERYTHING, fromMs: msOf(100_000 - 500), offset: 500 - drift };
    const { value } = await source.scan(request, aScope()).next();
    expect(value?.jobs[0]?.jobId).toBe('job-00000500');
    expect(value?.offsets?.[0]).toBe(500);
    expect(asked().length).toBe(drift === -20 ? 2 : 1);
    expect(value?.jobs.length).toBeGreaterThanOrEqual(drift === -20 ? 1 : 20);
  });

  it('are one per about 90 jobs for the rest of the listing', async () => {
    const { wire, source } = open(someJobs(1_000));
    expect(idsOf(await chunksOf(source))).toHaveLength(1_000);
    expect(wire.sent.length).toBeLessThanOrEqual(13);
  });

  it.each([
    [1_000, 7],
    [20_000, 12],
  ])('find a place among %i jobs without a hint in at most %i', async (count, most) => {
    const { wire, source } = open(someJobs(count));
    for (const place of [0, 60, 99, 100, 250, 501, count - 1]) {
      for (const offset of [null, 0, count, count * 5, Math.floor(count / 3)]) {
        wire.sent.length = 0;
        const request = { ...EVERYTHING, fromMs: msOf(100_000 - place), offset };
        const { value } = await source.scan(request, aScope()).next();
        expect(value?.jobs[0]?.jobId).toBe(`job-${String(place).padStart(8, '0')}`);
        expect(wire.sent.length).toBeLessThanOrEqual(most);
      }
    }
  });

  it('stop where the wanted time ends', async () => {
    const { wire, source } = open(someJobs(1_000));
    const chunks = await chunksOf(source, { untilMs: msOf(100_000 - 19) });
    expect(idsOf(chunks)).toHaveLength(20);
    expect(wire.sent).toHaveLength(1);
  });

  it('ask for the states of the wanted statuses, while those are no more than a filter takes', async () => {
    const { wire, source } = open(someJobs(3));
    const filters = (): unknown[] =>
      wire.sent.splice(0).map(({ body }) => (JSON.parse(body!) as { Filters?: unknown }).Filters);
    const states = (...Values: string[]): unknown => [{ Name: 'job-state', Values }];
    await chunksOf(source, { statuses: ['QUEUED', 'RUNNING'] });
    expect(filters()).toEqual([states('SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING')]);
    await chunksOf(source, { statuses: ['COMPLETED', 'STOPPING'] });
    expect(filters()).toEqual([states('SUCCEED')]);
    await chunksOf(source, { statuses: ['QUEUED', 'RUNNING', 'FAILED'] });
    expect(filters()).toEqual([undefined]);
    await chunksOf(source, { statuses: ['RUNNING', 'UNKNOWN'] });
    expect(filters()).toEqual([undefined]);
    await chunksOf(source, { statuses: ['STOPPING'] });
    expect(filters()).toEqual([]);
  });

  it('read the whole listing once for all who want it oldest first', async () => {
    const clock = new FakeClock(Date.parse(FETCHED_AT));
    const cache = batchComputeCache({ clock, memoryBytes: MEMORY_BYTES });
    const { wire, source } = open(someJobs(1_000), undefined, cache);
    const both = [chunksOf(source, { order: 'OLDEST_FIRST' }), chunksOf(source, { order: 'OLDEST_FIRST' })];
    const [first, second] = await Promise.all(both);
    expect(idsOf(first!)).toEqual(idsOf(second!));
    expect(wire.sent).toHaveLength(11);
    const [cached] = await chunksOf(source, { order: 'OLDEST_FIRST', statuses: ['RUNNING'] });
    expect(cached).toMatchObject({ outcome: 'CACHED', totalCount: 1_000 });
    expect(wire.sent).toHaveLength(11);
  });

  it('give up on a listing that is too long to be sorted after the first', async () => {
    const { wire, source } = open(someJobs(5_001));
    await expect(chunksOf(source, { order: 'OLDEST_FIRST' })).rejects.toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      retryable: false,
    });
    expect(wire.sent).toHaveLength(1);
  });
});

describe('a second that is longer than a window', () => {
  it('comes whole', async () => {
    const jobs = someJobs(700, 250);
    const chunks = await chunksOf(open(jobs).source);
    expect(chunks.map((chunk) => chunk.jobs.length)).toEqual([250, 250, 200]);
    expect(new Set(idsOf(chunks)).size).toBe(700);
  });
});

describe('a BatchCompute listing that is not newest first', () => {
  const byId = (a: WireJob, b: WireJob): number => (a.jobId < b.jobId ? -1 : 1);
  const oldestFirst = (a: WireJob, b: WireJob): number => a.second! - b.second! || byId(a, b);

  it('is read whole and sorted, and by windows again once it is in order', async () => {
    const jobs = someJobs(250);
    let order: ((a: WireJob, b: WireJob) => number) | undefined = oldestFirst;
    const wire = new FakeWire((request) => batchComputeListing(jobs, order)(request));
    const client = new BatchComputeClient(BATCH_COMPUTE_ORIGIN, wire.send);
    const source = new BatchComputeSource(client, batchComputeCache());
    const sorted = jobs.map(({ jobId }) => jobId);
    expect(idsOf(await chunksOf(source))).toEqual(sorted);
    expect(wire.sent.splice(0)).toHaveLength(1 + 3);
    expect(idsOf(await chunksOf(source))).toEqual(sorted);
    expect(wire.sent.splice(0), 'the disorder is remembered').toHaveLength(3);
    order = undefined;
    expect(idsOf(await chunksOf(source))).toEqual(sorted);
    wire.sent.splice(0);
    const { value } = await source.scan(EVERYTHING, aScope()).next();
    expect(value?.offsets).not.toBeNull();
    expect(wire.sent).toHaveLength(1);
  });

  it('goes on sorted where the disorder shows in the middle', async () => {
    const jobs = someJobs(250);
    const swapped = (job: WireJob): number => (job.jobId === 'job-00000150' ? 100_000 - 152.5 : job.second!);
    const { source } = open(jobs, (a, b) => swapped(b) - swapped(a));
    expect(idsOf(await chunksOf(source))).toEqual(jobs.map(({ jobId }) => jobId));
  });
});

describe('a BatchCompute listing that shrinks or grows between two reads', () => {
  /** A source over a listing that is another one from its second read on. */
  function openMoving(
    before: readonly WireJob[],
    after: readonly WireJob[],
  ): { wire: FakeWire; source: BatchComputeSource } {
    const wire: FakeWire = new FakeWire((request) =>
      batchComputeListing(wire.sent.length <= 1 ? before : after)(request),
    );
    return {
      wire,
      source: new BatchComputeSource(
        new BatchComputeClient(BATCH_COMPUTE_ORIGIN, wire.send),
        batchComputeCache(),
      ),
    };
  }

  it('is searched anew where what was seen of it contradicts itself', async () => {
    const jobs = someJobs(1_000);
    const { wire, source } = openMoving(jobs, jobs.slice(450));
    const request = { ...EVERYTHING, fromMs: msOf(100_000 - 500), offset: 200 };
    const { value } = await source.scan(request, aScope()).next();
    expect(value?.jobs[0]?.jobId).toBe('job-00000500');
    expect(wire.sent.length).toBeLessThanOrEqual(6);
  });

  it('ends where the last job of a long second has become the last of all', async () => {
    const jobs = someJobs(26, 26);
    const arrived = [1, 2, 3].map((n) => ({ jobId: `job-new${n}`, second: 100_001, word: 'RUNNING' }));
    const { wire, source } = openMoving(jobs, [...arrived, ...jobs.slice(0, 25)]);
    expect(idsOf(await chunksOf(source))).toEqual(
      jobs
        .slice(0, 25)
        .map(({ jobId }) => jobId)
        .toReversed(),
    );
    expect(wire.sent).toHaveLength(2);
  });
});

const world = fc.record({
  jobs: fc.nat(400),
  perSecond: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 60, max: 250 })),
  runningOnly: fc.boolean(),
  sizes: fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 4 }),
  changes: fc.array(change, { maxLength: 40 }),
  spoilt: fc.constantFrom(0, 0, 7, -7, 60, -60, 300),
  order: fc.constantFrom(...(['NEWEST_FIRST', 'NEWEST_FIRST', 'NEWEST_FIRST', 'OLDEST_FIRST'] as const)),
});

describe('a BatchCompute scan while the listing moves', () => {
  it('repeats no job and skips none that stayed, whatever arrives, ends and vanishes between two reads', async () => {
    await fc.assert(
      fc.asyncProperty(world, async ({ sizes, spoilt, order, ...rest }) => {
        const listing = new MovingListing('job-', rest);
        const wire = new FakeWire((request) => {
          listing.moveOn();
          return batchComputeListing(listing.jobs.map(asWire))(request);
        });
        const client = new BatchComputeClient(BATCH_COMPUTE_ORIGIN, wire.send);
        const source = new BatchComputeSource(client, batchComputeCache());
        const request: Partial<ScanRequest> = { order, statuses: rest.runningOnly ? ['RUNNING'] : null };
        const { ids, faults } = await readInPages(
          (each) => source.scan(each, aScope()),
          request,
          sizes,
          (offset) => Math.max(0, offset + spoilt),
        );
        expect(faults).toEqual([]);
        expect(new Set(ids).size, 'a job is repeated').toBe(ids.length);
        const given = new Set(ids);
        expect([...listing.stayed].filter((jobId) => !given.has(jobId))).toEqual([]);
      }),
      { numRuns: 300, seed: 20_260_402 },
    );
  });
});
