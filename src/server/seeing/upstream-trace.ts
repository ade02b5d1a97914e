import type { ObservedCall } from '../../lib/observed-call.ts';
import type { RequestRecord } from './request-record.ts';

/** An upstream call as `extensions.upstream` shows it. */
export interface ShownCall {
  readonly source: string;
  readonly account: string;
  readonly region: string;
  readonly action: string;
  /** From the beginning of the request; below 0 when others had begun it before. */
  readonly startMs: number;
  /** For its turns. */
  readonly waitedMs: number;
  /** Until it ended, or until now. */
  readonly durationMs: number;
  readonly attempts: number;
  /** `pending`: it goes on, and this request did not wait any longer. */
  readonly outcome: string;
  /** How many reads got their answer from it, those of other requests included. */
  readonly joined: number;
  readonly requestId: string | null;
}

/** What a request waited for, and how many values it did not have to wait for. */
export interface UpstreamTrace {
  readonly requestId: string;
  readonly calls: readonly ShownCall[];
  readonly cachedValues: number;
}

/** The waterfall of a request so far, in the order in which its calls began. */
export function upstreamTrace(record: RequestRecord, nowMs: number): UpstreamTrace {
  const known = record.values().filter(({ outcome }) => outcome !== 'FRESH');
  return {
    requestId: record.requestId,
    calls: record.calls
      .toSorted((a, b) => a.startedAtMs - b.startedAtMs)
      .map((call) => shown(call, record.startedAtMs, nowMs)),
    cachedValues: known.reduce((sum, { count }) => sum + count, 0),
  };
}

function shown(
  { origin, action, startedAtMs, waitedMs, attempts, joined, requestId, ending, waiters }: ObservedCall,
  requestAtMs: number,
  nowMs: number,
): ShownCall {
  return {
    source: origin.source,
    account: origin.account,
    region: origin.region,
    action,
    startMs: startedAtMs - requestAtMs,
    waitedMs,
    durationMs: ending?.durationMs ?? nowMs - startedAtMs,
    attempts,
    outcome: ending?.outcome ?? 'pending',
    joined: Math.max(joined, waiters.size),
    requestId: ending?.requestId ?? requestId,
  };
}
