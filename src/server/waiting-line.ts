import type { Watch } from './strain.ts';
import { TurnLimit } from './turn-limit.ts';

export interface WaitingLineOptions {
  /** How long a turn of the event loop may last. */
  readonly turnMs: number;
  readonly watchTurns: Watch['turns'];
}

/** A burst may wait for as many turns as this; more are refused. */
const BURST_TURNS = 40;
/** When somebody has been waiting for as long as this many turns may last, it is no burst: there is more than can be done. */
const STANDING_TURNS = 12;

/**
 * Begins requests in the order in which they come, so many in a turn of the event loop that the turn is short, and lets the
 * others wait for the next turns. A burst is served whole. Where the line does not come to an end, it is kept to what one turn
 * can take, and the rest is refused in the turn in which it comes: waiting would help nobody ("controlled delay", as in
 * Maurer, "Fail at Scale", ACM Queue 13/8). Who waits is never refused.
 */
export class WaitingLine {
  readonly #turnMs: number;
  readonly #watchTurns: Watch['turns'];
  readonly #limit: TurnLimit;
  #waiting: (() => void)[] = [];
  #standingMs = 0;
  #unwatch: (() => void) | null = null;

  constructor({ turnMs, watchTurns }: WaitingLineOptions) {
    this.#turnMs = turnMs;
    this.#watchTurns = watchTurns;
    this.#limit = new TurnLimit(turnMs);
  }

  /** Calls `begin` at once or in one of the next turns; or gives false, and never does. */
  offer(begin: () => void): boolean {
    this.#unwatch ??= this.#watchTurns((lastedMs) => {
      this.#endTurn(lastedMs);
    });
    if (this.#waiting.length === 0 && this.#limit.admits()) {
      begin();
      return true;
    }
    const isFull = this.#waiting.length >= this.#limit.perTurn * this.#turnsToWait;
    if (!isFull) {
      this.#waiting.push(begin);
    }
    return !isFull;
  }

  get #turnsToWait(): number {
    return this.#standingMs >= STANDING_TURNS * this.#turnMs ? 1 : BURST_TURNS;
  }

  #endTurn(lastedMs: number): void {
    const isIdle = this.#limit.admitted === 0 && this.#waiting.length === 0;
    this.#limit.end(lastedMs);
    if (isIdle) {
      this.#rest();
    } else {
      this.#noteStanding(lastedMs);
      this.#beginNext();
    }
  }

  /** An empty line is no proof that all is well: where more comes than can be done, some turns are still short by chance. */
  #noteStanding(lastedMs: number): void {
    const standingMs = this.#standingMs + (this.#waiting.length > 0 ? lastedMs : -lastedMs);
    this.#standingMs = Math.max(0, Math.min(standingMs, 2 * STANDING_TURNS * this.#turnMs));
  }

  #rest(): void {
    this.#standingMs = 0;
    this.#unwatch?.();
    this.#unwatch = null;
  }

  #beginNext(): void {
    let begun = 0;
    while (begun < this.#waiting.length && this.#limit.admits()) {
      this.#waiting[begun]?.();
      begun += 1;
    }
    this.#waiting = this.#waiting.slice(begun);
  }
}
