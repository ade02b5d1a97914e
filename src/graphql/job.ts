import type { JobStatus } from '../model/job-status.ts';
import type { JobSource } from '../model/origin.ts';
import { encodeGlobalId } from '../model/global-id.ts';
import type { JobFailure, JobProgress } from '../model/job.ts';
import { type JobLoaders, refOf } from '../jobs/loaders.ts';
import type { Job } from '../jobs/origins.ts';
import { builder } from './builder.ts';
import './scalars.ts';

/** The GraphQL type of a job, by its source. */
export const JOB_TYPE_NAMES = {
  COS: 'CosJob',
  BATCH_COMPUTE: 'BatchComputeJob',
  CI: 'CiJob',
} as const satisfies Record<Job['source'], string>;

/** Enum values with their descriptions, for `builder.enumType`. */
export function enumValues<K extends string>(
  descriptions: Readonly<Record<K, string>>,
): Record<K, { readonly description: string }> {
  return Object.fromEntries(
    Object.entries<string>(descriptions).map(([name, description]) => [name, { description }]),
  ) as Record<K, { readonly description: string }>;
}

export const JobSourceEnum = builder.enumType('JobSource', {
  description: 'The Tencent Cloud product that runs a job.',
  values: enumValues<JobSource>({
    COS: 'COS Batch Operation.',
    BATCH_COMPUTE: 'BatchCompute.',
    CI: 'Cloud Infinite batch data processing.',
  }),
});

export const JobStatusEnum = builder.enumType('JobStatus', {
  description:
    'What a job is doing, in words that the three products share. `upstreamStatus` has the product’s own word.',
  values: enumValues<JobStatus>({
    QUEUED: 'Accepted, not started yet.',
    SUSPENDED: 'Waits for somebody to confirm it.',
    RUNNING: 'At work.',
    PAUSED: 'Halted; it goes on by itself or by the product’s own means.',
    STOPPING: 'About to be cancelled or to fail.',
    COMPLETED: 'The run ended by itself. Single tasks may have failed all the same: `progress.failed` tells.',
    FAILED: 'The run failed.',
    CANCELLED: 'Somebody cancelled it.',
    UNKNOWN: 'The product uses a word that the gateway does not know yet.',
  }),
});

export const JobOrderEnum = builder.enumType('JobOrder', {
  description: 'An order of jobs by their creation times.',
  values: enumValues({ NEWEST_FIRST: 'The youngest job first.', OLDEST_FIRST: 'The oldest job first.' }),
});

const JobProgressType = builder.objectRef<JobProgress>('JobProgress').implement({
  description: 'How many of a job’s tasks are in which state.',
  fields: (t) => ({
    total: t.expose('total', { type: 'SafeInt', description: 'All tasks known so far.' }),
    succeeded: t.expose('succeeded', { type: 'SafeInt', description: 'Tasks that succeeded.' }),
    failed: t.expose('failed', {
      type: 'SafeInt',
      description: 'Tasks that failed, interrupted ones included.',
    }),
    running: t.expose('running', {
      type: 'SafeInt',
      nullable: true,
      description: 'Tasks at work; null where the product does not tell.',
    }),
    pending: t.expose('pending', {
      type: 'SafeInt',
      nullable: true,
      description: 'Tasks that have not begun; null where the product does not tell.',
    }),
    percent: t.float({
      nullable: true,
      description: 'Tasks that ended, of all, from 0 to 100; null while no task is known.',
      resolve: ({ total, succeeded, failed }) =>
        total > 0 ? Math.min(100, ((succeeded + failed) / total) * 100) : null,
    }),
  }),
});

export const JobFailureType = builder.objectRef<JobFailure>('JobFailure').implement({
  description: 'Why a job failed, in the product’s own words.',
  fields: (t) => ({
    code: t.exposeString('code', { nullable: true, description: 'The product’s code, where it has one.' }),
    reason: t.exposeString('reason', { nullable: true, description: 'The product’s explanation.' }),
  }),
});

