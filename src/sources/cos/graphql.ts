import { builder } from '../../graphql/builder.ts';
import { defineConnection } from '../../graphql/connection.ts';
import type { GraphContext } from '../../graphql/context.ts';
import { upstreamCalls } from '../../graphql/cost.ts';
import { known } from '../../graphql/filter-checks.ts';
import { enumValues, JobInterface, NodeInterface } from '../../graphql/job.ts';
import { CosOperationInterface } from './graphql-operation.ts';
import {
  COS_STATUSES,
  type CosFilter,
  type CosJob,
  type CosJobDetail,
  type CosManifest,
  type CosReport,
  type CosStatus,
} from './model.ts';

/** A COS status in the graph: the vendor's word in capitals, or UNKNOWN. */
export type CosJobStatus = Uppercase<CosStatus> | 'UNKNOWN';

const STATUS_OF_ENUM = new Map<string, CosStatus>(
  Object.keys(COS_STATUSES).map((status) => [status.toUpperCase(), status as CosStatus]),
);

/** The filter of ListJobs for a status of the graph. Throws `UserInputError` for UNKNOWN. */
export function toCosFilter(status: CosJobStatus | null | undefined): CosFilter {
  const isAny = status === null || status === undefined;
  return { status: isAny ? null : known('status', status, STATUS_OF_ENUM.get(status) ?? null) };
}

function toCosJobStatus(upstreamStatus: string): CosJobStatus {
  const status = upstreamStatus.toUpperCase();
  return Object.hasOwn(COS_STATUSES, upstreamStatus) ? (status as CosJobStatus) : 'UNKNOWN';
}

export const CosJobStatusEnum = builder.enumType('CosJobStatus', {
  description: 'The statuses of COS Batch Operation.',
  values: enumValues<CosJobStatus>({
    NEW: 'Just created.',
    PREPARING: 'Its manifest is being read.',
    SUSPENDED: 'Waits for confirmation.',
    READY: 'Ready to run; held while a job of higher priority runs.',
    ACTIVE: 'Running.',
    PAUSING: 'Giving way to a job of higher priority.',
    PAUSED: 'Gave way to a job of higher priority; goes on by itself.',
    COMPLETING: 'Finishing.',
    COMPLETE: 'Ended by itself; single tasks may have failed.',
    CANCELLING: 'Being cancelled.',
    CANCELLED: 'Cancelled.',
    FAILING: 'About to fail.',
    FAILED: 'Failed.',
    UNKNOWN: 'A word that the gateway does not know yet; `upstreamStatus` has it.',
  }),
});

const CosManifestLocationType = builder
  .objectRef<NonNullable<CosManifest['location']>>('CosManifestLocation')
  .implement({
    description: 'Where the manifest is (Location).',
    fields: (t) => ({
      etag: t.exposeString('etag', {
        nullable: true,
        description: 'The manifest object’s ETag, with its double quotes (ETag).',
      }),
      objectArn: t.exposeString('objectArn', {
        nullable: true,
        description: 'The manifest object’s resource name (ObjectArn).',
      }),
      objectVersionId: t.exposeString('objectVersionId', {
        nullable: true,
        description: 'The manifest object’s version (ObjectVersionId).',
      }),
    }),
  });

const CosManifestSpecType = builder.objectRef<NonNullable<CosManifest['spec']>>('CosManifestSpec').implement({
  description: 'How the manifest is written (Spec).',
  fields: (t) => ({
    format: t.exposeString('format', {
      nullable: true,
      description: 'Its format, e.g. `COSBatchOperations_CSV_V1` (Format).',
    }),
    fields: t.exposeStringList('fields', {
      description: 'What its columns hold, e.g. `Bucket`, `Key` (Fields); empty when not told.',
    }),
  }),
});

