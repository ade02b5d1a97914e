import { describe, expect, it } from 'vitest';
import { UpstreamError, UserInputError } from '../../../src/model/errors.ts';
import { BatchComputeClient } from '../../../src/sources/batch-compute/client.ts';
import type { BatchComputeFilter, BatchComputeJob } from '../../../src/sources/batch-compute/model.ts';
import { BatchComputeSource } from '../../../src/sources/batch-compute/source.ts';
import type { ListPage, Position } from '../../../src/sources/source.ts';
import type { UpstreamResponse } from '../../../src/upstream/send.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { anAnswer, aScope, BATCH_COMPUTE_ORIGIN, FakeWire, fixture, type SentRequest } from '../support.ts';
import { batchComputeCache, MEMORY_BYTES } from '../caches.ts';
import { batchComputeListing } from '../listing-wires.ts';

const EVERYTHING: BatchComputeFilter = {
  jobIds: null,
  names: null,
  states: null,
  zones: null,
  tagKeys: null,
  tagValues: null,
  tags: null,
};

interface Body {
  readonly JobIds: readonly string[];
  readonly Limit: number;
}
const bodyOf = ({ body }: SentRequest): Body => JSON.parse(body ?? '') as Body;

const aJob = (jobId: string): object => ({
  JobId: jobId,
  JobState: 'RUNNING',
  CreateTime: '2026-01-01T00:00:00Z',
  TaskMetrics: {},
});
const envelope = (content: object): UpstreamResponse =>
  anAnswer(JSON.stringify({ Response: { RequestId: 'r', ...content } }));
/** Newest id first, which is not the order asked. */
const found = (ids: readonly string[]): UpstreamResponse =>
  envelope({ TotalCount: ids.length, JobSet: ids.toReversed().map(aJob) });
const refused = (code: string): UpstreamResponse => envelope({ Error: { Code: code, Message: '' } });

function open(reply: (ids: readonly string[]) => UpstreamResponse): {
  wire: FakeWire;
  source: BatchComputeSource;
} {
  const wire = new FakeWire((request) => reply(bodyOf(request).JobIds));
  const clock = new FakeClock(Date.parse('2026-01-02T03:04:05Z'));
  return {
    wire,
    source: new BatchComputeSource(
      new BatchComputeClient(BATCH_COMPUTE_ORIGIN, wire.send),
      batchComputeCache({ clock }),
      { clock },
    ),
  };
}

const someIds = (count: number): string[] => Array.from({ length: count }, (_, n) => `job-${n}`);

describe('getMany', () => {
  it('asks for 250 jobs in three calls of at most 100, each with its own limit, and matches by id', async () => {
    const { wire, source } = open(found);
    const ids = someIds(250);
    const result = await source.getMany([...ids, ...ids], aScope());
    expect(result.map((job) => (job instanceof Error ? job : job?.jobId))).toEqual([...ids, ...ids]);
    expect(wire.sent.map(bodyOf).map(({ JobIds, Limit }) => [JobIds.length, Limit])).toEqual([
      [100, 100],
      [100, 100],
      [50, 50],
    ]);
  });

  it.each([0, 1, 49, 98, 99])(
    'splits a refused chunk until the culprit at %i stands alone',
    async (place) => {
      const ids = someIds(100);
      const culprit = ids[place]!;
      const { wire, source } = open((asked) =>
        asked.includes(culprit) ? refused('InvalidParameter.JobIdMalformed') : found(asked),
      );
      const result = await source.getMany(ids, aScope());
      expect(result.filter((job) => job instanceof Error)).toHaveLength(1);
      expect(result[place]).toMatchObject({ code: 'INVALID_ID' });
      expect(result.filter((job) => job !== null && !(job instanceof Error))).toHaveLength(99);
      expect(wire.sent.length).toBeLessThanOrEqual(1 + 2 * 7);
    },
  );

  it('lets two culprits fail and no other', async () => {
    const ids = someIds(10);
    const { source } = open((asked) =>
      asked.includes('job-2') || asked.includes('job-7')
        ? refused('InvalidParameter.JobIdMalformed')
        : found(asked),
    );
    const result = await source.getMany(ids, aScope());
    expect(result.flatMap((job, place) => (job instanceof Error ? [place] : []))).toEqual([2, 7]);
  });

  it('gives any other failure to every id of its chunk, and to no other chunk', async () => {
    const { wire, source } = open((asked) =>
      asked.includes('job-0') ? refused('RequestLimitExceeded') : found(asked),
    );
    const result = await source.getMany(someIds(150), aScope());
    expect(result.slice(0, 100).every((job) => job instanceof UpstreamError)).toBe(true);
    expect(result.slice(100).some((job) => job === null || job instanceof Error)).toBe(false);
    expect(wire.sent).toHaveLength(2);
  });
});

describe('detail', () => {
  it('is what DescribeJob tells', async () => {
    const wire = new FakeWire(() => anAnswer(fixture('batch-compute/describe-job.json')));
    const source = new BatchComputeSource(
      new BatchComputeClient(BATCH_COMPUTE_ORIGIN, wire.send),
      batchComputeCache(),
    );
    expect((await source.detail('job-k3v8xw2p', aScope()))?.dependencies).toHaveLength(2);
  });
});

