import type { Clock } from './clock.ts';

/** Somebody who wants the value, until `signal` aborts or `deadlineMs` (since the epoch, on the snapshot's clock) has come. */
export interface Waiter {
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  /** On whose behalf, where that matters to whoever reads. */
  readonly callers?: ReadonlySet<string>;
}

/** What a reading may use. It belongs to all who wait for it, and is background work while nobody does. */
export interface ReadingScope extends Waiter {
  readonly isBackground: boolean;
}

export interface SnapshotOptions<T> {
  readonly clock: Clock;
  /** How long a finished reading is handed out, in milliseconds; 0 for never. */
  readonly ttlMs: number;
  /**
   * How long a reading goes on after the deadline of its last waiter, in milliseconds; default 0. A reading that takes longer
   * than anybody may wait is there for those who ask again.
   */
  readonly lingerMs?: number;
  /** Reads the value. Its scope's signal aborts once nobody waits any more, and its deadline never comes. */
  readonly read: (scope: ReadingScope) => Promise<T>;
  /** What a waiter is told whose deadline has come. */
  readonly lateError: () => Error;
}

interface Reading<T> {
  readonly value: Promise<T>;
  readonly controller: AbortController;
  /** One entry for each time that somebody waits: the same waiter may do so twice. */
  readonly waiters: Set<{ readonly waiter: Waiter }>;
  /** When the value was there; null while it is not. */
  finishedAtMs: number | null;
}

/** As large as a deadline can be: a reading has none of its own. */
const NO_DEADLINE = Number.MAX_SAFE_INTEGER;
/** Longer waits overflow Node's timers, which then fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const LEFT = new Error('nobody waits for this reading any more');
/** Why a waiter's timer is dropped once it has its answer. */
const ANSWERED = new Error('answered');

/**
 * A value that is costly to read, shared: whoever comes while it is being read joins that reading, whoever comes within
 * `ttlMs` of its end gets the same value. A reading belongs to all its waiters and to none: one that leaves, or runs out of
 * time, leaves alone, and the reading is aborted when the last has left, or `lingerMs` after the last one's deadline. So it
 * needs no deadline of its own. A failed reading is not kept; all who wait for it get its error, and the next who comes reads anew.
 *
 * The last value stays in memory until a newer one takes its place.
 */
export class Snapshot<T> {
  readonly #options: SnapshotOptions<T>;
  #current: Reading<T> | null = null;

  constructor(options: SnapshotOptions<T>) {
    this.#options = options;
  }

  /**
   * The value, and whether it had been read before this was asked. Rejects with the reading's error, with the waiter's abort
   * reason, or with `lateError()`; one who has left already, or comes too late, begins no reading.
   */
  async take(waiter: Waiter): Promise<{ readonly value: T; readonly isCached: boolean }> {
    waiter.signal.throwIfAborted();
    const current = this.#current;
    if (current !== null && this.#isYoung(current)) {
      return { value: await current.value, isCached: true };
    }
    if (waiter.deadlineMs <= this.#options.clock.now()) {
      throw this.#options.lateError();
    }
    const isUnderWay = current !== null && current.finishedAtMs === null;
    return { value: await this.#join(isUnderWay ? current : this.#begin(), waiter), isCached: false };
  }

  #isYoung({ finishedAtMs }: Reading<T>): boolean {
    const ageMs = this.#options.clock.now() - (finishedAtMs ?? Number.POSITIVE_INFINITY);
    // A clock that was set back makes ages negative: they say nothing then.
    return ageMs >= 0 && ageMs < this.#options.ttlMs;
  }

  #begin(): Reading<T> {
    const controller = new AbortController();
    const { read } = this.#options;
    const waiters: Reading<T>['waiters'] = new Set();
    const value = (async () => await read(scopeOf(controller.signal, waiters)))();
    const reading: Reading<T> = { value, controller, waiters, finishedAtMs: null };
    this.#current = reading;
    value.then(
      () => {
        reading.finishedAtMs = this.#options.clock.now();
      },
      () => {
        this.#forget(reading);
      },
    );
    return reading;
  }

  async #join(reading: Reading<T>, waiter: Waiter): Promise<T> {
    const entry = { waiter };
    reading.waiters.add(entry);
    try {
      return await this.#within(reading.value, waiter);
    } finally {
      reading.waiters.delete(entry);
      this.#release(reading, waiter.signal.aborted ? 0 : (this.#options.lingerMs ?? 0));
    }
  }

  /** Ends a reading that nobody waits for: now, or when somebody could still come back for it, after a while. */
  #release(reading: Reading<T>, lingerMs: number): void {
    if (reading.waiters.size > 0 || reading.finishedAtMs !== null || this.#current !== reading) {
      return;
    }
    if (lingerMs > 0) {
      const cancel = this.#options.clock.after(lingerMs, () => {
        this.#release(reading, 0);
      });
      reading.value.then(cancel, cancel);
      return;
    }
    this.#forget(reading);
    reading.controller.abort(LEFT);
  }

  /** Only its own: a newer reading may have taken the place. */
  #forget(reading: Reading<T>): void {
    if (this.#current === reading) {
      this.#current = null;
    }
  }

  async #within(value: Promise<T>, { signal, deadlineMs }: Waiter): Promise<T> {
    const { clock, lateError } = this.#options;
    const inner = new AbortController();
    const leave = (): void => {
      inner.abort(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    const late = clock
      .sleep(Math.min(deadlineMs - clock.now(), MAX_TIMER_MS), inner.signal)
      .then((): never => {
        throw lateError();
      });
    try {
      return await Promise.race([value, late]);
    } finally {
      signal.removeEventListener('abort', leave);
      inner.abort(ANSWERED);
    }
  }
}

function scopeOf(signal: AbortSignal, waiters: Reading<unknown>['waiters']): ReadingScope {
  return {
    signal,
    deadlineMs: NO_DEADLINE,
    get callers() {
      return new Set([...waiters].flatMap(({ waiter }) => Array.from(waiter.callers ?? [])));
    },
    get isBackground() {
      return waiters.size === 0;
    },
  };
}
