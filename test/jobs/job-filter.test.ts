import { describe, expect, it } from 'vitest';
import {
  checkConfigured,
  concerns,
  isCountable,
  type JobFilter,
  matches,
  normalStatuses,
} from '../../src/jobs/job-filter.ts';
import { OriginNotConfiguredError } from '../../src/model/errors.ts';
import { JOB_STATUSES, type JobStatus } from '../../src/model/job-status.ts';
import {
  aBatchComputeJob,
  aCiJob,
  aCosJob,
  ARCHIVE,
  BUCKET,
  COMPUTE,
  GUANGZHOU,
  SHANGHAI,
} from './support.ts';

const ALL = [GUANGZHOU, SHANGHAI, ARCHIVE, COMPUTE, BUCKET];
const NAMES = ['GUANGZHOU', 'SHANGHAI', 'ARCHIVE', 'COMPUTE', 'BUCKET'];
const NOTHING: JobFilter = {
  sources: null,
  accounts: null,
  regions: null,
  statuses: null,
  createdAfter: null,
  createdBefore: null,
  text: null,
};
const filterOf = (change: Partial<JobFilter>): JobFilter => ({ ...NOTHING, ...change });

describe('which origins a filter concerns', () => {
  it.each<[string, Partial<JobFilter>, string]>([
    ['nothing', {}, 'GUANGZHOU SHANGHAI ARCHIVE COMPUTE BUCKET'],
    ['a source', { sources: ['BATCH_COMPUTE'] }, 'COMPUTE'],
    ['two sources', { sources: ['CI', 'COS'] }, 'GUANGZHOU SHANGHAI ARCHIVE BUCKET'],
    ['an account', { accounts: ['archive'] }, 'ARCHIVE'],
    ['a region', { regions: ['ap-guangzhou'] }, 'GUANGZHOU ARCHIVE COMPUTE'],
    ['the region of a bucket', { regions: ['ap-beijing'] }, 'BUCKET'],
    ['a source and a region', { sources: ['COS'], regions: ['ap-shanghai', 'ap-beijing'] }, 'SHANGHAI'],
    ['an account and a source that it lacks', { accounts: ['archive'], sources: ['CI'] }, ''],
    [
      'times and a text',
      { createdAfter: '2026-01-01T00:00:00Z', text: 'x' },
      'GUANGZHOU SHANGHAI ARCHIVE COMPUTE BUCKET',
    ],
  ])('with %s', (_, change, expected) => {
    const concerned = NAMES.filter((_name, index) => concerns(filterOf(change), ALL[index] ?? GUANGZHOU));
    expect(concerned.join(' ')).toBe(expected);
  });

  it.each<[JobStatus, string]>([
    ['QUEUED', 'GUANGZHOU COMPUTE BUCKET'],
    ['SUSPENDED', 'GUANGZHOU'],
    ['RUNNING', 'GUANGZHOU COMPUTE BUCKET'],
    ['PAUSED', 'GUANGZHOU BUCKET'],
    ['STOPPING', 'GUANGZHOU'],
    ['COMPLETED', 'GUANGZHOU COMPUTE BUCKET'],
    ['FAILED', 'GUANGZHOU COMPUTE BUCKET'],
    ['CANCELLED', 'GUANGZHOU BUCKET'],
    ['UNKNOWN', 'GUANGZHOU COMPUTE BUCKET'],
  ])('with the status %s are those whose product has it', (status, expected) => {
    const concerned = NAMES.filter((_name, index) =>
      concerns(filterOf({ statuses: [status] }), ALL[index] ?? GUANGZHOU),
    );
    expect(concerned.filter((name) => name !== 'SHANGHAI' && name !== 'ARCHIVE').join(' ')).toBe(expected);
  });

  it('with several statuses are those whose product has one of them', () => {
    expect(concerns(filterOf({ statuses: ['SUSPENDED', 'CANCELLED'] }), BUCKET)).toBe(true);
    expect(concerns(filterOf({ statuses: ['SUSPENDED', 'CANCELLED'] }), COMPUTE)).toBe(false);
  });
});

