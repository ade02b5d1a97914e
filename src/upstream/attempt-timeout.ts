import type { Clock } from '../lib/clock.ts';
import { UpstreamError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { placeName, sourceName } from './origin-name.ts';
import type { Middleware } from './send.ts';
import { withTimeLimit } from '../lib/time-limit.ts';

export interface AttemptTimeoutOptions {
  readonly origin: Origin;
  readonly clock: Clock;
  /** Connecting, sending and reading to the last byte, together. */
  readonly attemptTimeoutMs: number;
}

/**
 * Gives one attempt at most `attemptTimeoutMs`, and never more than the call has left. An attempt cut off is aborted and
 * throws a retryable `UPSTREAM_TIMEOUT`. A total and not an idle time: a body that drips would keep an idle timer from
 * ever firing (reliability U5).
 */
export function attemptTimeout({ origin, clock, attemptTimeoutMs }: AttemptTimeoutOptions): Middleware {
  return (next) => (request, scope) => {
    const limitMs = Math.max(0, Math.min(attemptTimeoutMs, scope.deadlineMs - clock.now()));
    return withTimeLimit({
      clock,
      limitMs,
      signal: scope.signal,
      timeoutError: () => attemptTimedOut(origin, limitMs),
      run: (signal) => next(request, { ...scope, signal }),
    });
  };
}

function attemptTimedOut(origin: Origin, limitMs: number): UpstreamError {
  const message = `${sourceName(origin)} gave no complete answer for ${placeName(origin)} within ${String(limitMs)} ms`;
  return new UpstreamError('UPSTREAM_TIMEOUT', origin, message, { retryable: true });
}
