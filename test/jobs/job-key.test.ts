import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareKeys, type JobKey, keyOf, laterOf } from '../../src/jobs/job-key.ts';
import { JOB_SOURCES, originKey } from '../../src/model/origin.ts';
import { type JobOrder, sortedJobs } from '../../src/model/job-order.ts';
import { aCosJob, anOrigin, BUCKET, COMPUTE, GUANGZHOU, SHANGHAI } from './support.ts';

/** Few values of each part, so that keys are often equal up to the last one. */
const key: fc.Arbitrary<JobKey> = fc.record({
  createdAtMs: fc.constantFrom(
    ...[null, '0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '2026-01-01T00:00:00Z'].map(
      (createdAt) => keyOf(aCosJob('a', { createdAt }), GUANGZHOU).createdAtMs,
    ),
  ),
  origin: fc
    .record({
      source: fc.constantFrom(...JOB_SOURCES),
      account: fc.constantFrom('archive', 'media', 'Media'),
      region: fc.constantFrom('ap-beijing', 'ap-guangzhou'),
    })
    .map(({ source, account, region }) => ({
      source,
      account,
      region,
      bucket: source === 'CI' ? `b-${region}` : null,
    })),
  jobId: fc.constantFrom('a', 'b', 'B', 'job-1', 'job-10', '1'),
});
const order = fc.constantFrom<JobOrder[]>('NEWEST_FIRST', 'OLDEST_FIRST');
const RUNS = { seed: 20_260_104, numRuns: 5_000 };

const textOf = ({ createdAtMs, origin, jobId }: JobKey): string =>
  `${createdAtMs}/${originKey(origin)}/${jobId}`;
const keyAt = (createdAt: string | null, origin = GUANGZHOU, jobId = 'a'): JobKey =>
  keyOf(aCosJob(jobId, { createdAt }), origin);

describe('the order of keys', () => {
  it('is antisymmetric, and calls two keys equal only when they are one', () => {
    fc.assert(
      fc.property(key, key, order, (a, b, by) => {
        expect(Math.sign(compareKeys(a, b, by)) === -Math.sign(compareKeys(b, a, by))).toBe(true);
        expect(compareKeys(a, b, by) === 0).toBe(textOf(a) === textOf(b));
      }),
      RUNS,
    );
  });

  it('is transitive', () => {
    fc.assert(
      fc.property(key, key, key, order, (a, b, c, by) => {
        const [first, second, third] = [a, b, c].toSorted((x, y) => compareKeys(x, y, by)) as [
          JobKey,
          JobKey,
          JobKey,
        ];
        expect(compareKeys(first, second, by)).toBeLessThanOrEqual(0);
        expect(compareKeys(second, third, by)).toBeLessThanOrEqual(0);
        expect(compareKeys(first, third, by)).toBeLessThanOrEqual(0);
      }),
      RUNS,
    );
  });

  it('is the reverse of the other order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(key, { selector: textOf, maxLength: 30 }), (keys) => {
        const newest = keys.toSorted((a, b) => compareKeys(a, b, 'NEWEST_FIRST')).map(textOf);
        const oldest = keys.toSorted((a, b) => compareKeys(a, b, 'OLDEST_FIRST')).map(textOf);
        expect(newest).toEqual(oldest.toReversed());
      }),
      { ...RUNS, numRuns: 500 },
    );
  });

  it('is by time, then source, account, place and id, oldest first', () => {
    const media = anOrigin({ account: 'archive' });
    const keys = [
      keyAt('2025-01-01T00:00:00Z', BUCKET, 'z'),
      keyAt('2025-01-01T00:00:00.001Z', media),
      keyAt('2026-01-01T00:00:00Z', media, 'z'),
      keyAt('2026-01-01T00:00:00Z', GUANGZHOU, 'B'),
      keyAt('2026-01-01T00:00:00Z', GUANGZHOU, 'a'),
      keyAt('2026-01-01T00:00:00Z', GUANGZHOU, 'b'),
      keyAt('2026-01-01T00:00:00Z', SHANGHAI, 'a'),
      keyAt('2026-01-01T00:00:00Z', COMPUTE, 'a'),
      keyAt('2026-01-01T00:00:00Z', BUCKET, 'a'),
    ];
    const sorted = keys.toReversed().toSorted((a, b) => compareKeys(a, b, 'OLDEST_FIRST'));
    expect(sorted.map(textOf)).toEqual(keys.map(textOf));
  });

  it.each([
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:00:00Z',
  ])(
    'counts a job without a creation time as older than one of %s, and two of them as unequal by id',
    (createdAt) => {
      expect(compareKeys(keyAt(null), keyAt(createdAt), 'OLDEST_FIRST')).toBeLessThan(0);
      expect(compareKeys(keyAt(null), keyAt(createdAt), 'NEWEST_FIRST')).toBeGreaterThan(0);
      const [a, b] = [keyAt(null, GUANGZHOU, 'a'), keyAt(null, GUANGZHOU, 'b')];
      expect(compareKeys(a, b, 'OLDEST_FIRST')).toBeLessThan(0);
      expect(compareKeys(a, a, 'OLDEST_FIRST')).toBe(0);
    },
  );

  it('is that in which the scan of one origin gives its jobs', () => {
    const times = [null, '0001-01-01T00:00:00Z', '2025-05-05T05:05:05Z', '2026-01-01T00:00:00Z'];
    const jobs = times.flatMap((createdAt) =>
      ['b', 'a', 'B'].map((id) => aCosJob(`${id}-${createdAt}`, { createdAt })),
    );
    for (const by of ['NEWEST_FIRST', 'OLDEST_FIRST'] as const) {
      const byKey = jobs.toSorted((a, b) => compareKeys(keyOf(a, GUANGZHOU), keyOf(b, GUANGZHOU), by));
      expect(byKey.map(({ jobId }) => jobId)).toEqual(sortedJobs(jobs, by).map(({ jobId }) => jobId));
    }
  });
});

describe('the later of two places', () => {
  it('is the one that comes after the other, and any place comes after the beginning', () => {
    const [old, young] = [keyAt('2025-01-01T00:00:00Z'), keyAt('2026-01-01T00:00:00Z')];
    expect(laterOf(old, young, 'OLDEST_FIRST')).toBe(young);
    expect(laterOf(young, old, 'OLDEST_FIRST')).toBe(young);
    expect(laterOf(old, young, 'NEWEST_FIRST')).toBe(old);
    expect(laterOf(null, old, 'NEWEST_FIRST')).toBe(old);
    expect(laterOf(young, null, 'NEWEST_FIRST')).toBe(young);
    expect(laterOf(null, null, 'NEWEST_FIRST')).toBeNull();
  });
});
