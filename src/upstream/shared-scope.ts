import type { Clock } from '../lib/clock.ts';
import type { CallScope } from './send.ts';
import { withTimeLimit } from './time-limit.ts';

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

/**
 * The scope of a call that several wait for. It belongs to all of them and to none: its deadline is the latest of theirs,
 * it is background work while nobody waits but background work, and its signal aborts when the last has left, with what
 * made that one leave.
 */
export class SharedScope implements CallScope {
  readonly #members = new Set<Member>();
  readonly #controller = new AbortController();
  #joined = 0;
  #expectation: Expectation | null = null;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get deadlineMs(): number {
    return Math.max(...[...this.#members].map(({ scope }) => scope.deadlineMs));
  }

  get callers(): ReadonlySet<string> {
    return new Set([...this.#members].flatMap(({ scope }) => Array.from(scope.callers ?? [])));
  }

  get isBackground(): boolean {
    return [...this.#members].every(({ scope }) => scope.isBackground === true);
  }

  get joined(): number {
    return this.#joined;
  }

  /** Whether anybody waits. */
  get isWanted(): boolean {
    return this.#members.size > 0;
  }

  readonly expectTurn: NonNullable<CallScope['expectTurn']> = (atMs, spacingMs, refusal) => {
    this.#expectation = { atMs, spacingMs, refusal };
    this.#members.forEach((member) => this.#tell(member));
  };

  /**
   * Waits for the result as one of those who share the call. Rejects with the caller's reason when it leaves, with
   * `lateError()` at its deadline, with the queue's refusal when the turn cannot come in time, each alone; or with what
   * made the call fail.
   */
  async wait<T>({ scope, clock, result, lateError }: Wait<T>): Promise<T> {
    const { promise: refused, reject: refuse } = Promise.withResolvers<never>();
    const member: Member = { scope, refuse };
    this.#members.add(member);
    this.#joined += 1;
    let reason: unknown = null;
    try {
      this.#tell(member);
      return await withTimeLimit({
        clock,
        limitMs: scope.deadlineMs - clock.now(),
        signal: scope.signal,
        timeoutError: lateError,
        run: async () => await Promise.race([result, refused]),
      });
    } catch (error) {
      reason = error;
      throw error;
    } finally {
      this.#members.delete(member);
      if (this.#members.size === 0 && reason !== null) {
        this.#controller.abort(reason);
      }
    }
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
