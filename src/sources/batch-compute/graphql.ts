import { builder } from '../../graphql/builder.ts';
import { defineConnection } from '../../graphql/connection.ts';
import type { GraphContext } from '../../graphql/context.ts';
import { upstreamCalls } from '../../graphql/cost.ts';
import { checkedList, checkedText, checkedTexts, known } from '../../graphql/filter-checks.ts';
import { enumValues, JobInterface, NodeInterface } from '../../graphql/job.ts';
import { UserInputError } from '../../model/errors.ts';
import {
  BATCH_COMPUTE_STATES,
  type BatchComputeDependency,
  type BatchComputeFilter,
  type BatchComputeJob,
  type BatchComputeJobDetail,
  type BatchComputePlacement,
  type BatchComputeState,
  type BatchComputeTag,
  type BatchComputeTask,
  type BatchComputeTaskMetrics,
} from './model.ts';

/** A BatchCompute state in the graph: the vendor's word, or UNKNOWN. */
export type BatchComputeJobState = BatchComputeState | 'UNKNOWN';

function toJobState(state: string): BatchComputeJobState {
  return Object.hasOwn(BATCH_COMPUTE_STATES, state) ? (state as BatchComputeState) : 'UNKNOWN';
}

export const BatchComputeJobStateEnum = builder.enumType('BatchComputeJobState', {
  description: 'The states of BatchCompute, for jobs and for their tasks.',
  values: enumValues<BatchComputeJobState>({
    SUBMITTED: 'Submitted, not accepted yet.',
    PENDING: 'Waits for what it depends on.',
    RUNNABLE: 'Ready, waits for resources.',
    STARTING: 'Its resources are being created.',
    RUNNING: 'At work.',
    SUCCEED: 'Succeeded.',
    FAILED: 'Failed; it can be retried.',
    FAILED_INTERRUPTED: 'Failed, and its machine is kept for inspection.',
    UNKNOWN: 'A word that the gateway does not know yet; `upstreamStatus` has a job’s.',
  }),
});

const BatchComputePlacementType = builder
  .objectRef<BatchComputePlacement>('BatchComputePlacement')
  .implement({
    description: 'Where a job runs (Placement). All but the zone are rarely told.',
    fields: (t) => ({
      zone: t.exposeString('zone', {
        nullable: true,
        description: 'The availability zone, e.g. `ap-guangzhou-4` (Zone).',
      }),
      projectId: t.expose('projectId', {
        type: 'SafeInt',
        nullable: true,
        description: 'The project; 0 is the default one (ProjectId).',
      }),
      hostId: t.exposeString('hostId', { nullable: true, description: 'The dedicated host (HostId).' }),
      hostIds: t.exposeStringList('hostIds', {
        nullable: true,
        description: 'The dedicated hosts asked for (HostIds).',
      }),
    }),
  });

const METRICS: Readonly<Record<keyof BatchComputeTaskMetrics, string>> = {
  submitted: 'In SUBMITTED (SubmittedCount).',
  pending: 'In PENDING (PendingCount).',
  runnable: 'In RUNNABLE (RunnableCount).',
  starting: 'In STARTING (StartingCount).',
  running: 'In RUNNING (RunningCount).',
  succeeded: 'In SUCCEED (SucceedCount).',
  failed: 'In FAILED (FailedCount).',
  failedInterrupted: 'In FAILED_INTERRUPTED (FailedInterruptedCount).',
};

const BatchComputeTaskMetricsType = builder
  .objectRef<BatchComputeTaskMetrics>('BatchComputeTaskMetrics')
  .implement({
    description: 'How many tasks, or task instances, are in each state.',
    fields: (t) => {
      const count = (name: keyof BatchComputeTaskMetrics) =>
        t.expose(name, { type: 'SafeInt', description: METRICS[name] });
      return {
        submitted: count('submitted'),
        pending: count('pending'),
        runnable: count('runnable'),
        starting: count('starting'),
        running: count('running'),
        succeeded: count('succeeded'),
        failed: count('failed'),
        failedInterrupted: count('failedInterrupted'),
      };
    },
  });

