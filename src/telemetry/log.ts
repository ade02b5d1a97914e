import type { Clock } from '../lib/clock.ts';
import { breakerChanges, cacheFaults, unlistedDocuments, unmappedCodes, upstreamCalls } from './channels.ts';

/** Takes one line of JSON. */
type Write = (line: string) => void;

/** Writes a line per upstream call as it ends: where it went, what came, how long it took. Returns the way to stop. */
export function logUpstreamCalls(write: Write): () => void {
  return upstreamCalls.subscribe((event) => {
    if (event.kind === 'call') {
      write(JSON.stringify({ event: 'upstream-call', ...event }));
    }
  });
}

/**
 * Writes a line for what somebody should look into: an origin that is left alone, or back; an upstream's error code that
 * the gateway does not know. One per unknown code, and one each time that an origin is given up or back. Returns the way to stop.
 */
export function logUpstreamTrouble(write: Write): () => void {
  const knownCodes = new Set<string>();
  const stopChanges = breakerChanges.subscribe(({ origin, state }) => {
    if (state !== 'half-open') {
      write(JSON.stringify({ event: state === 'open' ? 'origin-left-alone' : 'origin-back', origin }));
    }
  });
  const stopCodes = unmappedCodes.subscribe(({ origin, ...answer }) => {
    const code = JSON.stringify([origin.source, answer]);
    if (!knownCodes.has(code) && knownCodes.size < MAX_KNOWN_CODES) {
      knownCodes.add(code);
      write(JSON.stringify({ event: 'unknown-error-code', origin, ...answer }));
    }
  });
  return () => {
    stopChanges();
    stopCodes();
  };
}

/** An upstream that makes up a new code each time is not to fill the log, nor the memory. */
const MAX_KNOWN_CODES = 100;

/** No more often than this is told that the cache does without its Redis, in milliseconds (reliability F2). */
const CACHE_TROUBLE_EVERY_MS = 1_000;

/**
 * Writes a line when the cache has to do without its Redis or meets something there that is none of its own: at most one a
 * second, with how many more there were since the last. Returns the way to stop.
 */
export function logCacheTrouble(write: Write, clock: Clock): () => void {
  let lastLineAtMs = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return cacheFaults.subscribe((fault) => {
    const sinceMs = clock.now() - lastLineAtMs;
    // A clock that was set back is no reason to be silent.
    if (sinceMs >= 0 && sinceMs < CACHE_TROUBLE_EVERY_MS) {
      untold += 1;
      return;
    }
    write(JSON.stringify({ event: 'cache-trouble', ...fault, untold }));
    lastLineAtMs = clock.now();
    untold = 0;
  });
}

/** No more often than this is told of any document that no manifest holds, and of the same one, in milliseconds. */
const UNLISTED_EVERY_MS = 1_000;
const SAME_UNLISTED_EVERY_MS = 3_600_000;
const MAX_TOLD_DOCUMENTS = 1_000;

/**
 * Writes a line for an operation that no manifest holds: what its client calls it, the SHA-256 of its text, and the client's
 * name. One per hour for each document and at most one a second, with how many requests were not told of since the last.
 * Returns the way to stop.
 */
export function logUnlistedDocuments(write: Write, clock: Clock): () => void {
  const toldAtMs = new Map<string, number>();
  let lastLineAtMs = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return unlistedDocuments.subscribe((event) => {
    const nowMs = clock.now();
    const key = `${event.outcome} ${event.sha256}`;
    const isWithin = (atMs: number, everyMs: number): boolean => nowMs >= atMs && nowMs - atMs < everyMs;
    const isToldAlready = isWithin(toldAtMs.get(key) ?? Number.NEGATIVE_INFINITY, SAME_UNLISTED_EVERY_MS);
    if (isToldAlready || isWithin(lastLineAtMs, UNLISTED_EVERY_MS)) {
      untold += 1;
      return;
    }
    write(JSON.stringify({ event: 'unlisted-document', ...event, untold }));
    lastLineAtMs = nowMs;
    untold = 0;
    toldAtMs.delete(key);
    toldAtMs.set(key, nowMs);
    const [oldest] = toldAtMs.keys();
    if (toldAtMs.size > MAX_TOLD_DOCUMENTS && oldest !== undefined) {
      toldAtMs.delete(oldest);
    }
  });
}
