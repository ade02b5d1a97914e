import { expect, it } from 'vitest';
import { RedisTime } from '../../src/lib/redis-time.ts';

it('knows nothing without a reply', () => {
  const time = new RedisTime();
  expect([time.earliestHere(1_000), time.latestHere(1_000)]).toEqual([-Infinity, Infinity]);
  expect([time.earliestThere(1_000), time.latestThere(1_000)]).toEqual([-Infinity, Infinity]);
});

it('knows the difference of the clocks to the length of the round trip, and a tick on each side', () => {
  const time = new RedisTime();
  expect(time.observe(5_000, 1_000, 1_010)).toBe(0);
  expect([time.earliestHere(6_000), time.latestHere(6_000)]).toEqual([1_999, 2_011]);
  expect([time.earliestThere(2_000), time.latestThere(2_000)]).toEqual([5_989, 6_001]);
});

it('keeps of several replies what all of them allow', () => {
  const time = new RedisTime();
  time.observe(5_000, 1_000, 1_010);
  // Slow on the way there, then slow on the way back, each quick on the other.
  expect(time.observe(5_100, 1_050, 1_102)).toBe(0);
  expect(time.observe(5_200, 1_198, 1_290)).toBe(0);
  expect([time.earliestThere(0), time.latestThere(0)]).toEqual([3_997, 4_001]);
});

it('holds the true difference whatever the delays', () => {
  const time = new RedisTime();
  const aheadMs = 4_321.6;
  for (let round = 0; round < 1_000; round += 1) {
    const sentAt = 10_000 + round * 97.3;
    const askedAt = sentAt + (round % 7) * 3.1;
    const receivedAt = askedAt + (round % 5) * 4.7;
    expect(time.observe(Math.floor(askedAt + aheadMs), Math.floor(sentAt), Math.floor(receivedAt))).toBe(0);
  }
  expect(time.earliestThere(0)).toBeLessThanOrEqual(aheadMs);
  expect(time.latestThere(0)).toBeGreaterThanOrEqual(aheadMs);
  expect(time.latestThere(0) - time.earliestThere(0)).toBeLessThanOrEqual(3);
});

it('tells by how much a reply contradicts those before, and believes the last one', () => {
  const time = new RedisTime();
  time.observe(5_000, 1_000, 1_000);
  expect(time.observe(65_000, 1_000, 1_000)).toBe(59_998);
  expect([time.earliestThere(1_000), time.latestThere(1_000)]).toEqual([64_999, 65_001]);
  expect(time.observe(5_000, 1_000, 1_000)).toBe(59_998);
  expect([time.earliestThere(1_000), time.latestThere(1_000)]).toEqual([4_999, 5_001]);
});
