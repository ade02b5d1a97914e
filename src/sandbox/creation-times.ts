import type { Random } from './random.ts';
import { DAY_MS, wholeSecond } from './times.ts';

const OLDEST_DAYS = 80;

/** How steeply the density rises towards now: with 3, one job in twelve is younger than an hour. */
const STEEPNESS = 3;

/** Creation times of `count` jobs before `startMs`, oldest first; now and then a group shares one. */
export function creationTimes(random: Random, count: number, startMs: number): readonly number[] {
  const times: number[] = [];
  while (times.length < count) {
    const ageMs = OLDEST_DAYS * DAY_MS * random.fraction() ** STEEPNESS;
    const group = random.chance(0.05) ? random.integer(2, 4) : 1;
    times.push(...Array.from({ length: group }, () => wholeSecond(startMs - ageMs)));
  }
  return times.slice(0, count).sort((left, right) => left - right);
}

/** Spreads `pins` evenly over `count` places: the place → what is pinned there. */
export function spreadPins<T>(pins: readonly T[], count: number): ReadonlyMap<number, T> {
  const stride = count / pins.length;
  return new Map(pins.map((pin, index) => [Math.floor(index * stride + stride / 2), pin]));
}
