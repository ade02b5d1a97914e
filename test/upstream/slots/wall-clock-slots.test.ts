import { describe, expect, it } from 'vitest';
import { createWallClockSlots, type WallClockSlots } from '../../../src/upstream/slots/wall-clock-slots.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const SPACING_MS = 550;
const START_MS = SPACING_MS * 4 * 1_000_000;

function replicas(count: number, clock: FakeClock, spacingMs = SPACING_MS): WallClockSlots[] {
  return Array.from({ length: count }, (_, replicaIndex) =>
    createWallClockSlots(spacingMs, { replicaIndex, replicaCount: count }, clock),
  );
}

describe('slots on the wall clock', () => {
  it('go round among the replicas, one spacing apart', async () => {
    const clock = new FakeClock(START_MS);
    const first = await Promise.all(replicas(4, clock).map((slots) => slots.reserve()));
    expect(first.map((slot) => ('atMs' in slot ? slot.atMs : null))).toEqual([
      START_MS,
      START_MS + 550,
      START_MS + 1_100,
      START_MS + 1_650,
    ]);
  });

  /** All slots of a minute, in the order of time. */
  function allOf(slots: readonly WallClockSlots[], clock: FakeClock): number[] {
    const untilMs = clock.now() + 60_000;
    const times = slots.map((each) => [each.next().atMs]);
    for (; clock.now() < untilMs; clock.jump(100)) {
      times.forEach((given, index) => {
        if (given.at(-1)! <= clock.now()) {
          given.push(slots[index]!.next().atMs);
        }
      });
    }
    return times.flat().toSorted((a, b) => a - b);
  }

  it.each([1, 2, 3, 4, 7])('of %i replicas that use them all are never closer than the spacing', (count) => {
    const clock = new FakeClock(START_MS + 123);
    const times = allOf(replicas(count, clock), clock);
    expect(times.length).toBeGreaterThan(100);
    times.slice(1).forEach((atMs, index) => expect(atMs - times[index]!).toBe(SPACING_MS));
  });

  it('come once each, also when asked for before and after', () => {
    const clock = new FakeClock(START_MS);
    const [slots] = replicas(2, clock) as [WallClockSlots];
    expect(slots.next().atMs).toBe(START_MS);
    expect(slots.next().atMs).toBe(START_MS + 1_100);
    clock.jump(1_100);
    expect(slots.next().atMs).toBe(START_MS + 2_200);
  });

  it('expire 40 ms later', () => {
    const [slots] = replicas(1, new FakeClock(START_MS)) as [WallClockSlots];
    const { atMs, expiresAtMs } = slots.next();
    expect(expiresAtMs - atMs).toBe(40);
  });

  it('may have a spacing that is no whole number', () => {
    const clock = new FakeClock(START_MS + 1);
    const times = allOf(replicas(3, clock, 1_100 / 3), clock);
    expect(times.length).toBeGreaterThan(100);
    times.slice(1).forEach((atMs, index) => {
      expect(Math.abs(atMs - times[index]! - 1_100 / 3)).toBeLessThanOrEqual(1);
    });
  });

  it('are left out while the upstream wants no calls, for 20 s at the most', () => {
    const clock = new FakeClock(START_MS);
    const [slots] = replicas(2, clock) as [WallClockSlots];
    slots.pushBack(1_000);
    expect(slots.next().atMs).toBe(START_MS + 1_100);
    slots.pushBack(3_600_000);
    // The first of its own from 20 s on.
    expect(slots.next().atMs).toBe(START_MS + 20_900);
  });

  it('are those of the time that a clock shows which was set back', () => {
    const clock = new FakeClock(START_MS);
    const [slots] = replicas(2, clock) as [WallClockSlots];
    slots.pushBack(20_000);
    clock.jump(-1_100 * 3_600);
    expect(slots.next().atMs).toBe(START_MS - 1_100 * 3_600);
  });
});
