import type { Clock } from '../lib/clock.ts';
import { UpstreamError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { placeName, sourceName } from './origin-name.ts';
import type { Middleware } from './send.ts';
import { withTimeLimit } from './time-limit.ts';

/**
 * Ends a call at its deadline with `UPSTREAM_TIMEOUT`, whatever the layers inside are doing: waiting for a token, pausing
 * before a retry, reading. A call that comes after its deadline is refused before anything is done for it.
 */
export function deadline(origin: Origin, clock: Clock): Middleware {
  return (next) => async (request, scope) => {
    const leftMs = scope.deadlineMs - clock.now();
    if (leftMs <= 0) {
      scope.signal.throwIfAborted();
      throw deadlinePassed(origin);
    }
    return withTimeLimit({
      clock,
      limitMs: leftMs,
      signal: scope.signal,
      timeoutError: () => deadlinePassed(origin),
      run: (signal) => next(request, { ...scope, signal }),
    });
  };
}

function deadlinePassed(origin: Origin): UpstreamError {
  const message = `${sourceName(origin)} gave no answer for ${placeName(origin)} before the request's deadline; ask again, or allow more time`;
  return new UpstreamError('UPSTREAM_TIMEOUT', origin, message, { retryable: true });
}
