import { cutLife, lifeOf, phaseAt, type Life } from '../life.ts';
import type { Random } from '../random.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../times.ts';
import type { BatchComputeJob, BatchComputeTask } from './batch-compute-job.ts';
import { BATCH_COMPUTE_FINISHED } from './batch-compute-states.ts';

/** How a scripted job goes: batch-compute.md section 7 gives the states, the durations are made up. */
export type BatchComputeScript = 'success' | 'failed' | 'failed-interrupted' | 'terminated' | 'long-running';

export const BATCH_COMPUTE_SCRIPTS: readonly [BatchComputeScript, ...BatchComputeScript[]] = [
  'success',
  'failed',
  'failed-interrupted',
  'terminated',
  'long-running',
];

/** A task to be scripted, and the tasks that must succeed before it starts; those come earlier in the list. */
export interface PlannedTask {
  readonly name: string;
  readonly instances: number;
  readonly after: readonly string[];
}

type Story = Pick<BatchComputeJob, 'tasks' | 'stateReason' | 'terminatingFromMs'>;

/** The tasks with their lives, and what the job says about its end. */
export function batchComputeStory(
  script: BatchComputeScript,
  plan: readonly PlannedTask[],
  random: Random,
): Story {
  const tasks = succeedingTasks(plan, script === 'long-running' ? 30 * DAY_MS : null, random);
  const quiet = { stateReason: '', terminatingFromMs: null };
  if (script === 'success' || script === 'long-running') {
    return { tasks, ...quiet };
  }
  const end = Math.max(...tasks.map(endOf));
  const culprit = tasks[random.integer(0, tasks.length - 1)];
  const breaksAtMs = whole(culprit === undefined ? end : endOf(culprit) - random.integer(2, 60) * SECOND_MS);
  switch (script) {
    case 'failed':
      return {
        ...quiet,
        tasks: tasks.map((task) => failedAt(task, breaksAtMs)),
        stateReason: exitCode(culprit),
      };
    case 'failed-interrupted':
      return {
        ...quiet,
        tasks: tasks.map((task) =>
          task === culprit
            ? withLife(task, cutLife(task.life, breaksAtMs, 'FAILED_INTERRUPTED'))
            : heldAt(task, breaksAtMs),
        ),
        stateReason: exitCode(culprit),
      };
    case 'terminated': {
      const endsAtMs = whole(end * 0.6);
      return {
        tasks: tasks.map((task) => failedAt(task, endsAtMs)),
        stateReason: 'terminated by user',
        terminatingFromMs: whole(end * 0.5),
      };
    }
  }
}

function succeedingTasks(
  plan: readonly PlannedTask[],
  runMs: number | null,
  random: Random,
): readonly BatchComputeTask[] {
  const submittedMs = random.integer(1, 8) * SECOND_MS;
  const ends = new Map<string, number>();
  return plan.map(({ name, instances, after }) => {
    const readyAtMs = Math.max(submittedMs + 2 * SECOND_MS, ...after.map((before) => ends.get(before) ?? 0));
    const life = lifeOf(
      [
        { status: 'SUBMITTED', forMs: submittedMs },
        { status: 'PENDING', forMs: readyAtMs - submittedMs },
        { status: 'RUNNABLE', forMs: random.integer(3, 90) * SECOND_MS },
        { status: 'STARTING', forMs: random.integer(20, 180) * SECOND_MS },
        { status: 'RUNNING', forMs: runMs ?? random.integer(2, 150) * MINUTE_MS, doneAfter: 1 },
      ],
      'SUCCEED',
    );
    const task = { name, instances, life, showsTimes: true };
    ends.set(name, endOf(task));
    return task;
  });
}

/** FailedAction TERMINATE: whatever has not finished by then fails. */
function failedAt(task: BatchComputeTask, atMs: number): BatchComputeTask {
  return finishedAt(task, atMs) ? task : withLife(task, cutLife(task.life, atMs, 'FAILED'));
}

/** FailedAction INTERRUPT: what runs goes on, what has not started never does. */
function heldAt(task: BatchComputeTask, atMs: number): BatchComputeTask {
  const { status } = phaseAt(task.life, atMs);
  return status === 'RUNNING' || finishedAt(task, atMs)
    ? task
    : withLife(task, cutLife(task.life, atMs, status));
}

function finishedAt(task: BatchComputeTask, atMs: number): boolean {
  return BATCH_COMPUTE_FINISHED.has(phaseAt(task.life, atMs).status);
}

function withLife(task: BatchComputeTask, life: Life): BatchComputeTask {
  return { ...task, life };
}

function endOf(task: BatchComputeTask): number {
  return task.life.at(-1)?.fromMs ?? 0;
}

function exitCode(task: BatchComputeTask | undefined): string {
  return `task ${task?.name ?? ''} failed: exit code 137`;
}

function whole(ms: number): number {
  return Math.floor(ms / SECOND_MS) * SECOND_MS;
}
