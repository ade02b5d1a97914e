import { describe, expect, it } from 'vitest';
import { JOB_STATUSES } from '../../src/model/job-status.ts';
import { lifeOfJob, lifeOfListing } from '../../src/sources/freshness.ts';
import { LIFETIMES } from './caches.ts';

const WINDOWS = {
  staleWhileRevalidateMs: LIFETIMES.staleWhileRevalidateMs,
  staleIfErrorMs: LIFETIMES.staleIfErrorMs,
};

describe('the life of a job', () => {
  it('is long once it has ended, and short while anything may happen', () => {
    const lives = JOB_STATUSES.map((status) => [status, lifeOfJob({ status }, LIFETIMES).freshMs]);
    const long = { COMPLETED: 86_400_000, CANCELLED: 86_400_000, FAILED: 300_000 };
    const expected = JOB_STATUSES.map((status) => [status, 5_000] as const);
    expect(Object.fromEntries(lives)).toEqual({ ...Object.fromEntries(expected), ...long });
  });

  it('goes on for as long as anything stale is of use', () => {
    expect(lifeOfJob({ status: 'RUNNING' }, LIFETIMES)).toEqual({ freshMs: 5_000, ...WINDOWS });
  });

  it('that does not exist is the shortest, and goes on for nobody', () => {
    const life = { freshMs: 2_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
    expect(lifeOfJob(null, LIFETIMES)).toEqual(life);
  });
});

describe('the life of a part of a listing', () => {
  const ended = { isFinished: true };
  const running = { isFinished: false };

  it.each([
    ['is long when all have ended and none can appear', [ended, ended], true, 30_000],
    ['is long when there is nothing, and never will be', [], true, 30_000],
    ['is short when one is running', [ended, running], true, 5_000],
    ['is short when one can appear', [ended, ended], false, 5_000],
  ])('%s', (_, jobs, isClosed, freshMs) => {
    expect(lifeOfListing(jobs, isClosed, LIFETIMES)).toEqual({ freshMs, ...WINDOWS });
  });
});
