import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobFilter } from '../../src/jobs/job-filter.ts';
import { compareKeys, type JobKey, keyOf } from '../../src/jobs/job-key.ts';
import type { JobOrder } from '../../src/model/job-order.ts';
import { listJobs } from '../../src/jobs/listing.ts';
import { Origins, type ScannableSource } from '../../src/jobs/origins.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { UpstreamError } from '../../src/model/errors.ts';
import type { Origin } from '../../src/model/origin.ts';
import type { CosJob } from '../../src/sources/cos/model.ts';
import type { ScanChunk, ScanRequest } from '../../src/sources/source.ts';

const NO_FILTER: JobFilter = {
  sources: null,
  accounts: null,
  regions: null,
  statuses: null,
  createdAfter: null,
  createdBefore: null,
  text: null,
};

interface StoredJob {
  readonly jobId: string;
  readonly second: number | null;
}

/** An origin that scans a list of its own, which tests change; it can be told to fail at once or after some jobs. */
class FakeOrigin implements ScannableSource {
  readonly origin: Origin;
  jobs: StoredJob[] = [];
  failsAfterChunks: number | null = null;
  scans = 0;
  readonly #chunkSize: number;

  constructor(region: string, chunkSize: number) {
    this.origin = { source: 'COS', account: 'a', region, bucket: null };
    this.#chunkSize = chunkSize;
  }

  toJob({ jobId, second }: StoredJob): CosJob {
    return {
      source: 'COS',
      account: 'a',
      region: this.origin.region,
      jobId,
      name: null,
      description: `about ${jobId}`,
      status: 'RUNNING',
      upstreamStatus: 'Active',
      isFinished: false,
      priority: 0,
      createdAt:
        second === null
          ? null
          : new Date(1_700_000_000_000 + second * 1_000).toISOString().replace('.000', ''),
      startedAt: null,
      endedAt: null,
      progress: null,
      fetchedAt: '2026-01-01T00:00:00.000Z',
      operationName: 'COSDeleteObject',
    };
  }

  async *scan(request: ScanRequest): AsyncGenerator<ScanChunk<CosJob>, void, undefined> {
    this.scans += 1;
    const sign = request.order === 'NEWEST_FIRST' ? -1 : 1;
    const time = (job: CosJob): number =>
      job.createdAt === null ? Number.NEGATIVE_INFINITY : Date.parse(job.createdAt);
    const wanted = this.jobs
      .map((job) => this.toJob(job))
      .filter((job) => request.fromMs === null || (time(job) - request.fromMs) * sign >= 0)
      .filter((job) => request.untilMs === null || (time(job) - request.untilMs) * sign <= 0)
      .toSorted((a, b) => (time(a) - time(b) || (a.jobId < b.jobId ? -1 : 1)) * sign);
    for (let chunk = 0, from = 0; from < wanted.length; chunk += 1) {
      this.#failWhenDue(chunk);
      let to = Math.min(wanted.length, from + this.#chunkSize);
      while (to < wanted.length && wanted[to]?.createdAt === wanted[to - 1]?.createdAt) {
        to += 1;
      }
      yield {
        jobs: wanted.slice(from, to),
        offsets: null,
        totalCount: this.jobs.length,
        fetchedAt: '2026-01-01T00:00:00.000Z',
        outcome: 'FRESH',
      };
      from = to;
    }
    this.#failWhenDue(0);
    await Promise.resolve();
  }

  #failWhenDue(chunk: number): void {
    if (this.failsAfterChunks !== null && chunk >= this.failsAfterChunks) {
      throw new UpstreamError('UPSTREAM_UNAVAILABLE', this.origin, 'down', { retryable: true });
    }
  }
}

class FakeOrigins extends Origins {
  readonly fakes: readonly FakeOrigin[];

  constructor(fakes: readonly FakeOrigin[]) {
    super({ cos: [], batchCompute: [], ci: [] });
    this.fakes = fakes;
  }

  override all(): readonly Origin[] {
    return this.fakes.map(({ origin }) => origin);
  }

  override scannable(): readonly ScannableSource[] {
    return this.fakes;
  }
}

interface Ask {
  readonly order?: JobOrder;
  readonly backwards?: boolean;
  readonly limit?: number;
  readonly cursor?: string | null;
  readonly filter?: Partial<JobFilter>;
  readonly maxScannedJobs?: number;
}

function ask(fakes: readonly FakeOrigin[], { order, backwards, limit, cursor, filter, maxScannedJobs }: Ask) {
  return listJobs(
    new FakeOrigins(fakes),
    {
      filter: { ...NO_FILTER, ...filter },
      orderBy: order ?? 'NEWEST_FIRST',
      page: {
        limit: limit ?? 20,
        backwards: backwards ?? false,
        after: backwards === true ? null : (cursor ?? null),
        before: backwards === true ? (cursor ?? null) : null,
      },
    },
    { originMs: 6_000, maxScannedJobs: maxScannedJobs ?? 2_000 },
    systemClock,
    { signal: new AbortController().signal, deadlineMs: Date.now() + 10_000 },
  );
}

