/** What the tests of the call onion share: an origin, requests, scopes, and servers that do as told. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { UpstreamError } from '../../src/model/errors.ts';
import type { Origin } from '../../src/model/origin.ts';
import type { CallScope } from '../../src/lib/call-scope.ts';
import type { UpstreamRequest, UpstreamResponse } from '../../src/upstream/send.ts';

export const COS_ORIGIN: Origin = { source: 'COS', account: 'media', region: 'ap-guangzhou', bucket: null };
export const CI_ORIGIN: Origin = {
  source: 'CI',
  account: 'media',
  region: 'ap-beijing',
  bucket: 'clips-1250000000',
};
export const BATCH_ORIGIN: Origin = {
  source: 'BATCH_COMPUTE',
  account: 'media',
  region: 'ap-guangzhou',
  bucket: null,
};

/** A GET of `/jobs` that gives the whole answer as its result. */
export function aRequest(
  change: Partial<UpstreamRequest<UpstreamResponse>> = {},
): UpstreamRequest<UpstreamResponse> {
  return {
    action: 'ListJobs',
    method: 'GET',
    path: '/jobs',
    query: [],
    headers: {},
    body: null,
    decode: (response) => response,
    ...change,
  };
}

/** A call with `leftMs` to go. */
export function aScope(
  leftMs = 5_000,
  clock = systemClock,
  signal = new AbortController().signal,
): CallScope {
  return { signal, deadlineMs: clock.now() + leftMs };
}

/** The error of something that must fail with an `UpstreamError`. */
export async function upstreamErrorOf(promise: Promise<unknown>): Promise<UpstreamError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome) || !(outcome.error instanceof UpstreamError)) {
    throw new Error('expected an UpstreamError', { cause: outcome });
  }
  return outcome.error;
}

/** A server on a port of its own, closed with the test, and what it saw. */
export interface TestServer {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  /** Every connection ever made to it. */
  readonly sockets: Socket[];
}

export interface HttpTestServer extends TestServer {
  readonly requests: IncomingMessage[];
}

export async function httpServer(answer: RequestListener): Promise<HttpTestServer> {
  const requests: IncomingMessage[] = [];
  const server = createHttpServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  return { ...(await listen(server)), requests };
}

/** Hands each connection over once its first request has come, however malformed the answer is to be. */
export async function rawServer(answer: (socket: Socket) => void): Promise<TestServer> {
  const server = createTcpServer((socket) => {
    socket.resume().once('data', () => {
      answer(socket);
    });
  });
  return listen(server);
}

/** Listens on any free port, and ends with the test. */
export async function listen(server: Server, scheme = 'http'): Promise<TestServer> {
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) {
      socket.destroy();
    }
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: `${scheme}://127.0.0.1:${String(port)}`, sockets };
}

/** Resolves when the other side has closed or reset, rejects after `withinMs`. */
export function closed(socket: Socket, withinMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) {
      resolve();
      return;
    }
    const timer = setTimeout(() => {
      reject(new Error(`the connection is still open after ${String(withinMs)} ms`));
    }, withinMs);
    // Not `once` of node:events, which takes a reset for a failure.
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
