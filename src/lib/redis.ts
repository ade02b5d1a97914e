import { Cluster, type DNSLookupFunction, Redis } from 'ioredis';
import { parseRedisAddress, type RedisAddress } from './redis-address.ts';
import { CONNECT_MS, forAnyNode, reconnectAfterMs } from './redis-options.ts';
import { connectToMaster } from './redis-sentinel.ts';

/** A connection to a Redis, to a Redis Cluster or to the master among several, that never makes anybody wait for it. */
export interface RedisConnection {
  /** Every command of it rejects at once while there is no connection, and after `commandTimeoutMs` without an answer. */
  readonly client: Redis | Cluster;
  readonly commandTimeoutMs: number;
  /** Calls back whenever commands begin to be taken: after the first connection and after each new one. Gives the way to stop. */
  onReady(listener: () => void): () => void;
  /**
   * Ends, within a tenth of a second also where the server stands still, and within a second where a sentinel is being
   * asked; commands under way are rejected.
   */
  close(): void;
}

/** How often a command may be sent on to the node of a Cluster that has its key now. */
const REDIRECTIONS = 3;

/**
 * Connects to `redis://` or `rediss://`, to the Cluster of which several comma-separated addresses are given, or to the
 * master that the sentinels of `redis+sentinel://` or `rediss+sentinel://` name. Gives at once, whether anybody is there or
 * not, and goes on trying. Nothing is queued, sent twice or logged, and no error leaves it but a command's own (reliability
 * F1, F2). Throws TypeError for what is no address: the configuration lets none through.
 *
 * One connection suits commands of one patience: what may wait 30 ms should not share it with what may wait longer.
 */
export function connectRedis(urls: string, commandTimeoutMs: number): RedisConnection {
  const address = parseRedisAddress(urls);
  if (address === null) {
    throw new TypeError('expected an address of a Redis, a Redis Cluster or Redis Sentinels');
  }
  const { client, close } = open(address, commandTimeoutMs);
  // Without a listener ioredis prints its errors. What they mean for a command, the command's rejection says.
  client.on('error', () => undefined);
  // As many as there are budgets to share listen.
  client.setMaxListeners(0);
  return {
    client,
    commandTimeoutMs,
    onReady: (listener) => {
      client.on('ready', listener);
      return () => {
        client.off('ready', listener);
      };
    },
    close,
  };
}

function open(address: RedisAddress, commandTimeoutMs: number): Pick<RedisConnection, 'client' | 'close'> {
  if (address.kind === 'sentinel') {
    return connectToMaster(address, commandTimeoutMs);
  }
  const client =
    address.kind === 'cluster'
      ? cluster(address.urls, commandTimeoutMs)
      : single(address.url, commandTimeoutMs);
  return {
    client,
    close: () => {
      client.disconnect();
    },
  };
}

function single(address: string, commandTimeoutMs: number): Redis {
  return new Redis(address, {
    ...forAnyNode(commandTimeoutMs),
    retryStrategy: reconnectAfterMs,
    enableOfflineQueue: false,
  });
}

/** The nodes tell each other's addresses but neither password nor whether to encrypt: those of the first address are everybody's. */
function cluster(addresses: readonly [string, ...string[]], commandTimeoutMs: number): Cluster {
  const { username, password, protocol } = new URL(addresses[0]);
  const isEncrypted = protocol === 'rediss:';
  return new Cluster([...addresses], {
    redisOptions: {
      ...forAnyNode(commandTimeoutMs),
      username: username === '' ? undefined : decodeURIComponent(username),
      password: password === '' ? undefined : decodeURIComponent(password),
      tls: isEncrypted ? {} : undefined,
    },
    clusterRetryStrategy: reconnectAfterMs,
    enableOfflineQueue: false,
    maxRedirections: REDIRECTIONS,
    slotsRefreshTimeout: CONNECT_MS,
    // A certificate is for a name: connecting by the address that was looked up for it would not find it there.
    ...(isEncrypted ? { dnsLookup: asItIs } : {}),
  });
}

const asItIs: DNSLookupFunction = (name, callback) => {
  callback(null, name);
};
