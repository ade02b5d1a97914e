import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Lookup, type SharedTier, TURN_MS } from '../../src/cache/shared-tier.ts';
import { MovedClock } from '../support/moved-clock.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { recordedFaults, SOON } from './faults.ts';
import {
  adminOf,
  freshRecord,
  kept,
  KEY,
  KEYS,
  NOTHING,
  PLACE,
  readyTier,
  scriptRuns,
  staleRecord,
  tierOf,
  timed,
  TURN_KEY,
  VALUE_KEY,
} from './redis-support.ts';

let server: TestRedis;
let admin: Redis;
let tier: SharedTier;

beforeEach(async () => {
  server = await startRedis();
  admin = adminOf(server.url);
  tier = await readyTier(tierOf(server.url));
});

afterEach(async () => {
  await server.close();
});

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `job/${index}`);

function lookupAll(count: number, from = tier): Promise<Lookup[]> {
  return Promise.all(names(count).map((name) => from.lookup({ place: PLACE, name })));
}

describe('what is stored', () => {
  it.each(['{"name":"plain"}', '', 'a b\nc\r\n\0 "é 作业 😀"', '1 2 x y', 'x'.repeat(1_048_576)])(
    'is found as it was (%#), by others too, and need not be read',
    async (text) => {
      const record = freshRecord(text);
      await tier.store(KEY, record, false);
      const expected = { found: { text, fetchedAtMs: record.fetchedAtMs }, turn: null };
      expect(await tier.lookup(KEY)).toEqual(expected);
      expect(await (await readyTier(tierOf(server.url))).lookup(KEY)).toEqual(expected);
    },
  );

  it('is kept for as long as it is of use, and no longer', async () => {
    await tier.store(KEY, freshRecord('x', 0, { usefulUntilMs: Date.now() + 5_000 }), false);
    const leftMs = await admin.pttl(VALUE_KEY);
    expect(leftMs).toBeGreaterThan(3_000);
    expect(leftMs).toBeLessThanOrEqual(5_001);
    const faults = recordedFaults();
    await tier.store(KEY, freshRecord('y', 0, { usefulUntilMs: Date.now() - 1 }), false);
    expect(faults).toEqual([]);
    expect(await admin.get(VALUE_KEY)).toContain(' x');
  });

  it('is not seen under another name, place or version', async () => {
    await tier.store(KEY, freshRecord('x'), false);
    const other = await readyTier(tierOf(server.url, { schema: 'v2' }));
    expect((await tier.lookup({ ...KEY, name: 'job/2' })).found).toBeNull();
    expect((await tier.lookup({ ...KEY, place: 'COS/other' })).found).toBeNull();
    expect((await other.lookup(KEY)).found).toBeNull();
    expect((await tier.lookup(KEY)).found?.text).toBe('x');
  });

  it('is not replaced by what was fetched earlier, but by what was fetched later', async () => {
    await tier.store(KEY, freshRecord('new'), false);
    await tier.store(KEY, freshRecord('old', 1_000), true);
    expect((await tier.lookup(KEY)).found?.text).toBe('new');
    await tier.store(KEY, freshRecord('newer', -10), false);
    expect((await tier.lookup(KEY)).found?.text).toBe('newer');
  });

  it('is not kept when it is too long, but the turn is over', async () => {
    expect((await tier.lookup(KEY)).turn).toBe('OURS');
    await tier.store(KEY, freshRecord('作'.repeat(349_526)), false);
    expect(await admin.exists(VALUE_KEY, TURN_KEY)).toBe(0);
  });

  it('is dropped when it is of no use, unless it is another by now', async () => {
    await tier.store(KEY, freshRecord('bad 作'), false);
    tier.drop(KEY, 'other');
    tier.drop({ ...KEY, name: 'job/2' }, 'bad 作');
    await tier.store({ ...KEY, name: 'after' }, freshRecord(''), false);
    expect((await tier.lookup(KEY)).found?.text).toBe('bad 作');
    const faults = recordedFaults();
    tier.drop(KEY, 'bad 作');
    await expect.poll(() => admin.exists(VALUE_KEY), SOON).toBe(0);
    expect(faults).toEqual([{ kind: 'bad-value', command: 'drop', code: null }]);
  });

  it('has a time to live, like everything that is ever kept', async () => {
    await lookupAll(10);
    await tier.store(KEY, freshRecord('x'), true);
    await tier.store(KEY, freshRecord('xx', -1), true);
    for (const key of await admin.keys('*')) {
      expect(await admin.pttl(key)).toBeGreaterThan(0);
    }
  });
});

