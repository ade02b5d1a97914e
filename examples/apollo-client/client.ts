import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import { possibleTypes } from './generated/possible-types.ts';

/** One for each page load (or, on a server, for each request). */
export function createClient(): ApolloClient {
  return new ApolloClient({
    link: new HttpLink({ uri: '/graphql' }),
    // The gateway shares BatchCompute’s two calls a second evenly among these names.
    clientAwareness: { name: 'jobs-example-apollo-client' },
    cache: new InMemoryCache({
      // Lets a fragment on the interface match CosJob, BatchComputeJob and CiJob.
      possibleTypes,
      typePolicies: {
        // A list for each filter and order; its pages are put together by their cursors.
        Query: { fields: { jobs: relayStylePagination(['filter', 'orderBy']) } },
        // Jobs have a global `id`, so the default key is right. These have none, and belong to their job.
        JobProgress: { merge: true },
        JobFreshness: { merge: true },
      },
    }),
  });
}
