import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CiClient } from '../../../src/sources/ci/client.ts';
import { CiSource } from '../../../src/sources/ci/source.ts';
import type { ScanRequest } from '../../../src/sources/source.ts';
import { ciListing, msOf, type Reply, type WireJob } from '../listing-wires.ts';
import { change, MovingListing, readInPages } from '../moving-listing.ts';
import { chunksOf, EVERYTHING, idsOf } from '../scan-contract.ts';
import { aScope, anAnswer, CI_ORIGIN, FakeWire, type SentRequest } from '../support.ts';
import { ciCache } from '../caches.ts';

/** `count` jobs, b0000 the newest. */
function someJobs(count: number, perSecond = 1): WireJob[] {
  return Array.from({ length: count }, (_, n) => ({
    jobId: `b${String(n).padStart(4, '0')}`,
    second: 100_000 - Math.floor(n / perSecond),
    word: 'Running',
  }));
}

function open(reply: Reply): {
  wire: FakeWire;
  source: CiSource;
  asked: (name: string) => (string | null)[];
} {
  const wire = new FakeWire((request) => reply(request));
  const asked = (name: string): (string | null)[] => wire.sent.map((request) => parameter(request, name));
  return { wire, source: new CiSource(new CiClient(CI_ORIGIN, wire.send), ciCache()), asked };
}

function parameter({ query }: SentRequest, name: string): string | null {
  return query.find(([key]) => key === name)?.[1] ?? null;
}

/** A page that goes on with `token`. */
function page(jobs: readonly { jobId: string; second: number | null }[], token = ''): ReturnType<Reply> {
  const details = jobs.map(({ jobId, second }) => {
    const time = second === null ? '-' : new Date(msOf(second)).toISOString().replace('.000Z', '+0000');
    return `<JobsDetail><JobId>${jobId}</JobId><State>Running</State><CreationTime>${time}</CreationTime></JobsDetail>`;
  });
  return anAnswer(`<Response>${details.join('')}<NextToken>${token}</NextToken></Response>`);
}

describe('the calls of a CI scan', () => {
  it('are one for a first page, of little more than it wants', async () => {
    const { source, asked } = open(ciListing(someJobs(300)));
    const { value } = await source.scan(EVERYTHING, aScope()).next();
    expect(value?.jobs).toHaveLength(24);
    expect(asked('size')).toEqual(['25']);
    expect(asked('orderByTime')).toEqual(['Desc']);
  });

  it('are one for a page that begins at a second, which comes whole', async () => {
    const { source, asked } = open(ciListing(someJobs(300, 3)));
    const { value } = await source.scan({ ...EVERYTHING, fromMs: msOf(100_000 - 20) }, aScope()).next();
    expect(value?.jobs.slice(0, 3).map(({ jobId }) => jobId)).toEqual(['b0062', 'b0061', 'b0060']);
    expect(value?.jobs.length).toBeGreaterThanOrEqual(20);
    expect(asked('endCreationTime')).toEqual(['2023-11-16T09:59:40+0800']);
    expect(asked('startCreationTime')).toEqual([null]);
  });

  it('are one per about 100 jobs for the rest', async () => {
    const { wire, source } = open(ciListing(someJobs(1_000)));
    expect(idsOf(await chunksOf(source))).toHaveLength(1_000);
    expect(wire.sent.length).toBeLessThanOrEqual(11);
  });

  it('bound the time at both ends, oldest first too', async () => {
    const { source, asked } = open(ciListing(someJobs(100)));
    const bounds = { fromMs: msOf(99_950), untilMs: msOf(99_960) };
    const ids = idsOf(await chunksOf(source, { order: 'OLDEST_FIRST', ...bounds }));
    expect(ids).toHaveLength(11);
    expect(asked('startCreationTime')).toEqual(['2023-11-16T09:59:10+0800']);
    expect(asked('endCreationTime')).toEqual(['2023-11-16T09:59:20+0800']);
  });

  it('ask for the states of the wanted statuses, unless one of them has none', async () => {
    const { wire, source, asked } = open(ciListing(someJobs(3)));
    await chunksOf(source, { statuses: ['QUEUED', 'CANCELLED', 'STOPPING'] });
    await chunksOf(source, { statuses: ['RUNNING', 'UNKNOWN'] });
    expect(asked('states')).toEqual(['Submitted,Cancel', null]);
    expect((await chunksOf(source, { statuses: ['STOPPING', 'SUSPENDED'] }))[0]?.totalCount).toBe(0);
    expect(wire.sent).toHaveLength(2);
  });

  it('ask for no time that the upstream could not read', async () => {
    const { source, asked } = open(ciListing(someJobs(3)));
    await chunksOf(source, { fromMs: 8.64e15, untilMs: -8.64e15 });
    await chunksOf(source, { fromMs: -Infinity });
    expect(
      [...asked('startCreationTime'), ...asked('endCreationTime')].filter((text) => text !== null),
    ).toEqual([
      '1970-01-01T08:00:00+0800',
      expect.stringMatching(/^\d{4}-/),
      expect.stringMatching(/^\d{4}-/),
    ]);
  });
});

