import type { Clock } from '../lib/clock.ts';

/** So many waits in vain, one after the other, and nobody is made to wait for a while. */
const WAITS_IN_VAIN = 3;
const BREAK_MS = 1_000;

/**
 * Keeps those who would wait in vain from waiting. Only that counts: an error, or that there is no connection, is learnt at
 * once and costs nobody anything. After the break one at a time finds out, until one gets an answer.
 */
export class WaitBreaker {
  readonly #clock: Clock;
  #waitsInVain = 0;
  #brokeAtMs: number | null = null;
  #isOneFindingOut = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether to ask now. Whoever is told so tells how it went. */
  mayAsk(): boolean {
    if (this.#brokeAtMs === null) {
      return true;
    }
    if (this.#isOneFindingOut || this.#isBreak(this.#brokeAtMs)) {
      return false;
    }
    this.#isOneFindingOut = true;
    return true;
  }

  /** There was an answer of any kind, or it was clear at once that there will be none. */
  answered(): void {
    this.#waitsInVain = 0;
    this.#brokeAtMs = null;
    this.#isOneFindingOut = false;
  }

  waitedInVain(): void {
    this.#waitsInVain += 1;
    this.#isOneFindingOut = false;
    if (this.#waitsInVain >= WAITS_IN_VAIN) {
      this.#brokeAtMs = this.#clock.now();
    }
  }

  #isBreak(brokeAtMs: number): boolean {
    const agoMs = this.#clock.now() - brokeAtMs;
    // A clock that was set back must not make the break a long one.
    return agoMs >= 0 && agoMs < BREAK_MS;
  }
}
