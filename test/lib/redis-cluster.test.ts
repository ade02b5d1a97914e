import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connectRedis, type RedisConnection } from '../../src/lib/redis.ts';
import { redisScript } from '../../src/lib/redis-script.ts';
import { type ClusterNode, startCluster, type TestCluster } from '../support/redis-cluster.ts';

const TIMEOUT_MS = 500;
/** For what happens soon, on a machine that is busy. */
const SOON = { timeout: 15_000, interval: 20 };

/** Hash tags of keys that lie on the first node, on the second and on the third, and the slot of one of them. */
const TAGS = ['bar', 'green', 'foo'] as const;
const GREEN = 6_201;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(async () => {
  await cluster.close();
});

async function connected(): Promise<RedisConnection> {
  const [first, second] = cluster.nodes;
  const connection = connectRedis(
    `redis://127.0.0.1:${first.port},redis://127.0.0.1:${second.port}`,
    TIMEOUT_MS,
  );
  onTestFinished(() => {
    connection.close();
  });
  await expect.poll(() => connection.client.get('{foo}').catch(String), SOON).toBeNull();
  return connection;
}

async function movedBy({ admin }: ClusterNode): Promise<number> {
  return Number(/errorstat_MOVED:count=(\d+)/.exec(await admin.info('errorstats'))?.[1] ?? 0);
}

describe('a Cluster of three nodes', () => {
  it('runs a script on several keys of one hash tag, on whichever node they lie', async () => {
    const connection = await connected();
    const script = redisScript(
      connection,
      `redis.call('SET', KEYS[1], ARGV[1]); redis.call('SET', KEYS[2], ARGV[1]); return redis.call('MGET', KEYS[1], KEYS[2])`,
    );
    for (const tag of TAGS) {
      // The second time it is known on the node.
      for (const value of ['once', 'twice']) {
        expect(await script([`{${tag}}:a`, `{${tag}}:b`], [value])).toEqual([value, value]);
      }
    }
    for (const { admin } of cluster.nodes) {
      expect(await admin.dbsize()).toBe(2);
      await admin.flushall();
    }
    await expect(script(['{foo}', '{bar}'], ['never'])).rejects.toThrow(/slot/);
  });

  it('is followed when a slot moves: the command that meets the old node is answered by the new one', async () => {
    const connection = await connected();
    const [, from, to] = cluster.nodes;
    const script = redisScript(connection, `return redis.call('INCR', KEYS[1])`);
    expect(await movedBy(from)).toBe(0);
    await cluster.move(GREEN, to);
    expect(await script(['{green}'], [])).toBe(1);
    expect(await movedBy(from)).toBeGreaterThan(0);
    await expect.poll(() => script(['{green}'], []), SOON).toBe(5);
    const moved = await movedBy(from);
    expect(await script(['{green}'], [])).toBe(6);
    expect(await movedBy(from)).toBe(moved);
    expect(await to.admin.get('{green}')).toBe('6');
  });

  it('answers for the nodes that are left when one dies, and rejects for that one', async () => {
    const connection = await connected();
    const [, , dead] = cluster.nodes;
    await dead.kill9();
    const startedMs = performance.now();
    const outcomes = await Promise.all(
      TAGS.map((tag) => connection.client.get(`{${tag}}:c`).catch((error: unknown) => error)),
    );
    expect(performance.now() - startedMs).toBeLessThan(4 * TIMEOUT_MS);
    expect(outcomes[0]).toBeNull();
    expect(outcomes[2]).toBeInstanceOf(Error);
    connection.close();
    expect(connection.client.status).toMatch(/disconnecting|end/);
    await expect(connection.client.get('{bar}')).rejects.toThrow(Error);
  });
});
