/** A moment before which nobody may call, on the injected clock. */
export class NotBefore {
  readonly #maxAheadMs: number;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(maxAheadMs: number) {
    this.#maxAheadMs = maxAheadMs;
  }

  raise(untilMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, untilMs);
  }

  /** One that is further off than any can be comes from before the clock was set back: it counts no more. */
  at(nowMs: number): number {
    if (this.#untilMs > nowMs + this.#maxAheadMs) {
      this.#untilMs = Number.NEGATIVE_INFINITY;
    }
    return this.#untilMs;
  }
}
