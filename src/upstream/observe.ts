import type { Clock } from '../lib/clock.ts';
import { GatewayError, UpstreamError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { upstreamCalls } from '../telemetry/channels.ts';
import { requestIdFrom } from './answer.ts';
import type { CallScope, Middleware, Send, UpstreamRequest } from './send.ts';

export interface Observers {
  /** The outermost layer: one event per logical call. */
  readonly call: Middleware;
  /** Inside retry and limiter: one event per attempt. */
  readonly attempt: Middleware;
}

/** What the attempts of one logical call have told so far. */
interface Tally {
  attempts: number;
  requestId: string | null;
}

/** What became of one call or attempt; the common part of both events. */
interface Ending {
  readonly outcome: string;
  readonly durationMs: number;
  readonly requestId: string | null;
  readonly upstreamCode: string | null;
}

/** Publishes on `upstreamCalls` what happens to the calls of one origin. Does nothing at all while nobody listens. */
export function observe(origin: Origin, clock: Clock): Observers {
  // Keyed by the request object, which the layers between the two observers hand on as it is.
  const tallies = new WeakMap<object, Tally>();

  const call: Middleware = (next) => (request, scope) => {
    if (!upstreamCalls.hasSubscribers) {
      return next(request, scope);
    }
    // A copy of its own, for a client may send the same request object twice at a time.
    const own = { ...request };
    const tally: Tally = { attempts: 0, requestId: null };
    tallies.set(own, tally);
    return timed(clock, next, own, scope, tally, (ending) => {
      upstreamCalls.publish({
        kind: 'call',
        origin,
        action: own.action,
        attempts: tally.attempts,
        ...ending,
      });
    });
  };

  const attempt: Middleware = (next) => (request, scope) => {
    const tally = tallies.get(request);
    if (tally === undefined) {
      return next(request, scope);
    }
    tally.attempts += 1;
    tally.requestId = null;
    const number = tally.attempts;
    return timed(clock, next, noting(tally, request), scope, tally, (ending) => {
      upstreamCalls.publish({ kind: 'attempt', origin, action: request.action, attempt: number, ...ending });
    });
  };

  return { call, attempt };
}

/** The request, noting on its way out the request id of an answer that decodes: the result itself does not hold it. */
function noting<T>(tally: Tally, request: UpstreamRequest<T>): UpstreamRequest<T> {
  return {
    ...request,
    decode: (response) => {
      tally.requestId = requestIdFrom(response.headers) ?? request.requestIdIn?.(response) ?? null;
      return request.decode(response);
    },
  };
}

async function timed<T>(
  clock: Clock,
  next: Send,
  request: UpstreamRequest<T>,
  scope: CallScope,
  tally: Tally,
  publish: (ending: Ending) => void,
): Promise<T> {
  const startedAtMs = clock.now();
  const end = (outcome: string, error: UpstreamError | null): void => {
    publish({
      outcome,
      durationMs: clock.now() - startedAtMs,
      requestId: error?.requestId ?? tally.requestId,
      upstreamCode: error?.upstreamCode ?? null,
    });
  };
  try {
    const result = await next(request, scope);
    end('ok', null);
    return result;
  } catch (error) {
    end(outcomeOf(error, scope), error instanceof UpstreamError ? error : null);
    throw error;
  }
}

function outcomeOf(error: unknown, scope: CallScope): string {
  if (error instanceof GatewayError) {
    return error.code;
  }
  return scope.signal.aborted ? 'aborted' : 'bug';
}
