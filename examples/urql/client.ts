import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { Client, fetchExchange, type OperationContext } from 'urql';
import { introspection } from './generated/introspection.ts';

/** The gateway shares BatchCompute’s two calls a second evenly among these names. */
const WHO_ASKS = { 'x-graphql-client': 'jobs-example-urql' };

/** For a query’s context: only what is read from now on will do. Its headers take the place of the client’s. */
export const READ_NOW: Partial<OperationContext> = {
  requestPolicy: 'network-only',
  fetchOptions: { headers: { ...WHO_ASKS, 'cache-control': 'no-cache' } },
};

/** One for each page load (or, on a server, for each request). */
export function createClient(): Client {
  const isPartOfItsParent = () => null;
  return new Client({
    url: '/graphql',
    fetchOptions: { headers: WHO_ASKS },
    exchanges: [
      cacheExchange({
        // Schema awareness: fragments on the interface match all its types, and what is partly known is shown.
        schema: introspection,
        // A list for each filter and order; its pages are put together by their cursors. What a connection has besides,
        // here `origins`, is that of the page asked for last.
        resolvers: { Query: { jobs: relayPagination() } },
        // Jobs have a global `id`, so the default key is right. These have none, and belong to their job or page.
        keys: {
          JobProgress: isPartOfItsParent,
          JobFreshness: isPartOfItsParent,
          JobOriginReport: isPartOfItsParent,
          JobOriginError: isPartOfItsParent,
        },
      }),
      fetchExchange,
    ],
  });
}
