import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CursorBinding, encodeCursor } from '../../src/jobs/cursor.ts';
import type { JobFilter } from '../../src/jobs/job-filter.ts';
import { compareKeys, type JobKey, keyOf } from '../../src/jobs/job-key.ts';
import { listJobs } from '../../src/jobs/listing.ts';
import { type Job, Origins, type ScannableSource } from '../../src/jobs/origins.ts';
import type { JobPage } from '../../src/jobs/source-listing.ts';
import { START, toPosition, toState, type WalkState } from '../../src/jobs/walk-state.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { InvalidCursorError } from '../../src/model/errors.ts';
import { sortedJobs, wantedAmong } from '../../src/model/job-order.ts';
import { type Origin, originKey } from '../../src/model/origin.ts';
import type { Position, ScanChunk, ScanRequest } from '../../src/sources/source.ts';
import { aCosJob, anOrigin, aScope } from './support.ts';

const FILTER: JobFilter = {
  sources: null,
  accounts: null,
  regions: null,
  statuses: null,
  createdAfter: null,
  createdBefore: null,
  text: null,
};
/** What cursors of the listing that `ask` reads belong to. */
const BINDING: CursorBinding = {
  field: 'jobs',
  origin: 'all',
  filter: { ...FILTER, orderBy: 'NEWEST_FIRST' },
};

const LONG_ACCOUNT = 'a'.repeat(31);
/** Ten origins with the longest names that the configuration allows. */
const TEN: readonly Origin[] = Array.from({ length: 10 }, (_, index) =>
  anOrigin({
    source: (['COS', 'BATCH_COMPUTE', 'CI'] as const)[index % 3] ?? 'CI',
    account: `${LONG_ACCOUNT}${index % 10}`,
    region: `ap-${'r'.repeat(20)}-${index}`,
    bucket: index % 3 === 2 ? `${'b'.repeat(52)}${index}-1250000000` : null,
  }),
);

const jobId = fc.string({
  unit: fc.constantFrom(...'abcXYZ019-_'.split('')),
  minLength: 1,
  maxLength: 64,
});
const originIndex = fc.nat(TEN.length - 1);
const originAt = (index: number): Origin => TEN[index] as Origin;
const createdAt = fc.oneof(
  fc.constantFrom(
    null,
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '1970-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
  ),
  fc.integer({ min: 0, max: 4_102_444_800_000 }).map((ms) => new Date(ms).toISOString()),
);
const key: fc.Arbitrary<JobKey> = fc
  .tuple(createdAt, originIndex, jobId)
  .map(([time, index, id]) => keyOf(aCosJob(id, { createdAt: time }), originAt(index)));
const state: fc.Arbitrary<WalkState> = fc.record({
  backwards: fc.boolean(),
  main: fc.option(key),
  owed: fc
    .uniqueArray(fc.tuple(originIndex, fc.option(key)), { selector: ([index]) => index, maxLength: 10 })
    .map((owed) => new Map(owed.map(([index, at]) => [originKey(originAt(index)), at]))),
  offsets: fc
    .uniqueArray(fc.tuple(originIndex, fc.nat(10_000_000)), { selector: ([index]) => index, maxLength: 10 })
    .map((offsets) => new Map(offsets.map(([index, offset]) => [originKey(originAt(index)), offset]))),
});

function refusal(act: () => unknown): unknown {
  try {
    act();
    return null;
  } catch (error) {
    return error;
  }
}

