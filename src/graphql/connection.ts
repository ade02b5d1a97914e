import type { InterfaceRef, ObjectRef } from '@pothos/core';
import type { Job } from '../jobs/origins.ts';
import type { JobPage } from '../jobs/source-listing.ts';
import { builder, type GraphTypes } from './builder.ts';
import { JobOriginReportType } from './origin.ts';

const PageInfoType = builder.objectRef<JobPage<Job>['pageInfo']>('PageInfo').implement({
  description: 'Where a page stands in its listing (Relay Cursor Connections).',
  extensions: { directives: { shareable: [{}] } },
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether anything follows this page.' }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      description: 'Whether anything comes before this page.',
    }),
    startCursor: t.exposeString('startCursor', {
      nullable: true,
      description: 'The cursor of the first edge; null when the page is empty.',
    }),
    endCursor: t.exposeString('endCursor', {
      nullable: true,
      description: 'The cursor to go on from, usually that of the last edge; null where there is none.',
    }),
  }),
});

/** Defines `<name>Connection` and `<name>Edge` over a type of jobs, and gives the connection's ref. */
export function defineConnection<J extends Job>(
  name: string,
  node: ObjectRef<GraphTypes, J> | InterfaceRef<GraphTypes, J>,
): ObjectRef<GraphTypes, JobPage<J>> {
  const edge = builder.objectRef<JobPage<J>['edges'][number]>(`${name}Edge`);
  edge.implement({
    description: 'A job and its place in the listing.',
    fields: (t) => ({
      cursor: t.string({
        description:
          'Leads back to this place: an opaque text for `after` or `before` of the same field and filter.',
        resolve: (entry) => entry.cursor,
      }),
      // Pothos works out what a resolver must return only for a concrete J; `node` and J are tied by the signature.
      node: t.field({ type: node, description: 'The job.', resolve: (entry) => entry.node as never }),
    }),
  });
  const connection = builder.objectRef<JobPage<J>>(`${name}Connection`);
  connection.implement({
    description: 'A page of jobs (Relay Cursor Connections).',
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        description: 'The jobs with their cursors.',
        resolve: (page) => page.edges,
      }),
      nodes: t.field({
        type: [node],
        description: 'The jobs alone.',
        resolve: (page) => page.edges.map((entry) => entry.node) as never,
      }),
      pageInfo: t.field({
        type: PageInfoType,
        description: 'Where the page stands.',
        resolve: (page) => page.pageInfo,
      }),
      totalCount: t.field({
        type: 'SafeInt',
        nullable: true,
        description: 'How many jobs match in all, exactly; null where the product does not tell.',
        resolve: (page) => page.totalCount,
      }),
      origins: t.field({
        type: [JobOriginReportType],
        description: 'How each origin answered.',
        resolve: (page) => page.origins,
      }),
    }),
  });
  return connection;
}

/** The Relay arguments of a listing that is walked forwards only. */
export const forwardArguments = builder.args((t) => ({
  first: t.int({ description: 'How many jobs at most: 1 to 500; 20 when left out.' }),
  after: t.string({ description: 'Only jobs after the one with this cursor.' }),
}));

/** What a listing that is walked both ways takes besides. */
export const backwardArguments = builder.args((t) => ({
  last: t.int({
    description: 'How many jobs at most, counted back from `before` or the end: 1 to 500. Excludes `first`.',
  }),
  before: t.string({ description: 'Only jobs before the one with this cursor.' }),
}));
