import type { Clock } from '../../lib/clock.ts';

/** How much failure is too much. */
export interface FailureLimits {
  /** So many failures in a row; the only rule that ever applies to an upstream that is asked twice a second. */
  readonly consecutiveFailures: number;
  /** Or this share of at least `minimumAttempts` attempts within `windowMs`. */
  readonly failurePercent: number;
  readonly minimumAttempts: number;
  readonly windowMs: number;
}

export interface FailureCount {
  /** Counts a failure; gives whether that was too much. */
  failed(): boolean;
  succeeded(): void;
  /** Forgets all. */
  reset(): void;
}

/** The attempts of one part of the window. */
interface Part {
  readonly index: number;
  attempts: number;
  failures: number;
}

/** The window moves on by such a part of it: what is told apart is bounded, however many attempts there are. */
const PARTS = 10;

/** Counts how the attempts at one upstream end (reliability 2.1, row "Breakers"). */
export function createFailureCount(limits: FailureLimits, clock: Clock): FailureCount {
  const { consecutiveFailures, failurePercent, minimumAttempts, windowMs } = limits;
  let inARow = 0;
  let parts: Part[] = [];

  function currentPart(): Part {
    const index = Math.floor((clock.now() * PARTS) / windowMs);
    // A wall clock that is set back leaves parts in the future: they are as old as those of long ago.
    parts = parts.filter((part) => part.index > index - PARTS && part.index <= index);
    const last = parts.at(-1);
    if (last?.index === index) {
      return last;
    }
    const part = { index, attempts: 0, failures: 0 };
    parts.push(part);
    return part;
  }

  const sum = (of: 'attempts' | 'failures'): number => parts.reduce((total, part) => total + part[of], 0);

  return {
    failed: () => {
      inARow += 1;
      const part = currentPart();
      part.attempts += 1;
      part.failures += 1;
      const attempts = sum('attempts');
      const isMostlyFailing =
        attempts >= minimumAttempts && sum('failures') * 100 >= failurePercent * attempts;
      return inARow >= consecutiveFailures || isMostlyFailing;
    },
    succeeded: () => {
      inARow = 0;
      currentPart().attempts += 1;
    },
    reset: () => {
      inARow = 0;
      parts = [];
    },
  };
}