const JobFreshnessType = builder.objectRef<Job>('JobFreshness').implement({
  description: 'How old the facts about a job are.',
  fields: (t) => ({
    fetchedAt: t.expose('fetchedAt', {
      type: 'DateTime',
      description: 'When the gateway received them from the product.',
    }),
    stale: t.boolean({
      description:
        'Whether they are past their time: shown at once while they are read anew, or because the product does not answer.',
      resolve: ({ isStale }) => isStale ?? false,
    }),
  }),
});

export const NodeInterface = builder.interfaceRef<Job>('Node').implement({
  description: 'An object with a global id (Relay’s object identification).',
  resolveType: ({ source }) => JOB_TYPE_NAMES[source],
  fields: (t) => ({
    id: t.id({
      description: 'The global id: opaque, URL-safe, the same over releases and restarts.',
      resolve: (job) => encodeGlobalId(refOf(job)),
    }),
  }),
});

export const JobInterface = builder.interfaceRef<Job>('Job').implement({
  description: 'A long-running job of any of the three products.',
  interfaces: [NodeInterface],
  extensions: { directives: { key: [{ fields: 'id' }] } },
  resolveType: ({ source }) => JOB_TYPE_NAMES[source],
  fields: (t) => ({
    jobId: t.exposeString('jobId', { description: 'The product’s own id.' }),
    source: t.expose('source', { type: JobSourceEnum, description: 'The product that runs it.' }),
    account: t.exposeString('account', {
      description: 'The account that it belongs to, by its name in the gateway’s configuration.',
    }),
    region: t.exposeString('region', { description: 'The region, e.g. `ap-guangzhou`.' }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'The name it was submitted with; null where there is none, as always in COS.',
    }),
    description: t.exposeString('description', {
      nullable: true,
      description: 'The description it was created with (COS); null where the product has none.',
    }),
    displayName: t.string({
      description: 'What to call it: its name, else its description, else its own id.',
      resolve: ({ name, description, jobId }) => name ?? description ?? jobId,
    }),
    status: t.expose('status', { type: JobStatusEnum, description: 'What it is doing.' }),
    upstreamStatus: t.exposeString('upstreamStatus', {
      description: 'The product’s word for that, verbatim.',
    }),
    isFinished: t.exposeBoolean('isFinished', {
      description: 'Whether nothing more will happen to it by itself and it holds no machine.',
    }),
    priority: t.exposeInt('priority', {
      nullable: true,
      description: 'Its priority, higher first; null where the product has none, as in CI.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was created.',
    }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it began to run; CI alone tells, and not always.',
    }),
    endedAt: t.expose('endedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it has not.',
    }),
    progress: t.expose('progress', {
      type: JobProgressType,
      nullable: true,
      description: 'The counts of its tasks; null where the product has none, as in CI.',
    }),
    failures: t.field({
      type: [JobFailureType],
      nullable: true,
      description:
        'Why it failed: empty when it has not. Costs a second call for a failed COS or BatchCompute job that is shown by a listing; null when that call fails.',
      resolve: (job, _arguments, { loaders }) => failuresOf(job, loaders),
    }),
    freshness: t.field({
      type: JobFreshnessType,
      description: 'How old these facts are.',
      resolve: (job) => job,
    }),
  }),
});

async function failuresOf(job: Job, loaders: JobLoaders): Promise<readonly JobFailure[] | null> {
  if (job.status !== 'FAILED') {
    return [];
  }
  switch (job.source) {
    case 'COS':
      return (await loaders.cosDetail(job))?.failures ?? null;
    case 'BATCH_COMPUTE': {
      const detail = await loaders.batchComputeDetail(job);
      return detail === null ? null : failureList(null, detail.stateReason);
    }
    case 'CI':
      return failureList(job.code, job.message);
  }
}

function failureList(code: string | null, reason: string | null): JobFailure[] {
  return code === null && reason === null ? [] : [{ code, reason }];
}
