/** A gateway on a socket of its own, with no upstream behind it: what is asked here never reaches one. */
import type { Readable } from 'node:stream';
import { request } from 'undici';
import { onTestFinished } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { listen } from '../../src/server/connections/listen.ts';
import { lookThroughError, lookThroughLog } from '../support/secrets-kept/gateway.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Of the body, when it is GraphQL's. */
  readonly codes: readonly unknown[];
}

export interface Question {
  readonly path?: string;
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
}

export interface TestGateway {
  readonly app: App;
  readonly url: string;
  /** Errors that the gateway took for bugs of its own. */
  readonly bugs: unknown[];
  send(question: Question): Promise<Reply>;
  /** Posts JSON and asks for GraphQL over HTTP's own type, unless the headers say otherwise. */
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
}

/** Starts a gateway that ends with the test. */
export async function startGateway(
  server: Partial<Config['server']> = {},
  parts: Partial<Config> = {},
): Promise<TestGateway> {
  const config = readConfig({});
  const bugs: unknown[] = [];
  // Whether the machine is busy otherwise is not the question here.
  const defaults = {
    ...config.server,
    introspection: false,
    graphiql: false,
    maxEventLoopDelayMs: 60_000,
  };
  lookThroughLog();
  const app = createApp(
    { ...config, ...parts, server: { ...defaults, ...server } },
    {
      onBug: (error) => {
        lookThroughError(error);
        bugs.push(error);
      },
    },
  );
  const { url, close } = await listen(app.listener, { host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await close(0);
    await app.close();
  });
  const send = (question: Question): Promise<Reply> => ask(url, question);
  return {
    app,
    url,
    bugs,
    send,
    post: (body, headers) =>
      send({
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}

export async function ask(url: string, { path = '/graphql', body, ...question }: Question): Promise<Reply> {
  const answer = await request(`${url}${path}`, {
    method: question.method ?? 'GET',
    headers: { ...question.headers },
    body: body ?? null,
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, text, codes: codesIn(text) };
}

function codesIn(text: string): unknown[] {
  try {
    const { errors } = JSON.parse(text) as { errors?: readonly { extensions?: { code?: unknown } }[] };
    return (errors ?? []).map(({ extensions }) => extensions?.code);
  } catch {
    return [];
  }
}
