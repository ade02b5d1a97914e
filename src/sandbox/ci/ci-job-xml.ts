import { phaseAt, phasesUntil } from '../life.ts';
import { beijingText } from '../times.ts';
import type { XmlElement } from '../xml.ts';
import type { CiJob } from './ci-job.ts';
import { CI_TERMINAL_STATES } from './ci-states.ts';

/** `current`: unset times are `-`, Message is empty. `legacy`: the first-generation shape (ci-jobs.md section 14). */
export type CiShape = 'current' | 'legacy';

/** `JobsDetail`, the same in a list and alone (ci-jobs.md section 7). */
export function ciJobsDetail(job: CiJob, nowMs: number, shape: CiShape): XmlElement {
  const elapsedMs = nowMs - job.createdAtMs;
  const state = phaseAt(job.life, elapsedMs).status;
  const failure = state === 'Failed' ? job.failure : null;
  const noTime = shape === 'legacy' ? '' : '-';
  const type: readonly XmlElement[] = shape === 'legacy' ? [] : [['Type', job.type]];
  return [
    'JobsDetail',
    [
      ['Code', failure?.code ?? 'Success'],
      ...type,
      ['Message', failure?.message ?? (shape === 'legacy' ? 'Success' : '')],
      ['Name', job.name],
      ['JobId', job.jobId],
      ['State', state],
      ['CreationTime', beijingText(job.createdAtMs)],
      ['StartTime', startText(job, elapsedMs, state) ?? noTime],
      ['EndTime', endText(job, elapsedMs, state) ?? noTime],
      ...job.extras,
      ['Input', job.input],
      ['Operation', job.operation],
    ],
  ];
}

function startText(job: CiJob, elapsedMs: number, state: string): string | null {
  const hidden = job.hidesStartWhileRunning && !CI_TERMINAL_STATES.has(state);
  return hidden ? null : enteredText(job, elapsedMs, (status) => status === 'Running');
}

function endText(job: CiJob, elapsedMs: number, state: string): string | null {
  return CI_TERMINAL_STATES.has(state) ? enteredText(job, elapsedMs, (status) => status === state) : null;
}

function enteredText(job: CiJob, elapsedMs: number, is: (status: string) => boolean): string | null {
  const entered = phasesUntil(job.life, elapsedMs).find(({ status }) => is(status));
  return entered === undefined ? null : beijingText(job.createdAtMs + entered.fromMs);
}