const CosManifestType = builder.objectRef<CosManifest>('CosManifest').implement({
  description: 'The list of objects that a job works through (Manifest).',
  fields: (t) => ({
    location: t.expose('location', {
      type: CosManifestLocationType,
      nullable: true,
      description: 'Where it is.',
    }),
    spec: t.expose('spec', { type: CosManifestSpecType, nullable: true, description: 'How it is written.' }),
  }),
});

const CosReportType = builder.objectRef<CosReport>('CosReport').implement({
  description: 'The report that a job writes (Report).',
  fields: (t) => ({
    bucket: t.exposeString('bucket', {
      nullable: true,
      description: 'The resource name of the bucket it goes to (Bucket).',
    }),
    enabled: t.exposeBoolean('enabled', { nullable: true, description: 'Whether it is written (Enabled).' }),
    format: t.exposeString('format', {
      nullable: true,
      description: 'Its format, e.g. `Report_CSV_V1` (Format).',
    }),
    prefix: t.exposeString('prefix', {
      nullable: true,
      description: 'The prefix of the report objects (Prefix).',
    }),
    reportScope: t.exposeString('reportScope', {
      nullable: true,
      description: 'Which tasks it lists: `AllTasks` or `FailedTasksOnly` (ReportScope).',
    }),
  }),
});

/** Reads one fact of the detail: null when the job has gone since it was listed. */
function detail<T>(pick: (detail: CosJobDetail) => T) {
  return async (job: CosJob, _arguments: object, { loaders }: GraphContext): Promise<T | null> => {
    const found = await loaders.cosDetail(job);
    return found === null ? null : pick(found);
  };
}

const DETAIL =
  'Only DescribeJob tells: for a job that a listing shows, all such fields cost one call together.';

export const CosJobType = builder.objectRef<CosJob>('CosJob').implement({
  description: 'A job of COS Batch Operation: one operation on every object of a manifest.',
  interfaces: [NodeInterface, JobInterface],
  extensions: { directives: { key: [{ fields: 'id' }, { fields: 'account region jobId' }] } },
  fields: (t) => ({
    cosStatus: t.field({
      type: CosJobStatusEnum,
      description: 'Its status in the product’s own vocabulary.',
      resolve: ({ upstreamStatus }) => toCosJobStatus(upstreamStatus),
    }),
    operationName: t.exposeString('operationName', {
      description: 'The product’s name of what it does, e.g. `COSPutObjectCopy` (Operation).',
    }),
    operation: t.field({
      type: CosOperationInterface,
      nullable: true,
      description: `What it does, with all parameters (Operation). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ operation }) => operation),
    }),
    confirmationRequired: t.boolean({
      nullable: true,
      description: `Whether it waits for confirmation before it runs (ConfirmationRequired). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ confirmationRequired }) => confirmationRequired),
    }),
    clientRequestToken: t.string({
      nullable: true,
      description: `The token that it was created with (ClientRequestToken); usually not told. ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ clientRequestToken }) => clientRequestToken),
    }),
    manifest: t.field({
      type: CosManifestType,
      nullable: true,
      description: `The list of objects that it works through (Manifest). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ manifest }) => manifest),
    }),
    report: t.field({
      type: CosReportType,
      nullable: true,
      description: `The report that it writes (Report). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ report }) => report),
    }),
    roleArn: t.string({
      nullable: true,
      description: `The resource name of the role that it runs as (RoleArn). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ roleArn }) => roleArn),
    }),
    statusUpdateReason: t.string({
      nullable: true,
      description: `Why its status changed last (StatusUpdateReason). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ statusUpdateReason }) => statusUpdateReason),
    }),
    suspendedCause: t.string({
      nullable: true,
      description: `Why it was suspended (SuspendedCause). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ suspendedCause }) => suspendedCause),
    }),
    suspendedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: `When it was suspended (SuspendedDate). ${DETAIL}`,
      extensions: { directives: upstreamCalls(1) },
      resolve: detail(({ suspendedAt }) => suspendedAt),
    }),
  }),
});

export const CosJobConnectionType = defineConnection('CosJob', CosJobType);
