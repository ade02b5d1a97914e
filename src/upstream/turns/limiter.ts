import type { Clock } from '../../lib/clock.ts';
import { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import { placeName, sourceName } from '../origin-name.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import type { Middleware, UpstreamRequest } from '../send.ts';

/** A way to the upstream on which a call can leave at once. */
export interface Readiness {
  isReady(): boolean;
  /** Resolves when it is ready; rejects with `UpstreamError`, or with the signal's reason. */
  makeReady(signal: AbortSignal): Promise<void>;
}

/** One call that waits for its turn. */
export interface TurnRequest extends Readiness {
  readonly origin: Origin;
  readonly scope: CallScope;
}

/** The right to make one call. */
export interface Turn {
  /** To be called when the call is over, once. */
  release(): void;
}

/** What calls wait for: one of the slots of a budget (`pacer.ts`), or one of the places of an origin (`bulkhead.ts`). */
export interface Limiter {
  /**
   * Resolves when the call may leave, which it must do in the same turn of the event loop. Turns go round fairly among
   * callers, background work last. Rejects with an `UpstreamError` that `isLocal` when the turn would come too late, taking
   * none; with the signal's reason when the caller leaves, giving its place to the next.
   */
  acquire(request: TurnRequest): Promise<Turn>;
  /** The upstream refused for too many calls: nobody who shares the budget is to call for `ms`. */
  pushBack(ms: number): void;
}

export interface LimitOptions {
  readonly origin: Origin;
  /** The limiter of an action. */
  readonly limiterFor: (action: string) => Limiter;
  readonly readiness: Readiness;
  readonly clock: Clock;
  /** Told how the wait for a turn ended. */
  readonly onWaited: (
    request: UpstreamRequest<unknown>,
    waitedMs: number,
    outcome: 'turn' | 'refused' | 'left',
  ) => void;
}

/** How long an upstream that refuses for too many calls is left alone (reliability U39). */
const PUSH_BACK_MS = 1_000;

/**
 * Lets a call through when it is its turn. It belongs inside retry, for each attempt is a call that the upstream counts.
 */
export function limit({ origin, limiterFor, readiness, clock, onWaited }: LimitOptions): Middleware {
  const { isReady, makeReady } = readiness;

  async function turnFor(
    limiter: Limiter,
    request: UpstreamRequest<unknown>,
    scope: CallScope,
  ): Promise<Turn> {
    const askedAtMs = clock.now();
    try {
      const turn = await limiter.acquire({ origin, scope, isReady, makeReady });
      onWaited(request, clock.now() - askedAtMs, 'turn');
      return turn;
    } catch (error) {
      onWaited(request, clock.now() - askedAtMs, scope.signal.aborted ? 'left' : 'refused');
      throw error;
    }
  }

  return (next) => async (request, scope) => {
    const limiter = limiterFor(request.action);
    const turn = await turnFor(limiter, request, scope);
    try {
      return await next(request, scope);
    } catch (error) {
      if (isThrottling(error)) {
        limiter.pushBack(Math.max(PUSH_BACK_MS, error.retryAfterMs ?? 0));
      }
      throw error;
    } finally {
      turn.release();
    }
  };
}

/** The refusal that a limiter gives: `waitMs` is when a turn would have come. */
export function waitTooLong(origin: Origin, waitMs: number): UpstreamError {
  const message = `${sourceName(origin)} takes only so many calls a second, and the turn of this one for ${placeName(origin)} would come after the request's deadline; ask again later, or allow more time`;
  return new UpstreamError('UPSTREAM_RATE_LIMITED', origin, message, {
    retryable: true,
    retryAfterMs: Math.max(0, Math.ceil(waitMs)),
    isLocal: true,
  });
}

function isThrottling(error: unknown): error is UpstreamError {
  return error instanceof UpstreamError && error.code === 'UPSTREAM_RATE_LIMITED' && !error.isLocal;
}
