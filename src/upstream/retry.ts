import type { Clock } from '../lib/clock.ts';
import { UpstreamError } from '../model/errors.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';
import type { CallScope } from '../lib/call-scope.ts';
import type { Middleware } from './send.ts';

export interface RetryOptions {
  /** How often a call is tried at most, the first time included. */
  readonly attempts: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** What retries are paid from; by default one for all calls through this layer. */
  readonly budget?: RetryBudget;
}

const BASE_MS = 50;
const THROTTLED_BASE_MS = 1_000;
/** An answer may be cut on its way once; an upstream that is unreadable twice stays so. */
const MAX_BAD_RESPONSES = 2;

/**
 * Tries a read again when its error says that this may help, after a pause with full jitter: up to 50 ms, doubled each
 * time; 1 s after a refusal for too many calls; never less than the upstream's `retryAfterMs`. Never sleeps past the
 * deadline nor after the last attempt, and tries nothing that the budget does not pay for: then it throws the error as it
 * came. What the gateway refused by itself is never tried again, and does not hide what the upstream had said before it.
 *
 * Every call through here is a read; a write must not be sent through this layer.
 *
 * An own loop and not a library's: the pause must run on the injected clock and end at once when the caller leaves, and
 * it must know the deadline.
 */
export function retry(options: RetryOptions): Middleware {
  const { attempts, clock, random, budget = createRetryBudget(options.clock) } = options;
  return (next) => async (request, scope) => {
    budget.earn();
    let badResponses = 0;
    let said: UpstreamError | null = null;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await next(request, scope);
      } catch (error) {
        if (!(error instanceof UpstreamError)) {
          throw error;
        }
        if (error.isLocal) {
          throw said ?? error;
        }
        badResponses += error.code === 'UPSTREAM_BAD_RESPONSE' ? 1 : 0;
        const pauseMs = pauseBefore(attempt + 1, error, random());
        const mayHelp = error.retryable && attempt < attempts && badResponses < MAX_BAD_RESPONSES;
        if (!mayHelp || passesDeadline(pauseMs, scope, clock) || !budget.spend()) {
          throw error;
        }
        said = error;
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
