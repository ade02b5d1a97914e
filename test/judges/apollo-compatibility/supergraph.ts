/**
 * The suite's supergraph as its own command sets it up, with two differences: a library of the same maker composes it and
 * another one routes in it, for both programs would have to be downloaded; and every port is a free one.
 */
import { composeServices } from '@apollo/composition';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { parse, print } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import { request } from 'undici';
import { type Listening, listen } from '../../../src/server/connections/listen.ts';
import { freePort } from '../../support/free-port.ts';
import { startChild } from './child.ts';
import { INVENTORY_SERVER, USERS_SERVER } from './package-files.ts';
import { serveProducts } from './products.ts';

export interface Supergraph {
  readonly productsUrl: string;
  /** Every path at this address is the router's. */
  readonly routerUrl: string;
  close(): Promise<void>;
}

interface Service {
  readonly name: string;
  readonly url: string;
}

/** How long a server of the suite may take to start on a machine that is busy. */
const START_MS = 30_000;

/** Another process can take a port between its choice and its use. */
const PORT_ATTEMPTS = 3;

/** Starts the three subgraphs and the router before them. Whoever starts them closes them. */
export async function startSupergraph(): Promise<Supergraph> {
  const started = new AsyncDisposableStack();
  const starting = [
    serve(started, serveProducts),
    startService(started, USERS_SERVER, 'USERS_PORT'),
    startService(started, INVENTORY_SERVER, 'INVENTORY_PORT'),
  ] as const;
  try {
    const [productsUrl, users, inventory] = await Promise.all(starting);
    const supergraphSdl = await compose([
      { name: 'products', url: productsUrl },
      { name: 'users', url: users },
      { name: 'inventory', url: inventory },
    ]);
    const routerUrl = await serve(started, () => serveRouter(started, supergraphSdl));
    return { productsUrl, routerUrl, close: () => started.disposeAsync() };
  } catch (error) {
    // Those that are still starting are to be ended too.
    await Promise.allSettled(starting);
    await started.disposeAsync();
    throw error;
  }
}

async function serve(started: AsyncDisposableStack, start: () => Promise<Listening>): Promise<string> {
  const { url, close } = await start();
  started.defer(() => close(0));
  return `${url}/`;
}

async function startService(
  started: AsyncDisposableStack,
  path: string,
  portVariable: string,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const port = String(await freePort());
    const child = startChild(path, [], { [portVariable]: port });
    started.defer(child.end);
    try {
      await child.happens('message', START_MS);
      return `http://127.0.0.1:${port}/`;
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !child.stderr.includes('EADDRINUSE')) {
        throw error;
      }
    }
  }
}

/** Composes what the subgraphs themselves say that they are. */
async function compose(services: readonly Service[]): Promise<string> {
  const { errors = [], supergraphSdl } = composeServices(
    await Promise.all(
      services.map(async (service) => ({ ...service, typeDefs: parse(await sdlOf(service)) })),
    ),
  );
  if (supergraphSdl === undefined) {
    throw new AggregateError(errors, `No supergraph:\n${errors.map(({ message }) => message).join('\n')}`);
  }
  return supergraphSdl;
}

async function sdlOf({ name, url }: Service): Promise<string> {
  const { body } = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query: '{ service: _service { sdl } }' }),
  });
  const text = await body.text();
  const { data } = JSON.parse(text) as { data?: { service: { sdl: string } } | null };
  if (data === undefined || data === null) {
    throw new Error(`The subgraph ${name} does not give its SDL: ${text}`);
  }
  return data.service.sdl;
}

type Fetcher = NonNullable<NonNullable<ConstructorParameters<typeof RemoteGraphQLDataSource>[0]>['fetcher']>;

async function serveRouter(started: AsyncDisposableStack, supergraphSdl: string): Promise<Listening> {
  const gateway = new ApolloGateway({
    supergraphSdl,
    // Its own fetcher takes even calls to loopback to a proxy when the environment names one.
    buildService: ({ url = '' }) =>
      new RemoteGraphQLDataSource({ url, fetcher: fetch as unknown as Fetcher }),
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  });
  const { schema, executor } = await gateway.load();
  started.defer(() => gateway.stop());
  const execution: Plugin = {
    onExecute: ({ args: { document, operationName, variableValues }, setExecuteFn }) => {
      const asked = { document, operationName, request: { operationName, variables: variableValues } };
      // The rest of what a server tells its gateway is for caches and reports, which there are none of here.
      const context = { ...asked, queryHash: print(document), context: {}, metrics: {} };
      setExecuteFn(() => executor(context as unknown as Parameters<typeof executor>[0]));
    },
  };
  const yoga = createYoga({ schema, graphqlEndpoint: '/', logging: false, plugins: [execution] });
  return listen(
    (incoming, outgoing) => {
      // As a proxy it is asked by whole addresses, which Yoga does not read.
      incoming.url = '/';
      void yoga(incoming, outgoing);
    },
    { host: '127.0.0.1', port: 0 },
  );
}

function ignore(): void {
  // The suite reads answers, not logs.
}
