import type { Clock } from '../lib/clock.ts';
import { Refusal, type Answer } from './answer.ts';
import { appliedFault } from './applied-fault.ts';
import type { CallLog } from './call-log.ts';
import type { FaultQueue } from './faults.ts';
import type { Dispatch, Responder } from './loopback-server.ts';
import type { ReceivedRequest } from './received-request.ts';
import type { Upstream } from './upstream.ts';

/** What the three upstreams of one sandbox share. */
export interface UpstreamParts {
  readonly clock: Clock;
  readonly faults: FaultQueue;
  readonly log: CallLog;
}

/** Records the call, lets a fault strike if one is due, and otherwise answers honestly. */
export function respondAs(upstream: Upstream, { clock, faults, log }: UpstreamParts): Responder {
  return async (request, signal): Promise<Dispatch> => {
    const facts = upstream.facts(request);
    const call = log.begin(facts, request.arrivedAtMs);
    const fault = faults.take(facts);
    const honest = (offsetMs: number): Answer => answerOrRefuse(upstream, request, clock.now() + offsetMs);
    if (fault?.kind === 'slow') {
      await clock.sleep(fault.delayMs, signal).catch(() => undefined);
    }
    const { answer, delivery } = appliedFault(fault, {
      honest,
      refuse: (refusal) => upstream.refuse(request, refusal, clock.now()),
      upstream,
    });
    call.outcome = signal.aborted ? 'abandoned' : answer.outcome;
    const silent = signal.aborted || delivery.kind === 'never' || delivery.kind === 'drop-before';
    call.httpStatus = silent ? null : answer.reply.status;
    call.requestId = answer.requestId;
    return { reply: answer.reply, delivery };
  };
}

function answerOrRefuse(upstream: Upstream, request: ReceivedRequest, nowMs: number): Answer {
  try {
    return upstream.answer(request, nowMs);
  } catch (error) {
    return error instanceof Refusal ? upstream.refuse(request, error, nowMs) : ownFailure(error);
  }
}

/** A fault of the sandbox itself, which must not pass for one of the service's. */
function ownFailure(error: unknown): Answer {
  const body = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    reply: { status: 500, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body },
    outcome: 'sandbox failed',
    requestId: null,
  };
}
