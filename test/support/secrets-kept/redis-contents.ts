/** What a test's Redis holds, looked through before it is gone. */
import { inspect } from 'node:util';
import type { Redis } from 'ioredis';
import { lookThrough } from './leaks.ts';

const PATIENCE_MS = 2_000;
const EVERYTHING = { maxArrayLength: null, maxStringLength: null, breakLength: Infinity };

/** Looks through all keys and values of all databases of a server, as far as it answers: tests break theirs. */
export async function lookThroughRedis(path: string, password: string | undefined): Promise<void> {
  // Most test files have no Redis.
  const { Redis: Client } = await import('ioredis');
  const client = new Client({
    path,
    ...(password === undefined ? {} : { password }),
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: PATIENCE_MS,
    commandTimeout: PATIENCE_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const databases = [...(await client.info('keyspace')).matchAll(/^db(\d+):/gm)];
    for (const [, database = '0'] of databases) {
      await client.select(Number(database));
      await lookThroughDatabase(client);
    }
  } catch {
    // It is stopped, asks for a password that was changed, or is not part of its Cluster any more.
  } finally {
    client.disconnect();
  }
}

async function lookThroughDatabase(client: Redis): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'COUNT', 1_000);
    await Promise.all(keys.map((key) => lookThroughKey(client, key)));
    cursor = next;
  } while (cursor !== '0');
}

/** How the values of each type are read; DUMP would compress them. */
const READS: Readonly<Record<string, (client: Redis, key: string) => Promise<unknown>>> = {
  string: (client, key) => client.getBuffer(key),
  hash: (client, key) => client.hgetall(key),
  list: (client, key) => client.lrange(key, 0, -1),
  set: (client, key) => client.smembers(key),
  zset: (client, key) => client.zrangebyscore(key, '-inf', '+inf'),
};

async function lookThroughKey(client: Redis, key: string): Promise<void> {
  lookThrough(key, 'a key in Redis');
  const type = await client.type(key);
  const value: unknown = await READS[type]?.(client, key);
  lookThrough(Buffer.isBuffer(value) ? value : inspect(value, EVERYTHING), `a ${type} in Redis`);
}