describe('which jobs match what no upstream can filter by', () => {
  const cos = aCosJob('5e0f-AB', { description: 'Nightly COPY' });
  const compute = aBatchComputeJob('job-xy12', { name: 'Render Straße', description: null });
  const ci = aCiJob('bdeadbeef', { name: null });
  const timeless = aCosJob('t', { createdAt: null });

  it.each<[string, Partial<JobFilter>, string]>([
    ['no text', {}, 'cos compute ci timeless'],
    ['a part of a description', { text: 'nightly c' }, 'cos'],
    ['a part of a name, in capitals', { text: 'RENDER' }, 'compute'],
    ['a part of an id, in other case', { text: '0F-ab' }, 'cos'],
    ['a part of another id', { text: 'DEAD' }, 'ci'],
    ['a text that nothing has', { text: 'nothing' }, ''],
    ['a text that is no pattern', { text: '.*' }, ''],
    ['a text with a blank at its end', { text: 'nightly ' }, 'cos'],
    ['a text across two of a job’s texts', { text: 'copy5e0f' }, ''],
    ['a text of letters beyond ASCII', { text: 'STRAßE' }, 'compute'],
    ['the word null', { text: 'null' }, ''],
    ['a first time', { createdAfter: '2000-01-01T00:00:00Z' }, 'cos compute ci'],
    ['a last time', { createdBefore: '2100-01-01T00:00:00Z' }, 'cos compute ci'],
  ])('%s', (_, change, expected) => {
    const jobs = { cos, compute, ci, timeless };
    const matching = Object.entries(jobs).filter(([, job]) => matches(filterOf(change), job));
    expect(matching.map(([name]) => name).join(' ')).toBe(expected);
  });
});

describe('names in a filter', () => {
  it('that are configured are accepted, for any source', () => {
    checkConfigured(NOTHING, ALL);
    checkConfigured(filterOf({ accounts: ['archive', 'media'], regions: ['ap-beijing'] }), ALL);
    expect(() => checkConfigured(filterOf({ regions: ['ap-beijing'] }), [GUANGZHOU])).toThrow(
      OriginNotConfiguredError,
    );
  });

  it.each<[Partial<JobFilter>, string]>([
    [{ accounts: ['media', 'nobody'] }, 'No account "nobody" is configured; configured: media, archive.'],
    [
      { regions: ['ap-mars'] },
      'No region "ap-mars" is configured; configured: ap-guangzhou, ap-shanghai, ap-beijing.',
    ],
    [{ regions: ['media-1250000000'] }, 'No region "media-1250000000" is configured'],
    [{ accounts: ['x'.repeat(256)] }, `No account "${'x'.repeat(80)}" is configured`],
  ])('that are not are refused by name: %o', (change, message) => {
    expect(() => checkConfigured(filterOf(change), ALL)).toThrow(message);
  });
});

describe('statuses in a filter', () => {
  it.each<[readonly JobStatus[] | null, readonly JobStatus[] | null]>([
    [null, null],
    [['FAILED'], ['FAILED']],
    [
      ['UNKNOWN', 'QUEUED', 'FAILED', 'QUEUED'],
      ['QUEUED', 'FAILED', 'UNKNOWN'],
    ],
    [JOB_STATUSES, null],
    [JOB_STATUSES.toReversed(), null],
  ])('%o stand in one order, once each, and all of them are no restriction: %o', (given, expected) => {
    expect(normalStatuses(given)).toEqual(expected);
  });
});

describe('whether a count is that of the listing', () => {
  it.each<[Partial<JobFilter>, boolean]>([
    [{}, true],
    [{ sources: ['COS'], accounts: ['media'], regions: ['ap-guangzhou'], statuses: ['FAILED'] }, true],
    [{ text: 'x' }, false],
    [{ createdAfter: '2026-01-01T00:00:00Z' }, false],
    [{ createdBefore: '2026-01-01T00:00:00Z' }, false],
  ])('with %o: %s', (change, expected) => {
    expect(isCountable(filterOf(change))).toBe(expected);
  });
});
