import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { request } from 'undici';
import { type App, createApp, type Parts } from '../../src/app.ts';
import { sandboxAccount } from '../../src/commands/sandbox-account.ts';
import { type AccountConfig, type Config, readConfig } from '../../src/config.ts';
import type { SandboxCall } from '../../src/sandbox/call-log.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { listen } from '../../src/server/connections/listen.ts';
import { lookThroughError, lookThroughLog, lookThroughMetrics } from './secrets-kept/gateway.ts';

/** What GraphQL over HTTP answered. */
export interface Answer<R> {
  readonly status: number;
  readonly data: R | null | undefined;
  readonly errors: readonly GraphqlFault[];
  /** The whole body, for what a test must not find in it. */
  readonly text: string;
}

export interface GraphqlFault {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** The simulated upstreams and a gateway before them, on real sockets. */
export interface World {
  readonly sandbox: Sandbox;
  readonly app: App;
  /** The gateway's address, without a path. */
  readonly url: string;
  /** Sends one operation by POST. */
  ask<R, V>(document: TypedDocumentNode<R, V>, variables: V): Promise<Answer<R>>;
  /** Sends one operation as text. */
  askText(query: string, variables?: Record<string, unknown>): Promise<Answer<Record<string, unknown>>>;
  /** The calls that the upstreams saw, of one action or all. */
  calls(action?: string): readonly SandboxCall[];
  close(): Promise<void>;
}

export interface WorldSettings {
  readonly sandbox?: SandboxOptions;
  /** In place of one of its own, which it leaves running: for many gateways, one after the other. */
  readonly runningSandbox?: Sandbox;
  /** Replaces parts of the configuration; `account` parts of the sandbox's account. */
  readonly config?: Partial<Config>;
  readonly account?: (account: AccountConfig) => AccountConfig;
  readonly parts?: Partial<Parts>;
  /** What is not told of the cache is as by default, but for its memory: nothing is kept unless a size is given. */
  readonly cache?: Partial<Config['cache']>;
  /** BatchCompute's calls a second, for both sides; default 1,000, so that only tests of the limit wait for it. */
  readonly requestsPerSecond?: number;
}

/** Starts a world; whoever starts it closes it. A bug of the gateway fails the test that ran into it. */
export async function startWorld(settings: WorldSettings = {}): Promise<World> {
  const requestsPerSecond = settings.requestsPerSecond ?? 1_000;
  const { runningSandbox } = settings;
  const sandbox =
    runningSandbox ??
    (await startSandbox({
      batchComputeRequestsPerSecond: requestsPerSecond,
      requireVendorHost: true,
      strictSignedHeaders: true,
      ...settings.sandbox,
    }));
  const account = sandboxAccount(sandbox, requestsPerSecond);
  const defaults = readConfig({});
  const config: Config = {
    ...defaults,
    accounts: [settings.account?.(account) ?? account],
    cache: { ...defaults.cache, memoryBytes: 0, ...settings.cache },
    ...settings.config,
    // A machine that is busy with other tests makes no overload of a few requests.
    server: { ...(settings.config?.server ?? defaults.server), maxEventLoopDelayMs: 60_000 },
  };
  const bugs: unknown[] = [];
  const onBug = (error: unknown): void => {
    lookThroughError(error);
    bugs.push(error);
  };
  lookThroughLog();
  const app = createApp(config, { onBug, ...settings.parts });
  const server = await listen(app.listener, { host: '127.0.0.1', port: 0 });
  const askText: World['askText'] = (query, variables = {}) => post(server.url, { query, variables });
  return {
    sandbox,
    app,
    url: server.url,
    askText,
    ask: async <R, V>(document: TypedDocumentNode<R, V>, variables: V) =>
      (await post(server.url, { query: print(document), variables })) as Answer<R>,
    calls: (action) => sandbox.calls.filter((call) => action === undefined || call.action === action),
    close: async () => {
      await lookThroughMetrics(server.url);
      await server.close(0);
      await app.close();
      await (runningSandbox === undefined ? sandbox.close() : undefined);
      if (bugs.length > 0) {
        throw new AggregateError(bugs, 'the gateway ran into bugs of its own');
      }
    },
  };
}

async function post(url: string, body: unknown): Promise<Answer<Record<string, unknown>>> {
  const answer = await request(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify(body),
  });
  const text = await answer.body.text();
  const { data, errors = [] } = JSON.parse(text) as {
    data?: Record<string, unknown> | null;
    errors?: GraphqlFault[];
  };
  return { status: answer.statusCode, data, errors, text };
}
