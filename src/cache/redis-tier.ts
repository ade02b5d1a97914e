import { randomUUID } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { cacheFaults } from '../telemetry/channels.ts';
import { listenToAnnouncements } from './announcements.ts';
import { type RedisKeys, redisKeys } from './redis-keys.ts';
import { createRedisLane } from './redis-lane.ts';
import { createRedisPlace, type RedisPlace } from './redis-place.ts';
import type { Announcement, SharedTier } from './shared-tier.ts';
import { tierScripts } from './tier-script.ts';

export interface RedisTierOptions {
  /** As `connectRedis` takes it: one Redis, or several addresses of a Cluster. */
  readonly url: string;
  readonly clock: Clock;
  /** The version of what is kept: others' values are not seen. 1 to 32 of [A-Za-z0-9_-]. */
  readonly schema: string;
  /** How long a lookup is waited for; and a store, by whoever stores. Default 30. */
  readonly readTimeoutMs?: number;
  /** How long it is waited for whether a store, a release or a drop succeeds, which nobody else does. Default 100. */
  readonly writeTimeoutMs?: number;
  /** Longer texts are not kept. Default 1 MiB. */
  readonly maxValueBytes?: number;
}

const READ_TIMEOUT_MS = 30;
const WRITE_TIMEOUT_MS = 100;
const MAX_VALUE_BYTES = 1_048_576;

/**
 * The tier that replicas share through a Redis, or a Redis Cluster. Gives at once, whether anybody is there or not. A lookup
 * costs one round trip, in which go all of its place that are asked in the same tick; it has three connections.
 */
export function createRedisTier(options: RedisTierOptions): SharedTier {
  const { url, clock, schema, maxValueBytes = MAX_VALUE_BYTES } = options;
  const { readTimeoutMs = READ_TIMEOUT_MS, writeTimeoutMs = WRITE_TIMEOUT_MS } = options;
  // What may take long is not to hold up what must not.
  const reads = createRedisLane(url, readTimeoutMs, clock);
  const writes = createRedisLane(url, writeTimeoutMs, clock);
  const keys = redisKeys(schema);
  const scripts = tierScripts(reads.connection, writes.connection);
  const listeners = new Set<(announcement: Announcement) => void>();
  const announcements = listenToAnnouncements({
    beside: writes.connection,
    channel: keys.channel,
    clock,
    onMessage: (message) => {
      const announcement = announcementOf(message, keys, maxValueBytes);
      if (announcement === null) {
        cacheFaults.publish({ kind: 'bad-value', command: 'announcement', code: null });
        return;
      }
      listeners.forEach((listener) => {
        listener(announcement);
      });
    },
  });

  const token = randomUUID();
  const placeOf = remembered((place) =>
    createRedisPlace({ place, keys, scripts, reads, writes, clock, token, maxValueBytes }),
  );

  return {
    lookup: ({ place, name }) => placeOf(place).lookup(name),
    peek: ({ place, name }) => placeOf(place).peek(name),
    store: ({ place, name }, record, announce) =>
      settledWithin(readTimeoutMs, clock, placeOf(place).store(name, record, announce)),
    release: ({ place, name }) => {
      placeOf(place).release(name);
    },
    prolong: ({ place, name }) => {
      placeOf(place).prolong(name);
    },
    drop: ({ place, name }, text) => {
      placeOf(place).drop(name, text);
    },
    onAnnounced: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    get listeningSince() {
      return announcements.listeningSince;
    },
    get isConnected() {
      return reads.isConnected;
    },
    close: () => {
      announcements.close();
      reads.close();
      writes.close();
    },
  };
}

/** There are as many places as are configured. */
function remembered(make: (place: string) => RedisPlace): (place: string) => RedisPlace {
  const places = new Map<string, RedisPlace>();
  return (name) => {
    const place = places.get(name) ?? make(name);
    places.set(name, place);
    return place;
  };
}

/** The key of the value, a line break, the text. */
function announcementOf(message: string, keys: RedisKeys, maxValueBytes: number): Announcement | null {
  const breakAt = message.indexOf('\n');
  const key = breakAt < 0 ? null : keys.parse(message.slice(0, breakAt));
  const text = message.slice(breakAt + 1);
  return key === null || Buffer.byteLength(text) > maxValueBytes ? null : { key, text };
}

function settledWithin(ms: number, clock: Clock, promise: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const stop = clock.after(ms, resolve);
    void promise.then(() => {
      stop();
      resolve();
    });
  });
}
