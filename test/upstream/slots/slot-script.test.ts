import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectRedis, type RedisConnection } from '../../../src/lib/redis.ts';
import {
  type AskForSlot,
  type SlotQuestion,
  type SlotReply,
  slotScript,
} from '../../../src/upstream/slots/slot-script.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

// Long enough for a busy machine: no question is given up because of it.
const PATIENCE_MS = 15_000;
const KEY = 'jobs-gateway:slots:{budget}';
const SPACING_MS = 550;
const HORIZON_MS = 3_000;
const QUARANTINE_MS = 4_200;

let server: TestRedis;
let connection: RedisConnection;
let ask: AskForSlot;
/** For looking at the state and spoiling it. */
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  connection = await connected(server.url);
  ask = slotScript(connection);
  admin = new Redis(server.url);
});

afterAll(async () => {
  connection.close();
  admin.disconnect();
  await server.close();
});

beforeEach(async () => {
  await admin.flushall();
});

async function connected(url: string): Promise<RedisConnection> {
  const made = connectRedis(url, PATIENCE_MS);
  await new Promise<void>((resolve) => {
    made.onReady(resolve);
  });
  return made;
}

/** A slot is wanted, whenever the answer comes. */
function question(change: Partial<SlotQuestion> = {}): SlotQuestion {
  return {
    spacingMs: SPACING_MS,
    validUntilMs: Number.MAX_SAFE_INTEGER,
    isSlotWanted: true,
    notBeforeMs: 0,
    replica: null,
    ...change,
  };
}

async function redisNowMs(): Promise<number> {
  const [seconds, micros] = await admin.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

async function runId(): Promise<string> {
  return /run_id:(\w+)/.exec(await admin.info('server'))?.[1] ?? '';
}

/** A state that knows of all slots that are out: none. */
async function beginState(fields: Readonly<Record<string, string | number>> = {}): Promise<void> {
  await admin.hset(KEY, { epoch: await runId(), next: 0, ...fields });
}

async function nextFreeMs(): Promise<number> {
  return Number(await admin.hget(KEY, 'next'));
}

/** Asks until no more is given. */
async function askAll(change: Partial<SlotQuestion> = {}): Promise<SlotReply[]> {
  const replies: SlotReply[] = [];
  do {
    replies.push(await ask(KEY, question(change)));
  } while (replies.at(-1)?.outcome === 'slot');
  return replies;
}

/** One spacing after the last, or at once when that is over. */
function expectNext(reply: SlotReply, lastMs: number, spacingMs = SPACING_MS): void {
  expect(reply.atMs).toBe(Math.max(lastMs + spacingMs, reply.nowMs));
}

describe('slots', () => {
  it('are given at once when the last is long over, and then one spacing apart', async () => {
    await beginState();
    const [first, ...more] = await askAll();
    expect(first).toMatchObject({ outcome: 'slot', atMs: first!.nowMs });
    expect(more.length).toBeGreaterThanOrEqual(5);
    more.reduce((last, reply) => {
      expectNext(reply, last.atMs);
      return reply;
    }, first!);
  });

  it('are never closer than the spacing, however many ask at once', async () => {
    await beginState();
    const clients = await Promise.all(Array.from({ length: 8 }, () => connected(server.url)));
    const replies = await Promise.all(
      clients.flatMap((client) =>
        Array.from({ length: 10 }, () => slotScript(client)(KEY, question({ spacingMs: 20 }))),
      ),
    );
    clients.forEach((client) => {
      client.close();
    });
    expect(replies.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 80 }, () => 'slot'));
    const times = replies.map(({ atMs }) => atMs).toSorted((a, b) => a - b);
    const distances = times.slice(1).map((atMs, index) => atMs - times[index]!);
    expect(Math.min(...distances)).toBeGreaterThanOrEqual(20);
    expect(times.at(-1)! - times[0]!).toBeLessThanOrEqual(79 * 20 + replies.at(-1)!.nowMs - times[0]!);
  });

  it('may have a spacing that is no whole number', async () => {
    await beginState({ next: (await redisNowMs()) + 1_000 });
    const times = (await askAll({ spacingMs: 1_100 / 3 })).map(({ atMs }) => atMs);
    expect(times.length).toBeGreaterThanOrEqual(3);
    times.forEach((atMs, index) =>
      expect(Math.abs(atMs - times[0]! - (index * 1_100) / 3)).toBeLessThanOrEqual(1),
    );
  });

  it('are not given further ahead than the horizon, and asking in vain takes none', async () => {
    await beginState();
    const replies = await askAll();
    const last = replies.pop()!;
    expect(replies.length).toBeGreaterThanOrEqual(5);
    replies.forEach(({ atMs, nowMs }) => expect(atMs).toBeLessThanOrEqual(nowMs + HORIZON_MS));
    expect(last.atMs).toBeGreaterThan(last.nowMs + HORIZON_MS);
    expectNext(last, replies.at(-1)!.atMs);
    expect(await nextFreeMs()).toBe(last.atMs);
  });

  it('of different budgets have nothing to do with each other', async () => {
    await beginState();
    await askAll();
    await admin.hset('jobs-gateway:slots:{other}', { epoch: await runId(), next: 0 });
    const other = await ask('jobs-gateway:slots:{other}', question());
    expect(other).toMatchObject({ outcome: 'slot', atMs: other.nowMs });
  });

  it('are remembered for a day', async () => {
    await beginState();
    await ask(KEY, question());
    const dayMs = 24 * 3_600_000;
    expect(await admin.pttl(KEY)).toBeGreaterThan(dayMs - 60_000);
    expect(await admin.pttl(KEY)).toBeLessThanOrEqual(dayMs);
  });
});

