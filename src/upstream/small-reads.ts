import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

type Connector = ReturnType<typeof buildConnector>;

/**
 * How much of an answer undici is handed at a time. Once headers are more than it takes, undici 8.12.4 makes an error of
 * every further header that is left in what it was handed: 64 KiB of one-byte headers took 600 ms in one turn of the event
 * loop, 4 KiB take 15 (bench/hostile-bodies.ts). An answer of 4 MiB is read no slower.
 */
const READ_BYTES = 4_096;

/** A connector whose sockets hand over what they have received little by little, and nothing once they are destroyed. */
export function withSmallReads(connect: Connector): Connector {
  return (options, callback) => {
    connect(options, (...result) => {
      const [, socket] = result;
      if (socket !== null && socket !== undefined) {
        readLittle(socket);
      }
      callback(...result);
    });
  };
}

function readLittle(socket: Socket): void {
  const read = socket.read.bind(socket);
  socket.read = (size?: number): unknown => {
    if (socket.destroyed) {
      return null;
    }
    return read(size ?? Math.min(READ_BYTES, socket.readableLength || READ_BYTES));
  };
}
