import { Redis } from 'ioredis';
import type { SentinelAddress } from './redis-address.ts';
import { CONNECT_MS, forAnyNode, reconnectAfterMs } from './redis-options.ts';
import { watchSwitches } from './redis-switches.ts';

/** A connection to whichever server is the master. */
export interface MasterConnection {
  readonly client: Redis;
  /** An attempt that is asking a sentinel ends within a second; it makes no connection any more. */
  close(): void;
}

/**
 * Connects to the master that the sentinels name, and to the next one as soon as a sentinel announces it, also where the
 * old one is alive and merely cut off from the sentinels: two masters would each give out the same budget. While there is
 * none, commands reject at once and the sentinels are asked again and again.
 *
 * Only the sentinels of the address are asked: those that they name besides may not be reachable under the addresses that
 * they have for each other, and a password goes only where the configuration sends it. With TLS, sentinels have to announce
 * the names of the servers (`announce-hostnames yes`) or the certificates to hold their addresses.
 */
export function connectToMaster(address: SentinelAddress, commandTimeoutMs: number): MasterConnection {
  const { isEncrypted, serverLogin, sentinelLogin } = address;
  const client = new Redis({
    ...forAnyNode(commandTimeoutMs),
    ...serverLogin,
    sentinels: [...address.sentinels],
    name: address.master,
    db: address.database,
    sentinelUsername: sentinelLogin.username,
    sentinelPassword: sentinelLogin.password,
    ...(isEncrypted ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    retryStrategy: reconnectAfterMs,
    enableOfflineQueue: false,
    // Once a strategy gives no number, ioredis never connects again.
    sentinelRetryStrategy: reconnectAfterMs,
    // A sentinel that stands still takes connections too.
    sentinelCommandTimeout: CONNECT_MS,
    updateSentinels: false,
    // ioredis' own prints the errors of its connections, and a switch that it hears of while it asks for the master ends
    // the client for good.
    failoverDetector: false,
    reconnectOnError: isOfReplica,
  });
  const stopWatching = watchSwitches(address, leaveOldMaster(client));
  const stopReviving = revive(client);
  return {
    client,
    close: () => {
      stopReviving();
      stopWatching();
      client.disconnect();
    },
  };
}

/** The master has become a replica under this connection. The command is rejected, not sent again. */
function isOfReplica(error: Error): boolean {
  // A script's error has it further inside, with servers before Redis 7.
  return error.message.includes('READONLY');
}

/** Gives what to do when a sentinel announces a new master: connect anew, unless that is where the client is. */
function leaveOldMaster(client: Redis): (host: string, port: number) => void {
  // Whether a switch fell into the present attempt to connect, which may have asked before it. Cutting it off while ioredis
  // is still asking would end the client, so that it is left when it has succeeded.
  let isOutdated = false;
  client.on('reconnecting', () => {
    isOutdated = false;
  });
  client.on('ready', () => {
    if (isOutdated) {
      isOutdated = false;
      client.disconnect(true);
    }
  });
  return (host, port) => {
    if (client.status === 'connecting' || client.status === 'connect') {
      isOutdated = true;
    } else if (client.status === 'ready' && !isAt(client, host, port)) {
      client.disconnect(true);
    }
  };
}

/** Where sentinels announce names it never is: then each sentinel's announcement costs a moment. */
function isAt({ stream: { remoteAddress, remotePort } }: Redis, host: string, port: number): boolean {
  return remoteAddress === host && remotePort === port;
}

/** Makes an ended client connect again: ioredis ends it when what a sentinel answers cannot be connected to at all. */
function revive(client: Redis): () => void {
  let timer: NodeJS.Timeout | undefined;
  let attempts = 0;
  const again = (): void => {
    attempts += 1;
    timer = setTimeout(() => {
      // What it says, its commands' rejections say.
      client.connect().catch(() => undefined);
    }, reconnectAfterMs(attempts));
  };
  client.on('end', again);
  client.on('ready', () => {
    attempts = 0;
  });
  return () => {
    client.off('end', again);
    clearTimeout(timer);
  };
}
