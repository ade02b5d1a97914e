import { builder } from '../../graphql/builder.ts';
import { defineConnection } from '../../graphql/connection.ts';
import { checkedList, checkedText, known } from '../../graphql/filter-checks.ts';
import { enumValues, JobInterface, JobOrderEnum, NodeInterface } from '../../graphql/job.ts';
import {
  CI_STATES,
  type CiFilter,
  type CiInput,
  type CiJob,
  type CiOperation,
  type CiOutput,
  type CiState,
  type CiType,
} from './model.ts';

/** A CI state in the graph: the vendor's word in capitals, or UNKNOWN. */
export type CiJobState = Uppercase<CiState> | 'UNKNOWN';
export type CiJobType = Uppercase<CiType>;

const STATE_OF_ENUM = new Map<string, CiState>(
  Object.keys(CI_STATES).map((state) => [state.toUpperCase(), state as CiState]),
);

function toCiJobState(upstreamStatus: string): CiJobState {
  return Object.hasOwn(CI_STATES, upstreamStatus) ? (upstreamStatus.toUpperCase() as CiJobState) : 'UNKNOWN';
}

export const CiJobStateEnum = builder.enumType('CiJobState', {
  description: 'The states of Cloud Infinite batch jobs.',
  values: enumValues<CiJobState>({
    SUBMITTED: 'Accepted.',
    RUNNING: 'Scanning, dispatching or processing.',
    SUCCESS: 'The run finished; single items may have failed.',
    FAILED: 'Failed; `code` and `message` tell why.',
    PAUSE: 'Paused.',
    CANCEL: 'Cancelled.',
    UNKNOWN: 'A word that the gateway does not know yet; `upstreamStatus` has it.',
  }),
});

export const CiJobTypeEnum = builder.enumType('CiJobType', {
  description: 'How a Cloud Infinite batch job processes its objects.',
  values: enumValues<CiJobType>({
    WORKFLOW: 'Runs workflows on each object.',
    JOB: 'Runs one kind of single job on each object.',
  }),
});

const CiJobInputType = builder.objectRef<CiInput>('CiJobInput').implement({
  description: 'Which objects a job processes (Input); one of these is told.',
  fields: (t) => ({
    manifest: t.exposeString('manifest', {
      nullable: true,
      description: 'The manifest of a COS inventory (Manifest).',
    }),
    urlFile: t.exposeString('urlFile', {
      nullable: true,
      description: 'An object with one object URL a line (UrlFile).',
    }),
    prefix: t.exposeString('prefix', {
      nullable: true,
      description: 'Every object with this prefix (Prefix).',
    }),
    object: t.exposeString('object', { nullable: true, description: 'A single object (Object).' }),
  }),
});

const CiJobTimeIntervalType = builder
  .objectRef<NonNullable<CiOperation['timeInterval']>>('CiJobTimeInterval')
  .implement({
    description: 'Only objects changed within this time (TimeInterval); it matters for a prefix alone.',
    fields: (t) => ({
      start: t.expose('start', { type: 'DateTime', nullable: true, description: 'From when (Start).' }),
      end: t.expose('end', { type: 'DateTime', nullable: true, description: 'Until when (End).' }),
    }),
  });

const CiJobOutputType = builder.objectRef<CiOutput>('CiJobOutput').implement({
  description: 'Where results go (Output); placeholders such as `${InputName}` stand as they are.',
  fields: (t) => ({
    region: t.exposeString('region', { nullable: true, description: 'The region (Region).' }),
    bucket: t.exposeString('bucket', { nullable: true, description: 'The bucket (Bucket).' }),
    object: t.exposeString('object', {
      nullable: true,
      description: 'The pattern of the result objects (Object).',
    }),
    auObject: t.exposeString('auObject', {
      nullable: true,
      description: 'The pattern of the voice results (AuObject).',
    }),
    spriteObject: t.exposeString('spriteObject', {
      nullable: true,
      description: 'The pattern of the sprite sheets (SpriteObject).',
    }),
  }),
});

