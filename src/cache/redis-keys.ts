import type { CacheKey } from './entry.ts';

/** How cache keys are written in Redis. Different keys are written differently, and each can be read back. */
export interface RedisKeys {
  /** Where announcements are made. */
  readonly channel: string;
  /** Where the value is kept. */
  value(key: CacheKey): string;
  /** Where it is written whose turn it is to read the value. */
  turn(key: CacheKey): string;
  /** The cache key of a value's; null when it is none of ours. */
  parse(valueKey: string): CacheKey | null;
}

/**
 * `jobs-gateway:<schema>:{<place>}:<name>` for values, `jobs-gateway:<schema>:turn:{<place>}:<name>` for turns. What is in
 * braces decides the node of a Cluster. `schema` is the version of what is kept, without `:` and `{`: replicas of different
 * versions, as there are while a new one is rolled out, see nothing of each other (reliability R4).
 */
export function redisKeys(schema: string): RedisKeys {
  const prefix = `jobs-gateway:${schema}:`;
  const path = ({ place, name }: CacheKey): string => `{${escapedPlace(place)}}:${escapedName(name)}`;
  const value = (key: CacheKey): string => prefix + path(key);
  return {
    channel: `${prefix}changed`,
    value,
    turn: (key) => `${prefix}turn:${path(key)}`,
    parse: (valueKey) => {
      const [, place, name] = /^\{([^{}]*)\}:(.*)$/.exec(valueKey.slice(prefix.length)) ?? [];
      if (place === undefined || name === undefined) {
        return null;
      }
      const key = { place: unescaped(place), name: unescaped(name) };
      // What we would not write that way is not ours, whatever it resembles.
      return value(key) === valueKey ? key : null;
    },
  };
}

// Braces would end the part in braces early; a line break ends the key in an announcement.
function escapedPlace(text: string): string {
  return text.replace(/[%{}\n\r\u2028\u2029]/g, encodeURIComponent);
}

function escapedName(text: string): string {
  return text.replace(/[%\n\r\u2028\u2029]/g, encodeURIComponent);
}

function unescaped(text: string): string {
  return text.replace(/(?:%[0-9A-F]{2})+/g, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}
