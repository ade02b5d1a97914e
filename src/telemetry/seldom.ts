import type { Clock } from '../lib/clock.ts';

/**
 * Does something at once and then no more often than every so many milliseconds, however often it is asked to; what it does
 * then is handed how much was asked for in vain since.
 */
export function atMostEvery(
  everyMs: number,
  clock: Clock,
): (weight: number, act: (untold: number) => void) => void {
  let lastAtMs = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return (weight, act) => {
    const sinceMs = clock.now() - lastAtMs;
    // A clock that was set back is no reason to be silent.
    if (sinceMs >= 0 && sinceMs < everyMs) {
      untold += weight;
      return;
    }
    act(untold);
    lastAtMs = clock.now();
    untold = 0;
  };
}
