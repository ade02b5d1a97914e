import type { RequestListener } from 'node:http';
import type { BudgetPool } from './budgets.ts';
import type { Config } from './config.ts';
import { clientSchema, subgraph } from './graphql/schema.ts';
import { createLoaders } from './jobs/loaders.ts';
import type { Origins } from './jobs/origins.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { createCallerCheck } from './server/auth/caller-check.ts';
import { KeySets } from './server/auth/key-sets.ts';
import { DocumentList } from './server/documents/document-list.ts';
import { createGateway } from './server/gateway.ts';
import { graphiqlTabs } from './server/graphiql-tabs.ts';
import { Replays } from './server/http-cache/replays.ts';
import { createListener } from './server/listener.ts';
import { Overload } from './server/overload/overload.ts';
import { RequestRecords } from './server/seeing/request-record.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { wireOrigins } from './wiring.ts';

/** What a caller may choose besides the configuration. */
export interface Parts {
  readonly clock: Clock;
  /** A job's global id for GraphiQL to open with. */
  readonly exampleJobId: string | null;
  /** Told of every error that is a bug of the gateway's. */
  readonly onBug: (error: unknown) => void;
  /**
   * Gives the configuration as it is now, or throws `ConfigError`: asked when an upstream says that a session token is over.
   * Only the credential of the account of the same name is taken from it. Null: credentials stay as they are.
   */
  readonly rereadConfig: (() => Config) | null;
  /** Told, in a sentence without a secret, what goes on as before although it should have changed. */
  readonly onWarning: (message: string) => void;
  /** The metrics of the process, where several apps are counted together. Null: this one has its own, if any. */
  readonly metrics: Metrics | null;
  /** The budgets of calls of the process, where several apps draw from them. Null: this one has its own. */
  readonly budgets: BudgetPool | null;
  /** What the process knows of the keys of issuers of tokens, where several apps use it. Default: this one's own. */
  readonly keySets: KeySets;
}

/** The gateway, put together and not yet listening. */
export interface App {
  /** Answers a request without a socket. */
  fetch(request: Request): Promise<Response>;
  /** Answers requests of a node:http server. */
  readonly listener: RequestListener;
  readonly origins: Origins;
  /** Makes `/ready` answer 503, so that balancers send no more. */
  drain(): void;
  /** Cuts the connections to the upstreams. */
  close(): Promise<void>;
}

/** The composition root: everything that the gateway consists of is made and joined here. */
export function createApp(config: Config, parts: Partial<Parts> = {}): App {
  const { clock = systemClock, exampleJobId = null, onBug = () => undefined } = parts;
  const { rereadConfig = null, onWarning = () => undefined, budgets = null } = parts;
  const { keySets = new KeySets(clock) } = parts;
  const metrics = parts.metrics ?? (config.server.metrics ? createMetrics() : null);
  const { server, federation, deadlines, limits, cache } = config;
  const renewal = { rereadConfig, onWarning };
  const { origins, conditions, documents, redisCondition, budgetConditions, memoryBytes, close } =
    wireOrigins(config, clock, renewal, budgets);
  const callers = config.auth === null ? null : createCallerCheck(config.auth, clock, keySets);
  // Given again before anybody is asked who they are: never where that matters.
  const replays =
    cache.replayBytes === 0 || callers !== null ? null : new Replays({ maxBytes: cache.replayBytes, clock });
  const overload = new Overload(server);
  const records = new RequestRecords();
  const showsCalls = server.upstreamTrace;
  const unwatch = metrics?.watch({
    origins: conditions,
    budgets: budgetConditions,
    redis: redisCondition,
    bytes: () => ({ values: memoryBytes(), replays: replays?.bytes ?? 0 }),
  });
  let isDraining = false;

  const gateway = createGateway({
    schema: clientSchema(federation),
    router: {
      schema: subgraph(federation).schema,
      secrets: federation.routerSecrets,
      maxRepresentations: limits.maxRepresentations,
    },
    callers,
    contextFor: ({ signal, timeoutMs, caller, accounts, noCache, onCall, onUse, onFailure }) => {
      const leftMs = Math.min(timeoutMs ?? deadlines.requestMs, deadlines.requestMs);
      const deadlineMs = clock.now() + leftMs;
      const scope = { signal, deadlineMs, callers: new Set([caller]), noCache, onCall, onUse, onFailure };
      const visible = origins.visibleTo(accounts);
      return {
        origins: visible,
        scope,
        loaders: createLoaders(visible, scope),
        clock,
        limits: { ...limits, originMs: deadlines.originMs },
      };
    },
    readiness: () => ({
      isDraining,
      details: {
        origins: callers === null ? conditions() : circuitCounts(conditions()),
        redis: redisCondition(),
      },
    }),
    introspection: server.introspection,
    graphiqlTabs: server.graphiql ? graphiqlTabs(exampleJobId) : null,
    maxBodyBytes: server.maxBodyBytes,
    limits: { ...limits, maxConcurrentRequests: server.maxConcurrentRequests },
    corsOrigins: server.cors.origins,
    onBug,
    clock,
    replays,
    records,
    showsCalls,
    documents: {
      mode: config.documents.mode,
      list: new DocumentList(config.documents.list),
      store: config.documents.automatic ? documents : null,
    },
  });
  // They name the accounts, which not everybody may know of where callers are told apart.
  const isTold = metrics !== null && server.metricsPort === null && callers === null;
  const listener = createListener({
    gateway,
    replays,
    overload,
    corsOrigins: server.cors.origins,
    metrics: isTold ? () => metrics.text() : null,
    records,
    clock,
    showsCalls,
    onBug,
  });

  return {
    fetch: async (request) => gateway.fetch(request),
    listener,
    origins,
    drain: () => {
      isDraining = true;
    },
    close: async () => {
      unwatch?.();
      if (parts.metrics !== metrics) {
        metrics?.close();
      }
      overload.close();
      await gateway.dispose();
      callers?.close();
      await close();
    },
  };
}

/** What anybody may read of the origins where not everybody may know which there are. */
function circuitCounts(conditions: readonly { readonly circuit: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { circuit } of conditions) {
    counts[circuit] = (counts[circuit] ?? 0) + 1;
  }
  return counts;
}
