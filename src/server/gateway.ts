import { useDisableIntrospection } from '@graphql-yoga/plugin-disable-introspection';
import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { GraphContext } from '../graphql/context.ts';
import { isUnexpected, toClientError } from '../graphql/errors.ts';
import { useBodyLimit } from './body-limit.ts';
import { useErrorCodes } from './error-codes.ts';
import { useExecution } from './execution.ts';
import { type GraphiqlTab, useGraphiql } from './graphiql.ts';
import { type Readiness, useHealth } from './health.ts';
import { useRequestChecks } from './request-checks.ts';

export interface GatewayOptions {
  readonly schema: GraphQLSchema;
  /** Makes what the resolvers of one request use; `signal` aborts when the client leaves. */
  readonly contextFor: (signal: AbortSignal) => GraphContext;
  readonly readiness: () => Readiness;
  readonly introspection: boolean;
  /** The tabs of GraphiQL, or null to leave it out. */
  readonly graphiqlTabs: readonly GraphiqlTab[] | null;
  readonly maxBodyBytes: number;
  /** Told of every error that is a bug of ours; what clients read says nothing of it. */
  readonly onBug: (error: unknown) => void;
}

export type Gateway = YogaServerInstance<object, GraphContext>;

/** The HTTP server's heart: a fetch-style handler of `/graphql`, `/health` and `/ready`. */
export function createGateway(options: GatewayOptions): Gateway {
  const { schema, contextFor, readiness, introspection, graphiqlTabs, maxBodyBytes, onBug } = options;
  return createYoga<object, GraphContext>({
    schema,
    graphqlEndpoint: '/graphql',
    context: ({ request }) => contextFor(request.signal),
    // Closed unless opened on purpose: no other site's script, no batches, no uploads, no page that tells about itself.
    cors: false,
    batching: false,
    multipart: false,
    landingPage: false,
    graphiql: false,
    // Yoga's own check takes any URL that ends in it, queries included: nothing ends in a space.
    healthCheckEndpoint: ' ',
    maxRequestBodySize: false,
    // Never by environment: an error's inside stays inside, on every machine.
    maskedErrors: { isDev: false, maskError: (error) => maskError(error, onBug) },
    logging: false,
    plugins: [
      // before GraphQL
      useHealth(readiness),
      graphiqlTabs === null ? {} : useGraphiql(graphiqlTabs),
      useRequestChecks(),
      useBodyLimit(maxBodyBytes),
      // before execution
      introspection ? {} : useDisableIntrospection(),
      // during execution: a client that leaves ends it
      useExecution(),
      // after execution
      useErrorCodes({ suggestions: introspection }),
    ],
  });
}

function maskError(error: unknown, onBug: (error: unknown) => void): ReturnType<typeof toClientError> {
  const shown = toClientError(error);
  if (isUnexpected(shown)) {
    onBug(error);
  }
  return shown;
}
