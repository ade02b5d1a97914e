import { type CacheKey, type Entry, freshUntilMs, type Life, MAX_CLOCK_SKEW_MS, usefulMs } from './entry.ts';
import type { SharedRecord } from './shared-tier.ts';

/** A key, and what its values look like. */
interface Understood<T> {
  readonly key: CacheKey;
  /** The value in a piece of JSON; null when it is none. */
  parse(json: unknown): T | null;
}

/** An entry as other replicas read it. Its text names the key, so that it cannot answer for another (reliability R3). */
export function toRecord({ place, name }: CacheKey, entry: Entry<unknown>, digest: string): SharedRecord {
  const { value, fetchedAtMs, life } = entry;
  const { freshMs, staleWhileRevalidateMs, staleIfErrorMs } = life;
  const windows = [freshMs, staleWhileRevalidateMs, staleIfErrorMs];
  return {
    fetchedAtMs,
    askedAtMs: entry.askedAtMs ?? fetchedAtMs,
    freshUntilMs: freshUntilMs(entry),
    usefulUntilMs: fetchedAtMs + usefulMs(life),
    digest,
    text: JSON.stringify([place, name, fetchedAtMs, windows, value]),
  };
}

/**
 * The entry in a text that a replica is said to have written for this key; null for anything that is not one, also when it
 * says that it was fetched in the future (reliability R1 to R5, R9). It may be of no use any more.
 */
export function fromText<T>(question: Understood<T>, text: string, nowMs: number): Entry<T> | null {
  const { place, name } = question.key;
  const parts = partsOf(text);
  if (parts === null || parts[0] !== place || parts[1] !== name) {
    return null;
  }
  const [, , fetchedAtMs, windows, json] = parts;
  const life = toLife(windows);
  const value = question.parse(json);
  if (!Number.isSafeInteger(fetchedAtMs) || life === null || value === null) {
    return null;
  }
  return Number(fetchedAtMs) > nowMs + MAX_CLOCK_SKEW_MS
    ? null
    : { value, fetchedAtMs: Number(fetchedAtMs), life };
}

/** Not a text that says so: anybody may name a job as they like. */
const PROTO_MEMBER = /"__proto__"\s*:/;

function partsOf(text: string): readonly unknown[] | null {
  // No value of ours has such a member; one that has it would change what every object has.
  if (PROTO_MEMBER.test(text)) {
    return null;
  }
  try {
    const parts: unknown = JSON.parse(text);
    return Array.isArray(parts) && parts.length === 5 ? parts : null;
  } catch {
    return null;
  }
}

/** No value lives longer than this, whatever a text says. */
const MAX_WINDOW_MS = 31 * 86_400_000;

function toLife(windows: unknown): Life | null {
  if (!Array.isArray(windows) || windows.length !== 3 || !windows.every(isWindow)) {
    return null;
  }
  const [freshMs = 0, staleWhileRevalidateMs = 0, staleIfErrorMs = 0] = windows;
  return { freshMs, staleWhileRevalidateMs, staleIfErrorMs };
}

function isWindow(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_WINDOW_MS;
}
