import { describe, expect, it } from 'vitest';
import { CosClient } from '../../../src/sources/cos/client.ts';
import { CosSource, type CosSourceOptions } from '../../../src/sources/cos/source.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import type { ScanRequest } from '../../../src/sources/source.ts';
import { cosListing, msOf, type Reply, type WireJob } from '../listing-wires.ts';
import { chunksOf, EVERYTHING, idsOf } from '../scan-contract.ts';
import { anAnswer, COS_ORIGIN, FETCHED_AT, FakeWire } from '../support.ts';
import { cosCache, MEMORY_BYTES } from '../caches.ts';

/** `count` jobs, ids and times in no relation; two of each second. */
function someJobs(count: number): WireJob[] {
  return Array.from({ length: count }, (_, n) => ({
    jobId: String((n * 7_919) % 100_003).padStart(8, '0'),
    second: Math.floor(n / 2),
    word: n % 3 === 0 ? 'Active' : 'Complete',
  }));
}

function open(
  reply: Reply,
  options: CosSourceOptions = {},
): { wire: FakeWire; clock: FakeClock; source: CosSource } {
  const clock = new FakeClock(Date.parse(FETCHED_AT));
  const wire = new FakeWire(reply);
  return {
    wire,
    clock,
    source: new CosSource(
      new CosClient(COS_ORIGIN, wire.send),
      cosCache({ clock, memoryBytes: MEMORY_BYTES }),
      options,
    ),
  };
}

describe('the calls of a COS scan', () => {
  it.each([
    [0, 1],
    [1_000, 1],
    [1_001, 2],
    [5_000, 5],
  ])('are one per 1,000 jobs: %i', async (count, calls) => {
    const { wire, source } = open(cosListing(someJobs(count)));
    expect(idsOf(await chunksOf(source))).toHaveLength(count);
    expect(wire.sent).toHaveLength(calls);
    expect(wire.sent.every(({ query }) => query.some(([, value]) => value === '1000'))).toBe(true);
  });

  it('are none while the snapshot is young, whatever is asked', async () => {
    const { wire, clock, source } = open(cosListing(someJobs(300)));
    const [first] = await chunksOf(source);
    expect(first).toMatchObject({ outcome: 'FRESH', totalCount: 300 });
    await clock.advance(4_999);
    const [running] = await chunksOf(source, { order: 'OLDEST_FIRST', statuses: ['RUNNING'] });
    expect(running).toMatchObject({ outcome: 'CACHED', totalCount: 100 });
    expect(wire.sent).toHaveLength(1);
    await clock.advance(1);
    expect((await chunksOf(source))[0]?.outcome).toBe('STALE');
    await settle();
    expect(wire.sent).toHaveLength(2);
  });

  it('are shared by scans at the same time, and survive the first of them', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const jobs = someJobs(50);
    const wire = new FakeWire(cosListing(jobs));
    const client = new CosClient(COS_ORIGIN, async (request, scope) => {
      await promise;
      return await wire.send(request, scope);
    });
    const source = new CosSource(client, cosCache());
    const leaving = new AbortController();
    const scope = { signal: leaving.signal, deadlineMs: Date.now() + 60_000 };
    const left = expect(source.scan(EVERYTHING, scope).next()).rejects.toThrow('gone');
    const both = [chunksOf(source), chunksOf(source)];
    await settle();
    leaving.abort(new Error('gone'));
    await left;
    resolve();
    const [one, other] = await Promise.all(both);
    expect(idsOf(one!)).toHaveLength(50);
    expect(idsOf(other!)).toHaveLength(50);
    expect(wire.sent).toHaveLength(1);
  });
});

describe('the chunks of a COS scan', () => {
  it('have 50 jobs and the rest of the second, from wherever they begin', async () => {
    const { source } = open(cosListing(someJobs(505)));
    const sizes = async (request: Partial<ScanRequest>): Promise<number[]> =>
      (await chunksOf(source, request)).map(({ jobs }) => jobs.length);
    // The newest second has one job, so that a chunk of 50 would end within a second.
    const fifties = Array.from({ length: 9 }, () => 50);
    expect(await sizes({ wanted: 1 })).toEqual([51, ...fifties, 4]);
    expect(await sizes({ wanted: 300 })).toEqual([51, ...fifties, 4]);
    expect(await sizes({ fromMs: msOf(100) })).toEqual([50, 50, 50, 50, 2]);
  });
});

describe('a COS listing that is not as it should be', () => {
  it('is refused when it is longer than may be sorted, and not read again at once', async () => {
    const { wire, source } = open(cosListing(someJobs(2_001)), { maxSnapshotJobs: 2_000 });
    const refusal = {
      code: 'UPSTREAM_BAD_RESPONSE',
      retryable: false,
      message: expect.stringContaining('lists more jobs'),
    };
    await expect(chunksOf(source)).rejects.toMatchObject(refusal);
    await expect(chunksOf(source)).rejects.toMatchObject(refusal);
    expect(wire.sent).toHaveLength(2);
    const just = open(cosListing(someJobs(2_000)), { maxSnapshotJobs: 2_000 });
    expect(idsOf(await chunksOf(just.source))).toHaveLength(2_000);
  });

  it('is followed over short pages, and ends at a token that was sent before or a page without jobs', async () => {
    const page = (id: string, token: string): ReturnType<Reply> =>
      anAnswer(
        `<ListJobsResult><Jobs>${id === '' ? '' : `<member><JobId>${id}</JobId><Status>New</Status><Operation>X</Operation></member>`}</Jobs><NextToken>${token}</NextToken></ListJobsResult>`,
      );
    const circle = [page('a', 'a'), page('b', 'b'), page('c', 'a'), page('d', '')];
    expect(idsOf(await chunksOf(open(() => circle.shift()!).source))).toEqual(['c', 'b', 'a']);
    const empty = [page('a', 'a'), page('', 'b'), page('c', '')];
    expect(idsOf(await chunksOf(open(() => empty.shift()!).source))).toEqual(['a']);
  });

  it('tells of a token that COS no longer knows as its failure, for no cursor is at fault', async () => {
    const pages = [
      cosListing(someJobs(1_001)),
      (): ReturnType<Reply> => anAnswer('<Error><Code>InvalidArgument</Code></Error>', { status: 400 }),
    ];
    const { source } = open((request) => pages.shift()!(request));
    await expect(chunksOf(source)).rejects.toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE', retryable: true });
  });

  it('that is not told in time is a timeout for the one who waited', async () => {
    const { source, clock, wire } = open(() => new Promise<never>(() => undefined) as never);
    const scope = { signal: new AbortController().signal, deadlineMs: clock.now() + 1_000 };
    const late = expect(source.scan(EVERYTHING, scope).next()).rejects.toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
      retryable: true,
    });
    await clock.advance(1_000);
    await late;
    expect(wire.sent).toHaveLength(1);
    expect(clock.sleeping).toBe(0);
  });
});
