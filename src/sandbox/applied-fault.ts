import { Refusal, WHOLE, type Answer, type Delivery, type Reply } from './answer.ts';
import type { Fault } from './faults.ts';
import type { Upstream } from './upstream.ts';

/** The ways to come to an answer that a fault can choose from. */
export interface AnswerWays {
  /** The true answer, the server's clock being off by this much. */
  readonly honest: (clockOffsetMs: number) => Answer;
  readonly refuse: (refusal: Refusal) => Answer;
  readonly upstream: Upstream;
}

/** The answer that the fault makes of it; the true one when there is no fault. */
export function appliedFault(
  fault: Fault | null,
  { honest, refuse, upstream }: AnswerWays,
): { answer: Answer; delivery: Delivery } {
  if (fault === null) {
    return { answer: honest(0), delivery: WHOLE };
  }
  const spoilt = (reply: Reply): { answer: Answer; delivery: Delivery } => ({
    answer: { reply, outcome: `fault:${fault.kind}`, requestId: null },
    delivery: WHOLE,
  });
  switch (fault.kind) {
    case 'slow':
      return { answer: honest(0), delivery: WHOLE };
    case 'slow-body':
      return { answer: honest(0), delivery: { kind: 'pausing', pauseMs: fault.delayMs } };
    case 'clock-skew':
      return { answer: honest(fault.offsetMs), delivery: WHOLE };
    case 'error': {
      const status = fault.status ?? upstream.statusOf(fault.code);
      return {
        answer: refuse(new Refusal(status, fault.code, fault.message ?? messageOf(fault.code))),
        delivery: WHOLE,
      };
    }
    case 'expired-token':
      return { answer: refuse(upstream.expiredToken()), delivery: WHOLE };
    case 'empty':
      return spoilt({ status: fault.status, headers: {}, body: '' });
    case 'html':
      return spoilt({
        status: fault.status,
        headers: { 'Content-Type': 'text/html' },
        body: htmlPage(fault.status),
      });
    case 'raw':
      return spoilt({ status: fault.status, headers: fault.headers ?? {}, body: fault.body });
    case 'truncate': {
      const { reply } = honest(0);
      return spoilt({ ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) });
    }
    case 'drop': {
      const { answer } = spoilt(honest(0).reply);
      return { answer, delivery: { kind: fault.when === 'before-answer' ? 'drop-before' : 'drop-within' } };
    }
    case 'hang':
      return { ...spoilt({ status: 0, headers: {}, body: '' }), delivery: { kind: 'never' } };
  }
}

function messageOf(code: string): string {
  const known: Readonly<Record<string, string>> = {
    SlowDown: 'request rate too high',
    InternalError: 'An internal error has occurred. Retry your request.',
    ServiceUnavailable: 'The service is temporarily unavailable.',
    // batch-compute.md section 3
    RequestLimitExceeded:
      'Your current request times equals to `3` in a second, which exceeds the frequency limit `2` for a second. Please reduce the frequency of calls.',
  };
  return known[code] ?? `The request was refused with ${code}.`;
}

function htmlPage(status: number): string {
  const title = status === 502 ? '502 Bad Gateway' : String(status);
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
}
