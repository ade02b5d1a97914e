/** What the scan of every source promises (`src/sources/source.ts`), whatever its upstream's own order is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobStatus } from '../../src/model/job-status.ts';
import { JOB_STATUSES } from '../../src/model/job-status.ts';
import type { JobSummary } from '../../src/model/job.ts';
import type { ScanChunk, ScanRequest, Source } from '../../src/sources/source.ts';
import type { Send } from '../../src/upstream/send.ts';
import { msOf, type Reply, type WireJob } from './listing-wires.ts';
import { aScope, FakeWire } from './support.ts';

type Scanned = Pick<Source<JobSummary, unknown, never>, 'scan'>;

export interface ScanUnderTest {
  readonly name: string;
  readonly open: (send: Send) => Scanned;
  readonly listing: (jobs: readonly WireJob[]) => Reply;
  /** Every word of the upstream, and one that it may have tomorrow, with the status that each means. */
  readonly words: Readonly<Record<string, JobStatus>>;
  readonly idOf: (number: number) => string;
  /** Whether jobs without a creation time are given, as the oldest. */
  readonly givesUndated: boolean;
  /** Whether all jobs are counted when there are no bounds. */
  readonly countsAll: boolean;
}

export const EVERYTHING: ScanRequest = {
  order: 'NEWEST_FIRST',
  fromMs: null,
  untilMs: null,
  statuses: null,
  wanted: 20,
  offset: null,
};

export async function chunksOf(
  source: Scanned,
  change: Partial<ScanRequest> = {},
): Promise<ScanChunk<JobSummary>[]> {
  const chunks: ScanChunk<JobSummary>[] = [];
  for await (const chunk of source.scan({ ...EVERYTHING, ...change }, aScope())) {
    chunks.push(chunk);
  }
  return chunks;
}

export function idsOf(chunks: readonly ScanChunk<JobSummary>[]): string[] {
  return chunks.flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId));
}

