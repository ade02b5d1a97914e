import type { Watch } from './strain.ts';
import { TurnLimit } from './turn-limit.ts';

export interface WaitingLineOptions {
  /** How long a turn of the event loop may last. */
  readonly turnMs: number;
  readonly watchTurns: Watch['turns'];
}

/** A burst may wait for as many turns as this; more are refused. */
const BURST_TURNS = 80;
/** When the line has not come to its end for as long as this many turns may last, it is no burst: more comes than can be done. */
const CROWDED_AFTER_TURNS = 40;
/** That is forgotten four times as fast: who comes in bursts leaves pauses, and a crowd hardly any. */
const FORGETS = 4;
/** In a crowd so many turns' worth may wait: those of the next, and those by whom it is seen that there are more. */
const CROWDED_TURNS = 2;
/** When nobody has come for so many turns, everybody has been heard: a new connection needs one to be accepted, one to be read. */
const QUIET_TURNS = 3;
/** So much of a turn's time, between two that work, goes to hearing who comes. */
const HEARING_PART = 1 / 2;

/**
 * Begins requests in the order in which they come, so many in a turn of the event loop that the turn is short, and lets the
 * others wait for the next turns. A burst is served whole. Where the line does not come to an end, it is kept to what two
 * turns can take, and the rest is refused in the turn in which it comes: waiting would help nobody ("controlled delay", as in
 * Maurer, "Fail at Scale", ACM Queue 13/8). Who waits is never refused.
 *
 * Between two turns that work there are some that only hear who comes, for Node accepts one new connection in each, however
 * long it lasts: with work in all of them, newcomers would wait for seconds before they could even be refused.
 */
export class WaitingLine {
  readonly #turnMs: number;
  readonly #watchTurns: Watch['turns'];
  readonly #limit: TurnLimit;
  readonly #waiting: (() => void)[] = [];
  /** Whether the turn that worked last left somebody waiting. */
  #isLonger = false;
  /** For how long that has been so, less four times for how long it has not. */
  #longerForMs = 0;
  #hasHeard = false;
  #quietTurns = 0;
  #heardMs = 0;
  #unwatch: (() => void) | null = null;

  constructor({ turnMs, watchTurns }: WaitingLineOptions) {
    this.#turnMs = turnMs;
    this.#watchTurns = watchTurns;
    this.#limit = new TurnLimit(turnMs);
  }

  /** Calls `begin`, at once where nothing is going on and else in one of the next turns; or gives false, and never does. */
  offer(begin: () => void): boolean {
    if (this.#unwatch === null) {
      this.#unwatch = this.#watchTurns((lastedMs) => {
        this.#endTurn(lastedMs);
      });
      this.#limit.admits();
      begin();
      return true;
    }
    this.#hasHeard = true;
    const isFull = this.#waiting.length >= this.#limit.perTurn * this.#turnsToWait;
    if (!isFull) {
      this.#waiting.push(begin);
    }
    return !isFull;
  }

  get #turnsToWait(): number {
    return this.#longerForMs >= CROWDED_AFTER_TURNS * this.#turnMs ? CROWDED_TURNS : BURST_TURNS;
  }

  #endTurn(lastedMs: number): void {
    const hasWorked = this.#limit.admitted > 0;
    this.#limit.end(lastedMs);
    this.#noteLength(lastedMs);
    if (!hasWorked && this.#waiting.length === 0 && this.#longerForMs === 0) {
      this.#rest();
      return;
    }
    this.#heardMs = hasWorked ? 0 : this.#heardMs + lastedMs;
    this.#quietTurns = this.#hasHeard ? 0 : this.#quietTurns + 1;
    this.#hasHeard = false;
    if (this.#quietTurns >= QUIET_TURNS || this.#heardMs >= this.#turnMs * HEARING_PART) {
      this.#beginNext();
    }
  }

  #noteLength(lastedMs: number): void {
    const longerForMs = this.#longerForMs + (this.#isLonger ? lastedMs : -FORGETS * lastedMs);
    this.#longerForMs = Math.max(0, Math.min(longerForMs, 2 * CROWDED_AFTER_TURNS * this.#turnMs));
  }

  #beginNext(): void {
    // Out of the line before they begin: whatever one of them does, none is begun twice.
    const next = this.#waiting.splice(0, this.#limit.perTurn - this.#limit.admitted);
    next.forEach((begin) => {
      this.#limit.admits();
      begin();
    });
    this.#isLonger = this.#waiting.length > 0;
    this.#quietTurns = 0;
    this.#heardMs = 0;
  }

  #rest(): void {
    this.#quietTurns = 0;
    this.#heardMs = 0;
    this.#unwatch?.();
    this.#unwatch = null;
  }
}
