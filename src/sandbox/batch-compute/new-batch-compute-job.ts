import type { Random } from '../random.ts';
import { wholeSecond } from '../times.ts';
import type { BatchComputeJob } from './batch-compute-job.ts';
import type { PlannedTask } from './batch-compute-lives.ts';
import { isBatchComputeState } from './batch-compute-states.ts';
import { pinnedTasks } from './pinned-tasks.ts';

/** What is known of a job to be made; the rest is made up. `state` is short for tasks that stay in it, unknown words included. */
export type NewBatchComputeJob = Partial<BatchComputeJob> & { readonly state?: string };

export interface BatchComputeJobSetting {
  readonly region: string;
  readonly random: Random;
  /** Creation time unless given. */
  readonly nowMs: number;
}

const ID_LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function completeBatchComputeJob(
  { state = 'SUCCEED', ...given }: NewBatchComputeJob,
  { region, random, nowMs }: BatchComputeJobSetting,
): BatchComputeJob {
  const plan = batchComputePlan(random);
  const zone = given.zone ?? given.placement?.Zone ?? `${region}-${random.pick([3, 4, 6, 7])}`;
  const known = isBatchComputeState(state);
  const createdAtMs = wholeSecond(given.createdAtMs ?? nowMs);
  return {
    jobId: `job-${random.text(8, ID_LETTERS)}`,
    jobName: `job-${random.hex(4)}`,
    priority: random.integer(0, 100),
    zone,
    placement: { Zone: zone },
    tags: null,
    tasks: pinnedTasks(known ? state : 'RUNNING', plan, Math.max(0, nowMs - createdAtMs)),
    dependences: dependencesOf(plan),
    stateReason: 'task failed: exit code 1',
    terminatingFromMs: null,
    stateOverride: known ? null : state,
    endedAtMsOverride: null,
    ...given,
    createdAtMs,
  };
}

/** A single task, a chain, a diamond, or many side by side. */
export function batchComputePlan(random: Random): readonly PlannedTask[] {
  const count = (most: number): number => random.integer(1, most);
  const task = (name: string, after: readonly string[] = [], most = 8): PlannedTask => ({
    name,
    instances: count(most),
    after,
  });
  return random.pick<readonly PlannedTask[]>([
    [task('hello')],
    [task('prep'), task('align', ['prep'], 64), task('merge', ['align'])],
    [task('split'), task('left', ['split']), task('right', ['split']), task('join', ['left', 'right'])],
    [task('render-a', [], 200), task('render-b', [], 200), task('渲染-c', [], 200)],
  ]);
}

export function dependencesOf(plan: readonly PlannedTask[]): BatchComputeJob['dependences'] {
  return plan.flatMap(({ name, after }) => after.map((before) => ({ StartTask: before, EndTask: name })));
}
