import { breakerChanges, unmappedCodes, upstreamCalls } from './channels.ts';

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
