import { describe, expect, it } from 'vitest';
import { Origins } from '../../src/jobs/origins.ts';
import { OriginNotConfiguredError } from '../../src/model/errors.ts';
import {
  anOrigin,
  ARCHIVE,
  batchComputeThatKnowsAll,
  BUCKET,
  ciThatKnowsAll,
  COMPUTE,
  cosThatKnowsAll,
  GUANGZHOU,
  SHANGHAI,
} from './support.ts';

const OTHER_BUCKET = anOrigin({
  source: 'CI',
  account: 'archive',
  region: 'ap-shanghai',
  bucket: 'logs-1250000001',
});
const [guangzhou, shanghai, archive] = [GUANGZHOU, SHANGHAI, ARCHIVE].map(cosThatKnowsAll);
const compute = batchComputeThatKnowsAll();
const [bucket, otherBucket] = [BUCKET, OTHER_BUCKET].map(ciThatKnowsAll);
const origins = new Origins({
  cos: [guangzhou!, shanghai!, archive!],
  batchCompute: [compute],
  ci: [bucket!, otherBucket!],
});

describe('the origins that a caller sees', () => {
  it('are those of its accounts, and no others are there', () => {
    const archived = origins.visibleTo(new Set(['archive']));
    expect(archived.all()).toEqual([ARCHIVE, OTHER_BUCKET]);
    expect(archived.scannable().map(({ origin }) => origin)).toEqual([ARCHIVE, OTHER_BUCKET]);
    expect(archived.cos({})).toBe(archive);
    expect(() => archived.cos({ account: 'media' })).toThrow(
      'No COS origin fits account "media"; configured: archive ap-guangzhou.',
    );
    expect(() => archived.ci({ bucket: BUCKET.bucket })).toThrow(OriginNotConfiguredError);
    expect(
      archived.findCos({ source: 'COS', account: 'media', place: 'ap-shanghai', jobId: 'a' }),
    ).toBeNull();
  });

  it('are none without an account, and without one that is configured', () => {
    expect(origins.visibleTo(new Set()).all()).toEqual([]);
    expect(origins.visibleTo(new Set(['others', 'Media', '*', ''])).all()).toEqual([]);
  });

  it('are all for who sees all', () => {
    expect(origins.visibleTo('all')).toBe(origins);
    expect(origins.visibleTo(new Set(['archive', 'media'])).all()).toEqual(origins.all());
  });

  it('are worked out once for a set of accounts, in whatever order and with whatever else it names them', () => {
    const view = origins.visibleTo(new Set(['media']));
    expect(origins.visibleTo(new Set(['others', 'media']))).toBe(view);
    expect(origins.visibleTo(new Set(['media', 'archive']))).toBe(
      origins.visibleTo(new Set(['archive', 'media'])),
    );
  });

  it('only ever become fewer', () => {
    expect(
      origins
        .visibleTo(new Set(['media']))
        .visibleTo('all')
        .all(),
    ).not.toContainEqual(ARCHIVE);
    expect(
      origins
        .visibleTo(new Set(['media']))
        .visibleTo(new Set(['archive']))
        .all(),
    ).toEqual([]);
  });
});

describe('the configured origins', () => {
  it('are listed by product, each in the order of the configuration', () => {
    expect(origins.all()).toEqual([GUANGZHOU, SHANGHAI, ARCHIVE, COMPUTE, BUCKET, OTHER_BUCKET]);
    expect(new Origins({ cos: [], batchCompute: [], ci: [] }).all()).toEqual([]);
  });

  it.each([
    [{}, GUANGZHOU],
    [{ account: null, region: undefined }, GUANGZHOU],
    [{ account: 'media' }, GUANGZHOU],
    [{ region: 'ap-shanghai' }, SHANGHAI],
    [{ account: 'archive' }, ARCHIVE],
    [{ account: 'archive', region: 'ap-guangzhou' }, ARCHIVE],
  ])('of COS are found by %o: the first that fits', (where, expected) => {
    expect(origins.cos(where).origin).toEqual(expected);
  });

  it('of BatchCompute and CI are found likewise', () => {
    expect(origins.batchCompute({ region: 'ap-guangzhou' })).toBe(compute);
    expect(origins.ci({})).toBe(bucket);
    expect(origins.ci({ bucket: 'logs-1250000001' })).toBe(otherBucket);
  });

  it.each([
    [() => origins.cos({ account: 'other' })],
    [() => origins.cos({ account: 'archive', region: 'ap-shanghai' })],
    [() => origins.cos({ region: '' })],
    [() => origins.cos({ region: 'AP-GUANGZHOU' })],
    [() => origins.cos({ account: '__proto__' })],
    [() => origins.batchCompute({ region: 'ap-shanghai' })],
    [() => origins.ci({ bucket: 'media' })],
    [() => origins.ci({ bucket: 'media-1250000000.evil.com' })],
  ])('are nothing else: %s is refused, not answered empty', (find) => {
    expect(find).toThrow(OriginNotConfiguredError);
  });

  it('are named to whoever asks for another, whose words come back cut', () => {
    expect(() => origins.cos({ region: 'x'.repeat(1_000) })).toThrow(
      `No COS origin fits region "${'x'.repeat(80)}"; configured: media ap-guangzhou, media ap-shanghai, archive ap-guangzhou.`,
    );
    expect(() => new Origins({ cos: [], batchCompute: [], ci: [] }).ci({})).toThrow(
      'No CI origin fits the question; configured: none.',
    );
  });

  it('are found by the ref of a job in them, and by no other', () => {
    const ref = { source: 'COS', account: 'media', place: 'ap-shanghai', jobId: 'a' } as const;
    expect(origins.findCos(ref)).toBe(shanghai);
    expect(origins.findCos({ ...ref, account: 'archive' })).toBeNull();
    expect(origins.findBatchCompute({ ...ref, source: 'BATCH_COMPUTE' })).toBeNull();
    expect(origins.findCi({ ...ref, source: 'CI', place: 'media-1250000000' })).toBe(bucket);
    expect(origins.findCi({ ...ref, source: 'CI', place: 'ap-beijing' })).toBeNull();
  });
});
