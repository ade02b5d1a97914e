import { expect, it } from 'vitest';
import { CosClient } from '../../../src/sources/cos/client.ts';
import { CosSource } from '../../../src/sources/cos/source.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { cosCache, MEMORY_BYTES } from '../caches.ts';
import { cosListing, type WireJob } from '../listing-wires.ts';
import { chunksOf } from '../scan-contract.ts';
import { anAnswer, aScope, COS_ORIGIN, FakeWire } from '../support.ts';

const idOf = (n: number): string => String(n).padStart(8, '0');

function jobsWith(word: string, count: number): WireJob[] {
  return Array.from({ length: count }, (_, n) => ({ jobId: idOf(n), second: n, word }));
}

interface Opened {
  readonly clock: FakeClock;
  readonly source: CosSource;
  /** The calls so far, each by its action; forgets them. */
  readonly calls: () => string[];
  /** In place of every ListJobs. */
  failListing: boolean;
}

/** A source before jobs that every call tells of, also one by id. */
function open(jobs: readonly WireJob[], memoryBytes = MEMORY_BYTES): Opened {
  const clock = new FakeClock();
  const wire: FakeWire = new FakeWire((request) => {
    const receivedAtMs = clock.now();
    if (request.action === 'ListJobs') {
      return opened.failListing
        ? anAnswer('<Error><Code>InternalError</Code></Error>', { status: 500 })
        : { ...cosListing(jobs)(request), receivedAtMs };
    }
    const jobId = request.path.split('/').at(-1);
    const job = jobs.find((each) => each.jobId === jobId);
    return job === undefined
      ? anAnswer('<Error><Code>NoSuchJob</Code></Error>', { status: 404, receivedAtMs })
      : anAnswer(
          `<DescribeJobResult><Job><JobId>${job.jobId}</JobId><Status>${job.word}</Status><Operation><COSDeleteObject/></Operation></Job></DescribeJobResult>`,
          { receivedAtMs },
        );
  });
  const source = new CosSource(new CosClient(COS_ORIGIN, wire.send), cosCache({ clock, memoryBytes }));
  const calls = (): string[] => wire.sent.splice(0).map(({ action }) => action);
  const opened: Opened = { clock, source, calls, failListing: false };
  return opened;
}

const someIds = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, n) => idOf(from + n));
const scopeOf = (clock: FakeClock) => ({ ...aScope(), deadlineMs: clock.now() + 5_000 });
const describes = (count: number): string[] => Array.from({ length: count }, () => 'DescribeJob');

it('are one call of the listing, and in their places', async () => {
  const { source, calls, clock } = open(jobsWith('Active', 30));
  const jobs = await source.getMany(someIds(20), scopeOf(clock));
  expect(jobs.map((job) => (job instanceof Error ? null : job?.jobId))).toEqual(someIds(20));
  expect(calls()).toEqual(['ListJobs']);
});

it('are read by id where they are few, or what the listing lacks', async () => {
  const { source, calls, clock } = open(jobsWith('Active', 30));
  await source.getMany(someIds(9), scopeOf(clock));
  expect(calls()).toEqual(describes(9));
  const jobs = await source.getMany([...someIds(12, 9), 'unknown', '../x'], scopeOf(clock));
  expect(jobs.slice(-2)).toEqual([null, null]);
  expect(calls()).toEqual(['ListJobs', 'DescribeJob']);
});

it('cost nothing once any scan has read the listing, and the ended ones not for long after', async () => {
  const { source, calls, clock } = open([...jobsWith('Complete', 15), { ...jobsWith('Active', 16)[15]! }]);
  await chunksOf(source);
  expect(calls()).toEqual(['ListJobs']);
  await source.getMany(someIds(16), scopeOf(clock));
  expect(calls()).toEqual([]);
  await clock.advance(60_000);
  await source.getMany(someIds(16), scopeOf(clock));
  expect(calls()).toEqual(['DescribeJob']);
});

it('are one call each time that they are past their time, and none for each of them behind it', async () => {
  const { source, calls, clock } = open(jobsWith('Active', 20));
  for (let poll = 0; poll < 3; poll += 1) {
    await source.getMany(someIds(20), scopeOf(clock));
    await clock.advance(5_000);
    expect(calls()).toEqual(['ListJobs']);
  }
});

it('are read by id where the listing cannot be read, or would cost more calls', async () => {
  const opened = open(jobsWith('Active', 6_500));
  opened.failListing = true;
  const some = await opened.source.getMany(someIds(10), scopeOf(opened.clock));
  expect(some.every((job) => job !== null && !(job instanceof Error))).toBe(true);
  expect(opened.calls()).toEqual(['ListJobs', ...describes(10)]);
  opened.failListing = false;
  await chunksOf(opened.source);
  expect(opened.calls()).toHaveLength(7);
  await opened.clock.advance(5_000);
  await opened.source.getMany(someIds(12, 6_000), scopeOf(opened.clock));
  expect(opened.calls()).toEqual(describes(12));
});

it('are read by id where nothing is kept, and for whoever wants them anew', async () => {
  const nothingKept = open(jobsWith('Active', 20), 0);
  await nothingKept.source.getMany(someIds(20), scopeOf(nothingKept.clock));
  expect(nothingKept.calls()).toEqual(describes(20));
  const { source, calls, clock } = open(jobsWith('Active', 20));
  await source.getMany(someIds(20), { ...scopeOf(clock), noCache: true });
  expect(calls()).toEqual(describes(20));
});
