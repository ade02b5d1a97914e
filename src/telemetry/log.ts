import { upstreamCalls } from './channels.ts';

/** Writes one JSON line per upstream call as it ends: where it went, what came, how long it took. Returns the way to stop. */
export function logUpstreamCalls(write: (line: string) => void): () => void {
  return upstreamCalls.subscribe((event) => {
    if (event.kind === 'call') {
      write(JSON.stringify({ event: 'upstream-call', ...event }));
    }
  });
}
