import type { RedisOptions } from 'ioredis';

/** A new attempt to connect begins this long after the last one failed, at the latest: with `CONNECT_MS`, within a second. */
const RECONNECT_MS = 400;
export const CONNECT_MS = 500;
/** Of a server that has taken a command and sends nothing: its connection is given up for a new one. */
const SILENCE_MS = 500;
const FAREWELL_MS = 100;

/** The settings of each connection to a Redis of any kind: nothing is queued, sent twice or waited for (reliability F1, F2). */
export function forAnyNode(commandTimeoutMs: number) {
  return {
    commandTimeout: commandTimeoutMs,
    connectTimeout: CONNECT_MS,
    disconnectTimeout: FAREWELL_MS,
    socketTimeout: Math.max(SILENCE_MS, 2 * commandTimeoutMs),
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: false,
    // What every server and every proxy before one understands, and all that is used here.
    protocol: 2 as const,
    disableClientInfo: true,
  } satisfies RedisOptions;
}

export function reconnectAfterMs(attempts: number): number {
  return Math.min(50 * attempts, RECONNECT_MS);
}
