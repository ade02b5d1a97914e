import { integerAt, type JsonObject } from '../../lib/json.ts';
import type { JobProgress } from '../../model/job.ts';
import type { BatchComputeTaskMetrics } from './model.ts';

/** The eight counters of tasks or of task instances; one that is missing or no count is 0. */
export function decodeTaskMetrics(metrics: JsonObject): BatchComputeTaskMetrics {
  const count = (name: string): number => Math.max(integerAt(metrics, name) ?? 0, 0);
  return {
    submitted: count('SubmittedCount'),
    pending: count('PendingCount'),
    runnable: count('RunnableCount'),
    starting: count('StartingCount'),
    running: count('RunningCount'),
    succeeded: count('SucceedCount'),
    failed: count('FailedCount'),
    failedInterrupted: count('FailedInterruptedCount'),
  };
}

/** The counters of tasks as a progress (contract section 4). Each task is in exactly one counter. */
export function progressOf(metrics: BatchComputeTaskMetrics): JobProgress {
  const succeeded = metrics.succeeded;
  const failed = metrics.failed + metrics.failedInterrupted;
  const running = metrics.starting + metrics.running;
  const pending = metrics.submitted + metrics.pending + metrics.runnable;
  return { total: succeeded + failed + running + pending, succeeded, failed, running, pending };
}
