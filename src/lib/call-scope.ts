import type { ObservedCall } from './observed-call.ts';

/** What one read may use: it ends when `signal` aborts or at `deadlineMs`, whichever comes first. */
export interface CallScope {
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch, on the injected clock. Of a read that several wait for: the latest of theirs, which may grow. */
  readonly deadlineMs: number;
  /** Who waits: turns are shared out evenly among callers, not among calls. Absent: nobody in particular. */
  readonly callers?: ReadonlySet<string>;
  /** Whether nobody waits for the answer just now: such a read goes behind all others. */
  readonly isBackground?: boolean;
  /** Whether only what is read from now on will do: nothing that is kept answers it (HTTP's `no-cache`). */
  readonly noCache?: boolean;
  /** How many reads share the call so far. Absent: one. */
  readonly joined?: number;
  /**
   * Told by a queue that the call cannot leave before `atMs`, and that further turns come `spacingMs` apart: whoever shares
   * the call and has no time for that is refused with `refusal()`. Absent: the call has one deadline, which the queue checks.
   */
  readonly expectTurn?: (atMs: number, spacingMs: number, refusal: () => Error) => void;
  /** Told when a call leaves: its answer says what was so then or later. Absent: nobody asks. */
  readonly onSend?: (atMs: number) => void;
  /** When the first call of several that are made for it left; null while none has. Absent: nobody knows. */
  readonly sentAtMs?: number | null;
  /** Told of every upstream call that is made for it, as each begins; what becomes of a call is noted in it. Absent: nobody asks. */
  readonly onCall?: ((call: ObservedCall) => void) | undefined;
  /** Told of every value that the answer is made of. Absent: nobody asks. */
  readonly onUse?: (use: Use) => void;
  /** Told when a part of the answer is missing because it could not be read. Absent: nobody asks. */
  readonly onFailure?: () => void;
}

/** A value that went into an answer. Times are milliseconds since the epoch. */
export interface Use {
  readonly fetchedAtMs: number;
  /** Until when it answers by itself; passed already where it was given all the same. */
  readonly freshUntilMs: number;
  /** Whether it would be given again: nothing newer is known. */
  readonly isCurrent: () => boolean;
  /** What kind of value it is and where it came from, for those who count. Absent: nobody told. */
  readonly origin?: UseOrigin;
}

export interface UseOrigin {
  readonly kind: 'job' | 'detail' | 'list' | 'other';
  /** `FRESH`: read for whoever asked. `CACHED`: known, and within its time. `STALE`: known, and past it. */
  readonly outcome: 'FRESH' | 'CACHED' | 'STALE';
  readonly tier: 'UPSTREAM' | 'MEMORY' | 'REDIS';
}
