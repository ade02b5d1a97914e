import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectRedis } from '../../../src/lib/redis.ts';
import {
  createRedisSlots,
  type RedisSlotsOptions,
  type SharedSlots,
} from '../../../src/upstream/slots/redis-slots.ts';
import type { NoSlot, Slot } from '../../../src/upstream/slots/slots.ts';
import { MovedClock } from '../../support/moved-clock.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

const BUDGET = 'AKIDcanary https://batch.tencentcloudapi.com DescribeJobs';
const KEY = `jobs-gateway:slots:{${createHash('sha256').update(BUDGET).digest('hex')}}`;
const SPACING_MS = 550;
/** For what happens soon, on a machine that is busy. */
const SOON = { timeout: 15_000, interval: 20 };

let server: TestRedis;
let clock: MovedClock;
/** For looking at the state and spoiling it. */
let admin: Redis;

beforeEach(async () => {
  server = await startRedis();
  clock = new MovedClock();
  admin = new Redis(server.url);
  admin.on('error', () => undefined);
});

afterEach(async () => {
  admin.disconnect();
  await server.close();
});

function slotsOf(change: Partial<RedisSlotsOptions> = {}, url = server.url, timeoutMs = 1_000): SharedSlots {
  const redis = connectRedis(url, timeoutMs);
  const slots = createRedisSlots({
    redis,
    budget: BUDGET,
    spacingMs: SPACING_MS,
    fleet: null,
    clock,
    ...change,
  });
  onTestFinished(() => {
    slots.close();
    redis.close();
  });
  return slots;
}

/** A state that knows of all slots that are out: none. */
async function beginState(): Promise<void> {
  const epoch = /run_id:(\w+)/.exec(await admin.info('server'))?.[1] ?? '';
  await admin.hset(KEY, { epoch, next: 0 });
}

async function nextFreeMs(): Promise<number> {
  return Number(await admin.hget(KEY, 'next'));
}

const isSlot = (answer: Slot | NoSlot): answer is Slot => 'expiresAtMs' in answer;

/** The next slot, asked for as often as it takes. */
async function slotFrom(slots: SharedSlots): Promise<Slot> {
  let answer = await slots.reserve();
  await expect
    .poll(async () => {
      answer = isSlot(answer) ? answer : await slots.reserve();
      return isSlot(answer);
    }, SOON)
    .toBe(true);
  return answer as Slot;
}

/** What Redis says once it is there: when asking again makes sense, and that not before long. */
async function answeredNoSlot(slots: SharedSlots): Promise<NoSlot> {
  let answer = await slots.reserve();
  await expect
    .poll(async () => {
      answer = await slots.reserve();
      return !isSlot(answer) && answer.notBeforeMs - answer.askAgainAtMs;
    }, SOON)
    .toBeGreaterThan(2_000);
  return answer as NoSlot;
}

describe('slots in Redis', () => {
  it('are told on the clock of who asks, wherever Redis’ stands', async () => {
    await beginState();
    clock.movedMs = 3_600_000;
    const askedAtMs = clock.now();
    const first = await slotFrom(slotsOf());
    expect(first.atMs).toBeGreaterThanOrEqual(askedAtMs);
    expect(first.atMs).toBeLessThanOrEqual(clock.now() + SPACING_MS);
    expect(first.expiresAtMs - first.atMs).toBeLessThanOrEqual(40);
  });

  it('are those of one line, whoever asks', async () => {
    await beginState();
    const [one, other] = [slotsOf(), slotsOf()];
    const ends: number[] = [];
    for (const slots of [one, other, other, one]) {
      await slotFrom(slots);
      ends.push(await nextFreeMs());
    }
    ends.slice(1).forEach((ms, index) => expect(ms - ends[index]!).toBeGreaterThanOrEqual(SPACING_MS));
  });

  it('have a state as soon as there is a connection, before anybody asks for one', async () => {
    slotsOf();
    await expect.poll(() => admin.exists(KEY), SOON).toBe(1);
    expect((await nextFreeMs()) - Date.now()).toBeLessThanOrEqual(4_200);
  });

  it('let Redis know neither the budget nor anything else that is a secret', async () => {
    const slots = slotsOf({ fleet: { replicaIndex: 1, replicaCount: 2 } });
    await answeredNoSlot(slots);
    expect(await admin.keys('*')).toEqual([KEY]);
    expect(Object.keys(await admin.hgetall(KEY)).toSorted()).toEqual(['epoch', 'next', 'seen:1']);
  });

  it('are none for as long as lost ones may be out', async () => {
    const slots = slotsOf();
    const answer = await answeredNoSlot(slots);
    expect(answer.notBeforeMs).toBeLessThanOrEqual(clock.now() + 4_200);
    expect(answer.askAgainAtMs).toBeLessThan(answer.notBeforeMs - 2_000);
  });
});

