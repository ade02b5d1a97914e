import { doneAt, phaseAt, phasesUntil } from '../life.ts';
import { utcText } from '../times.ts';
import { optional, type XmlElement } from '../xml.ts';
import { cosCounters, type CosJob } from './cos-job.ts';
import { COS_TERMINAL_STATUSES } from './cos-statuses.ts';

/** `Jobs/member` of ListJobs: the operation by name only, and nothing that only DescribeJob tells (cos-batch.md section 2). */
export function cosListMember(job: CosJob, nowMs: number): XmlElement {
  const elapsedMs = nowMs - job.createdAtMs;
  return [
    'member',
    [
      ['CreationTime', utcText(job.createdAtMs)],
      ...optional('Description', job.description),
      ['JobId', job.jobId],
      ['Operation', job.operation[0]],
      ['Priority', String(job.priority)],
      progressSummary(job, elapsedMs),
      ['Status', phaseAt(job.life, elapsedMs).status],
      ...optional('TerminationDate', terminationDate(job, elapsedMs)),
    ],
  ];
}

/** `DescribeJobResult/Job` (cos-batch.md section 3), children in the order of the capture. */
export function cosJobDetail(job: CosJob, nowMs: number): XmlElement {
  const elapsedMs = nowMs - job.createdAtMs;
  const { status } = phaseAt(job.life, elapsedMs);
  return [
    'Job',
    [
      ...optional('ClientRequestToken', job.clientRequestToken),
      ['ConfirmationRequired', String(job.confirmationRequired)],
      ['CreationTime', utcText(job.createdAtMs)],
      ...optional('Description', job.description),
      failureReasons(job, status),
      ['JobId', job.jobId],
      ...optional('Manifest', job.manifest.length === 0 ? null : job.manifest),
      ['Operation', [job.operation]],
      ['Priority', String(job.priority)],
      progressSummary(job, elapsedMs),
      ['Report', job.report],
      ['RoleArn', job.roleArn],
      ['Status', status],
      ...optional('StatusUpdateReason', updateReason(job, elapsedMs)),
      ...optional('SuspendedCause', status === 'Suspended' ? 'awaiting confirmation' : null),
      ...optional('SuspendedDate', enteredText(job, elapsedMs, 'Suspended')),
      ...optional('TerminationDate', terminationDate(job, elapsedMs)),
    ],
  ];
}

function progressSummary(job: CosJob, elapsedMs: number): XmlElement {
  const counters = cosCounters(job, phaseAt(job.life, elapsedMs).status, doneAt(job.life, elapsedMs));
  return [
    'ProgressSummary',
    [
      ['NumberOfTasksFailed', String(counters.failed)],
      ['NumberOfTasksSucceeded', String(counters.succeeded)],
      ['TotalNumberOfTasks', String(counters.total)],
    ],
  ];
}

/** Healthy jobs carry a JobFailure with two empty children (cos-batch.md section 3, from a capture). */
function failureReasons(job: CosJob, status: string): XmlElement {
  const failure = status === 'Failing' || status === 'Failed' ? job.failure : null;
  const children: readonly XmlElement[] = [
    ['FailureCode', failure?.code ?? ''],
    ['FailureReason', failure?.reason ?? ''],
  ];
  return ['FailureReasons', [['JobFailure', children]]];
}

function updateReason(job: CosJob, elapsedMs: number): string | null {
  const reasons = phasesUntil(job.life, elapsedMs).map(({ status }) =>
    Object.hasOwn(job.updateReasons, status) ? job.updateReasons[status] : undefined,
  );
  return reasons.findLast((reason) => reason !== undefined) ?? null;
}

function terminationDate(job: CosJob, elapsedMs: number): string | null {
  const { status } = phaseAt(job.life, elapsedMs);
  return COS_TERMINAL_STATUSES.has(status) ? enteredText(job, elapsedMs, status) : null;
}

function enteredText(job: CosJob, elapsedMs: number, status: string): string | null {
  const entered = phasesUntil(job.life, elapsedMs).find((phase) => phase.status === status);
  return entered === undefined ? null : utcText(job.createdAtMs + entered.fromMs);
}
