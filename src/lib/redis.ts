import { Cluster, type DNSLookupFunction, Redis, type RedisOptions } from 'ioredis';

/** A connection to a Redis, or to a Redis Cluster, that never makes anybody wait for it. */
export interface RedisConnection {
  /** Every command of it rejects at once while there is no connection, and after `commandTimeoutMs` without an answer. */
  readonly client: Redis | Cluster;
  readonly commandTimeoutMs: number;
  /** Calls back whenever commands begin to be taken: after the first connection and after each new one. Gives the way to stop. */
  onReady(listener: () => void): () => void;
  /** Ends, within a tenth of a second also where the server stands still; commands under way are rejected. */
  close(): void;
}

/** A new attempt to connect begins this long after the last one failed, at the latest: with `CONNECT_MS`, within a second. */
const RECONNECT_MS = 400;
const CONNECT_MS = 500;
/** Of a server that has taken a command and sends nothing: its connection is given up for a new one. */
const SILENCE_MS = 500;
const FAREWELL_MS = 100;
/** How often a command may be sent on to the node of a Cluster that has its key now. */
const REDIRECTIONS = 3;

/**
 * Connects to `redis://` or `rediss://`, or to the Cluster of which several comma-separated addresses are given. Gives at
 * once, whether anybody is there or not, and goes on trying. Nothing is queued, sent twice or logged, and no error leaves it
 * but a command's own (reliability F1, F2).
 *
 * One connection suits commands of one patience: what may wait 30 ms should not share it with what may wait longer.
 */
export function connectRedis(urls: string, commandTimeoutMs: number): RedisConnection {
  const addresses = urls.split(',').map((url) => url.trim());
  const client =
    addresses.length > 1
      ? cluster(addresses, commandTimeoutMs)
      : single(addresses[0] ?? '', commandTimeoutMs);
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
function cluster(addresses: readonly string[], commandTimeoutMs: number): Cluster {
  const { username, password, protocol } = new URL(addresses[0] ?? '');
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

function forAnyNode(commandTimeoutMs: number) {
  return {
    commandTimeout: commandTimeoutMs,
    connectTimeout: CONNECT_MS,
    disconnectTimeout: FAREWELL_MS,
    socketTimeout: Math.max(SILENCE_MS, 2 * commandTimeoutMs),
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: false,
    // What every server and every proxy before one understands, and all that is used here.
    protocol: 2 as const,
    disableClientInfo: true,
  } satisfies RedisOptions;
}

function reconnectAfterMs(attempts: number): number {
  return Math.min(50 * attempts, RECONNECT_MS);
}
