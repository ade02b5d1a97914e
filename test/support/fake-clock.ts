import type { Clock } from '../../src/lib/clock.ts';

interface Sleeper {
  wakesAtMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #nowMs: number;
  readonly #sleepers = new Set<Sleeper>();

  constructor(nowMs = Date.parse('2026-01-01T00:00:00Z')) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** How many sleeps are still due: 0 after a test whose subject leaves no timer. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason as Error);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper: Sleeper = { wakesAtMs: this.#nowMs + Math.max(ms, 0), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  after(ms: number, callback: () => void): () => void {
    const sleeper: Sleeper = { wakesAtMs: this.#nowMs + Math.max(ms, 0), wake: callback };
    this.#sleepers.add(sleeper);
    return () => {
      this.#sleepers.delete(sleeper);
    };
  }

  /** Moves on by `ms`, waking whoever is due, earliest first, each at its own time and with what it does then done. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#nextDue(untilMs); next !== undefined; next = this.#nextDue(untilMs)) {
      this.#nowMs = next.wakesAtMs;
      this.#sleepers.delete(next);
      next.wake();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Moves the time alone, as when somebody sets the machine's clock: nobody wakes, and sleeps stay as long as they were. */
  jump(ms: number): void {
    this.#nowMs += ms;
    for (const sleeper of this.#sleepers) {
      sleeper.wakesAtMs += ms;
    }
  }

  #nextDue(untilMs: number): Sleeper | undefined {
    return [...this.#sleepers]
      .filter(({ wakesAtMs }) => wakesAtMs <= untilMs)
      .toSorted((a, b) => a.wakesAtMs - b.wakesAtMs)[0];
  }
}

/** Lets everything run that is only waiting for promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