describe('what is asked in one tick', () => {
  it('leaves together: one script call for a place, at most a hundred keys in each', async () => {
    await tier.store({ place: PLACE, name: 'job/7' }, freshRecord('seven'), false);
    let before = await scriptRuns(admin);
    const found = await lookupAll(100);
    expect((await scriptRuns(admin)) - before).toBe(1);
    expect(found.map((lookup) => lookup.found?.text)).toEqual(
      names(100).map((name) => (name === 'job/7' ? 'seven' : undefined)),
    );
    before = await scriptRuns(admin);
    await Promise.all([lookupAll(101), tier.lookup({ place: 'other', name: 'x' })]);
    expect((await scriptRuns(admin)) - before).toBe(3);
  });

  it('leaves together when it is stored or released too, at most a megabyte in each call', async () => {
    await lookupAll(100);
    let before = await scriptRuns(admin);
    const stored = names(100).map((name) => tier.store({ place: PLACE, name }, freshRecord(name), false));
    await Promise.all(stored);
    expect((await scriptRuns(admin)) - before).toBe(1);
    expect((await lookupAll(100)).map(({ found }) => found?.text)).toEqual(names(100));
    before = await scriptRuns(admin);
    names(100).forEach((name) => {
      tier.release({ place: PLACE, name });
    });
    await expect.poll(async () => (await scriptRuns(admin)) - before, SOON).toBe(1);
    before = await scriptRuns(admin);
    const large = freshRecord('x'.repeat(400_000), -1);
    await Promise.all(names(5).map((name) => tier.store({ place: PLACE, name }, large, false)));
    expect((await scriptRuns(admin)) - before).toBe(3);
    expect((await lookupAll(5)).map(({ found }) => found?.text.length)).toEqual(Array(5).fill(400_000));
  });
});