describe('list', () => {
  const list = (source: BatchComputeSource, change: Partial<BatchComputeFilter>, limit = 2) =>
    source.list(
      { filter: { ...EVERYTHING, ...change }, limit, backwards: false, after: null, before: null },
      aScope(),
    );

  it("sends every filter under the upstream's name", async () => {
    const { wire, source } = open(() => found(['job-1']));
    await list(source, {
      names: ['n'],
      states: ['RUNNING', 'FAILED'],
      zones: ['ap-guangzhou-4'],
      tagKeys: ['k'],
      tagValues: ['v'],
      tags: [
        { key: 'team', values: ['a', 'b'] },
        { key: 'env', values: ['c'] },
      ],
    });
    expect(bodyOf(wire.sent[0]!)).toMatchObject({
      Filters: [
        { Name: 'job-name', Values: ['n'] },
        { Name: 'job-state', Values: ['RUNNING', 'FAILED'] },
        { Name: 'zone', Values: ['ap-guangzhou-4'] },
        { Name: 'tag-key', Values: ['k'] },
        { Name: 'tag-value', Values: ['v'] },
        { Name: 'tag:team', Values: ['a', 'b'] },
        { Name: 'tag:env', Values: ['c'] },
      ],
      Offset: 0,
    });
  });

  it('lists jobs by id through JobIds, each once, in slices', async () => {
    const { wire, source } = open(found);
    const filter = { ...EVERYTHING, jobIds: ['job-1', 'job-2', 'job-3', 'job-1'] };
    const rest = { filter, limit: 2, backwards: false, before: null };
    const first = await source.list({ ...rest, after: null }, aScope());
    expect(first.entries.map(({ job }) => job.jobId)).toEqual(['job-3', 'job-2']);
    expect(first).toMatchObject({ hasNextPage: true, totalCount: 3 });
    expect(wire.sent.map(bodyOf)).toEqual([{ JobIds: ['job-1', 'job-2', 'job-3'], Limit: 3 }]);
    wire.sent.length = 0;
    const second = await source.list({ ...rest, after: first.entries[1]!.position }, aScope());
    expect(second.entries.map(({ job }) => job.jobId)).toEqual(['job-1']);
    expect(second.hasNextPage).toBe(false);
    expect(wire.sent).toHaveLength(1);
  });

  it.each<[Partial<BatchComputeFilter>]>([
    [{ jobIds: [] }],
    [{ states: [] }],
    [{ names: ['n'], tags: [{ key: 'k', values: [] }] }],
  ])('answers %j with nothing and without a call', async (change) => {
    const { wire, source } = open(found);
    expect(await list(source, change)).toEqual({
      entries: [],
      hasNextPage: false,
      hasPreviousPage: false,
      totalCount: 0,
      outcome: 'FRESH',
      fetchedAt: '2026-01-02T03:04:05.000Z',
    });
    expect(wire.sent).toEqual([]);
  });

  it.each<[string, Partial<BatchComputeFilter>]>([
    ['ids beside another filter', { jobIds: ['job-1'], names: ['n'] }],
    ['a malformed id', { jobIds: ['job-1', 'job_2'] }],
    ['more ids than one call takes', { jobIds: someIds(101) }],
  ])('refuses %s without a call', async (_, change) => {
    const { wire, source } = open(found);
    await expect(list(source, change)).rejects.toBeInstanceOf(UserInputError);
    expect(wire.sent).toEqual([]);
  });
});

describe('pages of one listing, where what is read is kept', () => {
  const jobs = Array.from({ length: 250 }, (_, n) => ({
    jobId: `job-${String(n).padStart(3, '0')}`,
    second: 1_000 - n,
    word: 'RUNNING',
  }));

  /** The calls that reading page by page costs, each page behind the last job of the one before. */
  async function walk(limit: number, memoryBytes: number): Promise<number> {
    const clock = new FakeClock();
    const wire = new FakeWire((request) => ({
      ...batchComputeListing(jobs)(request),
      receivedAtMs: clock.now(),
    }));
    const client = new BatchComputeClient(BATCH_COMPUTE_ORIGIN, wire.send);
    const source = new BatchComputeSource(client, batchComputeCache({ clock, memoryBytes }), { clock });
    const ids: string[] = [];
    let after: Position | null = null;
    for (let hasNextPage = true; hasNextPage;) {
      const page: ListPage<BatchComputeJob> = await source.list(
        { filter: EVERYTHING, limit, backwards: false, after, before: null },
        { ...aScope(), deadlineMs: clock.now() + 5_000 },
      );
      expect(page.hasPreviousPage).toBe(ids.length > 0);
      expect(page.totalCount).toBe(250);
      ids.push(...page.entries.map(({ job }) => job.jobId));
      after = page.entries.at(-1)?.position ?? null;
      ({ hasNextPage } = page);
    }
    expect(ids).toEqual(jobs.map(({ jobId }) => jobId));
    return wire.sent.length;
  }

  it.each([
    [20, 3],
    [7, 3],
    [33, 3],
    [50, 4],
    [100, 3],
    [250, 3],
  ])('of %i jobs each cost %i calls', async (limit, calls) => {
    expect(await walk(limit, MEMORY_BYTES)).toBe(calls);
  });

  it('cost one call each where nothing is kept', async () => {
    expect(await walk(20, 0)).toBe(13);
  });
});
