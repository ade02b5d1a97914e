import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { BadReplyError } from '../../src/cache/redis-lane.ts';
import { type Asked, type TierScripts, tierScripts } from '../../src/cache/tier-script.ts';
import { connectRedis } from '../../src/lib/redis.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { SOON } from './faults.ts';
import { adminOf, freshRecord, kept, KEYS, TURN_KEY, VALUE_KEY } from './redis-support.ts';

const PAIR = { value: VALUE_KEY, turn: TURN_KEY };

let server: TestRedis;
let admin: Redis;
let scripts: TierScripts;

beforeEach(async () => {
  server = await startRedis();
  admin = adminOf(server.url);
  const connection = connectRedis(server.url, 5_000);
  onTestFinished(() => {
    connection.close();
  });
  await expect.poll(() => connection.client.ping().catch(() => null), SOON).toBe('PONG');
  scripts = tierScripts(connection, connection);
});

afterEach(async () => {
  await server.close();
});

/** What was asked so long ago, by a client that gave it up since. */
function asked(agoMs = 0, change: Partial<Asked> = {}): Asked {
  return { nowMs: Date.now() - agoMs, redisAheadMs: 0, maxTextBytes: 1_000, token: 'ours', ...change };
}

const ANNOUNCED = { pair: PAIR, announce: true };

describe('a script that runs when its client has long given up', () => {
  it('never replaces the newer by the older', async () => {
    const newer = kept(freshRecord('newer'));
    await admin.set(VALUE_KEY, newer, 'PX', 60_000);
    const record = freshRecord('older', 10_000);
    await scripts.write({ ...asked(10_000), channel: 'c', writes: [{ ...ANNOUNCED, record }] });
    expect(await admin.get(VALUE_KEY)).toBe(newer);
  });

  it('does not take the newer for one from the future', async () => {
    const newer = kept(freshRecord('newer'));
    await admin.set(VALUE_KEY, newer, 'PX', 60_000);
    const told = await scripts.lookUp({ ...asked(10_000), pairs: [PAIR], turnsUntilMs: null });
    expect(told).toMatchObject({ badValues: 0, found: [{ text: 'newer', turn: 'fresh' }] });
    expect(await admin.get(VALUE_KEY)).toBe(newer);
  });

  it('keeps nothing for longer than it is of use', async () => {
    const record = freshRecord('x', 10_000, { usefulUntilMs: Date.now() + 1_000 });
    await scripts.write({ ...asked(10_000), channel: 'c', writes: [{ ...ANNOUNCED, record }] });
    expect(await admin.pttl(VALUE_KEY)).toBeLessThanOrEqual(1_001);
  });

  it('takes no turn, and gives what is there', async () => {
    await admin.set(VALUE_KEY, kept(freshRecord('stale', 0, { freshUntilMs: Date.now() - 1 })));
    const turnsUntilMs = Date.now() - 1;
    const told = await scripts.lookUp({ ...asked(), pairs: [PAIR], turnsUntilMs });
    expect(told.found).toMatchObject([{ text: 'stale', turn: 'none' }]);
    expect(await admin.exists(TURN_KEY)).toBe(0);
    const inTime = { ...asked(), pairs: [PAIR], turnsUntilMs: Date.now() + 10_000 };
    expect((await scripts.lookUp(inTime)).found).toMatchObject([{ turn: 'ours' }]);
  });
});

describe('a script', () => {
  it('goes by the clock of who asks, wherever Redis’ stands', async () => {
    const hourMs = 3_600_000;
    const record = freshRecord('x', hourMs);
    const behind = asked(hourMs, { redisAheadMs: hourMs });
    await scripts.write({ ...behind, channel: 'c', writes: [{ ...ANNOUNCED, record }] });
    const lookups = { pairs: [PAIR], turnsUntilMs: null };
    expect((await scripts.lookUp({ ...behind, ...lookups })).found).toMatchObject([{ turn: 'fresh' }]);
    expect(await admin.pttl(VALUE_KEY)).toBeGreaterThan(590_000);
    await admin.set(VALUE_KEY, kept(freshRecord('from the future', hourMs - 60_000)));
    expect(await scripts.lookUp({ ...behind, ...lookups })).toMatchObject({ badValues: 1 });
  });

  it('keeps no record that could not be read', async () => {
    const record = freshRecord('x', 0, { digest: 'é!' });
    await scripts.write({ ...asked(), channel: 'c', writes: [{ ...ANNOUNCED, record }] });
    expect(await admin.exists(VALUE_KEY)).toBe(0);
  });

  it('tells Redis’ time', async () => {
    const beforeMs = Date.now();
    const { redisNowMs } = await scripts.drop({ ...asked(), valueKey: VALUE_KEY, text: '' });
    expect(redisNowMs).toBeGreaterThanOrEqual(beforeMs);
    expect(redisNowMs).toBeLessThanOrEqual(Date.now());
  });
});

describe('a reply', () => {
  const now = 1;

  it.each([
    ['nothing', null],
    ['a text', 'OK'],
    ['an empty list', []],
    ['no time', ['now', null, 0, [['x', 1, 'ours']]]],
    ['an error that is none', [now, 5, 0, [['x', 1, 'ours']]]],
    ['no count', [now, null, null, [['x', 1, 'ours']]]],
    ['nothing found', [now, null, 0, []]],
    [
      'too much found',
      [
        now,
        null,
        0,
        [
          ['x', 1, 'ours'],
          ['x', 1, 'ours'],
        ],
      ],
    ],
    ['a text of another type', [now, null, 0, [[7, 1, 'ours']]]],
    ['a time of another type', [now, null, 0, [['x', '1', 'ours']]]],
    ['another turn', [now, null, 0, [['x', 1, 'mine']]]],
    ['nothing that is fresh', [now, null, 0, [[null, 1, 'fresh']]]],
    ['something else found', [now, null, 0, ['x']]],
  ])('of another form is none: %s', async (_, reply) => {
    const connection = { client: { evalsha: () => Promise.resolve(reply) } } as never;
    const { lookUp } = tierScripts(connection, connection);
    await expect(lookUp({ ...asked(), pairs: [PAIR], turnsUntilMs: null })).rejects.toThrow(BadReplyError);
  });

  it('of the right form is one', async () => {
    const reply = [now, 'OOM full', 0, [['x', 1, 'ours']]];
    const connection = { client: { evalsha: () => Promise.resolve(reply) } } as never;
    expect(
      await tierScripts(connection, connection).lookUp({ ...asked(), pairs: [PAIR], turnsUntilMs: null }),
    ).toEqual({
      redisNowMs: now,
      refusal: 'OOM full',
      badValues: 0,
      found: [{ text: 'x', fetchedAtMs: 1, turn: 'ours' }],
    });
    expect(KEYS.parse(PAIR.value)).not.toBeNull();
  });
});