describe('a question that comes too late', () => {
  it('has no effect at all', async () => {
    await beginState({ next: 123 });
    const before = await admin.hgetall(KEY);
    const reply = await ask(
      KEY,
      question({
        validUntilMs: (await redisNowMs()) - 1,
        notBeforeMs: Number.MAX_SAFE_INTEGER,
        replica: { index: 0, count: 2, leaseMs: 1, redisAheadMs: 0 },
      }),
    );
    expect(reply.outcome).toBe('late');
    expect(Math.abs(reply.nowMs - (await redisNowMs()))).toBeLessThan(5_000);
    expect(await admin.hgetall(KEY)).toEqual(before);
    expect(await admin.pttl(KEY)).toBe(-1);
  });

  it('does not begin a state either', async () => {
    await ask(KEY, question({ validUntilMs: 0 }));
    expect(await admin.exists(KEY)).toBe(0);
  });

  it('takes no slot when Redis runs it after having stood still', async () => {
    await beginState();
    const validUntilMs = (await redisNowMs()) + 100;
    server.stop();
    const queued = Array.from({ length: 50 }, () => ask(KEY, question({ validUntilMs })));
    await sleep(300);
    server.cont();
    const replies = await Promise.all(queued);
    expect(new Set(replies.map(({ outcome }) => outcome))).toEqual(new Set(['late']));
    const next = await ask(KEY, question());
    expect(next).toMatchObject({ outcome: 'slot', atMs: next.nowMs });
  });
});

describe('a state that does not know which slots are out', () => {
  /** The answer that says so, and everybody's next one. */
  async function expectQuarantine(): Promise<SlotReply> {
    const reply = await ask(KEY, question());
    expect(reply).toMatchObject({ outcome: 'none', atMs: reply.nowMs + QUARANTINE_MS });
    expect(await ask(KEY, question())).toMatchObject({ outcome: 'none', atMs: reply.atMs });
    return reply;
  }

  it('gives none before all are over when Redis was killed and started again', async () => {
    await beginState();
    const replies = await askAll();
    const lastGivenMs = replies.at(-2)!.atMs;
    await server.kill9();
    await server.restart();
    for (const client of [admin, connection.client]) {
      await expect.poll(() => client.ping().catch(() => 'away'), { timeout: 10_000 }).toBe('PONG');
    }
    const { atMs } = await expectQuarantine();
    // Its whole second is over, and another tenth of one for calls that were long under way.
    expect(atMs).toBeGreaterThanOrEqual(lastGivenMs + 1_100);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['FLUSHALL', () => admin.flushall()],
    ['DEL', () => admin.del(KEY)],
    ['a text in its place', () => admin.set(KEY, 'next')],
    ['a list in its place', () => admin.del(KEY).then(() => admin.rpush(KEY, 'epoch', 'next'))],
    ['another epoch', () => admin.hset(KEY, 'epoch', 'f'.repeat(40))],
    ['no epoch', () => admin.hdel(KEY, 'epoch')],
    ['no next', () => admin.hdel(KEY, 'next')],
    ['a next that is a word', () => admin.hset(KEY, 'next', 'soon')],
    ['an empty next', () => admin.hset(KEY, 'next', '')],
    ['a next below zero', () => admin.hset(KEY, 'next', '-1')],
    ['a next that is no number', () => admin.hset(KEY, 'next', 'nan')],
    ['a next without end', () => admin.hset(KEY, 'next', 'inf')],
    ['a next before all time', () => admin.hset(KEY, 'next', '-inf')],
    [
      'a next in ten years',
      async () => admin.hset(KEY, 'next', (await redisNowMs()) + 10 * 365 * 86_400_000),
    ],
    ['a next in an hour', async () => admin.hset(KEY, 'next', (await redisNowMs()) + 3_600_000)],
  ])('gives none before all are over after %s', async (_what, spoil) => {
    await beginState();
    await askAll();
    await spoil();
    await expectQuarantine();
    expect(await admin.hkeys(KEY)).toEqual(['epoch', 'next']);
  });

  it('is begun without asking for a slot, so that the time runs', async () => {
    const begun = await ask(KEY, question({ isSlotWanted: false }));
    expect(begun).toMatchObject({ outcome: 'none', atMs: begun.nowMs + QUARANTINE_MS });
    expect(await nextFreeMs()).toBe(begun.atMs);
  });

  it('gives slots again after the time, as the horizon comes near', async () => {
    const { atMs } = await ask(KEY, question({ isSlotWanted: false }));
    await expect
      .poll(() => ask(KEY, question()), { timeout: 10_000 })
      .toMatchObject({ outcome: 'slot', atMs });
  });
});