const change = fc.record({
  submitted: fc.array(fc.nat(3), { maxLength: 4 }),
  secondsPassed: fc.nat(2),
  removed: fc.array(fc.tuple(fc.nat(3), fc.nat(40)), { maxLength: 3 }),
  failing: fc.array(fc.tuple(fc.nat(3), fc.nat(2)), { maxLength: 2 }),
});

const world = fc.record({
  origins: fc.integer({ min: 1, max: 4 }),
  jobs: fc.array(fc.tuple(fc.nat(3), fc.option(fc.nat(12), { freq: 12 })), { maxLength: 60 }),
  chunkSizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 4 }),
  sizes: fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 3 }),
  order: fc.constantFrom<JobOrder[]>('NEWEST_FIRST', 'OLDEST_FIRST'),
  backwards: fc.boolean(),
  fails: fc.boolean(),
  changes: fc.array(change, { maxLength: 10 }),
});

describe('a walk through all origins', () => {
  it('loses no job that stayed and repeats none, whatever arrives, vanishes, fails and comes back between its pages', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const { order, backwards, sizes, changes, fails } = given;
        const fakes = Array.from(
          { length: given.origins },
          (_, index) => new FakeOrigin(`r${index}`, given.chunkSizes[index] ?? 1),
        );
        const fakeAt = (index: number): FakeOrigin => fakes[index % fakes.length] as FakeOrigin;
        let issued = 0;
        let second = 13;
        const submit = (index: number, at: number | null): void => {
          fakeAt(index).jobs.push({ jobId: `j${(issued * 7_919) % 10_007}`, second: at });
          issued += 1;
        };
        given.jobs.forEach(([index, at]) => submit(index, at));
        const idsNow = (): string[] =>
          fakes.flatMap(({ origin, jobs }) => jobs.map(({ jobId }) => `${origin.region}/${jobId}`));
        let stayed = new Set(idsNow());
        const seen: { id: string; key: JobKey }[] = [];
        let cursor: string | null = null;
        let wasOwed = false;
        for (let page = 0; ; page += 1) {
          expect(page, 'the walk ends').toBeLessThan(400);
          const now = changes[page];
          fakes.forEach((fake) => {
            fake.failsAfterChunks = null;
          });
          if (now !== undefined) {
            second += now.secondsPassed;
            now.submitted.forEach((index) => submit(index, second));
            now.removed.forEach(([index, place]) =>
              fakeAt(index).jobs.splice(place % Math.max(1, fakeAt(index).jobs.length), 1),
            );
            const present = new Set(idsNow());
            stayed = new Set([...stayed].filter((id) => present.has(id)));
            if (fails) {
              now.failing.forEach(([index, chunks]) => {
                fakeAt(index).failsAfterChunks = chunks;
              });
            }
          }
          let answer;
          try {
            answer = await ask(fakes, { order, backwards, limit: sizes[page % sizes.length] ?? 5, cursor });
          } catch (error) {
            expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
            wasOwed = true;
            continue;
          }
          const shown = answer.edges.map(({ node }) => ({
            id: `${node.region}/${node.jobId}`,
            key: keyOf(node, { source: 'COS', account: 'a', region: node.region, bucket: null }),
          }));
          seen.push(...(backwards ? shown.toReversed() : shown));
          const isFailed = answer.origins.some(({ outcome }) => outcome === 'FAILED');
          wasOwed ||= isFailed;
          const { pageInfo } = answer;
          const goesOn = backwards ? pageInfo.hasPreviousPage : pageInfo.hasNextPage;
          expect(goesOn || !isFailed, 'an owed origin promises more').toBe(true);
          if (!goesOn) {
            break;
          }
          cursor = backwards ? pageInfo.startCursor : pageInfo.endCursor;
          expect(cursor?.length ?? 0).toBeLessThanOrEqual(1_024);
        }
        const ids = seen.map(({ id }) => id);
        expect(new Set(ids).size, 'a job is repeated').toBe(ids.length);
        expect(
          [...stayed].filter((id) => !ids.includes(id)),
          'jobs are lost',
        ).toEqual([]);
        if (!wasOwed) {
          const direction: JobOrder =
            (order === 'NEWEST_FIRST') === backwards ? 'OLDEST_FIRST' : 'NEWEST_FIRST';
          const isSorted = seen.every(({ key }, index) => {
            const next = seen[index + 1];
            return next === undefined || compareKeys(key, next.key, direction) < 0;
          });
          expect(isSorted, 'the order is strict').toBe(true);
        }
      }),
      { numRuns: 2_000, seed: 20_260_102 },
    );
  });

  it('goes on rightly from every edge of a page, in either direction', async () => {
    const fakes = [new FakeOrigin('r0', 3), new FakeOrigin('r1', 4)];
    fakes.forEach((fake, index) => {
      fake.jobs = Array.from({ length: 17 }, (_, place) => ({
        jobId: `j${index}-${place}`,
        second: (place * 3) % 7,
      }));
    });
    const whole = await ask(fakes, { limit: 50 });
    const ids = whole.edges.map(({ node }) => node.jobId);
    expect(ids).toHaveLength(34);
    for (const [index, { cursor }] of whole.edges.entries()) {
      const after = await ask(fakes, { limit: 4, cursor });
      expect(after.edges.map(({ node }) => node.jobId)).toEqual(ids.slice(index + 1, index + 5));
      const before = await ask(fakes, { limit: 4, cursor, backwards: true });
      expect(before.edges.map(({ node }) => node.jobId)).toEqual(ids.slice(Math.max(0, index - 4), index));
    }
  });

  it('shows in the other direction what was shown of an owed origin, and only that', async () => {
    const fakes = [new FakeOrigin('r0', 2), new FakeOrigin('r1', 2)];
    fakes.forEach((fake, index) => {
      fake.jobs = Array.from({ length: 8 }, (_, place) => ({
        jobId: `j${index}-${place}`,
        second: 100 - place * 2 - index,
      }));
    });
    const [, broken] = fakes as [FakeOrigin, FakeOrigin];
    broken.failsAfterChunks = 1;
    const page = await ask(fakes, { limit: 8 });
    const shown = page.edges.map(({ node }) => node.jobId);
    expect(shown.filter((id) => id.startsWith('j1'))).toEqual(['j1-0', 'j1-1']);
    broken.failsAfterChunks = null;
    const back = await ask(fakes, { limit: 50, backwards: true, cursor: page.pageInfo.endCursor });
    expect(back.edges.map(({ node }) => node.jobId)).toEqual(shown.slice(0, -1));
  });

  it('fails with the first error when nobody answers', async () => {
    const fakes = [new FakeOrigin('r0', 2), new FakeOrigin('r1', 2)];
    fakes.forEach((fake) => {
      fake.failsAfterChunks = 0;
    });
    await expect(ask(fakes, {})).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      origin: { region: 'r0' },
    });
  });

  it('gives an empty page that promises more and can be gone on from while an origin fails', async () => {
    const [empty, broken] = [new FakeOrigin('r0', 2), new FakeOrigin('r1', 2)] as const;
    broken.jobs = [{ jobId: 'x', second: 1 }];
    broken.failsAfterChunks = 0;
    const page = await ask([empty, broken], {});
    expect(page).toMatchObject({ edges: [], totalCount: null, pageInfo: { hasNextPage: true } });
    expect(page.origins.map(({ outcome }) => outcome)).toEqual(['FRESH', 'FAILED']);
    broken.failsAfterChunks = null;
    const next = await ask([empty, broken], { cursor: page.pageInfo.endCursor });
    expect(next.edges.map(({ node }) => node.jobId)).toEqual(['x']);
  });

  it('ends a page early where few jobs match, says so, and loses none', async () => {
    const fake = new FakeOrigin('r0', 5);
    fake.jobs = Array.from({ length: 100 }, (_, place) => ({ jobId: `j${place}`, second: place }));
    const found: string[] = [];
    let cursor: string | null = null;
    let early = 0;
    for (let page = 0; page < 50; page += 1) {
      const answer = await ask([fake], {
        limit: 3,
        cursor,
        filter: { text: 'ABOUT J5' },
        maxScannedJobs: 20,
      });
      found.push(...answer.edges.map(({ node }) => node.jobId));
      early += answer.origins.some(({ error }) => error !== null) ? 1 : 0;
      if (!answer.pageInfo.hasNextPage) {
        break;
      }
      cursor = answer.pageInfo.endCursor;
    }
    expect(found.toSorted()).toEqual(['j5', ...Array.from({ length: 10 }, (_, index) => `j5${index}`)]);
    expect(early).toBeGreaterThan(0);
  });

  it('asks no origin that the filter excludes and reports it as skipped', async () => {
    const fakes = [new FakeOrigin('r0', 2), new FakeOrigin('r1', 2)];
    const page = await ask(fakes, { filter: { regions: ['r1'] } });
    expect(page.origins.map(({ outcome }) => outcome)).toEqual(['SKIPPED', 'FRESH']);
    expect(fakes.map(({ scans }) => scans)).toEqual([0, 1]);
    await expect(ask(fakes, { filter: { regions: ['mars'] } })).rejects.toMatchObject({
      code: 'ORIGIN_NOT_CONFIGURED',
    });
  });
});
