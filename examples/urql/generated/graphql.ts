/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** Filters that are left out or null do not restrict; several restrict together; the values of one are alternatives. No list may be empty. */
export type JobFilter = {
  /** Jobs of these accounts, by their names in the configuration. */
  accounts?: Array<string> | null | undefined;
  /** Jobs created at or after this time. */
  createdAfter?: string | null | undefined;
  /** Jobs created before this time. */
  createdBefore?: string | null | undefined;
  /** Jobs in these regions. */
  regions?: Array<string> | null | undefined;
  /** Jobs of these products; the others are not called. */
  sources?: Array<JobSource> | null | undefined;
  /** Jobs in one of these statuses. */
  statuses?: Array<JobStatus> | null | undefined;
  /** Jobs with this text in their name, description or own id, in any case. No product can search for it, so a page may end early; `endCursor` goes on. */
  text?: string | null | undefined;
};

/** How an origin answered a listing. */
export type JobOriginOutcome =
  /** Answered from what was known, still within its time. */
  | 'CACHED'
  /** Did not answer: its jobs are missing from this page, and `error` says why. */
  | 'FAILED'
  /** Asked for this query. */
  | 'FRESH'
  /** Not asked: the filter excludes it. */
  | 'SKIPPED'
  /** Answered from what was known, past its time: it is being read anew, or the product does not answer. */
  | 'STALE'
  | '%future added value';

/** The Tencent Cloud product that runs a job. */
export type JobSource =
  /** BatchCompute. */
  | 'BATCH_COMPUTE'
  /** Cloud Infinite batch data processing. */
  | 'CI'
  /** COS Batch Operation. */
  | 'COS'
  | '%future added value';

/** What a job is doing, in words that the three products share. `upstreamStatus` has the product’s own word. */
export type JobStatus =
  /** Somebody cancelled it. */
  | 'CANCELLED'
  /** The run ended by itself. Single tasks may have failed all the same: `progress.failed` tells. */
  | 'COMPLETED'
  /** The run failed. */
  | 'FAILED'
  /** Halted; it goes on by itself or by the product’s own means. */
  | 'PAUSED'
  /** Accepted, not started yet. */
  | 'QUEUED'
  /** At work. */
  | 'RUNNING'
  /** About to be cancelled or to fail. */
  | 'STOPPING'
  /** Waits for somebody to confirm it. */
  | 'SUSPENDED'
  /** The product uses a word that the gateway does not know yet. */
  | 'UNKNOWN'
  | '%future added value';

export type CosJobByOwnIdQueryVariables = Exact<{
  jobId: string;
}>;


export type CosJobByOwnIdQuery = { cosJob: (
    { id: string }
    & { ' $fragmentRefs'?: { 'JobItem_CosJob_Fragment': JobItem_CosJob_Fragment } }
  ) | null };

type JobItem_BatchComputeJob_Fragment = { displayName: string, status: JobStatus, source: JobSource, progress: { percent: number | null, failed: number } | null, freshness: { fetchedAt: string, stale: boolean } } & { ' $fragmentName'?: 'JobItem_BatchComputeJob_Fragment' };

type JobItem_CiJob_Fragment = { displayName: string, status: JobStatus, source: JobSource, progress: { percent: number | null, failed: number } | null, freshness: { fetchedAt: string, stale: boolean } } & { ' $fragmentName'?: 'JobItem_CiJob_Fragment' };

type JobItem_CosJob_Fragment = { displayName: string, status: JobStatus, source: JobSource, progress: { percent: number | null, failed: number } | null, freshness: { fetchedAt: string, stale: boolean } } & { ' $fragmentName'?: 'JobItem_CosJob_Fragment' };

export type JobItemFragment =
  | JobItem_BatchComputeJob_Fragment
  | JobItem_CiJob_Fragment
  | JobItem_CosJob_Fragment
;

export type RefreshJobQueryVariables = Exact<{
  id: string | number;
}>;


export type RefreshJobQuery = { node:
    | (
      { id: string }
      & { ' $fragmentRefs'?: { 'JobItem_BatchComputeJob_Fragment': JobItem_BatchComputeJob_Fragment } }
    )
    | (
      { id: string }
      & { ' $fragmentRefs'?: { 'JobItem_CiJob_Fragment': JobItem_CiJob_Fragment } }
    )
    | (
      { id: string }
      & { ' $fragmentRefs'?: { 'JobItem_CosJob_Fragment': JobItem_CosJob_Fragment } }
    )
   | null };

export type JobsQueryVariables = Exact<{
  after?: string | null | undefined;
  filter?: JobFilter | null | undefined;
}>;


export type JobsQuery = { jobs: { edges: Array<{ cursor: string, node:
        | (
          { id: string }
          & { ' $fragmentRefs'?: { 'JobItem_BatchComputeJob_Fragment': JobItem_BatchComputeJob_Fragment } }
        )
        | (
          { id: string }
          & { ' $fragmentRefs'?: { 'JobItem_CiJob_Fragment': JobItem_CiJob_Fragment } }
        )
        | (
          { id: string }
          & { ' $fragmentRefs'?: { 'JobItem_CosJob_Fragment': JobItem_CosJob_Fragment } }
        )
       }>, pageInfo: { hasNextPage: boolean, endCursor: string | null }, origins: Array<{ source: JobSource, account: string, region: string, bucket: string | null, outcome: JobOriginOutcome, error: { code: string, retryable: boolean, retryAfterMs: number | null } | null }> } | null };

export const JobItemFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobItem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"percent"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}}]}},{"kind":"Field","name":{"kind":"Name","value":"freshness"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"fetchedAt"}},{"kind":"Field","name":{"kind":"Name","value":"stale"}}]}}]}}]} as unknown as DocumentNode<JobItemFragment, unknown>;
export const CosJobByOwnIdDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"CosJobByOwnId"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"jobId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cosJob"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"jobId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"jobId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobItem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobItem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"percent"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}}]}},{"kind":"Field","name":{"kind":"Name","value":"freshness"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"fetchedAt"}},{"kind":"Field","name":{"kind":"Name","value":"stale"}}]}}]}}]} as unknown as DocumentNode<CosJobByOwnIdQuery, CosJobByOwnIdQueryVariables>;
export const RefreshJobDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"RefreshJob"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobItem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobItem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"percent"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}}]}},{"kind":"Field","name":{"kind":"Name","value":"freshness"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"fetchedAt"}},{"kind":"Field","name":{"kind":"Name","value":"stale"}}]}}]}}]} as unknown as DocumentNode<RefreshJobQuery, RefreshJobQueryVariables>;
export const JobsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Jobs"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"JobFilter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"jobs"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"10"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"EnumValue","value":"NEWEST_FIRST"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"JobItem"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"origins"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"account"}},{"kind":"Field","name":{"kind":"Name","value":"region"}},{"kind":"Field","name":{"kind":"Name","value":"bucket"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"error"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}},{"kind":"Field","name":{"kind":"Name","value":"retryAfterMs"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"JobItem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Job"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"displayName"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"progress"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"percent"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}}]}},{"kind":"Field","name":{"kind":"Name","value":"freshness"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"fetchedAt"}},{"kind":"Field","name":{"kind":"Name","value":"stale"}}]}}]}}]} as unknown as DocumentNode<JobsQuery, JobsQueryVariables>;