import { filterSchema } from '@graphql-tools/utils';
import { type GraphQLSchema, printSchema } from 'graphql';
import { type Subgraph, toSubgraph } from '../federation/subgraph.ts';
import { builder } from './builder.ts';
import { jobReferences, typeNameOfJob } from './federation.ts';
import './query.ts';

/** The graph as clients see it, complete. */
export const schema: GraphQLSchema = builder.toSchema({
  extensions: {
    directives: {
      // v2.9 is the newest that all known composers accept.
      link: [
        {
          url: 'https://specs.apollo.dev/federation/v2.9',
          import: ['@key', '@shareable', '@cost', '@listSize'],
        },
      ],
    },
  },
});

/** What of the graph may be left out. */
export interface GraphOptions {
  /**
   * Whether the graph has `node` and `nodes`. Only one subgraph of a supergraph may: another's fail the composition with
   * INVALID_FIELD_SHARING.
   */
  readonly relayNode: boolean;
}

/** The graph as clients see it. */
export function clientSchema({ relayNode }: GraphOptions): GraphQLSchema {
  return relayNode
    ? schema
    : filterSchema({ schema, rootFieldFilter: (_operation, field) => !RELAY_FIELDS.has(field) });
}

const RELAY_FIELDS = new Set(['node', 'nodes']);

/** The graph as routers see it: what clients see, `_service` and `_entities`. */
export function subgraph(options: GraphOptions): Subgraph {
  return toSubgraph(clientSchema(options), { references: jobReferences, typeNameOf: typeNameOfJob });
}

/** The SDL of the graph for clients and code generators: `schema/api.graphql`. */
export function printApiSchema(options: GraphOptions = { relayNode: true }): string {
  return `${printSchema(clientSchema(options))}\n`;
}

/** The SDL with the federation directives that types carry: `schema/subgraph.graphql`. */
export function printSubgraphSchema(options: GraphOptions = { relayNode: true }): string {
  return subgraph(options).sdl;
}
