import type { Clock } from '../../lib/clock.ts';
import type { Slots } from './slots.ts';

/**
 * The even spacing and a tenth more: the vendor counts arrivals, and two calls that left 500 ms apart can arrive closer
 * (reliability T2: 550 ms holds 2 per second, 500 and 525 ms do not).
 */
const SPACING_MS_AT_ONE_PER_SECOND = 1_100;

/** How far apart the calls of a budget leave. */
export function spacingOf(requestsPerSecond: number): number {
  return SPACING_MS_AT_ONE_PER_SECOND / requestsPerSecond;
}

/**
 * The slots of a budget that this process has for itself: evenly spaced from the moment at which a call really left, so a
 * process that was late brings no two calls closer together, and its slots never expire.
 */
export function createLocalSlots(spacingMs: number, clock: Clock): Slots {
  let nextAtMs = Number.NEGATIVE_INFINITY;
  /** The furthest that the next slot can be away; a wall clock set back would stop the traffic otherwise. */
  let furthestMs = spacingMs;

  const from = (atMs: number, awayMs: number): void => {
    nextAtMs = atMs + awayMs;
    furthestMs = awayMs;
  };

  return {
    spacingMs,
    reserve: () => {
      const nowMs = clock.now();
      nextAtMs = Math.min(nextAtMs, nowMs + furthestMs);
      return Promise.resolve({
        atMs: Math.max(nextAtMs, nowMs),
        expiresAtMs: Number.POSITIVE_INFINITY,
      });
    },
    used: (atMs) => {
      from(atMs, spacingMs);
    },
    pushBack: (ms) => {
      const nowMs = clock.now();
      if (nowMs + ms > nextAtMs) {
        from(nowMs, ms);
      }
    },
  };
}
