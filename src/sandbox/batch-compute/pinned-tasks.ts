import { lifeOf, still, type Life } from '../life.ts';
import { DAY_MS, MINUTE_MS } from '../times.ts';
import type { BatchComputeTask } from './batch-compute-job.ts';
import type { PlannedTask } from './batch-compute-lives.ts';

/**
 * Tasks of a job that is in this state at the age of `ageMs`, and stays. Tasks without predecessors are in the state themselves, the
 * others wait for them. In a finished job every task has finished, ten minutes after its creation if it is old enough.
 */
export function pinnedTasks(
  state: string,
  plan: readonly PlannedTask[],
  ageMs: number,
): readonly BatchComputeTask[] {
  const ran = Math.min(10 * MINUTE_MS, ageMs);
  return plan.map(({ name, instances, after }) => ({
    name,
    instances,
    life: after.length === 0 || followsAll(state) ? pinnedLife(state, ran) : still('PENDING'),
    showsTimes: true,
  }));
}

/** In these states all tasks are alike. */
function followsAll(state: string): boolean {
  return state === 'SUBMITTED' || state === 'SUCCEED' || state === 'FAILED';
}

function pinnedLife(state: string, ranMs: number): Life {
  switch (state) {
    case 'RUNNING':
      return lifeOf([{ status: state, forMs: 60 * DAY_MS, doneAfter: 1 }], 'SUCCEED');
    case 'SUCCEED':
      return lifeOf([{ status: 'RUNNING', forMs: ranMs, doneAfter: 1 }], state);
    case 'FAILED':
    case 'FAILED_INTERRUPTED':
      return lifeOf([{ status: 'RUNNING', forMs: ranMs, doneAfter: 0.5 }], state);
    default:
      return still(state);
  }
}
