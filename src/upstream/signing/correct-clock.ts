import type { Clock } from '../../lib/clock.ts';
import { answeredAtMsFrom } from '../answer.ts';
import { type RefusedAttempt, secondAttempt, type SecondAttempt } from './second-attempt.ts';

/** The layer, and the time that it lets `sign` sign with. */
export interface ClockCorrection extends SecondAttempt {
  /** The upstream's time as far as it is known, milliseconds since the epoch: the machine's until a signature was refused for it. */
  readonly signingClock: Pick<Clock, 'now'>;
}

/** Reliability F20. Whose clock is further off has more to repair than signatures. */
const MAX_OFFSET_MS = 3_600_000;
/** `cos-signature.md` section 5. With less between the clocks, the time is not what is wrong: every signature allows for that. */
const MIN_CORRECTION_MS = 30_000;

/**
 * Signs by the upstream's clock where the machine's is off (reliability U37 and F20). When an attempt is refused for its
 * time, the `Date` of that answer tells how far the clocks are apart: the call is tried once more with the time corrected,
 * and so is every later one of this origin from the start, until the upstream refuses that too. Clocks more than an hour
 * apart are not corrected, and the error, which says to set the machine's clock, stays. Costs one call to the upstream for
 * each correction; calls refused side by side are each tried once more.
 */
export function correctClock(clock: Clock): ClockCorrection {
  let offsetMs = 0;

  const mend = ({ signedWith, answer }: RefusedAttempt<number>): boolean => {
    if (differ(offsetMs, signedWith)) {
      // Another call, refused at the same time, has corrected it meanwhile.
      return true;
    }
    const answeredAtMs = answeredAtMsFrom(answer.headers);
    if (answeredAtMs === null) {
      return false;
    }
    const measuredMs = answeredAtMs - answer.receivedAtMs;
    if (Math.abs(measuredMs) > MAX_OFFSET_MS || !differ(measuredMs, signedWith)) {
      return false;
    }
    offsetMs = measuredMs;
    return true;
  };

  return {
    ...secondAttempt({ remedy: 'CORRECT_CLOCK', clock, signedWith: () => offsetMs, mend }),
    signingClock: { now: () => clock.now() + offsetMs },
  };
}

function differ(oneMs: number, otherMs: number): boolean {
  return Math.abs(oneMs - otherMs) >= MIN_CORRECTION_MS;
}
