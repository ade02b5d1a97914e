import type { RequestListener } from 'node:http';
import type { Config } from './config.ts';
import { clientSchema, subgraph } from './graphql/schema.ts';
import { createLoaders } from './jobs/loaders.ts';
import type { Origins } from './jobs/origins.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { DocumentList } from './server/documents/document-list.ts';
import { createGateway } from './server/gateway.ts';
import { replayListener } from './server/replay-listener.ts';
import { Replays } from './server/replays.ts';
import { graphiqlTabs } from './server/graphiql-tabs.ts';
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
  const { rereadConfig = null, onWarning = () => undefined } = parts;
  const { server, federation, deadlines, limits, cache } = config;
  const { origins, conditions, documents, redisCondition, close } = wireOrigins(config, clock, {
    rereadConfig,
    onWarning,
  });
  const replays = cache.replayBytes === 0 ? null : new Replays({ maxBytes: cache.replayBytes, clock });
  let isDraining = false;

  const gateway = createGateway({
    schema: clientSchema(federation),
    router: {
      schema: subgraph(federation).schema,
      secrets: federation.routerSecrets,
      maxRepresentations: limits.maxRepresentations,
    },
    contextFor: ({ signal, timeoutMs, caller, noCache, onUse, onFailure }) => {
      const leftMs = Math.min(timeoutMs ?? deadlines.requestMs, deadlines.requestMs);
      const deadlineMs = clock.now() + leftMs;
      const scope = { signal, deadlineMs, callers: new Set([caller]), noCache, onUse, onFailure };
      return {
        origins,
        scope,
        loaders: createLoaders(origins, scope),
        clock,
        limits: { ...limits, originMs: deadlines.originMs },
      };
    },
    readiness: () => ({ isDraining, details: { origins: conditions(), redis: redisCondition() } }),
    introspection: server.introspection,
    graphiqlTabs: server.graphiql ? graphiqlTabs(exampleJobId) : null,
    maxBodyBytes: server.maxBodyBytes,
    onBug,
    clock,
    replays,
    documents: {
      mode: config.documents.mode,
      list: new DocumentList(config.documents.list),
      store: config.documents.automatic ? documents : null,
    },
  });
  const listener: RequestListener = (incoming, outgoing) => {
    Promise.resolve(gateway(incoming, outgoing)).catch((error: unknown) => {
      onBug(error);
      outgoing.destroy();
    });
  };

  return {
    fetch: async (request) => gateway.fetch(request),
    listener: replays === null ? listener : replayListener(listener, replays),
    origins,
    drain: () => {
      isDraining = true;
    },
    close: async () => {
      await gateway.dispose();
      await close();
    },
  };
}
