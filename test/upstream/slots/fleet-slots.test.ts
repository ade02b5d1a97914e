import { describe, expect, it, onTestFinished } from 'vitest';
import { connectRedis, type RedisConnection } from '../../../src/lib/redis.ts';
import { createFleetSlots, type OpenSlots } from '../../../src/upstream/slots/fleet-slots.ts';
import type { Fleet } from '../../../src/upstream/slots/fleet.ts';
import type { NoSlot, Slot } from '../../../src/upstream/slots/slots.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const SPACING_MS = 550;
const START_MS = SPACING_MS * 4 * 1_000_000;
const FLEET: Fleet = { replicaIndex: 1, replicaCount: 4 };
/** The horizon, one spacing, and two and a half heartbeats. */
const LEASE_MS = 3_000 + SPACING_MS + 2_500;

const isSlot = (answer: Slot | NoSlot): answer is Slot => 'expiresAtMs' in answer;

/** A Redis that is not there, which is known without delay. */
function noRedis(): RedisConnection {
  const redis = connectRedis('/nowhere/redis.socket', 250);
  onTestFinished(() => {
    redis.close();
  });
  return redis;
}

function slotsOf(clock: FakeClock, redis: RedisConnection | null, fleet: Fleet | null): OpenSlots {
  const slots = createFleetSlots({ redis, fleet, budget: 'budget', spacingMs: SPACING_MS, clock });
  onTestFinished(() => {
    slots.close();
  });
  return slots;
}

describe('the slots of a budget', () => {
  it('are a process’s own without Redis and without a number', async () => {
    const clock = new FakeClock(START_MS + 7);
    const slots = slotsOf(clock, null, null);
    expect(await slots.reserve()).toMatchObject({ atMs: START_MS + 7 });
    slots.used(START_MS + 7);
    expect(await slots.reserve()).toMatchObject({ atMs: START_MS + 7 + SPACING_MS });
    slots.pushBack(2_000);
    expect(await slots.reserve()).toMatchObject({ atMs: START_MS + 7 + 2_000 });
  });

  it('are on the wall clock without Redis and with a number, from the start', async () => {
    const slots = slotsOf(new FakeClock(START_MS), null, FLEET);
    expect(await slots.reserve()).toMatchObject({ atMs: START_MS + SPACING_MS });
    expect(await slots.reserve()).toMatchObject({ atMs: START_MS + 5 * SPACING_MS });
    slots.pushBack(4_000);
    expect(await slots.reserve()).toMatchObject({ atMs: START_MS + 9 * SPACING_MS });
  });

  it('are none while a Redis is away and replicas have no numbers', async () => {
    const clock = new FakeClock(START_MS);
    const slots = slotsOf(clock, noRedis(), null);
    for (let second = 0; second < 20; second += 1) {
      expect(isSlot(await slots.reserve())).toBe(false);
      await clock.advance(1_000);
    }
    expect(clock.sleeping).toBe(0);
  });

  it('tell callers not to wait once a Redis has been away for longer than a restart takes', async () => {
    const clock = new FakeClock(START_MS);
    const slots = slotsOf(clock, noRedis(), null);
    expect(await slots.reserve()).toEqual({
      askAgainAtMs: START_MS + 1_000,
      notBeforeMs: START_MS + 1_000,
    });
    await clock.advance(4_201);
    expect(await slots.reserve()).toEqual({
      askAgainAtMs: START_MS + 5_201,
      notBeforeMs: START_MS + 24_201,
    });
  });

  it('tell them so too of a Redis that is there and cannot write', async () => {
    const clock = new FakeClock(START_MS);
    const time = (): unknown => [clock.now(), 'late', clock.now()];
    const evalsha = (_digest: string, _keys: number, _key: string, ...args: readonly number[]): unknown =>
      args[1] === 0 ? Promise.resolve(time()) : Promise.reject(new Error('OOM command not allowed'));
    const redis = { ...noRedis(), client: { evalsha } } as unknown as RedisConnection;
    const slots = slotsOf(clock, redis, null);
    for (const passMs of [2_000, 2_000, 1_000]) {
      expect(await slots.reserve()).toMatchObject({ notBeforeMs: clock.now() + 1_000 });
      await clock.advance(passMs);
    }
    expect(await slots.reserve()).toMatchObject({ notBeforeMs: clock.now() + 20_000 });
  });

  it('are on the wall clock while a Redis is away, from when others can no longer have been given them', async () => {
    const clock = new FakeClock(START_MS);
    const slots = slotsOf(clock, noRedis(), FLEET);
    expect(isSlot(await slots.reserve())).toBe(false);
    await clock.advance(LEASE_MS - 1);
    expect(isSlot(await slots.reserve())).toBe(false);
    await clock.advance(1);
    // The first of its own from then on: the 13th.
    expect(await slots.reserve()).toEqual({
      atMs: START_MS + 13 * SPACING_MS,
      expiresAtMs: START_MS + 13 * SPACING_MS + 40,
    });
    slots.pushBack(3_000);
    expect(await slots.reserve()).toMatchObject({ atMs: START_MS + 17 * SPACING_MS });
  });

  it('leave no timer behind when they are closed', async () => {
    const clock = new FakeClock(START_MS);
    const slots = slotsOf(clock, noRedis(), FLEET);
    expect(clock.sleeping).toBe(1);
    await clock.advance(10_000);
    expect(clock.sleeping).toBe(1);
    slots.close();
    expect(clock.sleeping).toBe(0);
  });

  it('leave no listener behind when they are closed', async () => {
    const redis = noRedis();
    const before = redis.client.listenerCount('ready');
    const slots = Array.from({ length: 20 }, () => slotsOf(new FakeClock(), redis, FLEET));
    expect(redis.client.listenerCount('ready')).toBe(before + 20);
    slots.forEach((each) => {
      each.close();
    });
    expect(redis.client.listenerCount('ready')).toBe(before);
    await settle();
  });
});