describe('the script', () => {
  it('is sent again to a server that has forgotten it', async () => {
    await beginState();
    const first = await ask(KEY, question());
    await admin.script('FLUSH');
    const second = await ask(KEY, question());
    expect(second.outcome).toBe('slot');
    expectNext(second, first.atMs);
  });

  it('does without INFO where that is not allowed', async () => {
    vi.spyOn(console, 'warn').mockReturnValue();
    await admin.call('ACL', 'SETUSER', 'limited', 'on', '>password', '~*', '+@all', '-info');
    const limited = connectRedis(`${server.url}?username=limited&password=password`, PATIENCE_MS);
    const limitedAsk = slotScript(limited);
    await expect
      .poll(() => limitedAsk(KEY, question()).catch(String), { timeout: 10_000 })
      .toMatchObject({ outcome: 'none' });
    await admin.hset(KEY, 'next', 0);
    const reply = await limitedAsk(KEY, question());
    expect(reply).toMatchObject({ outcome: 'slot', atMs: reply.nowMs });
    limited.close();
  });

  it('rejects what is not its answer', async () => {
    const nonsense = { ...connection, client: { evalsha: () => Promise.resolve(['1', 2, 3]) } };
    await expect(slotScript(nonsense as unknown as RedisConnection)(KEY, question())).rejects.toThrow(
      'got something else',
    );
  });
});

describe('a time before which nobody may call', () => {
  it('holds for everybody, and makes no slot come sooner', async () => {
    await beginState();
    const untilMs = (await redisNowMs()) + 2_000;
    expect(await ask(KEY, question({ notBeforeMs: untilMs }))).toMatchObject({
      outcome: 'slot',
      atMs: untilMs,
    });
    expectNext(await ask(KEY, question({ notBeforeMs: untilMs })), untilMs);
  });

  it('is told without asking for a slot', async () => {
    await beginState();
    const untilMs = (await redisNowMs()) + 2_000;
    await ask(KEY, question({ notBeforeMs: untilMs, isSlotWanted: false }));
    expect(await ask(KEY, question())).toMatchObject({ outcome: 'slot', atMs: untilMs });
  });

  it('is never so far off that the state would not be believed', async () => {
    await beginState();
    const told = await ask(KEY, question({ notBeforeMs: Number.MAX_SAFE_INTEGER, isSlotWanted: false }));
    expect(told.atMs - told.nowMs).toBeLessThanOrEqual(20_000 + SPACING_MS);
    const { atMs } = await ask(KEY, question());
    expect(atMs).toBe(told.atMs);
  });
});

