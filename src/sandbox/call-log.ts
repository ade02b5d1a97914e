export type UpstreamName = 'cos' | 'batchCompute' | 'ci';

/** What a request asks for, read without checking anything: faults and the record go by it. */
export interface CallFacts {
  readonly upstream: UpstreamName;
  /**
   * COS: `ListJobs`, `DescribeJob`. BatchCompute: X-TC-Action. CI: `DescribeInventoryTriggerJobs` (the list),
   * `DescribeInventoryTriggerJob`. Anything else: method and path.
   */
  readonly action: string;
  /** The Host header as sent. */
  readonly host: string;
  readonly region: string | null;
  /** CI only. */
  readonly bucket: string | null;
  readonly secretId: string | null;
  readonly jobIds: readonly string[];
  /** The query (COS, CI) or the body's members (BatchCompute) as asked. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** One call that reached the sandbox. */
export interface SandboxCall extends CallFacts {
  readonly arrivedAtMs: number;
  /** `pending` until answered; then `OK`, the vendor's error code, `fault:<kind>`, or `abandoned` when the caller hung up. */
  readonly outcome: string;
  /** Null when no status line was sent. */
  readonly httpStatus: number | null;
  readonly requestId: string | null;
}

type OpenCall = { -readonly [Key in keyof SandboxCall]: SandboxCall[Key] };

/** The record of all calls, in order of arrival. */
export interface CallLog {
  readonly calls: readonly SandboxCall[];
  begin(facts: CallFacts, arrivedAtMs: number): OpenCall;
  clear(): void;
}

/** Keeps at least the last `kept` calls, so that a sandbox may run for weeks. */
export function createCallLog(kept: number): CallLog {
  const calls: OpenCall[] = [];
  return {
    calls,
    begin(facts, arrivedAtMs) {
      const call: OpenCall = { ...facts, arrivedAtMs, outcome: 'pending', httpStatus: null, requestId: null };
      calls.push(call);
      // in one go now and then: dropping the oldest each time would cost a move of all of them
      if (calls.length >= 2 * kept) {
        calls.splice(0, calls.length - kept);
      }
      return call;
    },
    clear() {
      calls.length = 0;
    },
  };
}