describe('the turn to read a value', () => {
  it('is one tier’s at a time, and stays that one’s', async () => {
    const other = await readyTier(tierOf(server.url));
    expect(await tier.lookup(KEY)).toEqual({ found: null, turn: 'OURS' });
    expect(await other.lookup(KEY)).toEqual({ found: null, turn: 'THEIRS' });
    expect(await tier.lookup(KEY)).toEqual({ found: null, turn: 'OURS' });
  });

  it('is there for what is not fresh any more, with what is known of it', async () => {
    const record = staleRecord('stale');
    await tier.store(KEY, record, false);
    const found = { text: 'stale', fetchedAtMs: record.fetchedAtMs };
    expect(await tier.lookup(KEY)).toEqual({ found, turn: 'OURS' });
    expect(await (await readyTier(tierOf(server.url))).lookup(KEY)).toEqual({ found, turn: 'THEIRS' });
  });

  it('is fresh or not by the clock of who asks', async () => {
    const clock = new MovedClock();
    const later = await readyTier(tierOf(server.url, { clock }));
    await tier.store(KEY, freshRecord('x'), false);
    clock.movedMs = 59_000;
    expect((await later.lookup(KEY)).turn).toBeNull();
    clock.movedMs = 61_000;
    // The first reply after a clock was set tells by how much: only then can be told whether a turn would come late.
    await later.lookup({ ...KEY, name: 'time?' });
    expect((await later.lookup(KEY)).turn).toBe('OURS');
  });

  it('is nobody’s when what is kept is from the future, which who never heard of Redis’ time sees himself', async () => {
    const clock = new MovedClock();
    clock.movedMs = -3_600_000;
    const earlier = tierOf(server.url, { clock });
    await expect.poll(async () => (await earlier.lookup(KEY)).turn, SOON).toBe('OURS');
    const key = { place: 'not asked before', name: 'x' };
    await admin.set(KEYS.value(key), kept(freshRecord('x')));
    expect(await earlier.lookup(key)).toEqual(NOTHING);
    expect(await earlier.lookup(key)).toEqual({ found: null, turn: 'OURS' });
  });

  it('ends with a value, newer than what is kept or not', async () => {
    const other = await readyTier(tierOf(server.url));
    await tier.store(KEY, staleRecord('stale'), false);
    expect((await tier.lookup(KEY)).turn).toBe('OURS');
    await tier.store(KEY, freshRecord('older', 5_000), false);
    expect(await other.lookup(KEY)).toMatchObject({ found: { text: 'stale' }, turn: 'OURS' });
    await other.store(KEY, freshRecord('new'), false);
    expect(await tier.lookup(KEY)).toMatchObject({ found: { text: 'new' }, turn: null });
  });

  it('ends without one', async () => {
    const other = await readyTier(tierOf(server.url));
    await tier.lookup(KEY);
    tier.release(KEY);
    await expect.poll(() => admin.exists(TURN_KEY), SOON).toBe(0);
    expect((await other.lookup(KEY)).turn).toBe('OURS');
  });

  it('is not ended by anybody else', async () => {
    const other = await readyTier(tierOf(server.url));
    await tier.lookup(KEY);
    other.release(KEY);
    await other.store(KEY, staleRecord('theirs'), false);
    expect((await other.lookup(KEY)).turn).toBe('THEIRS');
  });

  it('lasts longer when it is prolonged by whoever has it, and by nobody else', async () => {
    const other = await readyTier(tierOf(server.url));
    expect((await tier.lookup(KEY)).turn).toBe('OURS');
    await admin.pexpire(TURN_KEY, 1_000);
    other.prolong(KEY);
    await other.store({ ...KEY, name: 'another' }, freshRecord('x'), false);
    expect(await admin.pttl(TURN_KEY)).toBeLessThanOrEqual(1_000);
    tier.prolong(KEY);
    await expect.poll(() => admin.pttl(TURN_KEY), SOON).toBeGreaterThan(1_000);
  });

  it('ends by itself', async () => {
    const other = await readyTier(tierOf(server.url));
    await tier.lookup(KEY);
    const leftMs = await admin.pttl(TURN_KEY);
    expect(leftMs).toBeGreaterThan(TURN_MS - 1_000);
    expect(leftMs).toBeLessThanOrEqual(TURN_MS);
    await admin.pexpire(TURN_KEY, 50);
    await expect.poll(async () => (await other.lookup(KEY)).turn, SOON).toBe('OURS');
  });

  it('is nobody’s for ever, whatever was left in its place', async () => {
    await admin.set(TURN_KEY, 'for ever');
    expect((await tier.lookup(KEY)).turn).toBe('OURS');
    await admin.set(TURN_KEY, 'for long', 'PX', 3_600_000);
    expect((await tier.lookup(KEY)).turn).toBe('OURS');
    await admin.del(TURN_KEY);
    await admin.rpush(TURN_KEY, 'list');
    expect((await tier.lookup(KEY)).turn).toBe('OURS');
    expect(await admin.pttl(TURN_KEY)).toBeGreaterThan(0);
  });
});