describe('replicas with numbers', () => {
  const LEASE_MS = 6_050;
  const COUNT = 4;
  const of = (index: number, leaseMs = LEASE_MS): Partial<SlotQuestion> => ({
    replica: { index, count: COUNT, leaseMs, redisAheadMs: 0 },
  });

  it('have slots at any time while all of them are there', async () => {
    await beginState();
    for (const index of [1, 2, 3]) {
      await ask(KEY, question({ ...of(index), isSlotWanted: false }));
    }
    const [first, second] = await askAll(of(0));
    expect(first).toMatchObject({ outcome: 'slot', atMs: first!.nowMs });
    expectNext(second!, first!.atMs);
  });

  /** Whose slot on the wall clock a time is; null when it is not on a mark. */
  const ownerOf = (atMs: number): number | null =>
    atMs % SPACING_MS === 0 ? (atMs / SPACING_MS) % COUNT : null;

  it.each([
    ['has never been seen', []],
    ['has not been seen for the length of a lease', [['seen:2', -LEASE_MS - 1]]],
    ['will have been away for a lease when the slot comes', [['seen:2', -LEASE_MS + SPACING_MS - 1]]],
    ['was seen in the future', [['seen:2', 60_000]]],
    ['was seen at no time', [['seen:2', Number.NaN]]],
  ] as const)('get no slot that is near one of a replica that %s', async (_what, seen) => {
    await beginState();
    for (const index of [1, 3]) {
      await ask(KEY, question({ ...of(index), isSlotWanted: false }));
    }
    const nowMs = await redisNowMs();
    for (const [field, ms] of seen) {
      await admin.hset(KEY, field, nowMs + ms);
    }
    const given = (await askAll(of(0))).slice(0, -1);
    expect(given.length).toBeGreaterThanOrEqual(3);
    given.forEach(({ atMs }) => expect([0, 1, 3]).toContain(ownerOf(atMs)));
  });

  it('get the slots of one that is away up to the end of its lease', async () => {
    await beginState();
    for (const index of [1, 2, 3]) {
      await ask(KEY, question({ ...of(index), isSlotWanted: false }));
    }
    const seenMs = (await redisNowMs()) - LEASE_MS + 3 * SPACING_MS;
    await admin.hset(KEY, 'seen:2', seenMs);
    const given = (await askAll(of(0))).slice(0, -1);
    const before = given.filter(({ atMs }) => atMs + SPACING_MS <= seenMs + LEASE_MS);
    const after = given.filter(({ atMs }) => atMs + SPACING_MS > seenMs + LEASE_MS);
    expect(before.length).toBeGreaterThanOrEqual(1);
    expect(after.length).toBeGreaterThanOrEqual(1);
    after.forEach(({ atMs }) => expect([0, 1, 3]).toContain(ownerOf(atMs)));
    const times = given.map(({ atMs }) => atMs);
    // Where the marks of the wall clock are is not known better than this.
    const closestMs = SPACING_MS - SPACING_MS / 25;
    times.slice(1).forEach((atMs, index) => expect(atMs - times[index]!).toBeGreaterThanOrEqual(closestMs));
  });

  it('have their own slots when all others are away, and no more', async () => {
    await beginState();
    const replies = await askAll(of(3));
    const given = replies.slice(0, -1);
    expect([1, 2]).toContain(given.length);
    replies.forEach(({ atMs, outcome }) => outcome === 'slot' && expect(ownerOf(atMs)).toBe(3));
  });

  it('miss no mark because they are a few milliseconds apart in where it is', async () => {
    await beginState();
    const slow = (await askAll(of(0))).at(0)!;
    // Its own are the only ones, and in Redis' time they are a little earlier for one whose clock is a little ahead.
    const replica = { index: 0, count: COUNT, leaseMs: LEASE_MS, redisAheadMs: -5 };
    await admin.hset(KEY, 'next', slow.atMs + SPACING_MS * COUNT);
    const fast = await ask(KEY, question({ replica }));
    expect(fast.atMs).toBe(slow.atMs + SPACING_MS * COUNT - 5);
  });

  it('share all slots again when the one that was away is back', async () => {
    await beginState();
    for (const index of [1, 3]) {
      await ask(KEY, question({ ...of(index), isSlotWanted: false }));
    }
    const backMs = await redisNowMs();
    // Its last wall-clock slot is kept free.
    await ask(KEY, question({ ...of(2), isSlotWanted: false, notBeforeMs: backMs + 2_500 }));
    expect(await ask(KEY, question(of(0)))).toMatchObject({ outcome: 'slot', atMs: backMs + 2_500 });
  });

  it('are forgotten with a state that is lost', async () => {
    await beginState({ 'seen:0': await redisNowMs(), next: 'lost' });
    await ask(KEY, question(of(1)));
    expect((await admin.hkeys(KEY)).toSorted()).toEqual(['epoch', 'next', 'seen:1']);
  });
});
