import { readFileSync } from 'node:fs';
import {
  draftAccount,
  draftFile,
  draftOverrides,
  draftSandbox,
  type Draft,
  emptyDraft,
  type Environment,
} from './config-draft.ts';
import { crossFaults, describeIssue, manifestFiles } from './config-faults.ts';
import { type ListedDocument, readManifests } from './config-manifests.ts';
import { configSchema, type ParsedConfig } from './config-schema.ts';
import type { Credential } from './model/credential.ts';
import { Secret } from './lib/secret.ts';

/** Everything that can be configured, checked and frozen. Units are in the names. */
export interface Config {
  /** No credentials and no file: the process serves simulated upstreams, and `accounts` is empty. */
  readonly isSandbox: boolean;
  readonly accounts: readonly AccountConfig[];
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly introspection: boolean;
    readonly graphiql: boolean;
    readonly maxBodyBytes: number;
    readonly maxConcurrentRequests: number;
    readonly maxConnections: number;
    readonly maxHeaders: number;
    readonly maxHeaderBytes: number;
    readonly headersTimeoutMs: number;
    readonly bodyTimeoutMs: number;
    readonly keepAliveTimeoutMs: number;
    /** The origins of other sites whose pages may ask. */
    readonly cors: { readonly origins: readonly string[] };
    /** Whether what happens is counted, and told at `/metrics`. */
    readonly metrics: boolean;
    /** A port for `/metrics` alone; null: it is served where everything is, unless `auth` is configured. */
    readonly metricsPort: number | null;
    /** Whether a client that asks for it is shown the upstream calls that it waited for. */
    readonly upstreamTrace: boolean;
    /** Whether a change of the configuration's files is noticed without being told. */
    readonly watchConfig: boolean;
    readonly maxEventLoopDelayMs: number;
    readonly maxHeapPercent: number;
    readonly overloadAfterMs: number;
  };
  /** Whose tokens let in, and how they are checked; null: whoever reaches the gateway may ask. */
  readonly auth: AuthConfig | null;
  readonly federation: {
    /** What only routers know, each as good as the others; none where whoever can reach the gateway is one. */
    readonly routerSecrets: readonly Secret[];
    readonly relayNode: boolean;
  };
  readonly redisUrl: Secret | null;
  /** Which of how many replicas this is; null where they have no numbers. */
  readonly fleet: { readonly replicaIndex: number; readonly replicaCount: number } | null;
  readonly log: ParsedConfig['log'];
  /** Without an address nothing is traced. */
  readonly tracing: Omit<ParsedConfig['tracing'], 'otlpUrl'> & { readonly otlpUrl: string | null };
  readonly deadlines: ParsedConfig['deadlines'];
  readonly cache: ParsedConfig['cache'];
  readonly documents: Omit<ParsedConfig['documents'], 'manifests'> & {
    /** What all manifests list. Whether the texts fit the graph is for those to say who know it. */
    readonly list: readonly ListedDocument[];
  };
  readonly breaker: ParsedConfig['breaker'];
  readonly limits: ParsedConfig['limits'];
  /** The rate that the sandbox's own account uses, and that its simulated upstream enforces. */
  readonly sandboxRequestsPerSecond: number;
}

type ParsedAuth = NonNullable<ParsedConfig['auth']>;
/** With what the schema leaves out so that it is missed under the right name. */
export type AuthConfig = Required<Omit<ParsedAuth, 'jwksUrl' | 'issuer' | 'audience'>> & {
  readonly jwksUrl: string;
  readonly issuer: string;
  /** A token has to be for one of them. */
  readonly audience: readonly string[];
};

/** One account with the places that are read with its credential; a source that is not configured is null. */
export interface AccountConfig {
  readonly name: string;
  readonly credential: Credential;
  readonly cos: {
    readonly appId: string;
    readonly uin: string;
    readonly regions: readonly string[];
    readonly endpoint: string | null;
  } | null;
  readonly batchCompute: {
    readonly regions: readonly string[];
    readonly endpoint: string | null;
    readonly requestsPerSecond: number;
  } | null;
  readonly ci: {
    readonly buckets: readonly { readonly name: string; readonly region: string }[];
    readonly endpoint: string | null;
  } | null;
}

/** A configuration that cannot be used: one line per fault, by key, with the value found and the form expected. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

const CREDENTIAL_VARIABLES = [
  'TENCENTCLOUD_SECRET_ID',
  'TENCENTCLOUD_SECRET_KEY',
  'TENCENTCLOUD_SESSION_TOKEN',
] as const;

/**
 * Reads the environment and, where `GATEWAY_CONFIG` names one, the YAML file (contract section 2).
 * Throws `ConfigError` with every fault at once; no message holds a secret.
 */
