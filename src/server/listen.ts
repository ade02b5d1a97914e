import { createServer, type RequestListener, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  /** `http://host:port`, with the port that was really taken. */
  readonly url: string;
  /** Accepts nothing new, waits for answers under way, and cuts what is left after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Headers and bodies that drip are cut (reliability 2.1); Node looks only every 30 s unless told otherwise. */
const SERVER_LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16_384,
};

/** Serves a listener. Rejects when the address cannot be taken. */
export async function listen(
  listener: RequestListener,
  { host, port }: { readonly host: string; readonly port: number },
  limits: ServerOptions = SERVER_LIMITS,
): Promise<Listening> {
  const server = createServer(limits, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host, port }, resolve);
  });
  const { address, port: taken, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
    close: (graceMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => {
          server.closeAllConnections();
        }, graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
