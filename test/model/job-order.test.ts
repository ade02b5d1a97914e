import { describe, expect, it } from 'vitest';
import {
  chunksOfSeconds,
  isWanted,
  sortedJobs,
  wantedAmong,
  type WantedJobs,
} from '../../src/model/job-order.ts';
import type { JobSummary } from '../../src/model/job.ts';

const EVERYTHING: WantedJobs = { order: 'NEWEST_FIRST', fromMs: null, untilMs: null, statuses: null };

function aJob(jobId: string, createdAt: string | null): JobSummary {
  return {
    source: 'COS',
    account: 'a',
    region: 'r',
    jobId,
    name: null,
    description: null,
    status: 'RUNNING',
    upstreamStatus: 'Active',
    isFinished: false,
    priority: null,
    createdAt,
    startedAt: null,
    endedAt: null,
    progress: null,
    fetchedAt: '2026-01-01T00:00:00.000Z',
  };
}

const JOBS = [
  aJob('b', '2026-01-01T00:00:01Z'),
  aJob('undated', null),
  // As a text, a fraction of a second comes before the whole second.
  aJob('half', '2026-01-01T00:00:01.500Z'),
  aJob('B', '2026-01-01T00:00:01Z'),
  aJob('late', '2026-01-01T00:00:02Z'),
];
const NEWEST_FIRST = ['late', 'half', 'b', 'B', 'undated'];

describe('jobs in order of time', () => {
  it('are sorted by instant, then by code units of the id, undated ones as the oldest', () => {
    expect(sortedJobs(JOBS, 'NEWEST_FIRST').map(({ jobId }) => jobId)).toEqual(NEWEST_FIRST);
    expect(sortedJobs(JOBS, 'OLDEST_FIRST').map(({ jobId }) => jobId)).toEqual(NEWEST_FIRST.toReversed());
  });

  it('are wanted one by one as they are wanted together', () => {
    const sorted = sortedJobs(JOBS, 'NEWEST_FIRST');
    const instants = [
      null,
      -Infinity,
      ...[999, 1_000, 1_499, 1_500, 2_000, 2_001].map((ms) => Date.UTC(2026, 0, 1) + ms),
    ];
    for (const order of ['NEWEST_FIRST', 'OLDEST_FIRST'] as const) {
      for (const fromMs of instants) {
        for (const untilMs of instants) {
          const wanted: WantedJobs = { ...EVERYTHING, order, fromMs, untilMs };
          const one = sortedJobs(
            JOBS.filter((job) => isWanted(job, wanted)),
            order,
          );
          expect(wantedAmong(sorted, wanted)).toEqual(one);
        }
      }
    }
    const upTo = (untilMs: number): string[] =>
      wantedAmong(sorted, { ...EVERYTHING, fromMs: untilMs }).map(({ jobId }) => jobId);
    expect(upTo(Date.UTC(2026, 0, 1) + 1_500)).toEqual(['half', 'b', 'B', 'undated']);
    expect(upTo(-Infinity)).toEqual(['undated']);
  });

  it('are cut into chunks behind whole seconds', () => {
    const sorted = sortedJobs(JOBS, 'NEWEST_FIRST');
    const sizes = (size: number): number[] => [...chunksOfSeconds(sorted, size)].map(({ length }) => length);
    expect(sizes(1)).toEqual([1, 3, 1]);
    expect(sizes(2)).toEqual([4, 1]);
    expect(sizes(100)).toEqual([5]);
    expect([...chunksOfSeconds([], 1)]).toEqual([[]]);
  });
});