const CiJobOperationType = builder.objectRef<CiOperation>('CiJobOperation').implement({
  description: 'What a job does to each object (Operation).',
  fields: (t) => ({
    timeInterval: t.expose('timeInterval', {
      type: CiJobTimeIntervalType,
      nullable: true,
      description: 'Only objects changed within this time.',
    }),
    workflowIds: t.exposeStringList('workflowIds', {
      description: 'The workflows that it runs (WorkflowIds); empty except for the type WORKFLOW.',
    }),
    tag: t.exposeString('tag', {
      nullable: true,
      description: 'The kind of single job, e.g. `Transcode` (Tag).',
    }),
    queueId: t.exposeString('queueId', { nullable: true, description: 'The queue (QueueId).' }),
    queueType: t.exposeString('queueType', { nullable: true, description: 'The kind of queue (QueueType).' }),
    userData: t.exposeString('userData', {
      nullable: true,
      description: 'What the submitter wanted to have passed through (UserData).',
    }),
    jobLevel: t.exposeInt('jobLevel', {
      nullable: true,
      description: 'The level of the single jobs, 0 to 2, higher first (JobLevel).',
    }),
    callBack: t.exposeString('callBack', {
      nullable: true,
      description: 'The address that is told of results (CallBack).',
    }),
    callBackFormat: t.exposeString('callBackFormat', {
      nullable: true,
      description: '`XML` or `JSON` (CallBackFormat).',
    }),
    callBackType: t.exposeString('callBackType', {
      nullable: true,
      description: '`Url`, `TDMQ` or `Kafka` (CallBackType).',
    }),
    output: t.expose('output', { type: CiJobOutputType, nullable: true, description: 'Where results go.' }),
    jobParam: t.expose('jobParam', {
      type: 'JSON',
      nullable: true,
      description: 'The parameters of the kind of job, as the product writes them (JobParam).',
    }),
  }),
});

export const CiJobRef = builder.objectRef<CiJob>('CiJob').implement({
  description:
    'A batch data-processing job of Cloud Infinite: one kind of processing for many objects of a bucket.',
  interfaces: [NodeInterface, JobInterface],
  extensions: { directives: { key: [{ fields: 'id' }, { fields: 'account bucket jobId' }] } },
  fields: (t) => ({
    bucket: t.exposeString('bucket', { description: 'The bucket whose objects it processes.' }),
    ciState: t.field({
      type: CiJobStateEnum,
      description: 'Its state in the product’s own vocabulary (State).',
      resolve: ({ upstreamStatus }) => toCiJobState(upstreamStatus),
    }),
    type: t.field({
      type: CiJobTypeEnum,
      description: 'How it processes its objects (Type).',
      resolve: ({ type }) => (type === 'Job' ? 'JOB' : 'WORKFLOW'),
    }),
    code: t.exposeString('code', {
      nullable: true,
      description: '`Success`, or the product’s error code when it failed (Code).',
    }),
    message: t.exposeString('message', {
      nullable: true,
      description: 'The product’s explanation when it failed (Message).',
    }),
    input: t.expose('input', {
      type: CiJobInputType,
      nullable: true,
      description: 'Which objects it processes (Input).',
    }),
    operation: t.expose('operation', {
      type: CiJobOperationType,
      nullable: true,
      description: 'What it does to each (Operation).',
    }),
  }),
});

export const CiJobConnectionType = defineConnection('CiJob', CiJobRef);

export const CiJobFilterInput = builder.inputType('CiJobFilter', {
  description:
    'What the product can filter by. Filters that are left out or null do not restrict; several restrict together.',
  fields: (t) => ({
    type: t.field({ type: CiJobTypeEnum, description: 'Jobs of this type.' }),
    states: t.field({
      type: [CiJobStateEnum],
      description: 'Jobs in one of these states; not UNKNOWN, and not an empty list.',
    }),
    name: t.string({
      description: 'Jobs of this name; whether a part of a name matches is the product’s choice.',
    }),
    workflowId: t.string({ description: 'Jobs that run this workflow.' }),
    jobId: t.string({ description: 'This job.' }),
    createdAfter: t.field({ type: 'DateTime', description: 'Jobs created at or after this time.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Jobs created before this time.' }),
    order: t.field({
      type: JobOrderEnum,
      defaultValue: 'NEWEST_FIRST',
      description: 'The order by creation time.',
    }),
  }),
});

type FilterInput = typeof CiJobFilterInput.$inferInput;

/** The filter of the list call for the graph's. Throws `UserInputError` on what the product cannot filter by. */
export function toCiFilter(input: FilterInput | null | undefined): CiFilter {
  const states = checkedList('states', input?.states);
  const type = input?.type ?? null;
  return {
    type: type === null ? null : type === 'JOB' ? 'Job' : 'Workflow',
    states: states?.map((state) => known('states', state, STATE_OF_ENUM.get(state) ?? null)) ?? null,
    name: checkedText('name', input?.name),
    workflowId: checkedText('workflowId', input?.workflowId),
    jobId: checkedText('jobId', input?.jobId),
    createdAfter: input?.createdAfter ?? null,
    createdBefore: input?.createdBefore ?? null,
    order: input?.order ?? 'NEWEST_FIRST',
  };
}
