/** A moment at which one call of a budget may leave. Times are milliseconds since the epoch, on the injected clock. */
export interface Slot {
  readonly atMs: number;
  /** A call that has not left by then must wait for another slot: it could come too close to the next. */
  readonly expiresAtMs: number;
}

/** No slot can be had now. */
export interface NoSlot {
  /** When asking again makes sense. */
  readonly askAgainAtMs: number;
  /** When a slot may come, as far as is known: never before this. */
  readonly notBeforeMs: number;
}

/**
 * The slots of one budget of calls, of this process alone or shared by many. Whoever holds one and does not use it has lost
 * it. One is asked for at a time.
 */
export interface Slots {
  /** How far apart slots are, at least. */
  readonly spacingMs: number;
  /** The next slot. Never rejects: what stands in the way is no slot for now. */
  reserve(): Promise<Slot | NoSlot>;
  /** Told when a call leaves in a slot. */
  used(atMs: number): void;
  /** The upstream refused for too many calls: no slot for `ms`, for anybody who shares the budget. */
  pushBack(ms: number): void;
}
