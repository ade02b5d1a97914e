import { readFileSync } from 'node:fs';
import type { GraphQLFieldResolver } from 'graphql';
import { createSchema, createYoga } from 'graphql-yoga';
import { type ReferenceResolver, toSubgraph } from '../../../src/federation/subgraph.ts';
import { listen } from '../../../src/server/connections/listen.ts';

/** A part of a supergraph: what it is composed of, and where it answers. */
export interface ComposedSubgraph {
  readonly name: string;
  readonly sdl: string;
  readonly url: string;
}

/** A subgraph of another team, on a socket of its own. */
export interface OtherSubgraph extends ComposedSubgraph {
  close(): Promise<void>;
}

export interface OtherSubgraphParts {
  /** By type and field; what is left out reads the property of that name. */
  readonly resolvers: Readonly<
    Record<string, Readonly<Record<string, GraphQLFieldResolver<never, unknown>>>>
  >;
  /** By the types with a key that this subgraph resolves. */
  readonly references?: Readonly<Record<string, ReferenceResolver<unknown>>>;
}

/** The SDL of a subgraph of another team: `<name>.graphql` beside this file. */
export function sdlOf(name: string): string {
  return readFileSync(new URL(`${name}.graphql`, import.meta.url), 'utf8');
}

/** Starts it; whoever starts it closes it. Abstract types are resolved by `__typename`, which objects carry. */
export async function startSubgraph(
  name: string,
  { resolvers, references = {} }: OtherSubgraphParts,
): Promise<OtherSubgraph> {
  const sdl = sdlOf(name);
  // Directives of federation are imported, not defined: nothing but a composer knows them.
  const plain = createSchema({ typeDefs: sdl, resolvers, assumeValidSDL: true });
  const typeNameOf = (entity: unknown): string => (entity as { __typename: string })['__typename'];
  const { schema } = toSubgraph(plain, { references, typeNameOf });
  const yoga = createYoga({ schema, logging: false, maskedErrors: false });
  const server = await listen((incoming, outgoing) => void yoga(incoming, outgoing), {
    host: '127.0.0.1',
    port: 0,
  });
  return { name, sdl, url: `${server.url}/graphql`, close: () => server.close(0) };
}
