/**
 * What is known of how far the clock of a Redis is ahead of ours. Each reply that tells Redis' time bounds it, for Redis
 * looked at its clock between our sending and our receiving; what all replies allow is kept. Nothing known: everything is
 * possible. Times are milliseconds since the epoch; both clocks tell whole ones, which the bounds allow for.
 */
export class RedisTime {
  #atLeastMs = Number.NEGATIVE_INFINITY;
  #atMostMs = Number.POSITIVE_INFINITY;

  /**
   * Takes in a reply. Gives by how much it contradicts those before: 0 as long as the clocks run alike; else one of them was
   * set or has drifted, and only this reply counts from now on.
   */
  observe(redisNowMs: number, sentAtMs: number, receivedAtMs: number): number {
    const atLeastMs = redisNowMs - receivedAtMs - 1;
    const atMostMs = redisNowMs - sentAtMs + 1;
    const contradictionMs = Math.max(atLeastMs - this.#atMostMs, this.#atLeastMs - atMostMs, 0);
    this.#atLeastMs = contradictionMs > 0 ? atLeastMs : Math.max(this.#atLeastMs, atLeastMs);
    this.#atMostMs = contradictionMs > 0 ? atMostMs : Math.min(this.#atMostMs, atMostMs);
    return contradictionMs;
  }

  /** The earliest that Redis' clock can show at a moment of ours. */
  earliestThere(hereMs: number): number {
    return hereMs + this.#atLeastMs;
  }

  latestThere(hereMs: number): number {
    return hereMs + this.#atMostMs;
  }

  /** The earliest that our clock can show at a moment of Redis'. */
  earliestHere(thereMs: number): number {
    return thereMs - this.#atMostMs;
  }

  latestHere(thereMs: number): number {
    return thereMs - this.#atLeastMs;
  }
}