describe('what a CI scan makes of unusual answers', () => {
  it('reads a second that fills several pages by tokens, and passes over what comes twice', async () => {
    const jobs = someJobs(600, 250);
    const chunks = await chunksOf(open(ciListing(jobs)).source);
    expect(chunks.map((chunk) => chunk.jobs.length)).toEqual([250, 250, 100]);
    expect(new Set(idsOf(chunks)).size).toBe(600);
    const pages = [
      page([{ jobId: 'a', second: 5 }], '1'),
      page([{ jobId: 'a', second: 5 }], '2'),
      page([{ jobId: 'c', second: 5 }]),
    ];
    expect(idsOf(await chunksOf(open(() => pages.shift()!).source))).toEqual(['c', 'a']);
  });

  it('ends at a token that was sent before, and at a page without jobs', async () => {
    const circle = open(() => page([{ jobId: 'a', second: 5 }], '1'));
    expect(idsOf(await chunksOf(circle.source))).toEqual(['a']);
    expect(circle.wire.sent).toHaveLength(2);
    const empty = open(() => page([], '1'));
    expect(idsOf(await chunksOf(empty.source))).toEqual([]);
    expect(empty.wire.sent).toHaveLength(1);
  });

  it('leaves out jobs without a creation time', async () => {
    const jobs = [
      { jobId: 'a', second: 5 },
      { jobId: 'b', second: null },
      { jobId: 'c', second: 4 },
    ];
    expect(idsOf(await chunksOf(open(() => page(jobs)).source))).toEqual(['a', 'c']);
  });

  it.each([
    [
      'within a page',
      {},
      [
        page([
          { jobId: 'a', second: 4 },
          { jobId: 'b', second: 5 },
        ]),
      ],
    ],
    ['between two pages', {}, [page([{ jobId: 'a', second: 4 }], '1'), page([{ jobId: 'b', second: 5 }])]],
    [
      'oldest first',
      { order: 'OLDEST_FIRST' as const },
      [
        page([
          { jobId: 'a', second: 5 },
          { jobId: 'b', second: 4 },
        ]),
      ],
    ],
    ['beyond its beginning', { fromMs: msOf(4) }, [page([{ jobId: 'a', second: 5 }])]],
  ])('refuses jobs that are out of order: %s', async (_where, request, pages) => {
    const { source } = open(() => pages.shift()!);
    await expect(chunksOf(source, request)).rejects.toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE' });
  });

  it('tells of a token that CI no longer knows as its failure, for no cursor is at fault', async () => {
    const pages = [
      page([{ jobId: 'a', second: 4 }], '1'),
      anAnswer('<Error><Code>InvalidArgument</Code></Error>', { status: 400 }),
    ];
    await expect(chunksOf(open(() => pages.shift()!).source)).rejects.toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      retryable: true,
    });
  });
});

const changes = fc.array(change, { maxLength: 40 });
const order = fc.constantFrom('NEWEST_FIRST' as const, 'OLDEST_FIRST' as const);
/** Tokens that count jobs drift with every change: then no second may need one. */
const world = fc.oneof(
  fc.record({
    kind: fc.constant('behind a job' as const),
    jobs: fc.nat(300),
    perSecond: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 60, max: 250 })),
    sizes: fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 4 }),
    runningOnly: fc.boolean(),
    changes,
    order,
  }),
  fc.record({
    kind: fc.constant('a count' as const),
    jobs: fc.nat(300),
    perSecond: fc.integer({ min: 1, max: 12 }),
    sizes: fc.array(fc.integer({ min: 60, max: 120 }), { minLength: 1, maxLength: 4 }),
    runningOnly: fc.boolean(),
    changes: changes.map((list) => list.slice(0, 4)),
    order,
  }),
);

/** The list call over jobs that move, with tokens that stand for a job (`ciListing` itself has counts). */
function movingReply(listing: MovingListing, kind: 'behind a job' | 'a count'): Reply {
  const places: WireJob[] = [];
  return (request) => {
    listing.moveOn();
    const jobs = listing.jobs.map(({ jobId, second, isRunning }) => ({
      jobId,
      second,
      word: isRunning ? 'Running' : 'Success',
    }));
    if (kind === 'a count') {
      return ciListing(jobs)(request);
    }
    const token = parameter(request, 'nextToken');
    const place = token === null ? null : places[Number(token)]!;
    const sign = parameter(request, 'orderByTime') === 'Asc' ? 1 : -1;
    const isBehind = (job: WireJob): boolean =>
      place === null ||
      (job.second === place.second ? job.jobId > place.jobId : sign * (job.second! - place.second!) > 0);
    const query = request.query.filter(([name]) => name !== 'nextToken');
    const rest = jobs.filter(isBehind);
    const answer = ciListing(rest)({ ...request, query });
    return {
      ...answer,
      body: answer.body.replace(/<NextToken>\d+</, () => {
        const last = [...answer.body.matchAll(/<JobId>([^<]+)</g)].at(-1)![1];
        return `<NextToken>${places.push(rest.find(({ jobId }) => jobId === last)!) - 1}<`;
      }),
    };
  };
}

describe('a CI scan while the listing moves', () => {
  it('repeats no job and skips none that stayed, whatever arrives, ends and vanishes between two reads', async () => {
    await fc.assert(
      fc.asyncProperty(world, async ({ kind, sizes, order: wanted, ...rest }) => {
        const listing = new MovingListing('b', rest);
        const { source } = open(movingReply(listing, kind));
        const request: Partial<ScanRequest> = {
          order: wanted,
          statuses: rest.runningOnly ? ['RUNNING'] : null,
        };
        const { ids, faults } = await readInPages((each) => source.scan(each, aScope()), request, sizes);
        expect(faults).toEqual([]);
        expect(new Set(ids).size, 'a job is repeated').toBe(ids.length);
        const given = new Set(ids);
        expect([...listing.stayed].filter((jobId) => !given.has(jobId))).toEqual([]);
      }),
      { numRuns: 300, seed: 20_260_403 },
    );
  });
});
