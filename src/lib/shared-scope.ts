import type { CallScope } from './call-scope.ts';
import type { Clock } from './clock.ts';
import type { ObservedCall } from './observed-call.ts';

const NOBODY: ReadonlySet<string> = new Set();

interface Member {
  readonly scope: CallScope;
  readonly refuse: (error: Error) => void;
}

/** What was last told of the turn that the call waits for. */
interface Expectation {
  readonly atMs: number;
  readonly spacingMs: number;
  readonly refusal: () => Error;
}

export interface Wait<T> {
  readonly scope: CallScope;
  readonly clock: Clock;
  /** What is waited for. */
  readonly result: Promise<T>;
  /** What one is told whose deadline has come. */
  readonly lateError: () => Error;
}

export interface SharedScopeOptions {
  /**
   * How long the work goes on after the deadline of the last who waited for it, in milliseconds; default 0. Work that takes
   * longer than anybody may wait is there for those who ask again. Of no meaning for one that everybody has left.
   */
  readonly lingerMs?: number;
}

/**
 * The scope of work that several wait for. It belongs to all of them and to none: its deadline is the latest of theirs,
 * it is background work while nobody waits but background work, and its signal aborts when the last has left, with what
 * made that one leave.
 */
export class SharedScope implements CallScope {
  readonly #members = new Set<Member>();
  readonly #controller = new AbortController();
  readonly #lingerMs: number;
  /** The latest deadline that any member ever came or left with. */
  #latestDeadlineMs = Number.NEGATIVE_INFINITY;
  #cancelLinger: (() => void) | null = null;
  #joined = 0;
  #sentAtMs: number | null = null;
  #expectation: Expectation | null = null;
  /** The calls that were made for it; null before the first, for most scopes see one at most. */
  #calls: ObservedCall[] | null = null;

  constructor({ lingerMs = 0 }: SharedScopeOptions = {}) {
    this.#lingerMs = lingerMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get deadlineMs(): number {
    // A member's deadline may be one that several share, and grow.
    let latestMs = this.#lingerMs > 0 ? this.#latestDeadlineMs : Number.NEGATIVE_INFINITY;
    for (const { scope } of this.#members) {
      latestMs = Math.max(latestMs, scope.deadlineMs);
    }
    return latestMs + this.#lingerMs;
  }

  get callers(): ReadonlySet<string> {
    const [member] = this.#members;
    if (member !== undefined && this.#members.size === 1) {
      return member.scope.callers ?? NOBODY;
    }
    return new Set([...this.#members].flatMap(({ scope }) => Array.from(scope.callers ?? [])));
  }

  get isBackground(): boolean {
    return [...this.#members].every(({ scope }) => scope.isBackground === true);
  }

  get joined(): number {
    return this.#joined;
  }

  /** Whether anybody waits, or may come back for it. */
  get isWanted(): boolean {
    return this.#members.size > 0 || this.#cancelLinger !== null;
  }

  get sentAtMs(): number | null {
    return this.#sentAtMs;
  }

  readonly onSend: NonNullable<CallScope['onSend']> = (atMs) => {
    this.#sentAtMs ??= atMs;
    this.#members.forEach(({ scope }) => scope.onSend?.(atMs));
  };

  /** Nothing while none of those who wait asks for it. Who comes later is told of what was begun before too. */
  get onCall(): CallScope['onCall'] {
    const isWanted = [...this.#members].some(({ scope }) => scope.onCall !== undefined);
    return isWanted ? this.#tellCall : undefined;
  }

  readonly #tellCall = (call: ObservedCall): void => {
    (this.#calls ??= []).push(call);
    this.#members.forEach(({ scope }) => scope.onCall?.(call));
  };

  readonly expectTurn: NonNullable<CallScope['expectTurn']> = (atMs, spacingMs, refusal) => {
    this.#expectation = { atMs, spacingMs, refusal };
    this.#members.forEach((member) => this.#tell(member));
  };

  /**
   * Waits for the result as one of those who share the work. Rejects with the caller's reason when it leaves, with
   * `lateError()` at its deadline, with the queue's refusal when the turn cannot come in time, each alone; or with what
   * made the work fail.
   */
  async wait<T>({ scope, clock, result, lateError }: Wait<T>): Promise<T> {
    scope.signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const member: Member = { scope, refuse: reject };
    this.#members.add(member);
    this.#joined += 1;
    this.#cancelLinger?.();
    this.#latestDeadlineMs = Math.max(this.#latestDeadlineMs, scope.deadlineMs);
    const leave = (): void => {
      reject(scope.signal.reason);
    };
    scope.signal.addEventListener('abort', leave, { once: true });
    const cancelTimer = atDeadlineOf(scope, clock, () => {
      reject(lateError());
    });
    let reason: unknown = null;
    try {
      if (this.#sentAtMs !== null) {
        scope.onSend?.(this.#sentAtMs);
      }
      this.#calls?.forEach((call) => scope.onCall?.(call));
      this.#tell(member);
      result.then(resolve, reject);
      return await promise;
    } catch (error) {
      reason = scope.signal.aborted ? scope.signal.reason : error;
      throw reason;
    } finally {
      cancelTimer();
      scope.signal.removeEventListener('abort', leave);
      this.#members.delete(member);
      this.#latestDeadlineMs = Math.max(this.#latestDeadlineMs, scope.deadlineMs);
      if (this.#members.size === 0 && reason !== null) {
        this.#end(reason, { scope, clock, result });
      }
    }
  }

  /** The last has left: the work ends, at once or, where only time ran out, a while later unless somebody comes for it. */
  #end(reason: unknown, { scope, clock, result }: Pick<Wait<unknown>, 'scope' | 'clock' | 'result'>): void {
    if (this.#lingerMs === 0 || scope.signal.aborted) {
      this.#controller.abort(reason);
      return;
    }
    const cancel = clock.after(this.#lingerMs, () => {
      this.#cancelLinger = null;
      this.#controller.abort(reason);
    });
    const stop = (): void => {
      cancel();
      this.#cancelLinger = null;
    };
    this.#cancelLinger = stop;
    result.then(stop, stop);
  }

  #tell({ scope, refuse }: Member): void {
    if (this.#expectation === null) {
      return;
    }
    const { atMs, spacingMs, refusal } = this.#expectation;
    if (scope.deadlineMs <= atMs) {
      refuse(refusal());
    } else {
      scope.expectTurn?.(atMs, spacingMs, refusal);
    }
  }
}

/** Longer waits overflow Node's timers, which then fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Calls back at the deadline, which may be one that several share and move meanwhile. Gives the way to stop. */
function atDeadlineOf(scope: CallScope, clock: Clock, callback: () => void): () => void {
  let knownMs = scope.deadlineMs;
  let cancel = (): void => undefined;
  const wait = (ms: number): void => {
    cancel = clock.after(Math.min(ms, MAX_TIMER_MS), () => {
      // By how much it has moved, and not how far away it is: a clock that is set is no reason to wait.
      const moreMs = scope.deadlineMs - knownMs;
      knownMs = scope.deadlineMs;
      if (moreMs > 0) {
        wait(moreMs);
      } else {
        callback();
      }
    });
  };
  wait(knownMs - clock.now());
  return () => {
    cancel();
  };
}
