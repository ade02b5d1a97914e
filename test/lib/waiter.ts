import type { CallScope } from '../../src/lib/call-scope.ts';
import type { Clock } from '../../src/lib/clock.ts';

export interface Waiter {
  readonly scope: CallScope;
  /** Aborts its signal. */
  readonly leave: (why: string) => void;
}

/** One who waits for `ms` at most. */
export function waiter(clock: Clock, ms = 60_000, more: Partial<CallScope> = {}): Waiter {
  const controller = new AbortController();
  return {
    scope: { signal: controller.signal, deadlineMs: clock.now() + ms, ...more },
    leave: (why) => {
      controller.abort(new Error(why));
    },
  };
}