describe('how far a walk has come', () => {
  it('is the same behind its position, whatever was passed and is owed', () => {
    fc.assert(
      fc.property(state, (given) => {
        const position = JSON.parse(JSON.stringify(toPosition(given))) as Position;
        expect(toState(position, TEN)).toEqual(given);
      }),
      { seed: 20_260_105, numRuns: 2_000 },
    );
  });

  it('does not depend on the order of the configuration', () => {
    fc.assert(
      fc.property(state, (given) => {
        expect(toState(toPosition(given), TEN.toReversed())).toEqual(given);
      }),
      { seed: 20_260_105, numRuns: 200 },
    );
  });

  it('fits into a cursor with ten origins, three of them owed, however long all names are', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('9999-12-31T23:59:59.999Z', null),
        fc.shuffledSubarray([...TEN.keys()], { minLength: 3, maxLength: 3 }),
        (time, owed) => {
          const keyAt = (index: number): JobKey =>
            keyOf(aCosJob('j'.repeat(64), { createdAt: time }), originAt(index));
          const full: WalkState = {
            backwards: true,
            main: keyAt(9),
            owed: new Map(owed.map((index) => [originKey(originAt(index)), keyAt(index)])),
            offsets: new Map(TEN.map((origin) => [originKey(origin), 10_000_000])),
          };
          const cursor = encodeCursor(BINDING, toPosition(full));
          expect(cursor.length).toBeLessThanOrEqual(1_024);
          expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
        },
      ),
      { seed: 20_260_105, numRuns: 100 },
    );
  });

  it('names no account, region or bucket in its position', () => {
    const given: WalkState = {
      backwards: false,
      main: keyOf(aCosJob('x'), originAt(2)),
      owed: new Map([[originKey(originAt(1)), null]]),
      offsets: new Map([[originKey(originAt(0)), 7]]),
    };
    expect(JSON.stringify(toPosition(given))).not.toMatch(/aaaa|ap-|bbbb|COS|CI/);
  });

  it.each<[string, (position: Position) => Position]>([
    ['lacks a part', (position) => position.slice(0, 3)],
    ['has a part too many', (position) => [...position, '']],
    ['has another direction', ([, ...rest]) => [2, ...rest]],
    ['has its direction as a text', ([, ...rest]) => ['0', ...rest]],
    ['has a number for the place', ([direction, , ...rest]) => [direction ?? 0, 7, ...rest]],
    [
      'has a place without a time',
      ([direction, main, ...rest]) => [direction ?? 0, String(main).replace(/^[^.]*/, ''), ...rest],
    ],
    [
      'has a place with an id that no product gives',
      ([direction, main, ...rest]) => [direction ?? 0, `${String(main)}/..`, ...rest],
    ],
    [
      'has a place with an id too long',
      ([direction, main, ...rest]) => [direction ?? 0, `${String(main)}${'x'.repeat(64)}`, ...rest],
    ],
    ['owes in a text', ([direction, main, , offsets]) => [direction ?? 0, main ?? '', 'x', offsets ?? []]],
    ['owes to nobody', ([direction, main, , offsets]) => [direction ?? 0, main ?? '', ['x'], offsets ?? []]],
    ['has offsets in a number', (position) => [...position.slice(0, 3), 1]],
    [
      'has an offset below zero',
      (position) => [...position.slice(0, 3), [String((position[3] as string[])[0]).replace(':', ':-')]],
    ],
    [
      'has an offset with a fraction',
      (position) => [...position.slice(0, 3), [`${String((position[3] as string[])[0])}.5`]],
    ],
  ])('is refused where the position %s', (_, spoil) => {
    const good = toPosition({
      backwards: false,
      main: keyOf(aCosJob('x'), originAt(0)),
      owed: new Map([[originKey(originAt(1)), keyOf(aCosJob('y'), originAt(1))]]),
      offsets: new Map([[originKey(originAt(1)), 7]]),
    });
    expect(refusal(() => toState(good, TEN))).toBeNull();
    expect(refusal(() => toState(spoil(good), TEN))).toBeInstanceOf(InvalidCursorError);
  });

  it('is refused where it stands at, owes to or counts at an origin that is not configured', () => {
    const gone = anOrigin({ account: 'gone' });
    const at = keyOf(aCosJob('x'), gone);
    const states: readonly WalkState[] = [
      { ...START, main: at },
      { ...START, owed: new Map([[originKey(gone), null]]) },
      { ...START, owed: new Map([[originKey(originAt(0)), at]]) },
      { ...START, offsets: new Map([[originKey(gone), 1]]) },
    ];
    for (const given of states) {
      expect(refusal(() => toState(toPosition(given), TEN))).toBeInstanceOf(InvalidCursorError);
      expect(refusal(() => toState(toPosition(given), [...TEN, gone]))).toBeNull();
    }
  });
});

