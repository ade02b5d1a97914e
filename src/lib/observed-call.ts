/** Somebody whose request waits for upstream calls, as far as whoever tells of a call has to know. */
export interface Waiter {
  /** The id under which its request is logged. */
  readonly requestId: string;
}

/** A part of a call: the wait for a turn, or an attempt. */
export interface ObservedStep {
  readonly kind: 'wait' | 'attempt';
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly outcome: string;
}

/** One logical upstream call, noted while it goes on: who waits for it, and what has become of it so far. */
export interface ObservedCall {
  /** The model's `Origin`. */
  readonly origin: {
    readonly source: string;
    readonly account: string;
    readonly region: string;
    readonly bucket: string | null;
  };
  /** The vendor's name of the operation, e.g. `ListJobs`. */
  readonly action: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Every request that waits for it, or did and left. Empty: it is done for nobody. */
  readonly waiters: Set<Waiter>;
  readonly steps: ObservedStep[];
  attempts: number;
  waitedMs: number;
  /** How many reads get their answer from it. */
  joined: number;
  /** The upstream's request id of the last attempt. */
  requestId: string | null;
  /** Null while it goes on. */
  ending: CallEnding | null;
}

export interface CallEnding {
  /** `ok`, a field-level code of contract section 7, `aborted` when the caller left, or `bug`. */
  readonly outcome: string;
  readonly durationMs: number;
  /** The upstream's request id, as far as an answer's headers or an error told it. */
  readonly requestId: string | null;
  readonly upstreamCode: string | null;
}