export function scanContract(subject: ScanUnderTest): void {
  const { name, idOf, words } = subject;
  const open = (jobs: readonly WireJob[]): { wire: FakeWire; source: Scanned } => {
    const wire = new FakeWire(subject.listing(jobs));
    return { wire, source: subject.open(wire.send) };
  };
  const knownWords = Object.keys(words);
  const aJob = (number: number, second: number | null): WireJob => ({
    jobId: idOf(number),
    second,
    word: knownWords[number % knownWords.length]!,
  });
  /** The brute-force answer. */
  const expected = (jobs: readonly WireJob[], change: Partial<ScanRequest>): string[] => {
    const { order, fromMs, untilMs, statuses } = { ...EVERYTHING, ...change };
    const sign = order === 'NEWEST_FIRST' ? -1 : 1;
    const ms = (job: WireJob): number => (job.second === null ? -Infinity : msOf(job.second));
    const isWanted = (job: WireJob): boolean =>
      (job.second !== null || subject.givesUndated) &&
      (statuses?.includes(words[job.word]!) ?? true) &&
      (fromMs === null || sign * ms(job) >= sign * fromMs) &&
      (untilMs === null || sign * ms(job) <= sign * untilMs);
    return jobs
      .filter(isWanted)
      .toSorted((a, b) => {
        const isSmaller = ms(a) === ms(b) ? a.jobId < b.jobId : ms(a) < ms(b);
        return isSmaller ? -sign : sign;
      })
      .map(({ jobId }) => jobId);
  };
  const someJobs = Array.from({ length: 130 }, (_, n) => aJob(n, (n * 37) % 50));

  describe(`${name}: scan`, () => {
    it.each(['NEWEST_FIRST', 'OLDEST_FIRST'] as const)('gives every job once, %s', async (order) => {
      const { source } = open(someJobs);
      const chunks = await chunksOf(source, { order });
      expect(idsOf(chunks)).toEqual(expected(someJobs, { order }));
    });

    it('gives one empty chunk for an empty listing', async () => {
      for (const order of ['NEWEST_FIRST', 'OLDEST_FIRST'] as const) {
        const { source } = open([]);
        expect((await chunksOf(source, { order })).map(({ jobs }) => jobs)).toEqual([[]]);
      }
    });

    it('gives a single job', async () => {
      const { source } = open([aJob(1, 7)]);
      expect(idsOf(await chunksOf(source))).toEqual([idOf(1)]);
    });

    it('includes both ends of the time', async () => {
      const { source } = open(someJobs);
      for (const order of ['NEWEST_FIRST', 'OLDEST_FIRST'] as const) {
        const [fromMs, untilMs] = order === 'NEWEST_FIRST' ? [msOf(30), msOf(20)] : [msOf(20), msOf(30)];
        const ids = idsOf(await chunksOf(source, { order, fromMs, untilMs }));
        expect(ids).toEqual(expected(someJobs, { order, fromMs, untilMs }));
        const seconds = new Set(ids.map((id) => someJobs.find(({ jobId }) => jobId === id)!.second));
        expect(seconds.has(20) && seconds.has(30)).toBe(true);
      }
    });

    it.each([
      ...JOB_STATUSES.map((status) => [status]),
      ['QUEUED', 'RUNNING', 'FAILED'],
      [],
    ] as JobStatus[][])('gives the jobs of the statuses asked for: %s', async (...statuses) => {
      const { source } = open(someJobs);
      expect(idsOf(await chunksOf(source, { statuses }))).toEqual(expected(someJobs, { statuses }));
    });

    it('counts exactly or not at all', async () => {
      const { source } = open(someJobs);
      for (const statuses of [null, ['RUNNING'], ['UNKNOWN', 'FAILED'], ['STOPPING']] as JobStatus[][]) {
        const counts = (await chunksOf(source, { statuses })).map(({ totalCount }) => totalCount);
        const exact = expected(someJobs, { statuses }).length;
        expect(counts.filter((count) => count !== null && count !== exact)).toEqual([]);
      }
      const bounded = await chunksOf(source, { fromMs: msOf(30) });
      const wrong = bounded.filter(({ totalCount }) => totalCount !== null && totalCount !== someJobs.length);
      expect(wrong).toEqual([]);
      const [first] = await chunksOf(source);
      expect(first?.totalCount).toBe(subject.countsAll ? someJobs.length : null);
    });

    it('rejects, and sends nothing, when the caller has left already', async () => {
      const { wire, source } = open(someJobs);
      const gone = aScope(AbortSignal.abort(new Error('gone')));
      await expect(source.scan(EVERYTHING, gone).next()).rejects.toThrow('gone');
      expect(wire.sent).toEqual([]);
    });

    it('rejects with the failure of the upstream', async () => {
      const failure = new Error('down');
      const source = subject.open(() => Promise.reject(failure));
      await expect(source.scan(EVERYTHING, aScope()).next()).rejects.toBe(failure);
    });

    it('reads nothing more once it is closed', async () => {
      const { wire, source } = open(someJobs);
      const scan = source.scan({ ...EVERYTHING, wanted: 1 }, aScope());
      await scan.next();
      const calls = wire.sent.length;
      await scan.return();
      expect(await scan.next()).toEqual({ done: true, value: undefined });
      expect(wire.sent).toHaveLength(calls);
    });

    const world = fc.record({
      seconds: fc.array(fc.option(fc.nat(12), { freq: 9 }), { maxLength: 60 }),
      order: fc.constantFrom('NEWEST_FIRST' as const, 'OLDEST_FIRST' as const),
      bounds: fc.tuple(fc.option(fc.nat(13)), fc.option(fc.nat(13))),
      statuses: fc.option(fc.uniqueArray(fc.constantFrom(...JOB_STATUSES))),
      wanted: fc.integer({ min: 1, max: 30 }),
      offset: fc.option(fc.nat(200)),
    });

    it('gives the jobs of any request, in order, seconds whole, whatever the hint', async () => {
      await fc.assert(
        fc.asyncProperty(world, async ({ seconds, bounds, ...rest }) => {
          const jobs = seconds.map((second, index) => aJob((index * 7_919) % 10_007, second));
          const [fromMs, untilMs] = bounds.map((bound) => (bound === null ? null : msOf(bound)));
          const request = { ...rest, fromMs: fromMs!, untilMs: untilMs! };
          const { source } = open(jobs);
          const chunks = await chunksOf(source, request);
          expect(idsOf(chunks)).toEqual(expected(jobs, request));
          const starts = chunks.flatMap((chunk) => [
            ...new Set(chunk.jobs.map(({ createdAt }) => createdAt)),
          ]);
          expect(new Set(starts).size, 'a second is divided').toBe(starts.length);
          for (const { jobs: given, offsets } of chunks) {
            expect(offsets === null || offsets.length === given.length).toBe(true);
          }
        }),
        { numRuns: 200, seed: 20_260_401 },
      );
    });
  });
}
