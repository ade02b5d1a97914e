import type { Clock } from '../lib/clock.ts';
import { UpstreamError } from '../model/errors.ts';
import type { CallScope, Middleware } from './send.ts';

export interface RetryOptions {
  /** How often a call is tried at most, the first time included. */
  readonly attempts: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const BASE_MS = 50;
const THROTTLED_BASE_MS = 1_000;
/** An answer may be cut on its way once; an upstream that is unreadable twice stays so. */
const MAX_BAD_RESPONSES = 2;

/**
 * Tries a read again when its error says that this may help, after a pause with full jitter: up to 50 ms, doubled each
 * time; 1 s after a refusal for too many calls; never less than the upstream's `retryAfterMs`. Never sleeps past the
 * deadline nor after the last attempt: then it throws the last error as it came. Every call through here is a read; a
 * write must not be sent through this layer.
 *
 * An own loop and not a library's: the pause must run on the injected clock and end at once when the caller leaves, and
 * it must know the deadline.
 */
export function retry({ attempts, clock, random }: RetryOptions): Middleware {
  return (next) => async (request, scope) => {
    let badResponses = 0;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await next(request, scope);
      } catch (error) {
        if (!(error instanceof UpstreamError) || !error.retryable || attempt >= attempts) {
          throw error;
        }
        badResponses += error.code === 'UPSTREAM_BAD_RESPONSE' ? 1 : 0;
        const pauseMs = pauseBefore(attempt + 1, error, random());
        if (badResponses >= MAX_BAD_RESPONSES || passesDeadline(pauseMs, scope, clock)) {
          throw error;
        }
        await clock.sleep(pauseMs, scope.signal);
      }
    }
  };
}

/** `jitter` in [0, 1) chooses within the pause before the attempt of that number, which is 2 for the first retry. */
function pauseBefore(attempt: number, error: UpstreamError, jitter: number): number {
  const baseMs = error.code === 'UPSTREAM_RATE_LIMITED' ? THROTTLED_BASE_MS : BASE_MS;
  return Math.max(jitter * baseMs * 2 ** (attempt - 2), error.retryAfterMs ?? 0);
}

function passesDeadline(pauseMs: number, scope: CallScope, clock: Clock): boolean {
  return clock.now() + pauseMs >= scope.deadlineMs;
}
