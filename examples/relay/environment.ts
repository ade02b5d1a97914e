import {
  Environment,
  type FetchFunction,
  type GraphQLResponse,
  Network,
  RecordSource,
  Store,
} from 'relay-runtime';

const ask: FetchFunction = async ({ text, name }, variables, { force }) => {
  const answer = await fetch('/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      // The gateway shares BatchCompute’s two calls a second evenly among these names.
      'x-graphql-client': 'jobs-example-relay',
      // `networkCacheConfig: { force: true }`: only what is read from now on will do.
      ...(force === true && { 'cache-control': 'no-cache' }),
    },
    body: JSON.stringify({ query: text, operationName: name, variables }),
  });
  return (await answer.json()) as GraphQLResponse;
};

/**
 * One for each page load (or, on a server, for each request). Records are kept by `id`, which is what the global ids are
 * made for: there is nothing to configure.
 */
export function createEnvironment(): Environment {
  return new Environment({
    network: Network.create(ask),
    store: new Store(new RecordSource()),
  });
}
