import type { CallScope } from '../lib/call-scope.ts';
import type { CacheKey, Entry, Life } from './entry.ts';

/** What is asked of the cache: where the value is kept, and what has to be known of it. */
export interface Question<T> {
  readonly key: CacheKey;
  lifeOf(value: T): Life;
  /** The value in JSON that another replica wrote; null when it is none. */
  parse(json: unknown): T | null;
  /**
   * Stands for what the value says, whenever it was fetched. Given for values that replicas tell each other of when they
   * change; absent for those that only answer.
   */
  digestOf?(value: T): string;
  /** What one is told whose deadline has come. */
  lateError(): Error;
  /** How long reading goes on after the deadline of the last who waits, in milliseconds. Default 0. */
  readonly lingerMs?: number;
}

/** A value as the upstream just gave it. */
export interface Loaded<T> {
  readonly value: T;
  /** When it was received, milliseconds since the epoch. */
  readonly fetchedAtMs: number;
  /** When it was asked for. Absent: when the first call for it left, or when reading began. */
  readonly askedAtMs?: number;
}

/** What was loaded, as it is kept. */
export function entryOf<T>(
  question: Question<T>,
  { value, fetchedAtMs, askedAtMs = fetchedAtMs }: Loaded<T>,
): Entry<T> {
  // Clocks are set: nothing is received before it was asked for.
  return { value, fetchedAtMs, askedAtMs: Math.min(askedAtMs, fetchedAtMs), life: question.lifeOf(value) };
}

/** Reads a value from the upstream. */
export type Load<T> = (scope: CallScope) => Promise<Loaded<T>>;

/** `FRESH`: read for whoever asks. `CACHED`: known, and within its time. `STALE`: known, and past it. */
export type Outcome = 'FRESH' | 'CACHED' | 'STALE';

export interface Answer<T> {
  readonly entry: Entry<T>;
  readonly outcome: Outcome;
  /** Whether Redis was asked for it; else it was known to this process, or read. */
  readonly isFromRedis?: boolean;
}