describe('an upstream that wants no calls', () => {
  it('keeps everybody’s slots back', async () => {
    await beginState();
    const [one, other] = [slotsOf(), slotsOf()];
    await slotFrom(one);
    const untilMs = Date.now() + 2_000;
    one.pushBack(2_000);
    await expect.poll(nextFreeMs, SOON).toBeGreaterThanOrEqual(untilMs);
    expect((await slotFrom(other)).expiresAtMs).toBeGreaterThanOrEqual(untilMs);
  });

  it('does so also when Redis hears of it late', async () => {
    await beginState();
    const slots = slotsOf({}, server.url, 250);
    await slotFrom(slots);
    server.stop();
    const untilMs = Date.now() + 15_000;
    slots.pushBack(15_000);
    await sleep(400);
    server.cont();
    await expect
      .poll(async () => {
        await slots.reserve();
        return nextFreeMs();
      }, SOON)
      .toBeGreaterThanOrEqual(untilMs);
  });
});

describe('a Redis that does not answer', () => {
  /** No slot, and when Redis is tried again. */
  async function expectNoSlot(slots: SharedSlots): Promise<NoSlot> {
    const answer = await slots.reserve();
    if (isSlot(answer)) {
      throw new Error('expected no slot');
    }
    expect(answer.askAgainAtMs).toBeLessThanOrEqual(clock.now() + 1_000);
    return answer;
  }

  it('gives no slot, and is found when it comes', async () => {
    await server.kill9();
    const slots = slotsOf();
    await expectNoSlot(slots);
    await server.restart();
    const answer = await answeredNoSlot(slots);
    expect(answer.notBeforeMs).toBeLessThanOrEqual(clock.now() + 4_200);
  });

  it('makes nobody wait who has no time for it once it has been away for longer than a restart takes', async () => {
    await server.kill9();
    const slots = slotsOf();
    const soon = await expectNoSlot(slots);
    expect(soon.notBeforeMs).toBe(soon.askAgainAtMs);
    clock.movedMs += 4_300;
    const late = await expectNoSlot(slots);
    expect(late.notBeforeMs - clock.now()).toBeGreaterThan(15_000);
    expect(late.askAgainAtMs - clock.now()).toBeLessThanOrEqual(1_000);
  });

  it('is asked nothing for a second, and takes no slot for what nobody waits for any more', async () => {
    await beginState();
    const slots = slotsOf({}, server.url, 250);
    await slotFrom(slots);
    const before = await nextFreeMs();
    server.stop();
    await expectNoSlot(slots);
    // Far less than if each of them had been given up after its time.
    const askedAtMs = performance.now();
    for (let asked = 0; asked < 20; asked += 1) {
      await expectNoSlot(slots);
    }
    expect(performance.now() - askedAtMs).toBeLessThan(2_500);
    await sleep(300);
    server.cont();
    expect(await nextFreeMs()).toBe(before);
    const next = await slotFrom(slots);
    expect(next.atMs).toBeLessThanOrEqual(clock.now() + SPACING_MS);
  });

  it('is one that accepts no password of ours: no slot, and not a word of it', async () => {
    const written: string[] = [];
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
    }
    for (const name of ['log', 'info', 'warn', 'error'] as const) {
      vi.spyOn(console, name).mockImplementation((...args) => void written.push(args.join(' ')));
    }
    await admin.config('SET', 'requirepass', 'right');
    const slots = slotsOf({}, `${server.url}?password=CANARY`);
    for (let asked = 0; asked < 10; asked += 1) {
      await expectNoSlot(slots);
      await sleep(50);
    }
    expect(written).toEqual([]);
  });

  it('is one that cannot write', async () => {
    await beginState();
    const slots = slotsOf();
    await slotFrom(slots);
    await admin.config('SET', 'maxmemory', '1');
    await expectNoSlot(slots);
    await admin.config('SET', 'maxmemory', '0');
    expect(isSlot(await slotFrom(slots))).toBe(true);
  });

  it('is tried again after a second, also when the clock was set back meanwhile', async () => {
    const slots = slotsOf();
    await answeredNoSlot(slots);
    await admin.config('SET', 'maxmemory', '1');
    await expectNoSlot(slots);
    clock.movedMs = -3_600_000;
    await admin.config('SET', 'maxmemory', '0');
    expect(isSlot(await answeredNoSlot(slots))).toBe(false);
  });
});

describe('a clock that is set', () => {
  it.each([3_600_000, -3_600_000, 5_000])(
    'by %i ms keeps all slots back until those that are out are over',
    async (ms) => {
      await beginState();
      const slots = slotsOf();
      await slotFrom(slots);
      clock.movedMs = ms;
      expect(isSlot(await slots.reserve())).toBe(false);
      const untilMs = Date.now() + 4_000;
      await expect
        .poll(async () => {
          await slots.reserve();
          return nextFreeMs();
        }, SOON)
        .toBeGreaterThanOrEqual(untilMs);
    },
  );
});
