import type { Random } from './random.ts';
import { DAY_MS, HOUR_MS, wholeSecond } from './times.ts';

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
  return times.slice(0, count).toSorted((left, right) => left - right);
}

/** Creation times to come, over the day after `startMs`: on average `perHour` an hour, ascending. */
export function arrivalTimes(random: Random, perHour: number, startMs: number): readonly number[] {
  const times: number[] = [];
  if (perHour <= 0) {
    return times;
  }
  let atMs = startMs;
  for (;;) {
    atMs += (2 * random.fraction() * HOUR_MS) / perHour;
    if (atMs > startMs + DAY_MS) {
      return times;
    }
    times.push(wholeSecond(atMs));
  }
}

/** Spreads `pins` evenly over `count` places: the place → what is pinned there. */
export function spreadPins<T>(pins: readonly T[], count: number): ReadonlyMap<number, T> {
  const stride = count / pins.length;
  return new Map(pins.map((pin, index) => [Math.floor(index * stride + stride / 2), pin]));
}