describe('what no replica wrote', () => {
  const longAgo = 1_000_000_000_000;

  it.each([
    ['garbage bytes', () => admin.set(VALUE_KEY, Buffer.from([0xff, 0, 0x80, 0x20]))],
    ['nothing', () => admin.set(VALUE_KEY, '')],
    ['null', () => admin.set(VALUE_KEY, 'null')],
    ['a JSON list', () => admin.set(VALUE_KEY, '[]')],
    ['no digest', () => admin.set(VALUE_KEY, `${longAgo} ${longAgo}  text`)],
    ['a digest that is too long', () => admin.set(VALUE_KEY, `${longAgo} ${longAgo} ${'x'.repeat(33)} text`)],
    ['a time before the epoch', () => admin.set(VALUE_KEY, `-1 ${longAgo} x text`)],
    ['a time with a fraction', () => admin.set(VALUE_KEY, `1.5 ${longAgo} x text`)],
    ['digits without end', () => admin.set(VALUE_KEY, '1'.repeat(100_000))],
    ['a value from the future', () => admin.set(VALUE_KEY, kept(freshRecord('x', -60_000)))],
    ['a list', () => admin.rpush(VALUE_KEY, 'x')],
    ['a hash', () => admin.hset(VALUE_KEY, 'x', 'y')],
    ['a set', () => admin.sadd(VALUE_KEY, 'x')],
    ['a value that is too long', () => admin.set(VALUE_KEY, kept(freshRecord('x'.repeat(1_048_700))))],
  ])('is not given but dropped and told of: %s', async (_, plant) => {
    await plant();
    const faults = recordedFaults();
    const [lookup, other] = await Promise.all([tier.lookup(KEY), tier.lookup({ ...KEY, name: 'other' })]);
    expect(lookup).toEqual({ found: null, turn: 'OURS' });
    expect(other).toEqual({ found: null, turn: 'OURS' });
    expect(await admin.exists(VALUE_KEY)).toBe(0);
    expect(faults).toEqual([{ kind: 'bad-value', command: 'lookup', code: null }]);
  });

  it('is replaced by a value, and nobody is told', async () => {
    const announced: unknown[] = [];
    const other = await readyTier(tierOf(server.url));
    other.onAnnounced((announcement) => announced.push(announcement));
    for (const plant of [
      () => admin.rpush(VALUE_KEY, 'x'),
      () => admin.set(VALUE_KEY, 'garbage'),
      () => admin.set(VALUE_KEY, kept(freshRecord('from the future', -60_000))),
    ]) {
      await plant();
      await tier.store(KEY, freshRecord('good'), true);
      expect((await tier.lookup(KEY)).found?.text).toBe('good');
      await admin.del(VALUE_KEY);
    }
    await tier.store(KEY, freshRecord('old', 1), true);
    await tier.store(KEY, freshRecord('last one'), true);
    await expect.poll(() => announced, SOON).toEqual([{ key: KEY, text: 'last one' }]);
  });

  it('is refused at once when it is of 100 MB', async () => {
    await admin.set(VALUE_KEY, kept(freshRecord('')));
    await admin.setrange(VALUE_KEY, 104_857_599, 'x');
    const tookMs = await timed(async () => {
      expect(await tier.lookup(KEY)).toEqual({ found: null, turn: 'OURS' });
    });
    expect(tookMs).toBeLessThan(250);
    expect(await admin.exists(VALUE_KEY)).toBe(0);
  });

  it('does not fill the memory when all that is asked for is as long as can be', async () => {
    const value = kept(freshRecord('x'.repeat(1_000_000)));
    await Promise.all(names(20).map((name) => admin.set(KEYS.value({ place: PLACE, name }), value)));
    const found = await lookupAll(20);
    expect(found.filter((lookup) => lookup.found !== null)).toHaveLength(8);
    expect(found.at(-1)).toEqual(NOTHING);
  });

  it('is never given as anything but what follows a head of the right form (1,000 spoilt values)', async () => {
    const texts = spoiltValues(1_000);
    const plan = admin.pipeline();
    texts.forEach((text, index) => plan.set(KEYS.value({ place: PLACE, name: `job/${index}` }), text));
    await plan.exec();
    const latestMs = Date.now() + 5_000;
    const found = (await lookupAll(texts.length)).map((lookup) => lookup.found?.text ?? null);
    const expected = texts.map((text) => textAfterHead(text, latestMs));
    expect(found).toEqual(expected);
    expect(expected.filter((text) => text === null).length).toBeGreaterThan(100);
    expect(expected.filter((text) => text !== null).length).toBeGreaterThan(100);
  });
});

/** Values as they are kept, with a few characters taken out, put in or put elsewhere. */
function spoiltValues(count: number): string[] {
  const record = freshRecord('{"name":"作业 😀"}', 1_000, { digest: 'aB3_-' });
  const characters = Array.from(kept(record));
  const place = fc.nat(characters.length - 1);
  const inserted = fc.array(fc.constantFrom('0', '9', ' ', '-', '{', '\n', '\0', 'x', 'é', '😀'), {
    maxLength: 3,
  });
  const spoiling = fc.record({ at: place, taken: fc.nat(3), inserted });
  const values = fc.array(spoiling, { minLength: 1, maxLength: 3 }).map((spoilings) => {
    const value = [...characters];
    spoilings.forEach((one) => value.splice(one.at, one.taken, ...one.inserted));
    return value.join('');
  });
  return fc.sample(values, { seed: 4, numRuns: count });
}

/** The form of a value, told in another language. */
function textAfterHead(value: string, latestMs: number): string | null {
  const [, head, fetchedAt, text] = /^((\d+) \d+ [A-Za-z0-9_-]{1,32} )([^]*)$/.exec(value) ?? [];
  const isHead = head !== undefined && head.length <= 72 && Number(fetchedAt) <= latestMs;
  return isHead ? (text ?? null) : null;
}
