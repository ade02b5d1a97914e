import { createHash } from 'node:crypto';
import type { RedisConnection } from './redis.ts';

/** A Lua script; in a Cluster all its keys lie on one node. Rejects as commands do. */
export type RedisScript = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/** Gives a script of the connection: sent by its digest, and whole only to a server that does not know it (reliability R14). */
export function redisScript({ client }: RedisConnection, lua: string): RedisScript {
  const digest = createHash('sha1').update(lua).digest('hex');
  return async (keys, args) => {
    try {
      return await client.evalsha(digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) {
        return await client.eval(lua, keys.length, ...keys, ...args);
      }
      throw error;
    }
  };
}
