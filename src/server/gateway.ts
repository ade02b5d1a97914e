import type { IncomingMessage } from 'node:http';
import { useDisableIntrospection } from '@graphql-yoga/plugin-disable-introspection';
import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { GraphContext } from '../graphql/context.ts';
import { isUnexpected, toClientError } from '../graphql/errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Use } from '../lib/call-scope.ts';
import type { Secret } from '../lib/secret.ts';
import { useBodyLimit } from './body-limit.ts';
import { useCacheHeaders } from './cache-headers.ts';
import { callerOf } from './caller.ts';
import type { ChoiceOptions } from './documents/choice.ts';
import { DocumentList } from './documents/document-list.ts';
import { usePersistedDocuments } from './documents/persisted-documents.ts';
import { useEntityLimit } from './entity-limit.ts';
import { useErrorCodes } from './error-codes.ts';
import { useExecution } from './execution.ts';
import { type GraphiqlTab, useGraphiql } from './graphiql.ts';
import { type Readiness, useHealth } from './health.ts';
import { asksAnew } from './no-cache.ts';
import type { Replays } from './replays.ts';
import { useRequestChecks } from './request-checks.ts';
import { askedTimeoutMs, useRequestTimeout } from './request-timeout.ts';
import { isRouter, useRouterSecret } from './router-secret.ts';
import { Uses } from './uses.ts';

/** What of a request decides how it is served. */
export interface RequestFacts {
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** How long the client wants to wait at most; null when it does not say. */
  readonly timeoutMs: number | null;
  /** Who asks, for sharing scarce turns out evenly. */
  readonly caller: string;
  /** Whether only what is read from now on will do. */
  readonly noCache: boolean;
  /** To be told of every value that the answer is made of. */
  readonly onUse: (use: Use) => void;
  /** To be told when a part of the answer is missing because it could not be read. */
  readonly onFailure: () => void;
}

/** What routers may ask besides what clients ask. */
export interface RouterAccess {
  /** The graph with `_service` and `_entities`. */
  readonly schema: GraphQLSchema;
  /** What proves a router, each as good as the others; none where whoever can reach the gateway is one. */
  readonly secrets: readonly Secret[];
  readonly maxRepresentations: number;
}

export interface GatewayOptions {
  /** The graph that clients ask. */
  readonly schema: GraphQLSchema;
  /** Default: nothing. */
  readonly router?: RouterAccess | null;
  /** Makes what the resolvers of one request use. */
  readonly contextFor: (facts: RequestFacts) => GraphContext;
  readonly readiness: () => Readiness;
  readonly introspection: boolean;
  /** The tabs of GraphiQL, or null to leave it out. */
  readonly graphiqlTabs: readonly GraphiqlTab[] | null;
  readonly maxBodyBytes: number;
  /** Told of every error that is a bug of ours; what clients read says nothing of it. */
  readonly onBug: (error: unknown) => void;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Where whole answers are kept; default: nowhere. */
  readonly replays?: Replays | null;
  /** Which texts run, and by which ids they are asked for; default: any, and by none. */
  readonly documents?: ChoiceOptions;
}

const ANY_DOCUMENT: ChoiceOptions = { mode: 'off', list: new DocumentList([]), store: null };

/** What Yoga hands on of a request that came through a node:http server. */
interface ServerContext {
  readonly req?: IncomingMessage;
}

export type Gateway = YogaServerInstance<ServerContext, GraphContext>;

/** The HTTP server's heart: a fetch-style handler of `/graphql`, `/health` and `/ready`. */
export function createGateway(options: GatewayOptions): Gateway {
  const { schema, contextFor, readiness, introspection, graphiqlTabs, maxBodyBytes, onBug } = options;
  const { clock = systemClock, replays = null, router = null, documents = ANY_DOCUMENT } = options;
  const usesByRequest = new WeakMap<Request, Uses>();
  return createYoga<ServerContext, GraphContext>({
    schema: schemaFor(schema, router),
    graphqlEndpoint: '/graphql',
    context: ({ request, req }) => {
      const { signal, headers } = request;
      const uses = new Uses(clock.now());
      usesByRequest.set(request, uses);
      return contextFor({
        signal,
        timeoutMs: askedTimeoutMs(headers),
        caller: callerOf(headers, req?.socket.remoteAddress),
        noCache: asksAnew(headers),
        onUse: uses.add,
        onFailure: uses.fail,
      });
    },
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
      router === null || router.secrets.length === 0 ? {} : useRouterSecret(router.secrets),
      useRequestTimeout(),
      useBodyLimit(maxBodyBytes),
      // before execution: what is asked by an id gets its text before anything reads it
      usePersistedDocuments({ ...documents, isTrusted: ({ headers }) => isProvenRouter(headers, router) }),
      introspection ? {} : useDisableIntrospection(),
      router === null ? {} : useEntityLimit(router.maxRepresentations),
      // during execution: a client that leaves ends it
      useExecution(),
      // after execution
      useErrorCodes({ suggestions: introspection }),
      useCacheHeaders({ clock, usesOf: (request) => usesByRequest.get(request), replays }),
    ],
  });
}

/** A router sends texts that it plans itself, which no manifest lists. Where none has a secret, none can prove to be one. */
function isProvenRouter(headers: Headers, router: RouterAccess | null): boolean {
  return router !== null && isRouter(headers, router.secrets);
}

/** What a router alone may ask is not there for others: not refused, but unknown. */
function schemaFor(
  schema: GraphQLSchema,
  router: RouterAccess | null,
): GraphQLSchema | ((context: { readonly request: Request }) => GraphQLSchema) {
  if (router === null || router.secrets.length === 0) {
    return router?.schema ?? schema;
  }
  return ({ request }) => (isRouter(request.headers, router.secrets) ? router.schema : schema);
}

function maskError(error: unknown, onBug: (error: unknown) => void): ReturnType<typeof toClientError> {
  const shown = toClientError(error);
  if (isUnexpected(shown)) {
    onBug(error);
  }
  return shown;
}
