import type { RequestListener } from 'node:http';

/** Refuses requests with more headers than so many (431): Node would leave the surplus out without a word. */
export function headerLimit(next: RequestListener, maxHeaders: number): RequestListener {
  return (incoming, outgoing) => {
    // Names and values take turns.
    if (incoming.rawHeaders.length / 2 > maxHeaders) {
      outgoing.writeHead(431, { connection: 'close', 'content-length': 0 }).end();
      return;
    }
    next(incoming, outgoing);
  };
}