const JobTagType = builder.objectRef<BatchComputeTag>('JobTag').implement({
  description: 'A tag of a job.',
  fields: (t) => ({
    key: t.exposeString('key', { nullable: true, description: 'The key (Key).' }),
    value: t.exposeString('value', { nullable: true, description: 'The value (Value).' }),
  }),
});

const BatchComputeTaskType = builder.objectRef<BatchComputeTask>('BatchComputeTask').implement({
  description: 'A task of a job (TaskView).',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, unique in the job (TaskName).' }),
    state: t.field({
      type: BatchComputeJobStateEnum,
      description: 'Its state (TaskState).',
      resolve: ({ state }) => toJobState(state),
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was created (CreateTime).',
    }),
    endedAt: t.expose('endedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it has not (EndTime).',
    }),
  }),
});

const BatchComputeDependencyType = builder
  .objectRef<BatchComputeDependency>('BatchComputeDependency')
  .implement({
    description: 'One task waits for another (Dependence).',
    fields: (t) => ({
      startTask: t.exposeString('startTask', { description: 'The task that comes first (StartTask).' }),
      endTask: t.exposeString('endTask', { description: 'The task that waits for it (EndTask).' }),
    }),
  });

/** Reads one fact of the detail: null when the job has gone since it was read. */
function detail<T>(pick: (detail: BatchComputeJobDetail) => T) {
  return async (job: BatchComputeJob, _arguments: object, { loaders }: GraphContext): Promise<T | null> => {
    const found = await loaders.batchComputeDetail(job);
    return found === null ? null : pick(found);
  };
}

const DETAIL = 'Only DescribeJob tells: all such fields of a job cost one call together.';

export const BatchComputeJobType = builder.objectRef<BatchComputeJob>('BatchComputeJob').implement({
  description: 'A job of BatchCompute: tasks that depend on one another.',
  interfaces: [NodeInterface, JobInterface],
  extensions: { directives: { key: [{ fields: 'id' }, { fields: 'account region jobId' }] } },
  fields: (t) => ({
    batchComputeState: t.field({
      type: BatchComputeJobStateEnum,
      description: 'Its state in the product’s own vocabulary (JobState).',
      resolve: ({ upstreamStatus }) => toJobState(upstreamStatus),
    }),
    placement: t.expose('placement', {
      type: BatchComputePlacementType,
      nullable: true,
      description: 'Where it runs (Placement).',
    }),
    taskMetrics: t.expose('taskMetrics', {
      type: BatchComputeTaskMetricsType,
      description: 'How many of its tasks are in each state (TaskMetrics).',
    }),
    tags: t.expose('tags', {
      type: [JobTagType],
      description: 'Its tags (Tags); empty when there are none.',
    }),
    stateReason: t.string({
      nullable: true,
      description: `Why it failed; null when it has not (StateReason). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ stateReason }) => stateReason),
    }),
    nextAction: t.string({
      nullable: true,
      description: `What is about to happen to it, e.g. \`TERMINATING\` (NextAction). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ nextAction }) => nextAction),
    }),
    tasks: t.field({
      type: [BatchComputeTaskType],
      nullable: true,
      description: `Its tasks (TaskSet). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ tasks }) => tasks),
    }),
    dependencies: t.field({
      type: [BatchComputeDependencyType],
      nullable: true,
      description: `Which task waits for which (DependenceSet). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ dependencies }) => dependencies),
    }),
    taskInstanceMetrics: t.field({
      type: BatchComputeTaskMetricsType,
      nullable: true,
      description: `How many instances of its tasks are in each state (TaskInstanceMetrics). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ taskInstanceMetrics }) => taskInstanceMetrics),
    }),
  }),
});

export const BatchComputeJobConnectionType = defineConnection('BatchComputeJob', BatchComputeJobType);

const JobTagFilterInput = builder.inputType('JobTagFilter', {
  description: 'Jobs whose tag of this key has one of the values.',
  fields: (t) => ({
    key: t.string({ required: true, description: 'The tag’s key.' }),
    values: t.stringList({ required: true, description: 'The values; one of them has to match.' }),
  }),
});

