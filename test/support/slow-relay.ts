import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A port behind which another one is, as far away as one likes. */
export interface SlowRelay {
  readonly port: number;
  /** How much later everything arrives, in each direction; may change at any time. */
  delayMs: number;
  /** Breaks every connection. */
  close(): Promise<void>;
}

/** Passes on what comes to a port of its own, in order, to `target` on this machine and back. Starts without a delay. */
export async function startSlowRelay(target: number): Promise<SlowRelay> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true });
    near.setNoDelay(true);
    pass(near, far);
    pass(far, near);
  });
  const relay: SlowRelay = {
    port: 0,
    delayMs: 0,
    close: async () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await once(server, 'close');
    },
  };
  const pass = (from: Socket, to: Socket): void => {
    sockets.add(from);
    let last: Promise<unknown> = Promise.resolve();
    const later = (act: () => void): void => {
      last = Promise.all([last, relay.delayMs === 0 ? undefined : sleep(relay.delayMs)]).then(act);
    };
    from.on('data', (bytes) => {
      later(() => to.write(bytes));
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      later(() => to.destroy());
    });
  };
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return Object.assign(relay, { port: (server.address() as AddressInfo).port });
}
