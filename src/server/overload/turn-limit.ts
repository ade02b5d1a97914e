/** Before the first turn has shown how many requests it can take. */
const FIRST_ALLOWED = 10;
/** What makes a turn long may be something else, such as a neighbour's work on the same core: some are let in all the same. */
const LEAST_ALLOWED = 4;

/**
 * How many requests one turn of the event loop lets in, so that turns last `turnMs` and no longer. Finds the number by itself,
 * for what a request costs is not known before: down in proportion after a turn that was too long, up by one after one that
 * was not and could have done with more.
 */
export class TurnLimit {
  readonly #turnMs: number;
  #allowed = FIRST_ALLOWED;
  #admitted = 0;

  constructor(turnMs: number) {
    this.#turnMs = turnMs;
  }

  /** How many a turn lets in just now. */
  get perTurn(): number {
    return Math.floor(this.#allowed);
  }

  /** How many this turn has let in. */
  get admitted(): number {
    return this.#admitted;
  }

  /** Whether one more may begin in this turn, and counts it. */
  admits(): boolean {
    if (this.#admitted >= this.perTurn) {
      return false;
    }
    this.#admitted += 1;
    return true;
  }

  /** The turn is over. */
  end(lastedMs: number): void {
    if (lastedMs > this.#turnMs) {
      this.#allowed = Math.max(LEAST_ALLOWED, (this.#allowed * this.#turnMs) / lastedMs);
    } else if (this.#admitted >= this.perTurn) {
      this.#allowed += 1;
    }
    this.#admitted = 0;
  }
}
