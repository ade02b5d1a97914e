import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import type { Delivery, Reply } from './answer.ts';
import type { ReceivedRequest } from './received-request.ts';

/** What to put on the wire, and how. */
export interface Dispatch {
  readonly reply: Reply;
  readonly delivery: Delivery;
}

/** Answers one request. The signal is aborted when the caller hangs up or the server closes. */
export type Responder = (request: ReceivedRequest, signal: AbortSignal) => Promise<Dispatch>;

export interface LoopbackServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Stops listening and breaks every open connection. */
  close(): Promise<void>;
}

/** More than any upstream takes (batch-compute.md section 1: 10 MB), so that too much can still be told from enough. */
const BODY_CAP_BYTES = 10 * 1024 * 1024 + 1;

/** Longer than clients keep idle connections, so that it is never the sandbox that closes one under a request. */
const KEEP_ALIVE_MS = 75_000;

/** Listens on 127.0.0.1 only; port 0 takes a free one. */
export async function listenOnLoopback(
  port: number,
  clock: Clock,
  respond: Responder,
): Promise<LoopbackServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, response) => {
    serve(incoming, response, clock, respond).catch(() => {
      incoming.socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { url: `http://127.0.0.1:${portOf(server)}`, close: () => closeServer(server) };
}

async function serve(
  incoming: IncomingMessage,
  response: ServerResponse,
  clock: Clock,
  respond: Responder,
): Promise<void> {
  const arrivedAtMs = clock.now();
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort(new Error('the caller hung up'));
  });
  const request = await receive(incoming, arrivedAtMs);
  const dispatch = await respond(request, gone.signal);
  if (!gone.signal.aborted) {
    await send(response, dispatch, (ms) => clock.sleep(ms, gone.signal));
  }
}

async function receive(incoming: IncomingMessage, arrivedAtMs: number): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    if (size < BODY_CAP_BYTES) {
      chunks.push(chunk);
    }
    size += chunk.length;
  }
  const url = incoming.url ?? '/';
  const cut = url.indexOf('?');
  return {
    method: incoming.method ?? 'GET',
    rawPath: cut < 0 ? url : url.slice(0, cut),
    rawQuery: cut < 0 ? '' : url.slice(cut + 1),
    headers: incoming.headers,
    body: Buffer.concat(chunks),
    arrivedAtMs,
  };
}

async function send(
  response: ServerResponse,
  { reply, delivery }: Dispatch,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  if (delivery.kind === 'never') {
    return;
  }
  if (delivery.kind === 'drop-before') {
    response.socket?.destroy();
    return;
  }
  const body = Buffer.from(reply.body, 'utf8');
  // the Date header comes with the reply: it must show the sandbox's clock, not the machine's
  response.sendDate = false;
  response.writeHead(reply.status, { ...reply.headers, 'Content-Length': body.length });
  if (delivery.kind === 'whole') {
    response.end(body);
    return;
  }
  const half = Math.floor(body.length / 2);
  await written(response, body.subarray(0, half));
  if (delivery.kind === 'pausing') {
    await sleep(delivery.pauseMs);
    response.end(body.subarray(half));
    return;
  }
  response.socket?.destroy();
}

function written(response: ServerResponse, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(chunk, (error) => {
      if (error) {
        reject(error);
      } else {
        resolve();
      }
    });
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
