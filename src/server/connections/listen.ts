import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { LISTEN_LIMITS, type ListenLimits } from './connection-limits.ts';
import { headerLimit } from './header-limit.ts';
import { cutStalledAnswers } from './stalled-answers.ts';

export interface Listening {
  /** `http://host:port`, with the port that was really taken. */
  readonly url: string;
  /**
   * From now on every answer, those under way included, asks its client to close the connection (`connection: close`), so
   * that clients move elsewhere by themselves. New connections are still served.
   */
  drain(): void;
  /** Accepts nothing new, waits for answers under way, and cuts what is left after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Serves a listener. Rejects when the address cannot be taken. */
export async function listen(
  listener: RequestListener,
  { host, port }: { readonly host: string; readonly port: number },
  limits: ListenLimits = LISTEN_LIMITS,
): Promise<Listening> {
  const server = createServer(limits);
  const leave = leaver(server);
  const { maxConnections, maxHeaders, stalledAnswerMs } = limits;
  if (maxConnections !== undefined) {
    server.maxConnections = maxConnections;
  }
  if (stalledAnswerMs !== undefined) {
    cutStalledAnswers(server, stalledAnswerMs);
  }
  server.on('request', maxHeaders === undefined ? listener : headerLimit(listener, maxHeaders));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host, port }, resolve);
  });
  const { address, port: taken, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
    ...leave,
  };
}

/** What takes a server out of service. To be made before the server has a listener, so that it sees each request first. */
function leaver(server: Server): Pick<Listening, 'drain' | 'close'> {
  const answers = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  let isDraining = false;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (_incoming, outgoing) => {
    answers.add(outgoing);
    outgoing.once('close', () => {
      answers.delete(outgoing);
      if (!server.listening) {
        // Its connection was told to stay before the drain began, and is idle from now on.
        setImmediate(() => server.closeIdleConnections());
      }
    });
    if (isDraining) {
      sayGoodbye(outgoing);
    }
  });
  const drain = (): void => {
    isDraining = true;
    answers.forEach(sayGoodbye);
  };
  const close = (graceMs: number): Promise<void> =>
    new Promise((resolve) => {
      drain();
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      server.closeIdleConnections();
      // Node does not count as idle who connected and never said a word; nobody waits for an answer there.
      sockets.forEach((socket) => socket.bytesRead === 0 && socket.destroy());
    });
  return { drain, close };
}

function sayGoodbye(outgoing: ServerResponse): void {
  if (!outgoing.headersSent) {
    outgoing.setHeader('connection', 'close');
  }
}
