import { UpstreamError, GatewayError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import type { OriginReport } from '../jobs/source-listing.ts';
import { builder } from './builder.ts';
import { enumValues, JobSourceEnum } from './job.ts';

export const JobOriginType = builder.objectRef<Origin>('JobOrigin').implement({
  description:
    'A configured place where jobs live: a region of an account for COS and BatchCompute, a bucket for CI.',
  fields: (t) => ({
    source: t.expose('source', { type: JobSourceEnum, description: 'The product.' }),
    account: t.exposeString('account', { description: 'The account, by its name in the configuration.' }),
    region: t.exposeString('region', { description: 'The region.' }),
    bucket: t.exposeString('bucket', { nullable: true, description: 'The bucket; null except for CI.' }),
  }),
});

const JobOriginOutcomeEnum = builder.enumType('JobOriginOutcome', {
  description: 'How an origin answered a listing.',
  values: enumValues<OriginReport['outcome']>({
    FRESH: 'Asked for this query.',
    CACHED: 'Answered from what was known, still within its time.',
    STALE:
      'Answered from what was known, past its time: it is being read anew, or the product does not answer.',
    FAILED: 'Did not answer: its jobs are missing from this page, and `error` says why.',
    SKIPPED: 'Not asked: the filter excludes it.',
  }),
});

/** Wrapped: a resolver that gives an Error itself has failed, in the eyes of graphql-js. */
const JobOriginErrorType = builder.objectRef<{ readonly error: Error }>('JobOriginError').implement({
  description: 'Why an origin did not answer.',
  fields: (t) => ({
    code: t.string({
      description: 'One of the error codes of the gateway.',
      resolve: ({ error }) => (error instanceof GatewayError ? error.code : 'INTERNAL_SERVER_ERROR'),
    }),
    message: t.string({
      description: 'What happened and what to do.',
      resolve: ({ error }) => (error instanceof GatewayError ? error.message : 'Unexpected error.'),
    }),
    retryable: t.boolean({
      description: 'Whether asking again may succeed.',
      resolve: ({ error }) => error instanceof UpstreamError && error.retryable,
    }),
    retryAfterMs: t.int({
      nullable: true,
      description: 'After how many milliseconds asking again makes sense, where that is known.',
      resolve: ({ error }) => (error instanceof UpstreamError ? error.retryAfterMs : null),
    }),
    upstreamCode: t.string({
      nullable: true,
      description: 'The product’s own error code.',
      resolve: ({ error }) => (error instanceof UpstreamError ? error.upstreamCode : null),
    }),
    requestId: t.string({
      nullable: true,
      description: 'The product’s id of the failed request, which its support asks for.',
      resolve: ({ error }) => (error instanceof UpstreamError ? error.requestId : null),
    }),
  }),
});

export const JobOriginReportType = builder.objectRef<OriginReport>('JobOriginReport').implement({
  description: 'How one origin answered a listing; one for each that was asked or skipped.',
  fields: (t) => ({
    source: t.field({
      type: JobSourceEnum,
      description: 'The product.',
      resolve: ({ origin }) => origin.source,
    }),
    account: t.string({
      description: 'The account, by its name in the configuration.',
      resolve: ({ origin }) => origin.account,
    }),
    region: t.string({ description: 'The region.', resolve: ({ origin }) => origin.region }),
    bucket: t.string({
      nullable: true,
      description: 'The bucket; null except for CI.',
      resolve: ({ origin }) => origin.bucket,
    }),
    outcome: t.expose('outcome', { type: JobOriginOutcomeEnum, description: 'How it answered.' }),
    totalCount: t.expose('totalCount', {
      type: 'SafeInt',
      nullable: true,
      description: 'How many of its jobs match; null where the product does not tell.',
    }),
    fetchedAt: t.expose('fetchedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the gateway received the answer; null when there is none.',
    }),
    error: t.field({
      type: JobOriginErrorType,
      nullable: true,
      description: 'Why it failed, or why the page ends early; null when all is well.',
      resolve: ({ error }) => (error === null ? null : { error }),
    }),
  }),
});
