import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Announcement, SharedTier } from '../../src/cache/shared-tier.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { recordedFaults, SOON } from './faults.ts';
import { adminOf, freshRecord, KEY, KEYS, readyTier, tierOf, timed, VALUE_KEY } from './redis-support.ts';

let server: TestRedis;
let admin: Redis;
let tier: SharedTier;
let other: SharedTier;
let announced: Announcement[];

beforeEach(async () => {
  server = await startRedis();
  admin = adminOf(server.url);
  tier = await readyTier(tierOf(server.url));
  other = await readyTier(tierOf(server.url));
  announced = [];
  other.onAnnounced((announcement) => announced.push(announcement));
});

afterEach(async () => {
  await server.close();
});

const LAST = { ...KEY, name: 'last' };

/** What was announced until now: one more is sent after it, and waited for. */
async function announcedSoFar(): Promise<Announcement[]> {
  await admin.publish(KEYS.channel, `${KEYS.value(LAST)}\nlast`);
  await expect.poll(() => announced.at(-1)?.key, SOON).toEqual(LAST);
  return announced.slice(0, -1);
}

describe('an announcement', () => {
  it('tells the others of a value whose digest has changed, with the new text', async () => {
    await tier.store(KEY, freshRecord('old', 2, { digest: 'a' }), true);
    await tier.store(KEY, freshRecord('new 作业\n😀', 0, { digest: 'b' }), true);
    expect(await announcedSoFar()).toEqual([{ key: KEY, text: 'new 作业\n😀' }]);
  });

  it('is not made of a first value, nor of one that says the same', async () => {
    await tier.store(KEY, freshRecord('first', 2, { digest: 'a' }), true);
    await tier.store(KEY, freshRecord('same', 1, { digest: 'a' }), true);
    expect((await tier.lookup(KEY)).found?.text).toBe('same');
    expect(await announcedSoFar()).toEqual([]);
  });

  it('is not made of a value that is not kept, nor when none is wanted', async () => {
    await tier.store(KEY, freshRecord('first', 2, { digest: 'a' }), true);
    await tier.store(KEY, freshRecord('older', 100, { digest: 'b' }), true);
    await tier.store(KEY, freshRecord('quiet', 0, { digest: 'c' }), false);
    expect((await tier.lookup(KEY)).found?.text).toBe('quiet');
    expect(await announcedSoFar()).toEqual([]);
  });

  it('is not heard by who has stopped listening, nor by another version', async () => {
    const heard: Announcement[] = [];
    const stop = other.onAnnounced((announcement) => heard.push(announcement));
    const newer = await readyTier(tierOf(server.url, { schema: 'v2' }));
    newer.onAnnounced((announcement) => heard.push(announcement));
    stop();
    await announcedSoFar();
    expect(heard).toEqual([]);
  });

  it.each([
    ['nothing', ''],
    ['no text', VALUE_KEY],
    ['no key', '\ntext'],
    ['a foreign key', 'other\ntext'],
    ['the key of a turn', `${KEYS.turn(KEY)}\ntext`],
    ['a text that is too long', `${VALUE_KEY}\n${'x'.repeat(1_048_577)}`],
  ])('that no replica made is told as a fault: %s', async (_, message) => {
    const faults = recordedFaults();
    await admin.publish(KEYS.channel, message);
    expect(await announcedSoFar()).toEqual([]);
    // Both tiers hear it.
    const fault = { kind: 'bad-value', command: 'announcement', code: null };
    await expect.poll(() => faults, SOON).toEqual([fault, fault]);
  });

  it('that is not UTF-8 disturbs nobody', async () => {
    await admin.publish(KEYS.channel, Buffer.from([0xff, 0xfe, 0x0a, 0xff]));
    expect(await announcedSoFar()).toEqual([]);
  });
});

describe('listening', () => {
  it('goes on while nothing is announced', async () => {
    const since = other.listeningSince;
    await new Promise((resolve) => {
      setTimeout(resolve, 2_500);
    });
    expect(other.listeningSince).toBe(since);
    expect(await announcedSoFar()).toEqual([]);
  });

  it('begins anew, and says so, when the connection was ended', async () => {
    expect(other.listeningSince).toBe(1);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await expect.poll(() => [tier.listeningSince, other.listeningSince], SOON).toEqual([2, 2]);
    expect(await announcedSoFar()).toEqual([]);
  });

  it('begins anew when Redis was restarted, and when it stood still', async () => {
    await server.restart();
    await expect.poll(() => other.listeningSince, SOON).toBe(2);
    server.stop();
    await new Promise((resolve) => {
      setTimeout(resolve, 2_500);
    });
    server.cont();
    const tookMs = await timed(async () => {
      await expect.poll(() => other.listeningSince, SOON).toBeGreaterThan(2);
    });
    expect(tookMs).toBeLessThan(2_000);
    expect(await announcedSoFar()).toEqual([]);
  });
});

describe('in a Cluster, a tier', () => {
  it('keeps, takes turns, announces and listens', async () => {
    const port = await freePort();
    const asCluster = ['--cluster-enabled', 'yes', '--cluster-announce-ip', 'localhost'];
    const node = await startRedis('--port', `${port}`, '--requirepass', 'right', ...asCluster);
    onTestFinished(() => node.close());
    const clusterAdmin = adminOf(`${node.url}?password=right`);
    await clusterAdmin.call('CLUSTER', 'ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => slot));
    const address = `redis://:right@127.0.0.1:${port}`;
    const one = await readyTier(tierOf(`${address}, ${address}`));
    const two = await readyTier(tierOf(`${address}, ${address}`));
    two.onAnnounced((announcement) => announced.push(announcement));
    const names = Array.from({ length: 50 }, (_, index) => `job/${index}`);
    const turns = await Promise.all(names.map((name) => one.lookup({ ...KEY, name })));
    expect(new Set(turns.map(({ turn }) => turn))).toEqual(new Set(['OURS']));
    expect((await two.lookup({ ...KEY, name: 'job/3' })).turn).toBe('THEIRS');
    await one.store(KEY, freshRecord('old', 1), true);
    await one.store(KEY, freshRecord('newer'), true);
    expect((await two.lookup(KEY)).found?.text).toBe('newer');
    await expect.poll(() => announced, SOON).toEqual([{ key: KEY, text: 'newer' }]);
    await clusterAdmin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await expect.poll(() => two.listeningSince, SOON).toBe(2);
  });
});

/** Redis cannot choose one itself, and needs the one 10,000 further on too. */
async function freePort(): Promise<number> {
  const holder = createServer();
  await once(holder.listen(0, '127.0.0.1'), 'listening');
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, 'close');
  return port > 55_000 ? freePort() : port;
}
