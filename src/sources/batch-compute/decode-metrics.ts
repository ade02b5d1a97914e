import { integerAt, isAbsent, type JsonObject } from '../../lib/json.ts';
import type { JobProgress } from '../../model/job.ts';
import type { BatchComputeTaskMetrics } from './model.ts';

/** The upstream's names of the counters. Each task is in exactly one of them. */
const COUNTERS = {
  submitted: 'SubmittedCount',
  pending: 'PendingCount',
  runnable: 'RunnableCount',
  starting: 'StartingCount',
  running: 'RunningCount',
  succeeded: 'SucceedCount',
  failed: 'FailedCount',
  failedInterrupted: 'FailedInterruptedCount',
} as const satisfies Readonly<Record<keyof BatchComputeTaskMetrics, string>>;

/** The eight counters of tasks or of task instances; one that is missing or no count is 0. */
export function decodeTaskMetrics(metrics: JsonObject): BatchComputeTaskMetrics {
  const count = (name: string): number => countAt(metrics, name) ?? 0;
  return {
    submitted: count(COUNTERS.submitted),
    pending: count(COUNTERS.pending),
    runnable: count(COUNTERS.runnable),
    starting: count(COUNTERS.starting),
    running: count(COUNTERS.running),
    succeeded: count(COUNTERS.succeeded),
    failed: count(COUNTERS.failed),
    failedInterrupted: count(COUNTERS.failedInterrupted),
  };
}

/**
 * The counters of tasks as a progress (contract section 4). A missing one is 0; one that is no count, or more tasks than a
 * number can tell, make the whole progress unknown rather than wrong (`reliability.md` U29).
 */
export function decodeProgress(metrics: JsonObject): JobProgress | null {
  const areCounts = Object.values(COUNTERS).every(
    (name) => isAbsent(metrics, name) || countAt(metrics, name) !== null,
  );
  const counts = decodeTaskMetrics(metrics);
  const succeeded = counts.succeeded;
  const failed = counts.failed + counts.failedInterrupted;
  const running = counts.starting + counts.running;
  const pending = counts.submitted + counts.pending + counts.runnable;
  const total = succeeded + failed + running + pending;
  return areCounts && Number.isSafeInteger(total) ? { total, succeeded, failed, running, pending } : null;
}

function countAt(metrics: JsonObject, name: string): number | null {
  return integerAt(metrics, name, 0);
}
