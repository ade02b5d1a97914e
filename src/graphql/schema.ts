import { getDocumentNodeFromSchema } from '@graphql-tools/utils';
import type { GraphQLSchema } from 'graphql';
import { print, printSchema } from 'graphql';
import { builder } from './builder.ts';
import './query.ts';

/** The graph as it is served. */
export const schema: GraphQLSchema = builder.toSchema();

/** Federation v2.9 is the newest that all known composers accept. */
const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])';

/** The SDL of the graph for clients and code generators: `schema/api.graphql`. */
export function printApiSchema(): string {
  return `${printSchema(schema)}\n`;
}

/** The SDL with the federation directives that types carry: `schema/subgraph.graphql`. */
export function printSubgraphSchema(): string {
  return `${LINK}\n\n${print(getDocumentNodeFromSchema(schema))}\n`;
}
