import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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
  now: () => number,
  respond: Responder,
): Promise<LoopbackServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, response) => {
    serve(incoming, response, now(), respond).catch(() => {
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
  arrivedAtMs: number,
  respond: Responder,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort(new Error('the caller hung up'));
  });
  const request = await receive(incoming, arrivedAtMs);
  const { reply, delivery } = await respond(request, gone.signal);
  if (!gone.signal.aborted) {
    send(response, reply, delivery);
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

function send(response: ServerResponse, reply: Reply, delivery: Delivery): void {
  if (delivery === 'never') {
    return;
  }
  if (delivery === 'drop-before') {
    response.socket?.destroy();
    return;
  }
  const body = Buffer.from(reply.body, 'utf8');
  // the Date header comes with the reply: it must show the sandbox's clock, not the machine's
  response.sendDate = false;
  response.writeHead(reply.status, { ...reply.headers, 'Content-Length': body.length });
  if (delivery === 'whole') {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
    response.socket?.destroy();
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
