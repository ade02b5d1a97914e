import type { Clock } from '../lib/clock.ts';
import { UpstreamError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { placeName, sourceName } from './origin-name.ts';
import type { CallScope, Middleware } from './send.ts';

/** One budget of calls, possibly shared by several origins. */
export interface Limiter {
  /**
   * Resolves when one call may go out now, in the order of asking. Rejects at once with `UPSTREAM_RATE_LIMITED`, taking no
   * turn, when the wait would pass the deadline; rejects with the signal's reason, giving the turn back, when aborted.
   * `origin` is only for the error.
   */
  acquire(scope: CallScope, origin: Origin): Promise<void>;
}

export interface LimiterOptions {
  readonly requestsPerSecond: number;
  readonly clock: Clock;
}

/**
 * A tenth more than the even spacing: the vendor counts arrivals, and two calls that left 500 ms apart can arrive closer
 * (reliability T2: 550 ms holds 2 per second, 500 and 525 ms do not).
 */
const SPACING_MS_AT_ONE_PER_SECOND = 1_100;

/** A limiter of this process: evenly spaced grants, no burst, first come first served. Idle, it holds no timer. */
export function createLimiter({ requestsPerSecond, clock }: LimiterOptions): Limiter {
  const spacingMs = SPACING_MS_AT_ONE_PER_SECOND / requestsPerSecond;
  let nextGrantAtMs = Number.NEGATIVE_INFINITY;
  let waiting = 0;
  /** Fulfilled when everyone who asked so far has been granted a call or has left. */
  let everyoneBefore: Promise<void> = Promise.resolve();

  const untilNextGrantMs = (): number => {
    const nowMs = clock.now();
    // Never further off than one spacing, so that a wall clock set back cannot stop the traffic.
    nextGrantAtMs = Math.min(nextGrantAtMs, nowMs + spacingMs);
    return Math.max(nextGrantAtMs - nowMs, 0);
  };

  /** Only the head of the queue sleeps, on its own signal: when it leaves, the one behind it is the head. */
  async function sleepUntilGranted({ signal, deadlineMs }: CallScope, origin: Origin): Promise<void> {
    while (untilNextGrantMs() > 0) {
      await clock.sleep(untilNextGrantMs(), signal);
    }
    if (clock.now() >= deadlineMs) {
      throw waitTooLong(origin, 0);
    }
    nextGrantAtMs = clock.now() + spacingMs;
  }

  return {
    acquire: async (scope, origin) => {
      scope.signal.throwIfAborted();
      const waitMs = untilNextGrantMs() + waiting * spacingMs;
      if (clock.now() + waitMs >= scope.deadlineMs) {
        throw waitTooLong(origin, waitMs);
      }
      const ahead = everyoneBefore;
      const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
      everyoneBefore = ahead.then(() => gone);
      waiting += 1;
      try {
        await unlessAborted(ahead, scope.signal);
        await sleepUntilGranted(scope, origin);
      } finally {
        waiting -= 1;
        leave();
      }
    },
  };
}

/**
 * Lets a call through when the limiter of its action does; `limiterFor` gives null for an action without a limit. It
 * belongs inside retry, for each attempt is a call that the upstream counts.
 */
export function limit(origin: Origin, limiterFor: (action: string) => Limiter | null): Middleware {
  return (next) => async (request, scope) => {
    await limiterFor(request.action)?.acquire(scope, origin);
    return next(request, scope);
  };
}

/** The refusal that every limiter gives: `waitMs` is when a turn would have come. */
export function waitTooLong(origin: Origin, waitMs: number): UpstreamError {
  const message = `${sourceName(origin)} takes only so many calls a second, and the turn of this one for ${placeName(origin)} would come after the request's deadline; ask again later, or allow more time`;
  return new UpstreamError('UPSTREAM_RATE_LIMITED', origin, message, {
    retryable: true,
    retryAfterMs: Math.ceil(waitMs),
  });
}

async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