export const BatchComputeJobFilterInput = builder.inputType('BatchComputeJobFilter', {
  description:
    'What DescribeJobs can filter by. Filters that are left out or null do not restrict; several restrict together; the values of one are alternatives. No list may be empty.',
  fields: (t) => ({
    jobIds: t.stringList({ description: 'These jobs, 100 at most. Excludes all other filters.' }),
    names: t.stringList({ description: 'Jobs of these names.' }),
    states: t.field({ type: [BatchComputeJobStateEnum], description: 'Jobs in these states; not UNKNOWN.' }),
    zones: t.stringList({ description: 'Jobs in these availability zones of the region.' }),
    tagKeys: t.stringList({ description: 'Jobs with a tag of one of these keys.' }),
    tagValues: t.stringList({ description: 'Jobs with a tag of one of these values.' }),
    tags: t.field({ type: [JobTagFilterInput], description: 'Jobs whose tags match each of these.' }),
  }),
});

type FilterInput = typeof BatchComputeJobFilterInput.$inferInput;

/** DescribeJobs takes at most this many ids (`upstreams/batch-compute.md` section 4.1). */
const MAX_JOB_IDS = 100;

/**
 * The filter of DescribeJobs for the graph's. Throws `UserInputError` on combinations and values that the product
 * refuses; one malformed id would fail the whole call, so `isJobId` is asked for each.
 */
export function toBatchComputeFilter(
  input: FilterInput | null | undefined,
  isJobId: (text: string) => boolean,
): BatchComputeFilter {
  const states = checkedList('states', input?.states);
  const filter: BatchComputeFilter = {
    jobIds: checkedJobIds(input?.jobIds, isJobId),
    names: checkedTexts('names', input?.names),
    states: states?.map((state) => known('states', state, state === 'UNKNOWN' ? null : state)) ?? null,
    zones: checkedZones(input?.zones),
    tagKeys: checkedTexts('tagKeys', input?.tagKeys),
    tagValues: checkedTexts('tagValues', input?.tagValues),
    tags: checkedTags(input?.tags),
  };
  const { jobIds, ...others } = filter;
  if (jobIds !== null && Object.values(others).some((other) => other !== null)) {
    throw new UserInputError('Expected jobIds alone: BatchCompute does not combine them with other filters.');
  }
  return filter;
}

function checkedJobIds(
  ids: readonly string[] | null | undefined,
  isJobId: (text: string) => boolean,
): readonly string[] | null {
  const jobIds = checkedTexts('jobIds', ids);
  if (jobIds !== null && jobIds.length > MAX_JOB_IDS) {
    throw new UserInputError(`Expected at most ${MAX_JOB_IDS} jobIds, got ${jobIds.length}.`);
  }
  const malformed = jobIds?.find((jobId) => !isJobId(jobId));
  if (malformed !== undefined) {
    throw new UserInputError(`Expected jobIds such as "job-7e7evk2x", got "${malformed.slice(0, 64)}".`);
  }
  return jobIds;
}

/** Which zones there are is the product's to know, but not what is none: a zone is a region's name and a number. */
const ZONE = /^[a-z]+(?:-[a-z0-9]+)*-\d+$/;

function checkedZones(zones: readonly string[] | null | undefined): readonly string[] | null {
  const checked = checkedTexts('zones', zones);
  const malformed = checked?.find((zone) => !ZONE.test(zone));
  if (malformed !== undefined) {
    throw new UserInputError(`Expected zones such as "ap-guangzhou-4", got "${malformed.slice(0, 64)}".`);
  }
  return checked;
}

function checkedTags(tags: FilterInput['tags']): BatchComputeFilter['tags'] {
  const list = checkedList('tags', tags);
  const keys = list?.map(({ key }) => checkedText('tags.key', key)) ?? [];
  if (new Set(keys).size < keys.length) {
    throw new UserInputError('Expected each key of tags once: put its values into one list.');
  }
  return list?.map(({ key, values }) => ({ key, values: checkedTexts('tags.values', values) ?? [] })) ?? null;
}
