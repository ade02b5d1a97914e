import type { Clock } from '../lib/clock.ts';

/** What retries are paid from, so that an upstream that fails is asked little more than one that works. */
export interface RetryBudget {
  /** A call is made for the first time. */
  earn(): void;
  /** Pays for one retry; false, and nothing is taken, when there is not enough. */
  spend(): boolean;
}

/** A call earns a tenth of a retry: retries are a tenth of calls (design section 3). */
const PER_CALL = 0.1;
/** And so does each second: an origin that is seldom asked could hardly ever afford one otherwise. */
const PER_MS = 0.000_1;
/** Also at the start: a bad moment is survived, and a bad day brings no storm (reliability F10). */
const CAPACITY = 10;
/** What sums of tenths may be off by. */
const ROUNDING = 1e-6;

/** One origin's budget, full at first. */
export function createRetryBudget(clock: Clock): RetryBudget {
  let credit = CAPACITY;
  let creditedAtMs = clock.now();

  const add = (amount: number): void => {
    const nowMs = clock.now();
    const passedMs = Math.max(0, nowMs - creditedAtMs);
    creditedAtMs = nowMs;
    credit = Math.min(CAPACITY, credit + amount + passedMs * PER_MS);
  };

  return {
    earn: () => {
      add(PER_CALL);
    },
    spend: () => {
      add(0);
      if (credit < 1 - ROUNDING) {
        return false;
      }
      credit -= 1;
      return true;
    },
  };
}
