import { Cluster, type Redis } from 'ioredis';
import type { Clock } from '../lib/clock.ts';
import type { RedisConnection } from '../lib/redis.ts';

/** A connection that only listens to a channel. */
export interface Announcements {
  /** How often listening began. What was announced before, or between two times, was not heard. */
  readonly listeningSince: number;
  /** Ends the connection; nothing of it stays. */
  close(): void;
}

export interface AnnouncementsOptions {
  /** Where the Redis or the Cluster is, and how to get in: listening needs a connection of its own. */
  readonly beside: RedisConnection;
  readonly channel: string;
  readonly clock: Clock;
  /** Takes each message. Must not throw. */
  readonly onMessage: (message: string) => void;
}

/** Nothing comes for hours when nothing changes: that somebody is still there is asked for. */
const PING_MS = 1_000;
const REPLY_MS = 500;
const AGAIN_MS = 250;

/**
 * Listens from now on, again whenever the connection has ended; one that has died in silence is noticed within
 * `PING_MS + REPLY_MS`. Never throws.
 *
 * ioredis could make the connection anew and subscribe by itself, but then nobody is told since when, and when that fails,
 * as it does when the server stands still just then, a rejection is left unhandled. What it does for a Cluster gives up
 * silently in that case. So each connection here is used once; in a Cluster any node will do, for they tell each other.
 */
export function listenToAnnouncements({
  beside,
  channel,
  clock,
  onMessage,
}: AnnouncementsOptions): Announcements {
  const over = new AbortController();
  let listeningSince = 0;

  const listen = async (client: Redis): Promise<void> => {
    const ended = new AbortController();
    client.on('error', () => undefined);
    client.once('end', () => {
      ended.abort();
    });
    client.on('message', (_, message) => {
      onMessage(message);
    });
    const stop = (): void => {
      client.disconnect();
    };
    over.signal.addEventListener('abort', stop);
    try {
      await client.connect();
      await client.subscribe(channel);
      listeningSince += 1;
      for (;;) {
        await clock.sleep(PING_MS, ended.signal);
        await client.ping();
      }
    } finally {
      over.signal.removeEventListener('abort', stop);
      client.disconnect();
    }
  };

  const goOn = async (): Promise<void> => {
    for (let attempt = 0; !over.signal.aborted; attempt += 1) {
      const client = connectionBeside(beside, attempt);
      if (client !== null) {
        await listen(client).catch(() => undefined);
      }
      await clock.sleep(AGAIN_MS, over.signal).catch(() => undefined);
    }
  };
  void goOn();

  return {
    get listeningSince() {
      return listeningSince;
    },
    close: () => {
      over.abort();
    },
  };
}

/** One that is not made yet, and not made again. In a Cluster each attempt tries another node; null when none is known. */
function connectionBeside({ client }: RedisConnection, attempt: number): Redis | null {
  const nodes = client instanceof Cluster ? client.nodes() : [client];
  const node = nodes[attempt % nodes.length];
  return (
    node?.duplicate({
      lazyConnect: true,
      retryStrategy: () => null,
      enableOfflineQueue: false,
      autoResubscribe: false,
      commandTimeout: REPLY_MS,
      socketTimeout: 2 * REPLY_MS,
    }) ?? null
  );
}
