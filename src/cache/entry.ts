/** Where a value is kept. Both parts together tell it from every other; neither holds a secret. */
export interface CacheKey {
  /**
   * Whose value it is: the origin, and the credential and endpoint that it is read with. Values of one place never answer
   * for another, and are kept on one node of a Redis Cluster.
   */
  readonly place: string;
  /** What it is the answer to, within its place. */
  readonly name: string;
}

/** The key as one text, for what is kept by key in this process. What is between them is in neither part. */
export function idOf({ place, name }: CacheKey): string {
  return `${place}\0${name}`;
}

/** How long a value may be used, counted from when it was fetched. The two windows begin when `freshMs` is over (RFC 5861). */
export interface Life {
  readonly freshMs: number;
  /** How long it still answers at once, while it is read anew behind. */
  readonly staleWhileRevalidateMs: number;
  /** How long it still answers in place of a fault of the upstream. */
  readonly staleIfErrorMs: number;
}

/** A value with the time at which it was received from the upstream, milliseconds since the epoch. */
export interface Entry<T> {
  readonly value: T;
  readonly fetchedAtMs: number;
  /** When it was asked for: it says what was so then or later. Absent where another replica asked. */
  readonly askedAtMs?: number;
  readonly life: Life;
}

/** What a value may still do: `FRESH`, answer; `STALE`, answer while it is read anew; `RESERVE`, answer for a fault; `GONE`, nothing. */
export type EntryState = 'FRESH' | 'STALE' | 'RESERVE' | 'GONE';

/** How far the clocks of replicas may be apart: a value from further in the future than this was not written by one. */
export const MAX_CLOCK_SKEW_MS = 5_000;

/** The state of an entry at a moment. One that seems to come from the future is as fresh as can be. */
export function stateOf({ fetchedAtMs, life }: Entry<unknown>, nowMs: number): EntryState {
  const { freshMs, staleWhileRevalidateMs, staleIfErrorMs } = life;
  const ageMs = nowMs - fetchedAtMs;
  if (ageMs < -MAX_CLOCK_SKEW_MS) {
    return 'GONE';
  }
  if (ageMs < freshMs) {
    return 'FRESH';
  }
  if (ageMs < freshMs + staleWhileRevalidateMs) {
    return 'STALE';
  }
  return ageMs < freshMs + staleIfErrorMs ? 'RESERVE' : 'GONE';
}

/** Until when an entry answers by itself. */
export function freshUntilMs({ fetchedAtMs, life }: Entry<unknown>): number {
  return fetchedAtMs + life.freshMs;
}

/** How long an entry may be of any use, from when it was fetched. */
export function usefulMs({ freshMs, staleWhileRevalidateMs, staleIfErrorMs }: Life): number {
  return freshMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs);
}
