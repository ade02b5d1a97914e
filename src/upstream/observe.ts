import type { Clock } from '../lib/clock.ts';
import type { CallEnding, ObservedCall } from '../lib/observed-call.ts';
import { GatewayError, UpstreamError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { upstreamCalls } from '../telemetry/channels.ts';
import { requestIdFrom } from './answer.ts';
import type { LimitOptions } from './turns/limiter.ts';
import type { CallScope } from '../lib/call-scope.ts';
import type { Middleware, Send, UpstreamRequest } from './send.ts';

export interface Observers {
  /** One event per logical call, however many share it. */
  readonly call: Middleware;
  /** Inside retry and limiter: one event per attempt. */
  readonly attempt: Middleware;
  /** To be told how the wait for a turn ended: one event per wait. */
  readonly onWaited: LimitOptions['onWaited'];
}

/**
 * Publishes on `upstreamCalls` what happens to the calls of one origin, and tells of each whoever waits for it and asks. Does
 * nothing at all while nobody listens or asks.
 */
export function observe(origin: Origin, clock: Clock): Observers {
  const call: Middleware = (next) => (request, scope) => {
    const { onCall } = scope;
    if (!upstreamCalls.hasSubscribers && onCall === undefined) {
      return next(request, scope);
    }
    const notes = begun(origin, request.action, clock.now());
    onCall?.(notes);
    return timed(clock, next, { ...request, notes }, scope, notes, (ending) => {
      notes.ending = ending;
      notes.joined = scope.joined ?? 1;
      upstreamCalls.publish({
        kind: 'call',
        origin,
        action: request.action,
        attempts: notes.attempts,
        waitedMs: notes.waitedMs,
        joined: notes.joined,
        batchSize: request.batchSize?.() ?? null,
        call: notes,
        ...ending,
      });
    });
  };

  const attempt: Middleware = (next) => (request, scope) => {
    const { notes } = request;
    if (notes === undefined) {
      return next(request, scope);
    }
    notes.attempts += 1;
    notes.requestId = null;
    const number = notes.attempts;
    return timed(clock, next, noting(notes, request), scope, notes, (ending) => {
      noteStep(notes, clock, 'attempt', ending);
      upstreamCalls.publish({ kind: 'attempt', origin, action: request.action, attempt: number, ...ending });
    });
  };

  const onWaited: Observers['onWaited'] = ({ action, notes }, waitedMs, outcome) => {
    if (notes !== undefined) {
      notes.waitedMs += waitedMs;
      noteStep(notes, clock, 'wait', { durationMs: waitedMs, outcome });
      upstreamCalls.publish({ kind: 'wait', origin, action, waitedMs, outcome });
    }
  };

  return { call, attempt, onWaited };
}

function begun(origin: Origin, action: string, startedAtMs: number): ObservedCall {
  return {
    origin,
    action,
    startedAtMs,
    waiters: new Set(),
    steps: [],
    attempts: 0,
    waitedMs: 0,
    joined: 1,
    requestId: null,
    ending: null,
  };
}

/** A step that has just ended. */
function noteStep(
  { steps }: ObservedCall,
  clock: Clock,
  kind: 'wait' | 'attempt',
  { durationMs, outcome }: Pick<CallEnding, 'durationMs' | 'outcome'>,
): void {
  steps.push({ kind, startedAtMs: clock.now() - durationMs, durationMs, outcome });
}

/** The request, noting on its way out the request id of an answer that decodes: the result itself does not hold it. */
function noting<T>(notes: ObservedCall, request: UpstreamRequest<T>): UpstreamRequest<T> {
  return {
    ...request,
    decode: (response) => {
      notes.requestId = requestIdFrom(response.headers) ?? request.requestIdIn?.(response) ?? null;
      return request.decode(response);
    },
  };
}

async function timed<T>(
  clock: Clock,
  next: Send,
  request: UpstreamRequest<T>,
  scope: CallScope,
  notes: ObservedCall,
  publish: (ending: CallEnding) => void,
): Promise<T> {
  const startedAtMs = clock.now();
  const end = (outcome: string, error: UpstreamError | null): void => {
    publish({
      outcome,
      durationMs: clock.now() - startedAtMs,
      requestId: error?.requestId ?? notes.requestId,
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
