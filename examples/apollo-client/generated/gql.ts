/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  query CosJobByOwnId($jobId: String!) {\n    cosJob(jobId: $jobId) {\n      id\n      ...JobItem\n    }\n  }\n": typeof types.CosJobByOwnIdDocument,
    "\n  fragment JobItem on Job {\n    displayName\n    status\n    source\n    progress {\n      percent\n      failed\n    }\n    freshness {\n      fetchedAt\n      stale\n    }\n  }\n": typeof types.JobItemFragmentDoc,
    "\n  query RefreshJob($id: ID!) {\n    node(id: $id) {\n      id\n      ...JobItem\n    }\n  }\n": typeof types.RefreshJobDocument,
    "\n  query Jobs($after: String, $filter: JobFilter) {\n    jobs(first: 10, after: $after, filter: $filter, orderBy: NEWEST_FIRST) {\n      edges {\n        cursor\n        node {\n          id\n          ...JobItem\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      origins {\n        source\n        account\n        region\n        bucket\n        outcome\n        error {\n          code\n          retryable\n          retryAfterMs\n        }\n      }\n    }\n  }\n": typeof types.JobsDocument,
};
const documents: Documents = {
    "\n  query CosJobByOwnId($jobId: String!) {\n    cosJob(jobId: $jobId) {\n      id\n      ...JobItem\n    }\n  }\n": types.CosJobByOwnIdDocument,
    "\n  fragment JobItem on Job {\n    displayName\n    status\n    source\n    progress {\n      percent\n      failed\n    }\n    freshness {\n      fetchedAt\n      stale\n    }\n  }\n": types.JobItemFragmentDoc,
    "\n  query RefreshJob($id: ID!) {\n    node(id: $id) {\n      id\n      ...JobItem\n    }\n  }\n": types.RefreshJobDocument,
    "\n  query Jobs($after: String, $filter: JobFilter) {\n    jobs(first: 10, after: $after, filter: $filter, orderBy: NEWEST_FIRST) {\n      edges {\n        cursor\n        node {\n          id\n          ...JobItem\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      origins {\n        source\n        account\n        region\n        bucket\n        outcome\n        error {\n          code\n          retryable\n          retryAfterMs\n        }\n      }\n    }\n  }\n": types.JobsDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query CosJobByOwnId($jobId: String!) {\n    cosJob(jobId: $jobId) {\n      id\n      ...JobItem\n    }\n  }\n"): (typeof documents)["\n  query CosJobByOwnId($jobId: String!) {\n    cosJob(jobId: $jobId) {\n      id\n      ...JobItem\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment JobItem on Job {\n    displayName\n    status\n    source\n    progress {\n      percent\n      failed\n    }\n    freshness {\n      fetchedAt\n      stale\n    }\n  }\n"): (typeof documents)["\n  fragment JobItem on Job {\n    displayName\n    status\n    source\n    progress {\n      percent\n      failed\n    }\n    freshness {\n      fetchedAt\n      stale\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query RefreshJob($id: ID!) {\n    node(id: $id) {\n      id\n      ...JobItem\n    }\n  }\n"): (typeof documents)["\n  query RefreshJob($id: ID!) {\n    node(id: $id) {\n      id\n      ...JobItem\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Jobs($after: String, $filter: JobFilter) {\n    jobs(first: 10, after: $after, filter: $filter, orderBy: NEWEST_FIRST) {\n      edges {\n        cursor\n        node {\n          id\n          ...JobItem\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      origins {\n        source\n        account\n        region\n        bucket\n        outcome\n        error {\n          code\n          retryable\n          retryAfterMs\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Jobs($after: String, $filter: JobFilter) {\n    jobs(first: 10, after: $after, filter: $filter, orderBy: NEWEST_FIRST) {\n      edges {\n        cursor\n        node {\n          id\n          ...JobItem\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      origins {\n        source\n        account\n        region\n        bucket\n        outcome\n        error {\n          code\n          retryable\n          retryAfterMs\n        }\n      }\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;