export function readConfig(environment: Environment = process.env, readFile = readUtf8): Config {
  const file = environment['GATEWAY_CONFIG'];
  const draft: Draft = file === undefined ? emptyDraft() : draftFile(file, environment, readFile);
  const hasCredentials = CREDENTIAL_VARIABLES.some((name) => name in environment);
  if (file === undefined && hasCredentials) {
    draftAccount(draft, environment);
  }
  const isSandbox = file === undefined && !hasCredentials;
  if (isSandbox) {
    draftSandbox(draft, environment);
  }
  draftOverrides(draft, environment);
  const parsed = configSchema.safeParse(draft.raw);
  const manifests = readManifests(manifestFiles(draft), readFile);
  const faults = new Set([
    ...draft.faults,
    ...(parsed.error?.issues.flatMap((issue) => describeIssue(issue, draft)) ?? []),
    ...crossFaults(draft, isSandbox),
    ...manifests.faults,
    ...environmentFaults(environment),
  ]);
  if (faults.size > 0 || !parsed.success) {
    throw new ConfigError([...faults]);
  }
  return deepFreeze(toConfig(parsed.data, manifests.documents, isSandbox));
}

/** Node would then talk to whoever answers in an upstream's place (reliability K6). */
function environmentFaults(environment: Environment): string[] {
  return environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
    ? ['NODE_TLS_REJECT_UNAUTHORIZED: expected to be unset, got "0", which trusts any certificate']
    : [];
}

function readUtf8(path: string): string {
  return readFileSync(path, 'utf8');
}

function toConfig(
  parsed: ParsedConfig,
  listedDocuments: readonly ListedDocument[],
  isSandbox: boolean,
): Config {
  const { server, federation, redis, log, tracing, deadlines, cache, breaker, limits } = parsed;
  const { manifests: _paths, ...documents } = parsed.documents;
  return {
    isSandbox,
    accounts: parsed.accounts.map(toAccount),
    server: {
      host: server.host,
      port: server.port,
      introspection: server.introspection ?? isSandbox,
      graphiql: server.graphiql ?? isSandbox,
      maxBodyBytes: server.maxBodyBytes,
      maxConcurrentRequests: server.maxConcurrentRequests,
      maxConnections: server.maxConnections,
      maxHeaders: server.maxHeaders,
      maxHeaderBytes: server.maxHeaderBytes,
      headersTimeoutMs: server.headersTimeoutMs,
      bodyTimeoutMs: server.bodyTimeoutMs,
      keepAliveTimeoutMs: server.keepAliveTimeoutMs,
      cors: server.cors,
      metrics: server.metrics,
      metricsPort: server.metricsPort ?? null,
      upstreamTrace: server.upstreamTrace ?? isSandbox,
      watchConfig: server.watchConfig,
      maxEventLoopDelayMs: server.maxEventLoopDelayMs,
      maxHeapPercent: server.maxHeapPercent,
      overloadAfterMs: server.overloadAfterMs,
    },
    auth: toAuth(parsed.auth),
    federation: {
      routerSecrets: federation.routerSecret ?? [],
      relayNode: federation.relayNode,
    },
    redisUrl: redis?.url ?? null,
    fleet: toFleet(parsed.fleet),
    log,
    tracing: { ...tracing, otlpUrl: tracing.otlpUrl ?? null },
    deadlines,
    cache,
    documents: { ...documents, list: listedDocuments },
    breaker,
    limits,
    sandboxRequestsPerSecond: parsed.sandbox.requestsPerSecond,
  };
}

function toAuth(auth: ParsedConfig['auth']): AuthConfig | null {
  if (auth === undefined) {
    return null;
  }
  const { jwksUrl, issuer, audience, ...rest } = auth;
  if (jwksUrl === undefined || issuer === undefined || audience === undefined) {
    // `crossFaults` says so before, under better names. Never to be taken for no auth at all.
    throw new ConfigError(['auth: expected jwksUrl, issuer and audience']);
  }
  return { ...rest, jwksUrl, issuer, audience };
}

function toFleet({ replicaIndex, replicaCount }: ParsedConfig['fleet']): Config['fleet'] {
  return replicaIndex === undefined || replicaCount === undefined ? null : { replicaIndex, replicaCount };
}

function toAccount(account: ParsedConfig['accounts'][number]): AccountConfig {
  const { name, appId, uin, secretId, secretKey, sessionToken, cos, batchCompute, ci } = account;
  return {
    name,
    credential: { secretId, secretKey, sessionToken: sessionToken ?? null },
    cos:
      cos === undefined || appId === undefined || uin === undefined
        ? null
        : { appId, uin, regions: cos.regions, endpoint: cos.endpoint ?? null },
    batchCompute:
      batchCompute === undefined ? null : { ...batchCompute, endpoint: batchCompute.endpoint ?? null },
    ci: ci === undefined ? null : { buckets: ci.buckets, endpoint: ci.endpoint ?? null },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !(value instanceof Secret)) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
