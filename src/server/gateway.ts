import type { IncomingMessage } from 'node:http';
import { useDisableIntrospection } from '@graphql-yoga/plugin-disable-introspection';
import type { GraphQLSchema } from 'graphql';
import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { GraphContext } from '../graphql/context.ts';
import { isUnexpected, toClientError } from '../graphql/errors.ts';
import type { CallScope, Use } from '../lib/call-scope.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Secret } from '../lib/secret.ts';
import { ANYBODY, type Principal, type VisibleAccounts, WITHOUT_ACCOUNTS } from '../model/principal.ts';
import type { CallerCheck } from './auth/caller-check.ts';
import { isRouter, useRouterSecret } from './auth/router-secret.ts';
import { useAuth } from './auth/use-auth.ts';
import type { ChoiceOptions } from './documents/choice.ts';
import { DocumentList } from './documents/document-list.ts';
import { usePersistedDocuments } from './documents/persisted-documents.ts';
import { useErrorCodes } from './error-codes.ts';
import { useExecution } from './execution.ts';
import { type GraphiqlTab, useGraphiql } from './graphiql.ts';
import { type Readiness, useHealth } from './health.ts';
import { useCacheHeaders } from './http-cache/cache-headers.ts';
import { asksAnew } from './http-cache/no-cache.ts';
import type { Replays } from './http-cache/replays.ts';
import { Uses } from './http-cache/uses.ts';
import { useBodyLimit } from './http/body-limit.ts';
import { callerOf } from './http/caller.ts';
import { useCors } from './http/cors.ts';
import { useCsrfPrevention } from './http/csrf.ts';
import { useJsonBody } from './http/json-body.ts';
import { useRequestChecks } from './http/request-checks.ts';
import { askedTimeoutMs, useRequestTimeout } from './http/request-timeout.ts';
import { useConcurrencyLimit } from './limits/concurrency-limit.ts';
import { useCostLimit } from './limits/cost-limit.ts';
import { documentCaches } from './limits/document-cache.ts';
import type { DocumentLimits } from './limits/document-limits.ts';
import { useEntityLimit } from './limits/entity-limit.ts';
import { useErrorLimit } from './limits/error-limit.ts';
import { useLimits } from './limits/limits.ts';
import { requestPlugins } from './seeing/request-plugin.ts';
import { type RequestRecord, RequestRecords } from './seeing/request-record.ts';

/** What of a request decides how it is served. */
export interface RequestFacts {
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** How long the client wants to wait at most; null when it does not say. */
  readonly timeoutMs: number | null;
  /** Who asks, for sharing scarce turns out evenly. */
  readonly caller: string;
  /** What it sees: no other account is there for it. */
  readonly accounts: VisibleAccounts;
  /** Whether only what is read from now on will do. */
  readonly noCache: boolean;
  /** To be told of every upstream call that is made for it; absent when nobody asks. */
  readonly onCall: CallScope['onCall'];
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

/** The most that may be asked, and answered. */
export interface GatewayLimits extends DocumentLimits {
  /** What an operation may cost at worst. */
  readonly maxUpstreamCalls: number;
  /** Operations that run at the same time. */
  readonly maxConcurrentRequests: number;
  /** Errors that an answer tells one by one. */
  readonly maxErrors: number;
}

export interface GatewayOptions {
  /** The graph that clients ask. */
  readonly schema: GraphQLSchema;
  /** Default: nothing. */
  readonly router?: RouterAccess | null;
  /** Makes what the resolvers of one request use. */
  readonly contextFor: (facts: RequestFacts) => GraphContext;
  /** Tells who asks; default: whoever reaches the gateway may ask everything. */
  readonly callers?: Pick<CallerCheck, 'principalOf'> | null;
  readonly readiness: () => Readiness;
  readonly introspection: boolean;
  /** The tabs of GraphiQL, or null to leave it out. */
  readonly graphiqlTabs: readonly GraphiqlTab[] | null;
  readonly maxBodyBytes: number;
  /** Default: none. */
  readonly limits?: GatewayLimits | null;
  /** The origins of other sites whose pages may ask; default: none. */
  readonly corsOrigins?: readonly string[];
  /** Told of every error that is a bug of ours; what clients read says nothing of it. */
  readonly onBug: (error: unknown) => void;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Where whole answers are kept; default: nowhere. */
  readonly replays?: Replays | null;
  /** What is noted of requests while they are served; default: nothing. */
  readonly records?: RequestRecords;
  /** Whether a client that asks for it is shown the upstream calls that it waited for; default: it is not. */
  readonly showsCalls?: boolean;
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
  const { callers = null, limits = null, corsOrigins = [] } = options;
  const { records = new RequestRecords(), showsCalls = false } = options;
  const seeing = requestPlugins({ records, clock, showsCalls });
  const showsCallsOf = (record: RequestRecord | undefined): boolean =>
    showsCalls && record?.wantsCalls === true;
  const principals = new WeakMap<Request, Principal>();
  const usesByRequest = new WeakMap<Request, Uses>();
  const whoAsks = (request: Request): Principal =>
    callers === null ? ANYBODY : (principals.get(request) ?? WITHOUT_ACCOUNTS);
  return createYoga<ServerContext, GraphContext>({
    schema: schemaFor(schema, router),
    graphqlEndpoint: '/graphql',
    context: ({ request, req }) => {
      const { signal, headers } = request;
      const uses = new Uses(clock.now());
      usesByRequest.set(request, uses);
      const { subject, accounts } = whoAsks(request);
      const record = records.of(req);
      record?.isMadeOf(uses, subject);
      return contextFor({
        signal,
        timeoutMs: askedTimeoutMs(headers),
        caller: callerOf(headers, req?.socket.remoteAddress, subject),
        accounts,
        noCache: asksAnew(headers),
        onCall: record?.addCall,
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
    parserAndValidationCache: documentCaches(),
    // Never by environment: an error's inside stays inside, on every machine.
    maskedErrors: { isDev: false, maskError: (error) => maskError(error, onBug) },
    logging: false,
    plugins: [
      // before GraphQL
      seeing.before,
      corsOrigins.length === 0 ? {} : useCors(corsOrigins),
      useHealth(readiness),
      graphiqlTabs === null ? {} : useGraphiql(graphiqlTabs),
      useRequestChecks(),
      useCsrfPrevention(),
      router === null || router.secrets.length === 0 ? {} : useRouterSecret(router.secrets),
      callers === null
        ? {}
        : useAuth({ callers, principals, isRouter: ({ headers }) => isProvenRouter(headers, router) }),
      useRequestTimeout(),
      useJsonBody(),
      useBodyLimit(maxBodyBytes),
      limits === null ? {} : useConcurrencyLimit(limits.maxConcurrentRequests),
      // before execution: what is asked by an id gets its text before anything reads it
      usePersistedDocuments({ ...documents, isTrusted: ({ headers }) => isProvenRouter(headers, router) }),
      limits === null ? {} : useLimits(limits),
      introspection ? {} : useDisableIntrospection(),
      router === null ? {} : useEntityLimit(router.maxRepresentations),
      limits === null ? {} : useCostLimit(limits.maxUpstreamCalls),
      // during execution: a client that leaves ends it
      useExecution(),
      // after execution
      useErrorCodes({ suggestions: introspection }),
      limits === null ? {} : useErrorLimit(limits.maxErrors),
      seeing.after,
      useCacheHeaders({
        clock,
        usesOf: (request) => usesByRequest.get(request),
        isForOne: ({ req }) => showsCallsOf(records.of(req)),
        replays,
      }),
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
