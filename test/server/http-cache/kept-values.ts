/** A gateway over a graph of its own whose values tests keep, replace and let grow old, as a cache below the graph would. */
import type { IncomingMessage, RequestListener, ServerOptions } from 'node:http';
import { GraphQLError, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { onTestFinished } from 'vitest';
import type { GraphContext } from '../../../src/graphql/context.ts';
import { createGateway, type GatewayOptions, type RequestFacts } from '../../../src/server/gateway.ts';
import { listen } from '../../../src/server/connections/listen.ts';
import { replayListener } from '../../../src/server/http-cache/replay-listener.ts';
import { Replays } from '../../../src/server/http-cache/replays.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ask, type Question, type Reply } from '../support.ts';

interface Value {
  readonly text: string;
  readonly fetchedAtMs: number;
  readonly freshUntilMs: number;
}

/** How a value is put down: how long ago it was fetched, and how long it lives from then on. */
interface Life {
  readonly agoMs?: number;
  readonly lifeMs?: number;
}

export interface KeptValues {
  readonly clock: FakeClock;
  readonly url: string;
  readonly port: number;
  /** Every request that came. */
  readonly came: IncomingMessage[];
  /** What was told of each request that was run. */
  readonly run: RequestFacts[];
  /** Puts a value down in place of the one that was there. */
  keep(key: string, text: string, life?: Life): void;
  forget(key: string): void;
  send(question: Question): Promise<Reply>;
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  get(query: string, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** Makes answers wait, their values in hand, until what it gives is called. */
  hold(): () => void;
}

export interface KeptValuesOptions {
  readonly replayBytes?: number;
  readonly limits?: ServerOptions;
  readonly documents?: GatewayOptions['documents'];
  readonly corsOrigins?: readonly string[];
}

/**
 * `value(key)` gives what is kept, or reads `read <key>` anew, for 10 s; `broken` fails; `failing` is null because nobody
 * answered; `untold` is read without a word; `origins` is of the configuration.
 */
export async function startKeptValues({
  replayBytes = 1_000_000,
  limits,
  documents,
  corsOrigins = [],
}: KeptValuesOptions = {}): Promise<KeptValues> {
  const clock = new FakeClock();
  const kept = new Map<string, Value>();
  const came: IncomingMessage[] = [];
  const run: RequestFacts[] = [];
  let gate: Promise<void> = Promise.resolve();
  const replays = replayBytes === 0 ? null : new Replays({ maxBytes: replayBytes, clock });

  const put = (key: string, text: string, { agoMs = 1, lifeMs = 10_000 }: Life = {}): Value => {
    const fetchedAtMs = clock.now() - agoMs;
    const value = { text, fetchedAtMs, freshUntilMs: fetchedAtMs + lifeMs };
    kept.set(key, value);
    return value;
  };
  const facts = (context: unknown): RequestFacts => (context as { facts: RequestFacts }).facts;
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        value: {
          type: GraphQLString,
          args: { key: { type: new GraphQLNonNull(GraphQLString) } },
          resolve: async (_root, { key }: { key: string }, context) => {
            const value = kept.get(key) ?? put(key, `read ${key}`, { agoMs: 0 });
            const { fetchedAtMs, freshUntilMs } = value;
            facts(context).onUse({ fetchedAtMs, freshUntilMs, isCurrent: () => kept.get(key) === value });
            await gate;
            return value.text;
          },
        },
        broken: {
          type: GraphQLString,
          resolve: () => {
            throw new GraphQLError('broken', { extensions: { code: 'UPSTREAM_ERROR' } });
          },
        },
        failing: {
          type: GraphQLString,
          resolve: (_root, _arguments, context) => {
            facts(context).onFailure();
            return null;
          },
        },
        untold: { type: GraphQLString, resolve: () => 'read without a word' },
        origins: { type: GraphQLString, resolve: () => 'configured' },
      },
    }),
  });
  const gateway = createGateway({
    schema,
    contextFor: (told) => {
      run.push(told);
      return { facts: told } as unknown as GraphContext;
    },
    readiness: () => ({ isDraining: false, details: {} }),
    introspection: true,
    graphiqlTabs: null,
    maxBodyBytes: 100_000,
    onBug: () => undefined,
    clock,
    replays,
    corsOrigins,
    ...(documents === undefined ? {} : { documents }),
  });
  const gatewayListener: RequestListener = (incoming, outgoing) => void gateway(incoming, outgoing);
  const listener = replays === null ? gatewayListener : replayListener(gatewayListener, replays);
  const { url, close } = await listen(
    (incoming, outgoing) => {
      came.push(incoming);
      listener(incoming, outgoing);
    },
    { host: '127.0.0.1', port: 0 },
    limits,
  );
  onTestFinished(() => close(0));

  const send = (question: Question): Promise<Reply> => ask(url, question);
  return {
    clock,
    url,
    port: Number(new URL(url).port),
    came,
    run,
    keep: (key, text, life) => void put(key, text, life),
    forget: (key) => void kept.delete(key),
    send,
    post: (body, headers) =>
      send({
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    get: (query, headers) =>
      send({
        path: `/graphql?query=${encodeURIComponent(query)}`,
        headers: { 'apollo-require-preflight': '1', ...headers },
      }),
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
}

/** The question for one value. */
export function valueOf(key: string): { readonly query: string } {
  return { query: `{ value(key: ${JSON.stringify(key)}) }` };
}
