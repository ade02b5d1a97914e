import { lifeOf, still, type Life } from '../life.ts';
import { DAY_MS, MINUTE_MS } from '../times.ts';
import type { BatchComputeTask } from './batch-compute-job.ts';
import type { PlannedTask } from './batch-compute-lives.ts';

/**
 * Tasks of a job that stays in this state: those without predecessors are in it themselves, the others wait for them. In a
 * finished job every task has finished, ten minutes after its creation.
 */
export function pinnedTasks(state: string, plan: readonly PlannedTask[]): readonly BatchComputeTask[] {
  return plan.map(({ name, instances, after }) => ({
    name,
    instances,
    life: after.length === 0 || followsAll(state) ? pinnedLife(state) : still('PENDING'),
    showsTimes: true,
  }));
}

/** In these states all tasks are alike. */
function followsAll(state: string): boolean {
  return state === 'SUBMITTED' || state === 'SUCCEED' || state === 'FAILED';
}

function pinnedLife(state: string): Life {
  switch (state) {
    case 'RUNNING':
      return lifeOf([{ status: state, forMs: 60 * DAY_MS, doneAfter: 1 }], 'SUCCEED');
    case 'SUCCEED':
      return lifeOf([{ status: 'RUNNING', forMs: 10 * MINUTE_MS, doneAfter: 1 }], state);
    case 'FAILED':
    case 'FAILED_INTERRUPTED':
      return lifeOf([{ status: 'RUNNING', forMs: 10 * MINUTE_MS, doneAfter: 0.5 }], state);
    default:
      return still(state);
  }
}
