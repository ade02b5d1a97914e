import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { createGatewayRuntime, type UnifiedGraphHandler } from '@graphql-hive/gateway-runtime';
import { unifiedGraphHandler } from '@graphql-hive/router-runtime';
import { Kind, parse } from 'graphql';
import { supergraphBy } from './composers.ts';
import type { ComposedSubgraph } from './subgraphs/other-subgraph.ts';

export interface RouterAnswer {
  readonly data: Readonly<Record<string, unknown>> | null | undefined;
  readonly errors: readonly RouterFault[];
}

export interface RouterFault {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** A request of a router to a subgraph. */
export interface SubgraphRequest {
  readonly subgraph: string;
  readonly query: string;
  /** Of the entities that it asks for. */
  readonly representations: readonly Readonly<Record<string, unknown>>[];
}

/** A router before running subgraphs, which it asks over HTTP. */
export interface Router {
  ask(query: string): Promise<RouterAnswer>;
  /** What it asked of the subgraphs, in order; live. */
  readonly sent: readonly SubgraphRequest[];
  close(): Promise<void>;
}

export interface RouterSettings {
  /** The headers that it sends to a subgraph, besides its own. */
  readonly headersFor?: (subgraph: string) => Readonly<Record<string, string>>;
}

export type StartRouter = (
  subgraphs: readonly ComposedSubgraph[],
  settings?: RouterSettings,
) => Promise<Router>;

export interface RouterKind {
  readonly name: string;
  readonly start: StartRouter;
  /**
   * Whether it nulls an object of another subgraph whose own fields turn out to be missing, up to where null is allowed
   * (GraphQL section 6.4.4). One that does not leaves what it knows of it, and null where none may be.
   */
  readonly completesValues: boolean;
}

/** Each takes the supergraph from the composer of its own house. */
export const ROUTERS: readonly RouterKind[] = [
  { name: 'Apollo Gateway', start: startApolloGateway, completesValues: true },
  {
    name: 'Hive Gateway',
    start: (subgraphs, settings) => startHiveGateway(subgraphs, settings, unifiedGraphHandler),
    completesValues: false,
  },
];

/** Hive's planner unless told otherwise, in JavaScript: known to forget fields that an @interfaceObject adds. */
export const startDefaultHiveGateway: StartRouter = (subgraphs, settings) =>
  startHiveGateway(subgraphs, settings, null);

async function startApolloGateway(
  subgraphs: readonly ComposedSubgraph[],
  { headersFor = () => ({}) }: RouterSettings = {},
): Promise<Router> {
  const sent: SubgraphRequest[] = [];
  const gateway = new ApolloGateway({
    supergraphSdl: supergraphBy('apollo', subgraphs),
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    buildService: ({ name, url }) =>
      new RemoteGraphQLDataSource({
        ...(url === undefined ? {} : { url }),
        willSendRequest: ({ request: { query = '', variables = {}, http } }) => {
          Object.entries(headersFor(name)).forEach(([header, value]) => http?.headers.set(header, value));
          sent.push(subgraphRequest(name, query, variables));
        },
      }),
  });
  const { schema, executor } = await gateway.load();
  return {
    sent,
    ask: async (query) => {
      const document = parse(query);
      const [operation] = document.definitions;
      if (operation?.kind !== Kind.OPERATION_DEFINITION) {
        throw new TypeError('expected the operation to come first');
      }
      const { data, errors = [] } = await executor({
        request: { query },
        document,
        operation,
        operationName: null,
        source: query,
        queryHash: query,
        schema,
        // What a server besides would bring along, and this gateway does not look at.
        schemaHash: '' as never,
        logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
        cache: new Map() as never,
        context: {},
        metrics: {},
        overallCachePolicy: {},
      });
      return { data, errors: errors.map((error) => error.toJSON() as RouterFault) };
    },
    close: () => gateway.stop(),
  };
}

async function startHiveGateway(
  subgraphs: readonly ComposedSubgraph[],
  { headersFor = () => ({}) }: RouterSettings = {},
  planner: UnifiedGraphHandler | null,
): Promise<Router> {
  const sent: SubgraphRequest[] = [];
  const gateway = createGatewayRuntime({
    supergraph: supergraphBy('guild', subgraphs),
    ...(planner === null ? {} : { unifiedGraphHandler: planner }),
    logging: false,
    propagateHeaders: { fromClientToSubgraphs: ({ subgraphName }) => headersFor(subgraphName) },
    plugins: () => [
      {
        onFetch: ({ url, options: { body } }) => {
          const subgraph = subgraphs.find((candidate) => candidate.url === url);
          if (subgraph !== undefined && typeof body === 'string') {
            const { query, variables = {} } = JSON.parse(body) as { query: string; variables?: Variables };
            sent.push(subgraphRequest(subgraph.name, query, variables));
          }
        },
      },
    ],
  });
  return {
    sent,
    ask: async (query) => {
      const answer = await gateway.fetch('http://router/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      const { data, errors = [] } = (await answer.json()) as {
        data?: RouterAnswer['data'];
        errors?: RouterFault[];
      };
      return { data, errors };
    },
    close: async () => {
      await gateway.dispose();
    },
  };
}

type Variables = Readonly<Record<string, unknown>>;

/** Routers name their variables as they like and may ask for entities in several fields at once: these alone are lists. */
function subgraphRequest(subgraph: string, query: string, variables: Variables): SubgraphRequest {
  const lists = Object.values(variables).filter((value) => Array.isArray(value));
  return { subgraph, query, representations: lists.flat() as SubgraphRequest['representations'] };
}

function ignore(): void {
  // A router's own log is not what is tested.
}
