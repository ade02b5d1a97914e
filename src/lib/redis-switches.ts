import { Redis } from 'ioredis';
import type { Sentinel, SentinelAddress } from './redis-address.ts';
import { CONNECT_MS, forAnyNode, reconnectAfterMs } from './redis-options.ts';

const CHANNEL = '+switch-master';

/**
 * Listens to every sentinel of the address, for ever, and calls back with the host and the port of each new master: once
 * for every sentinel that announces it. Gives the way to stop.
 */
export function watchSwitches(
  address: SentinelAddress,
  listener: (host: string, port: number) => void,
): () => void {
  const watchers = address.sentinels.map((sentinel) => {
    const watcher = watcherOf(sentinel, address);
    watcher.on('message', (_channel: string, message: string) => {
      const [master, , , host = '', port] = message.split(' ');
      // A sentinel may look after the masters of others too.
      if (master === address.master) {
        listener(host, Number(port));
      }
    });
    return watcher;
  });
  return () => {
    for (const watcher of watchers) {
      watcher.disconnect();
    }
  };
}

function watcherOf(sentinel: Sentinel, { sentinelLogin, isEncrypted }: SentinelAddress): Redis {
  const watcher = new Redis({
    ...forAnyNode(CONNECT_MS),
    ...sentinel,
    ...sentinelLogin,
    ...(isEncrypted ? { tls: {} } : {}),
    retryStrategy: reconnectAfterMs,
    enableReadyCheck: false,
    autoResubscribe: false,
  });
  // Without a listener ioredis prints its errors; with another sentinel to listen to, they mean nothing.
  watcher.on('error', () => undefined);
  watcher.on('ready', () => {
    // Refused, it says nothing more; unanswered, the connection is given up for a new one.
    watcher.subscribe(CHANNEL).catch(() => undefined);
  });
  return watcher;
}