/** An origin with a few jobs, some of one second and some without a time, that counts its scans. */
class CountingOrigin implements ScannableSource {
  readonly origin: Origin;
  readonly jobs: readonly Job[];
  scans = 0;

  constructor(index: number) {
    this.origin = anOrigin({ account: 'media', region: `ap-r${index}` });
    const { account, region } = this.origin;
    const jobs = Array.from({ length: 12 }, (_, place) =>
      aCosJob(`j${index}-${place}`, {
        account,
        region,
        createdAt: place === 0 ? null : new Date(1_760_000_000_000 + ((place * 5) % 7) * 1_000).toISOString(),
      }),
    );
    this.jobs = sortedJobs(jobs, 'NEWEST_FIRST');
  }

  async *scan(request: ScanRequest): AsyncGenerator<ScanChunk<Job>, void, undefined> {
    this.scans += 1;
    await Promise.resolve();
    const jobs = wantedAmong(this.jobs, request);
    const offsets = jobs.map((job) => this.jobs.indexOf(job));
    yield { jobs, offsets, totalCount: null, fetchedAt: '2026-01-01T00:00:00.000Z', outcome: 'FRESH' };
  }
}

class CountingOrigins extends Origins {
  readonly counting: readonly CountingOrigin[];

  constructor(counting: readonly CountingOrigin[]) {
    super({ cos: [], batchCompute: [], ci: [] });
    this.counting = counting;
  }

  override all(): readonly Origin[] {
    return this.counting.map(({ origin }) => origin);
  }

  override scannable(): readonly ScannableSource[] {
    return this.counting;
  }
}

const FAKES = Array.from({ length: 3 }, (_, index) => new CountingOrigin(index));

async function ask(cursor: string | null, { limit = 5, backwards = false } = {}): Promise<JobPage<Job>> {
  return await listJobs(
    new CountingOrigins(FAKES),
    {
      filter: FILTER,
      orderBy: 'NEWEST_FIRST',
      page: { limit, backwards, after: backwards ? null : cursor, before: backwards ? cursor : null },
    },
    { originMs: 6_000, maxScannedJobs: 2_000 },
    systemClock,
    aScope(),
  );
}

const idsOf = ({ edges }: JobPage<Job>): string[] => edges.map(({ node }) => node.jobId);

/** The page, or null for a cursor that was refused in the right way: with its error, and before anybody was asked. */
async function pageOrRefusal(cursor: string, backwards: boolean): Promise<JobPage<Job> | null> {
  const scans = (): number => FAKES.reduce((sum, fake) => sum + fake.scans, 0);
  const before = scans();
  try {
    return await ask(cursor, { backwards });
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidCursorError);
    expect(scans()).toBe(before);
    return null;
  }
}

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n\u0000é'.split('');
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
/** One way to spoil a cursor; two cursors are given, so that they can be mixed. */
const mutation: fc.Arbitrary<(cursor: string, other: string) => string> = fc.oneof(
  fc.tuple(place, fc.constantFrom(...CHARACTERS)).map(([at, character]) => (cursor: string) => {
    const index = Math.floor(at * cursor.length);
    return `${cursor.slice(0, index)}${character}${cursor.slice(index + 1)}`;
  }),
  fc.tuple(place, fc.constantFrom(...CHARACTERS)).map(([at, character]) => (cursor: string) => {
    const index = Math.floor(at * cursor.length);
    return `${cursor.slice(0, index)}${character}${cursor.slice(index)}`;
  }),
  fc.tuple(place, place).map(([from, to]) => (cursor: string) => {
    const [start, end] = [from, to].toSorted((a, b) => a - b).map((at) => Math.floor(at * cursor.length));
    return cursor.slice(0, start) + cursor.slice(end);
  }),
  place.map((at) => (cursor: string, other: string) => {
    const index = Math.floor(at * cursor.length);
    return cursor.slice(0, index) + other.slice(index);
  }),
  // Within the text that is encoded: the form stays good, the content does not.
  fc.tuple(place, fc.constantFrom(...CHARACTERS)).map(([at, character]) => (cursor: string) => {
    const text = Buffer.from(cursor, 'base64url').toString('utf8');
    const index = Math.floor(at * text.length);
    const spoilt = `${text.slice(0, index)}${character}${text.slice(index + 1)}`;
    return Buffer.from(spoilt).toString('base64url');
  }),
  fc.tuple(fc.nat(6), fc.jsonValue()).map(([part, value]) => (cursor: string) => {
    const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    parts[part] = value;
    return Buffer.from(JSON.stringify(parts)).toString('base64url');
  }),
  fc.constant((cursor: string) => cursor + cursor),
  fc.string({ maxLength: 60 }).map((text) => () => text),
);

