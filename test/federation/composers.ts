import { composeServices as composeByApollo } from '@apollo/composition';
import {
  composeServices as composeByGuild,
  transformSupergraphToPublicSchema,
} from '@theguild/federation-composition';
import { buildASTSchema, type DocumentNode, lexicographicSortSchema, parse, printSchema } from 'graphql';
import type { ComposedSubgraph } from './subgraphs/other-subgraph.ts';

/** What a composer made of subgraphs: a supergraph, or the codes of what it finds wrong. */
export interface Composition {
  readonly supergraph: string | null;
  readonly faults: readonly string[];
  /** What it would have liked otherwise; Apollo's composer alone tells. */
  readonly hints: readonly string[];
}

/** Each reports faults that the other misses, so a supergraph is worth something when both give one. */
export const COMPOSERS = { apollo, guild } as const;

export type ComposerName = keyof typeof COMPOSERS;

/** A supergraph of a composer that must not find fault. */
export function supergraphBy(composer: ComposerName, subgraphs: readonly ComposedSubgraph[]): string {
  const { supergraph, faults } = COMPOSERS[composer](subgraphs);
  if (supergraph === null) {
    throw new Error(`expected a supergraph, got ${faults.join('; ')}`);
  }
  return supergraph;
}

/** The graph that clients of a supergraph see, in alphabetical order. */
export function clientGraphOf(supergraph: string): string {
  return printSchema(
    lexicographicSortSchema(buildASTSchema(transformSupergraphToPublicSchema(parse(supergraph)))),
  );
}

function apollo(subgraphs: readonly ComposedSubgraph[]): Composition {
  const { supergraphSdl, errors = [], hints = [] } = composeByApollo(subgraphs.map(service));
  return {
    supergraph: supergraphSdl ?? null,
    faults: errors.map(({ extensions, message }) => `${String(extensions['code'])}: ${message}`),
    hints: hints.map(({ definition, message }) => `${definition.code}: ${message}`),
  };
}

function guild(subgraphs: readonly ComposedSubgraph[]): Composition {
  const { supergraphSdl, errors = [] } = composeByGuild(subgraphs.map(service));
  return {
    supergraph: supergraphSdl ?? null,
    faults: errors.map(({ extensions, message }) => `${String(extensions['code'])}: ${message}`),
    hints: [],
  };
}

function service({ name, sdl, url }: ComposedSubgraph): {
  name: string;
  typeDefs: DocumentNode;
  url: string;
} {
  return { name, typeDefs: parse(sdl), url };
}
