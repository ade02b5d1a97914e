import type { CallFacts, UpstreamName } from './call-log.ts';

/** What goes wrong. Plain data throughout, so that a rule can also arrive from outside the process. */
export type Fault =
  /** The vendor's error body. Without a status, the one that the service documents for the code; BatchCompute: 200. */
  | { readonly kind: 'error'; readonly code: string; readonly status?: number; readonly message?: string }
  /** A status without a body, as a proxy in front of the service would give. */
  | { readonly kind: 'empty'; readonly status: number }
  /** An HTML page with this status; 502 and 200 both occur in the field. */
  | { readonly kind: 'html'; readonly status: number }
  /** The right answer, `delayMs` later by the sandbox's clock. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Headers and half of the body at once, the rest `delayMs` later by the sandbox's clock. */
  | { readonly kind: 'slow-body'; readonly delayMs: number }
  /** No answer, the connection stays open. */
  | { readonly kind: 'hang' }
  /** The connection breaks before the first byte, or in the middle of the announced body. */
  | { readonly kind: 'drop'; readonly when: 'before-answer' | 'within-body' }
  /** The right answer cut in half, correctly framed: whole as HTTP, broken as XML or JSON. */
  | { readonly kind: 'truncate' }
  | {
      readonly kind: 'raw';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** The server believes that it is this much later, in checks and in the Date header. */
  | { readonly kind: 'clock-skew'; readonly offsetMs: number }
  /** Credentials whose session has ended: COS 400 ExpiredToken, BatchCompute AuthFailure.TokenFailure, CI 401 AccessDenied. */
  | { readonly kind: 'expired-token' };

/** When a fault strikes. A member that is left out matches everything. */
export interface FaultRule {
  readonly upstream: UpstreamName;
  readonly action?: string;
  readonly region?: string;
  readonly bucket?: string;
  /** The job asked for, alone or among others. */
  readonly jobId?: string;
  /** Let this many matching calls pass first. */
  readonly skip?: number;
  /** Strike this often; left out: until cleared. */
  readonly times?: number;
  readonly fault: Fault;
}

export interface Faults {
  /** Rules strike in the order added. Returns a function that withdraws this rule alone. */
  add(rule: FaultRule): () => void;
  clear(): void;
}

/** The queue behind it: `take` consumes one strike of the first rule that matches. */
export interface FaultQueue extends Faults {
  take(call: CallFacts): Fault | null;
}

interface PendingRule {
  readonly rule: FaultRule;
  skip: number;
  left: number;
}

export function createFaultQueue(): FaultQueue {
  const pending: PendingRule[] = [];
  const withdraw = (entry: PendingRule): void => {
    const index = pending.indexOf(entry);
    if (index >= 0) {
      pending.splice(index, 1);
    }
  };
  return {
    add(rule) {
      const entry = { rule, skip: rule.skip ?? 0, left: rule.times ?? Number.POSITIVE_INFINITY };
      pending.push(entry);
      return () => {
        withdraw(entry);
      };
    },
    clear() {
      pending.length = 0;
    },
    take(call) {
      for (const entry of pending.filter(({ rule }) => matches(rule, call))) {
        if (entry.skip > 0) {
          entry.skip -= 1;
          continue;
        }
        entry.left -= 1;
        if (entry.left <= 0) {
          withdraw(entry);
        }
        return entry.rule.fault;
      }
      return null;
    },
  };
}

function matches(rule: FaultRule, call: CallFacts): boolean {
  return (
    rule.upstream === call.upstream &&
    (rule.action === undefined || rule.action === call.action) &&
    (rule.region === undefined || rule.region === call.region) &&
    (rule.bucket === undefined || rule.bucket === call.bucket) &&
    (rule.jobId === undefined || call.jobIds.includes(rule.jobId))
  );
}
