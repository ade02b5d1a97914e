/**
 * An upstream that writes whatever bytes it is told, HTTP or not, and what it was asked. Knows nothing of vitest, so that a
 * benchmark can use it too.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What becomes of a connection on which a request has arrived: these bytes, or whatever the function does. */
export type Play = string | Uint8Array | ((socket: Socket) => void);

export interface RawUpstream {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  /** Every request as it came, in the order of coming. */
  readonly requests: readonly string[];
  /** The connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** A play for each request: for its number, from 0 on, and for its text. */
export interface EachPlay {
  readonly each: (number: number, request: string) => Play;
}

/** Plays the same to every request, or a play for each. */
export async function startRawUpstream(play: Play | EachPlay): Promise<RawUpstream> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    onRequests(socket, (text) => {
      const number = requests.push(text) - 1;
      perform(socket, typeof play === 'object' && 'each' in play ? play.each(number, text) : play);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${String(port)}`,
    requests,
    sockets,
    close: async () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await once(server, 'close');
    },
  };
}

function perform(socket: Socket, play: Play): void {
  if (typeof play === 'function') {
    play(socket);
  } else {
    socket.write(play);
  }
}

/** Cuts what arrives into requests; their bodies have a content-length or none. */
function onRequests(socket: Socket, onRequest: (text: string) => void): void {
  let pending = '';
  socket.setEncoding('latin1').on('data', (text) => {
    pending += String(text);
    for (;;) {
      const headEnd = pending.indexOf('\r\n\r\n') + 4;
      const bodyBytes = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(pending)?.[1] ?? 0);
      if (headEnd < 4 || pending.length < headEnd + bodyBytes) {
        return;
      }
      onRequest(pending.slice(0, headEnd + bodyBytes));
      pending = pending.slice(headEnd + bodyBytes);
    }
  });
}

/** A complete answer; `headers` in the form `name: value`. */
export function http(body: string | Uint8Array, status = 200, headers: readonly string[] = []): Uint8Array {
  const bytes = Buffer.from(body);
  const head = [`HTTP/1.1 ${String(status)} X`, ...headers, `content-length: ${String(bytes.length)}`];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}

/** Writes the answer a byte at a time, and then leaves the connection as it is. */
export function drip(answer: string | Uint8Array, everyMs: number): Play {
  return (socket) => {
    const bytes = Buffer.from(answer);
    let at = 0;
    const timer = setInterval(() => {
      socket.write(bytes.subarray(at, (at += 1)));
      if (at === bytes.length) {
        clearInterval(timer);
      }
    }, everyMs);
    socket.once('close', () => {
      clearInterval(timer);
    });
  };
}

/** Writes the head, and then the same piece over and over, as fast as it is taken and until `bytes` are written. */
export function flood(head: string, piece: string | Uint8Array, bytes = Number.POSITIVE_INFINITY): Play {
  return (socket) => {
    let left = bytes;
    socket.write(head);
    const more = (): void => {
      while (left > 0 && !socket.destroyed) {
        left -= piece.length;
        if (!socket.write(piece)) {
          return;
        }
      }
    };
    socket.on('drain', more);
    more();
  };
}
