import { UserInputError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { decodeGlobalId, placeOf } from '../model/global-id.ts';
import type { Job } from '../jobs/origins.ts';
import { listJobs } from '../jobs/listing.ts';
import { type PageArguments, toPageRequest } from '../jobs/page-arguments.ts';
import { type JobPage, listSource } from '../jobs/source-listing.ts';
import type { Source } from '../sources/source.ts';
import {
  BatchComputeJobConnectionType,
  BatchComputeJobFilterInput,
  BatchComputeJobType,
  toBatchComputeFilter,
} from '../sources/batch-compute/graphql.ts';
import { CiJobConnectionType, CiJobFilterInput, CiJobRef, toCiFilter } from '../sources/ci/graphql.ts';
import { CosJobConnectionType, CosJobStatusEnum, CosJobType, toCosFilter } from '../sources/cos/graphql.ts';
import { builder } from './builder.ts';
import { backwardArguments, forwardArguments } from './connection.ts';
import { pageOf, upstreamCalls } from './cost.ts';
import { JobConnectionType, JobFilterInput, toJobFilter } from './job-listing.ts';
import type { GraphContext } from './context.ts';
import { JobInterface, JobOrderEnum, NodeInterface } from './job.ts';
import { JobOriginType } from './origin.ts';

const ACCOUNT = 'The account, by its name in the configuration; the first one that fits when left out.';
const REGION = 'The region; the first one that fits when left out.';
const BUCKET = 'The bucket, as `<name>-<appid>`; the first configured one when left out.';
const JOB_ID = 'The product’s own id.';

builder.queryType({
  description: 'Reads of jobs. Nothing here changes anything.',
  fields: (t) => ({
    node: t.field({
      type: NodeInterface,
      nullable: true,
      description: 'The job with a global id (Relay’s object identification); null when it does not exist.',
      extensions: { directives: upstreamCalls(1) },
      args: { id: t.arg.id({ required: true, description: 'The global id.' }) },
      resolve: (_root, { id }, context) => loadByGlobalId(id, context),
    }),
    nodes: t.field({
      type: [NodeInterface],
      nullable: { list: false, items: true },
      description:
        'The jobs with these global ids, in their order; null in the place of one that does not exist or cannot be read. Joined into as few upstream calls as possible: one for up to 100 BatchCompute jobs of a region.',
      extensions: { directives: upstreamCalls(1) },
      args: { ids: t.arg.idList({ required: true, description: 'The global ids: 500 at most.' }) },
      resolve: (_root, { ids }, context) => {
        if (ids.length > context.limits.maxNodeIds) {
          throw new UserInputError(`Expected at most ${context.limits.maxNodeIds} ids, got ${ids.length}.`);
        }
        // Rejections stand in their own places: graphql-js nulls only theirs.
        return ids.map((id) => loadByGlobalId(id, context));
      },
    }),
    job: t.field({
      type: JobInterface,
      nullable: true,
      description: 'The job with a global id; null when it does not exist.',
      extensions: { directives: upstreamCalls(1) },
      args: { id: t.arg.id({ required: true, description: 'The global id.' }) },
      resolve: (_root, { id }, context) => loadByGlobalId(id, context),
    }),
    jobs: t.field({
      type: JobConnectionType,
      nullable: true,
      description:
        'The jobs of all origins in one order of time, both ways. An origin that does not answer is reported in `origins`, the others’ jobs come, and its own come later in the walk, once each. Usually one upstream call per origin, none for what was read a moment ago.',
      extensions: { directives: { ...upstreamCalls(3), ...pageOf(['first', 'last']) } },
      args: {
        ...forwardArguments,
        ...backwardArguments,
        filter: t.arg({ type: JobFilterInput, description: 'Only jobs that match.' }),
        orderBy: t.arg({
          type: JobOrderEnum,
          defaultValue: 'NEWEST_FIRST',
          description: 'The order by creation time.',
        }),
      },
      resolve: async (_root, { filter, orderBy, ...page }, context) => {
        const question = {
          filter: toJobFilter(filter),
          orderBy: orderBy ?? 'NEWEST_FIRST',
          page: toPageRequest(page, context.limits),
        };
        const { origins, limits, clock, scope, loaders } = context;
        const answer = await listJobs(origins, question, limits, clock, scope);
        answer.edges.forEach(({ node }) => loaders.prime(node));
        return answer;
      },
    }),
    cosJob: t.field({
      type: CosJobType,
      nullable: true,
      description: 'A COS Batch Operation job by the product’s own id; null when it does not exist.',
      extensions: { directives: upstreamCalls(1) },
      args: {
        jobId: t.arg.string({ required: true, description: JOB_ID }),
        account: t.arg.string({ description: ACCOUNT }),
        region: t.arg.string({ description: REGION }),
      },
      resolve: async (_root, { jobId, account, region }, { origins, loaders }) => {
        const { origin } = origins.cos({ account, region });
        return narrow(await loaders.job({ ...inOrigin(origin), jobId }), 'COS');
      },
    }),
    cosJobs: t.field({
      type: CosJobConnectionType,
      nullable: true,
      description:
        'The COS Batch Operation jobs of one region in the product’s own order, which is by id and not by time; forwards only. One call for up to 999 jobs.',
      extensions: { directives: { ...upstreamCalls(1), ...pageOf(['first']) } },
      args: {
        ...forwardArguments,
        account: t.arg.string({ description: ACCOUNT }),
        region: t.arg.string({ description: REGION }),
        status: t.arg({ type: CosJobStatusEnum, description: 'Only jobs of this status; not UNKNOWN.' }),
      },
      resolve: (_root, { account, region, status, ...page }, context) =>
        list('cosJobs', context.origins.cos({ account, region }), toCosFilter(status), page, context),
    }),
    batchComputeJob: t.field({
      type: BatchComputeJobType,
      nullable: true,
      description: 'A BatchCompute job by the product’s own id; null when it does not exist.',
      extensions: { directives: upstreamCalls(1) },
      args: {
        jobId: t.arg.string({ required: true, description: JOB_ID }),
        account: t.arg.string({ description: ACCOUNT }),
        region: t.arg.string({ description: REGION }),
      },
      resolve: async (_root, { jobId, account, region }, { origins, loaders }) => {
        const { origin } = origins.batchCompute({ account, region });
        return narrow(await loaders.job({ ...inOrigin(origin), jobId }), 'BATCH_COMPUTE');
      },
    }),
    batchComputeJobs: t.field({
      type: BatchComputeJobConnectionType,
      nullable: true,
      description:
        'The BatchCompute jobs of one region in the product’s own order, newest first; both ways. Jobs that arrive or vanish between two pages are neither repeated nor make others be skipped. One call for up to 100 jobs, at two calls a second.',
      extensions: { directives: { ...upstreamCalls(1), ...pageOf(['first', 'last']) } },
      args: {
        ...forwardArguments,
        ...backwardArguments,
        account: t.arg.string({ description: ACCOUNT }),
        region: t.arg.string({ description: REGION }),
        filter: t.arg({ type: BatchComputeJobFilterInput, description: 'Only jobs that match.' }),
      },
      resolve: (_root, { account, region, filter, ...page }, context) => {
        const source = context.origins.batchCompute({ account, region });
        const checked = toBatchComputeFilter(filter, (text) => source.isJobId(text));
        return list('batchComputeJobs', source, checked, page, context);
      },
    }),
    ciJob: t.field({
      type: CiJobRef,
      nullable: true,
      description: 'A Cloud Infinite batch job by the product’s own id; null when it does not exist.',
      extensions: { directives: upstreamCalls(1) },
      args: {
        jobId: t.arg.string({ required: true, description: JOB_ID }),
        bucket: t.arg.string({ description: BUCKET }),
      },
      resolve: async (_root, { jobId, bucket }, { origins, loaders }) => {
        const { origin } = origins.ci({ bucket });
        return narrow(await loaders.job({ ...inOrigin(origin), jobId }), 'CI');
      },
    }),
    ciJobs: t.field({
      type: CiJobConnectionType,
      nullable: true,
      description:
        'The Cloud Infinite batch jobs of one bucket by creation time; forwards only. One call for up to 100 jobs.',
      extensions: { directives: { ...upstreamCalls(1), ...pageOf(['first']) } },
      args: {
        ...forwardArguments,
        bucket: t.arg.string({ description: BUCKET }),
        filter: t.arg({ type: CiJobFilterInput, description: 'Only jobs that match, in this order.' }),
      },
      resolve: (_root, { bucket, filter, ...page }, context) =>
        list('ciJobs', context.origins.ci({ bucket }), toCiFilter(filter), page, context),
    }),
    origins: t.field({
      type: [JobOriginType],
      description: 'What is configured: every place that jobs are read from. Costs no upstream call.',
      resolve: (_root, _arguments, { origins }) => origins.all(),
    }),
  }),
});

async function loadByGlobalId(id: string, { loaders }: GraphContext): Promise<Job | null> {
  return loaders.job(decodeGlobalId(id));
}

function inOrigin(origin: Origin): { source: Origin['source']; account: string; place: string } {
  return { source: origin.source, account: origin.account, place: placeOf(origin) };
}

function narrow<S extends Job['source']>(job: Job | null, source: S): Extract<Job, { source: S }> | null {
  return job?.source === source ? (job as Extract<Job, { source: S }>) : null;
}

/** One page of one origin; its jobs are remembered for reads by id in the same request. */
async function list<J extends Job, F>(
  field: string,
  source: Source<J, unknown, F>,
  filter: F,
  page: PageArguments,
  { limits, scope, loaders }: GraphContext,
): Promise<JobPage<J>> {
  const answer = await listSource(field, source, filter, toPageRequest(page, limits), scope);
  answer.edges.forEach(({ node }) => loaders.prime(node));
  return answer;
}
