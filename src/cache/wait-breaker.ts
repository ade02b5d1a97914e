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
  readonly #patienceMs: number;
  #waitsInVain = 0;
  #lastInVainAtMs = Number.NEGATIVE_INFINITY;
  #brokeAtMs: number | null = null;
  #isOneFindingOut = false;

  /** `patienceMs`: how long a wait takes. Those who waited at the same time waited once: a single halt is none of three. */
  constructor(clock: Clock, patienceMs: number) {
    this.#clock = clock;
    this.#patienceMs = patienceMs;
  }

  /** Whether nobody is to wait at present, but for one who finds out. */
  get isOpen(): boolean {
    return this.#brokeAtMs !== null;
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
    this.#isOneFindingOut = false;
    const sinceMs = this.#clock.now() - this.#lastInVainAtMs;
    if (this.#brokeAtMs === null && sinceMs >= 0 && sinceMs < this.#patienceMs / 2) {
      return;
    }
    this.#lastInVainAtMs = this.#clock.now();
    this.#waitsInVain += 1;
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
