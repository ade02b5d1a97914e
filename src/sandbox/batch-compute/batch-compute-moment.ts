import { doneAt, phaseAt, type Life } from '../life.ts';
import type { BatchComputeJob, BatchComputeTask } from './batch-compute-job.ts';
import {
  BATCH_COMPUTE_FINISHED,
  isBatchComputeState,
  type BatchComputeState,
} from './batch-compute-states.ts';

/** The eight counters, in the order of the samples; they add up to the number of things counted. */
export interface Metrics {
  SubmittedCount: number;
  PendingCount: number;
  RunnableCount: number;
  StartingCount: number;
  RunningCount: number;
  SucceedCount: number;
  FailedInterruptedCount: number;
  FailedCount: number;
}

/** How a job stands at one moment; follows from its script and the time alone. */
export interface Moment {
  readonly state: string;
  readonly endedAtMs: number | null;
  readonly tasks: readonly { readonly task: BatchComputeTask; readonly state: BatchComputeState }[];
  readonly taskMetrics: Metrics;
  readonly instanceMetrics: Metrics;
  readonly nextAction: string;
}

export function batchComputeMoment(job: BatchComputeJob, nowMs: number): Moment {
  const elapsedMs = nowMs - job.createdAtMs;
  const tasks = job.tasks.map((task) => ({ task, state: taskState(task.life, elapsedMs) }));
  const state = job.stateOverride ?? jobState(tasks.map((entry) => entry.state));
  const finished = BATCH_COMPUTE_FINISHED.has(state);
  const taskMetrics = noMetrics();
  const instanceMetrics = noMetrics();
  for (const entry of tasks) {
    taskMetrics[counterOf(entry.state)] += 1;
    countInstances(instanceMetrics, entry.task, entry.state, doneAt(entry.task.life, elapsedMs));
  }
  const terminating = job.terminatingFromMs !== null && elapsedMs >= job.terminatingFromMs && !finished;
  return {
    state,
    endedAtMs: finished ? (job.endedAtMsOverride ?? job.createdAtMs + lastChange(job, elapsedMs)) : null,
    tasks,
    taskMetrics,
    instanceMetrics,
    nextAction: terminating ? 'TERMINATING' : '',
  };
}

/** When the task ended, in milliseconds of the epoch; null while it has not. */
export function taskEndedAtMs(job: BatchComputeJob, task: BatchComputeTask, nowMs: number): number | null {
  const phase = phaseAt(task.life, nowMs - job.createdAtMs);
  return BATCH_COMPUTE_FINISHED.has(phase.status) ? job.createdAtMs + phase.fromMs : null;
}

/** How a job's state derives from its tasks is undocumented (section 7): the worst news first, then the most advanced task. */
function jobState(states: readonly BatchComputeState[]): BatchComputeState {
  const some = (state: BatchComputeState): boolean => states.includes(state);
  const open = states.some((state) => !BATCH_COMPUTE_FINISHED.has(state));
  if (some('FAILED_INTERRUPTED')) {
    return 'FAILED_INTERRUPTED';
  }
  if (!open) {
    return some('FAILED') ? 'FAILED' : 'SUCCEED';
  }
  if (some('RUNNING') || some('SUCCEED') || some('FAILED')) {
    return 'RUNNING';
  }
  const waiting: readonly BatchComputeState[] = ['STARTING', 'RUNNABLE', 'PENDING'];
  return waiting.find(some) ?? 'SUBMITTED';
}

function taskState(life: Life, elapsedMs: number): BatchComputeState {
  const { status } = phaseAt(life, elapsedMs);
  if (!isBatchComputeState(status)) {
    throw new Error(
      `expected a documented task state, got ${status}; unknown words belong into stateOverride`,
    );
  }
  return status;
}

/** Instances that have succeeded count as such; the others are in the task's state. A broken task has at least one broken instance. */
function countInstances(
  metrics: Metrics,
  task: BatchComputeTask,
  state: BatchComputeState,
  done: number,
): void {
  const broken = state === 'FAILED' || state === 'FAILED_INTERRUPTED';
  const most = broken ? task.instances - 1 : task.instances;
  const succeeded = state === 'SUCCEED' ? task.instances : Math.min(most, Math.floor(task.instances * done));
  metrics.SucceedCount += succeeded;
  metrics[counterOf(state)] += task.instances - succeeded;
}

function lastChange(job: BatchComputeJob, elapsedMs: number): number {
  return Math.max(...job.tasks.map((task) => phaseAt(task.life, elapsedMs).fromMs));
}

function counterOf(state: BatchComputeState): keyof Metrics {
  const counters: Readonly<Record<BatchComputeState, keyof Metrics>> = {
    SUBMITTED: 'SubmittedCount',
    PENDING: 'PendingCount',
    RUNNABLE: 'RunnableCount',
    STARTING: 'StartingCount',
    RUNNING: 'RunningCount',
    SUCCEED: 'SucceedCount',
    FAILED_INTERRUPTED: 'FailedInterruptedCount',
    FAILED: 'FailedCount',
  };
  return counters[state];
}

function noMetrics(): Metrics {
  return {
    SubmittedCount: 0,
    PendingCount: 0,
    RunnableCount: 0,
    StartingCount: 0,
    RunningCount: 0,
    SucceedCount: 0,
    FailedInterruptedCount: 0,
    FailedCount: 0,
  };
}
