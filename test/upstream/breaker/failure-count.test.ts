import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFailureCount, type FailureLimits } from '../../../src/upstream/breaker/failure-count.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Only the share counts. */
const SHARE: FailureLimits = {
  consecutiveFailures: 1_000,
  failurePercent: 50,
  minimumAttempts: 4,
  windowMs: 1_000,
};

describe('a count of failures', () => {
  it('is too much after so many in a row', () => {
    const count = createFailureCount(
      { ...SHARE, consecutiveFailures: 3, minimumAttempts: 1_000 },
      new FakeClock(),
    );
    expect([count.failed(), count.failed()]).toEqual([false, false]);
    count.succeeded();
    expect([count.failed(), count.failed(), count.failed()]).toEqual([false, false, true]);
    count.reset();
    expect([count.failed(), count.failed(), count.failed()]).toEqual([false, false, true]);
  });

  it('forgets its window too when it is reset', () => {
    const count = createFailureCount(SHARE, new FakeClock());
    expect([1, 2, 3].map(() => count.failed())).toEqual([false, false, false]);
    count.reset();
    expect([1, 2, 3, 4].map(() => count.failed())).toEqual([false, false, false, true]);
  });

  it('does not take what a clock set back left in the future for recent', () => {
    const clock = new FakeClock();
    const count = createFailureCount(SHARE, clock);
    count.failed();
    count.failed();
    count.failed();
    clock.jump(-60_000);
    expect(count.failed()).toBe(false);
  });

  it('is too much exactly when the share is reached, to a tenth of the window', async () => {
    const step = fc.record({ isFailure: fc.boolean(), afterMs: fc.nat({ max: 400 }) });
    let tooMuch = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const clock = new FakeClock(0);
        const count = createFailureCount(SHARE, clock);
        const past: { readonly isFailure: boolean; readonly atMs: number }[] = [];
        const isReached = (sinceMs: number): boolean => {
          const recent = past.filter(({ atMs }) => atMs >= sinceMs);
          const failures = recent.filter(({ isFailure }) => isFailure);
          return recent.length >= 4 && failures.length * 2 >= recent.length;
        };
        for (const { isFailure, afterMs } of steps) {
          await clock.advance(afterMs);
          past.push({ isFailure, atMs: clock.now() });
          if (!isFailure) {
            count.succeeded();
            continue;
          }
          const sinceMs = (Math.floor(clock.now() / 100) - 9) * 100;
          expect(clock.now() - sinceMs).toBeGreaterThanOrEqual(900);
          expect(count.failed()).toBe(isReached(sinceMs));
          tooMuch += isReached(sinceMs) ? 1 : 0;
        }
      }),
    );
    expect(tooMuch).toBeGreaterThan(50);
  });
});
