import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { SimulatedFleet, SPACING_MS } from './simulated-fleet.ts';

/** How long a replica has to hear nothing of Redis before it uses its wall-clock slots, with the wait for an answer. */
const ALONE_AFTER_MS = 6_500;

let server: TestRedis;
let redis: Redis;
let fleet: SimulatedFleet;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});

afterAll(async () => {
  redis.disconnect();
  await server.close();
});

beforeEach(async () => {
  await redis.flushall();
});

afterEach(async () => {
  await fleet.close();
});

/** A fleet whose replicas always have more calls than there are slots, from when the first of them may leave. */
async function busyFleet(replicas: number, isNumbered: boolean, seed = 1, idle = 0): Promise<SimulatedFleet> {
  fleet = new SimulatedFleet({ redis, seed, replicas, isNumbered, idle });
  fleet.beginRedis();
  await fleet.advance(5_000);
  return fleet;
}

/** Calls a second over the next `seconds`. */
async function rateOver(seconds: number): Promise<number> {
  const before = fleet.arrivals.length;
  await fleet.advance(seconds * 1_000);
  return (fleet.arrivals.length - before) / seconds;
}

/**
 * Never more than two calls in a second. Slots are used within 40 ms, replicas' clocks differ by 10, and by up to a
 * twenty-fifth of the spacing they may in what they take for a mark of the wall clock.
 */
function expectBudgetKept(): void {
  const { arrivals } = fleet;
  const distances = arrivals.slice(1).map((atMs, index) => atMs - arrivals[index]!);
  expect(Math.min(...distances)).toBeGreaterThanOrEqual(SPACING_MS - 40 - 10 - SPACING_MS / 25);
  const inOneSecond = arrivals.map(
    (atMs, index) => arrivals.slice(index).filter((other) => other < atMs + 1_000).length,
  );
  expect(Math.max(...inOneSecond)).toBeLessThanOrEqual(2);
}

describe.each([
  ['with numbers', true],
  ['without numbers', false],
])('a fleet of four replicas %s', (_what, isNumbered) => {
  it('has nearly all of the budget', async () => {
    await busyFleet(4, isNumbered);
    expect(await rateOver(60)).toBeGreaterThan(1.5);
    expectBudgetKept();
  });

  it('calls nobody while slots may be out of which Redis has lost the memory, and goes on after', async () => {
    await busyFleet(4, isNumbered);
    await fleet.advance(5_000);
    await fleet.endRedis();
    const endedMs = fleet.nowMs;
    await fleet.advance(300);
    fleet.beginRedis();
    const begunMs = fleet.nowMs;
    await fleet.advance(10_000);
    expect(fleet.arrivals.filter((atMs) => atMs > endedMs + 3_100 && atMs < begunMs + 4_100)).toEqual([]);
    expect(await rateOver(20)).toBeGreaterThan(1.5);
    expectBudgetKept();
  });

  it('waits for no slot that was given to nobody while Redis stood still', async () => {
    await busyFleet(4, isNumbered);
    fleet.stopRedis();
    await fleet.advance(4_000);
    fleet.contRedis();
    const contMs = fleet.nowMs;
    await fleet.advance(3_000);
    expect(fleet.arrivals.find((atMs) => atMs > contMs)! - contMs).toBeLessThan(2_000);
    expectBudgetKept();
  });

  it.each([11, 12, 13, 14])('keeps the budget whatever fails, in the order of chance %i', async (seed) => {
    await busyFleet(4, isNumbered, seed);
    const { random } = fleet;
    for (let failure = 0; failure < 10; failure += 1) {
      const index = Math.floor(random() * 4);
      const one = fleet.replicas[index]!;
      const lastsMs = Math.round(random() < 0.5 ? 2_000 * random() : 15_000 * random());
      const ways: (readonly [begin: () => unknown, end: () => unknown])[] = [
        [() => fleet.stopRedis(), () => fleet.contRedis()],
        [() => fleet.endRedis(), () => fleet.beginRedis()],
        [() => redis.flushall(), () => undefined],
        [() => one.cut(), () => one.heal()],
        // Lost for longer than this failure lasts.
        [() => one.cut(), () => undefined],
        [() => undefined, () => fleet.replicas.forEach((replica) => replica.heal())],
        [() => one.slots.pushBack(lastsMs), () => undefined],
        [() => fleet.replace(index), () => undefined],
      ];
      const [begin, end] = ways[Math.floor(random() * ways.length)]!;
      await begin();
      await fleet.advance(lastsMs);
      await end();
      await fleet.advance(Math.round(3_000 * random()));
    }
    expectBudgetKept();
    expect(fleet.arrivals.length).toBeGreaterThan(20);
  });
});

describe('a fleet with numbers', () => {
  it('goes on without Redis, each replica in its own slots', async () => {
    await busyFleet(4, true);
    fleet.stopRedis();
    await fleet.advance(ALONE_AFTER_MS);
    expect(await rateOver(20)).toBeGreaterThan(1.5);
    fleet.contRedis();
    expect(await rateOver(20)).toBeGreaterThan(1.5);
    expectBudgetKept();
  });

  it('loses nothing when one replica does not reach Redis: it has its own slots, and the others the rest', async () => {
    await busyFleet(4, true);
    fleet.replicas[2]!.cut();
    await fleet.advance(ALONE_AFTER_MS);
    expect(await rateOver(30)).toBeGreaterThan(1.5);
    fleet.replicas[2]!.heal();
    expect(await rateOver(30)).toBeGreaterThan(1.5);
    expectBudgetKept();
  });

  it('leaves nothing unused when only one replica has something to ask', async () => {
    await busyFleet(4, true, 1, 3);
    expect(await rateOver(60)).toBeGreaterThan(1.5);
    expectBudgetKept();
  });

  it.each([2, 5, 7])('leaves the slots of a replica that is gone to nobody (%i)', async (seed) => {
    await busyFleet(4, true, seed);
    fleet.replicas[2]!.close();
    await fleet.advance(ALONE_AFTER_MS);
    const rate = await rateOver(40);
    expect(rate).toBeGreaterThan(1.1);
    expect(rate).toBeLessThan(1.45);
    expectBudgetKept();
  });

  it('uses no slot of its own right after its start: the process before may have been heard by Redis', async () => {
    await redis.flushall();
    fleet = new SimulatedFleet({ redis, seed: 1, replicas: 4, isNumbered: true });
    fleet.stopRedis();
    fleet.beginRedis();
    await fleet.advance(6_000);
    expect(fleet.arrivals).toEqual([]);
    await fleet.advance(1_000);
    expect(await rateOver(20)).toBeGreaterThan(1.5);
    expectBudgetKept();
  });
});

describe('a fleet without numbers', () => {
  it('makes no call while there is no Redis, and tells callers at once after the time that a restart takes', async () => {
    await busyFleet(4, false);
    fleet.stopRedis();
    await fleet.advance(3_200);
    expect(await rateOver(20)).toBe(0);
    expect(fleet.refusals.length).toBeGreaterThan(4 * 4 * 20);
    fleet.contRedis();
    expect(await rateOver(20)).toBeGreaterThan(1.5);
    expectBudgetKept();
  });
});