describe('a cursor of all jobs', () => {
  it('that was spoilt in any of 10,000 ways is refused before anybody is asked, or is the same after all', async () => {
    const whole = await ask(null, { limit: 100 });
    const ids = idsOf(whole);
    expect(ids).toHaveLength(36);
    const cursors = whole.edges.map(({ cursor }) => cursor);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(35),
        fc.nat(35),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (index, otherIndex, mutations, backwards) => {
          const other = cursors[otherIndex] ?? '';
          const spoilt = mutations.reduce((cursor, mutate) => {
            try {
              return mutate(cursor, other);
            } catch {
              // Not JSON any more, so that nothing can be changed in it.
              return cursor.slice(1);
            }
          }, cursors[index] ?? '');
          const page = await pageOrRefusal(spoilt, backwards);
          if (page === null) {
            refused += 1;
            return;
          }
          const at = cursors.indexOf(spoilt);
          expect(at, `a cursor that was never given is accepted: ${spoilt}`).toBeGreaterThanOrEqual(0);
          expect(idsOf(page)).toEqual(
            backwards ? ids.slice(Math.max(0, at - 5), at) : ids.slice(at + 1, at + 6),
          );
        },
      ),
      { seed: 20_260_106, numRuns: 10_000 },
    );
    expect(refused).toBeGreaterThan(7_500);
  }, 60_000);

  it('that was forged with a good digest gives a page in order, of configured origins, each job once, or is refused', async () => {
    const tag = fc.constantFrom(
      ...FAKES.map(({ origin }) => {
        const [, , , offsets] = toPosition({ ...START, offsets: new Map([[originKey(origin), 0]]) });
        return String((offsets as readonly string[])[0]).slice(0, 6);
      }),
      'AAAAAA',
    );
    const time = fc.oneof(
      fc.constantFrom('-1', '0', '00', 'zzzzzzzzzzz', '-zzzzzzzzzzz', '', '-'),
      fc.integer({ min: 1_760_000_000, max: 1_760_000_007 }).map((second) => (second * 1_000).toString(36)),
    );
    const keyText = fc.oneof(
      { weight: 5, arbitrary: fc.tuple(time, tag, jobId).map((parts) => parts.join('.')) },
      fc.constant(''),
      fc.string({ maxLength: 10 }),
    );
    const position: fc.Arbitrary<Position> = fc.tuple(
      fc.constantFrom(0, 1),
      keyText,
      fc.array(
        fc.tuple(tag, keyText).map((parts) => parts.join(':')),
        { maxLength: 3 },
      ),
      fc.array(
        fc.tuple(tag, fc.constantFrom('0', '5', 'zzzzzzz', '-1', '')).map((parts) => parts.join(':')),
        { maxLength: 3 },
      ),
    );
    const all = new Set(FAKES.flatMap(({ jobs }) => jobs.map(({ jobId: id }) => id)));
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(position, fc.boolean(), async (forged, backwards) => {
        const page = await pageOrRefusal(encodeCursor(BINDING, forged), backwards);
        if (page === null) {
          return;
        }
        accepted += 1;
        expect(new Set(idsOf(page)).size).toBe(page.edges.length);
        expect(idsOf(page).filter((id) => !all.has(id))).toEqual([]);
        const keys = page.edges.map(({ node }) => keyOf(node, anOrigin({ region: node.region })));
        const disorder = keys.filter((at, index) => {
          const next = keys[index + 1];
          return next !== undefined && compareKeys(at, next, 'NEWEST_FIRST') >= 0;
        });
        expect(disorder).toEqual([]);
      }),
      { seed: 20_260_107, numRuns: 3_000 },
    );
    expect(accepted).toBeGreaterThan(300);
  }, 60_000);
});
