import type { Clock } from '../../lib/clock.ts';
import { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import { breakerChanges } from '../../telemetry/channels.ts';
import { verdictOn } from './attempt-verdict.ts';
import { Circuit, type CircuitState, type Ticket } from './circuit.ts';
import type { FailureLimits } from './failure-count.ts';
import type { Readiness } from '../turns/limiter.ts';
import { placeName, sourceName } from '../origin-name.ts';
import type { Middleware } from '../send.ts';

export interface BreakerSettings extends FailureLimits {
  /** How long the origin is left alone. */
  readonly openMs: number;
}

export interface BreakerOptions {
  readonly origin: Origin;
  readonly clock: Clock;
  /** Of one attempt; a refusal during a probe says that it will be over by then. */
  readonly attemptTimeoutMs: number;
  readonly settings?: Partial<BreakerSettings>;
}

/** One origin's breaker: layers around retry and around the wait for a turn, and what that wait goes by. */
export interface Breaker {
  /**
   * Outside of retry, which is not to wait for it: who fails while the circuit is open is told when calls are let through
   * again, be it that the own failure has opened it.
   */
  readonly advice: Middleware;
  /** Outside of the wait: counts how calls end, and refuses at once while the circuit is open. */
  readonly admission: Middleware;
  /** Inside of it: a call that was waiting when the circuit opened does not leave. */
  readonly departure: Middleware;
  /** Gives the readiness that a limiter is to see, by which nobody who may not leave uses up a turn. */
  readiness(inner: Readiness): Readiness;
  state(): CircuitState;
}

/** Reliability 2.1, row "Breakers". */
const DEFAULTS: BreakerSettings = {
  consecutiveFailures: 5,
  failurePercent: 50,
  minimumAttempts: 20,
  windowMs: 10_000,
  openMs: 10_000,
};

/** No answer within this time counts against the upstream, or within half an attempt's time where that is less. */
const FAIR_MS = 1_000;

/** One call on its way through the layers. */
interface Call {
  readonly ticket: Ticket;
  /** When it went on to the upstream. */
  leftAtMs: number | null;
}

/**
 * Stops asking an origin that keeps failing, so that its callers are answered at once and it gets room to recover; after
 * a while one call finds out whether it has. What counts is told in `attempt-verdict.ts`, the states in `circuit.ts`; each
 * change is published on `breakerChanges`.
 *
 * Refuses with a retryable `UPSTREAM_UNAVAILABLE` that `isLocal`, within the same turn of the event loop.
 */
export function createBreaker(options: BreakerOptions): Breaker {
  const { origin, clock, attemptTimeoutMs, settings } = options;
  const fairMs = Math.min(FAIR_MS, attemptTimeoutMs / 2);
  const circuit = new Circuit({
    ...DEFAULTS,
    ...settings,
    clock,
    onChange: (state) => {
      if (breakerChanges.hasSubscribers) {
        breakerChanges.publish({ origin, state });
      }
    },
  });
  /** Keyed by the request object, which what lies between the two layers hands on as it is. */
  const calls = new WeakMap<object, Call>();
  const refusal = (): UpstreamError =>
    circuit.state === 'open' ? resting(origin, circuit.leftMs) : probing(origin, attemptTimeoutMs);
  const hadFairTime = ({ leftAtMs }: Call): boolean => leftAtMs !== null && clock.now() - leftAtMs >= fairMs;

  const advice: Middleware = (next) => async (request, scope) => {
    try {
      return await next(request, scope);
    } catch (error) {
      const { leftMs } = circuit;
      throw error instanceof UpstreamError && error.retryable && leftMs > 0 ? after(leftMs, error) : error;
    }
  };

  const admission: Middleware = (next) => async (request, scope) => {
    const ticket = circuit.admit();
    if (ticket === null) {
      throw refusal();
    }
    const call: Call = { ticket, leftAtMs: null };
    // A copy, for a client may send the same request object twice at a time.
    const own = { ...request };
    calls.set(own, call);
    try {
      const result = await next(own, scope);
      circuit.settle(ticket, 'works');
      return result;
    } catch (error) {
      const wasAborted = scope.signal.aborted;
      circuit.settle(ticket, verdictOn(error, { wasAborted, hadFairTime: hadFairTime(call) }));
      throw error;
    }
  };

  const departure: Middleware = (next) => async (request, scope) => {
    const call = calls.get(request);
    if (call !== undefined) {
      if (!circuit.isGood(call.ticket)) {
        throw refusal();
      }
      call.leftAtMs = clock.now();
    }
    return await next(request, scope);
  };

  return {
    advice,
    admission,
    departure,
    readiness: ({ isReady, makeReady }) => ({
      isReady: () => circuit.state !== 'open' && isReady(),
      makeReady: async (signal) => {
        if (circuit.state === 'open') {
          throw refusal();
        }
        await makeReady(signal);
      },
    }),
    state: () => circuit.state,
  };
}

/** The same error, which says to ask again after so long at least. */
function after(leftMs: number, error: UpstreamError): UpstreamError {
  const { code, origin, message, upstreamCode, requestId, retryable, httpStatus, isLocal, remedy, cause } =
    error;
  const retryAfterMs = Math.max(Math.ceil(leftMs), error.retryAfterMs ?? 0);
  const facts = { upstreamCode, requestId, retryable, retryAfterMs, httpStatus, isLocal, remedy, cause };
  return new UpstreamError(code, origin, message, facts);
}

function resting(origin: Origin, leftMs: number): UpstreamError {
  const seconds = Math.max(1, Math.ceil(leftMs / 1_000));
  const message = `${sourceName(origin)} keeps failing for ${placeName(origin)} and is left alone for the moment: ask again in ${String(seconds)} s`;
  return refused(origin, message, leftMs);
}

function probing(origin: Origin, untilKnownMs: number): UpstreamError {
  const message = `${sourceName(origin)} has been failing for ${placeName(origin)}, and one call is finding out whether it still does: ask again in a moment`;
  return refused(origin, message, untilKnownMs);
}

function refused(origin: Origin, message: string, retryAfterMs: number): UpstreamError {
  return new UpstreamError('UPSTREAM_UNAVAILABLE', origin, message, {
    retryable: true,
    retryAfterMs: Math.ceil(retryAfterMs),
    isLocal: true,
  });
}
