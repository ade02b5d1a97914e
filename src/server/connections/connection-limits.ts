import type { ServerOptions } from 'node:http';

/** How much of the process those may take who have not asked anything yet. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxHeaders: number;
  readonly maxHeaderBytes: number;
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly bodyTimeoutMs: number;
  /**
   * How long a connection may be idle between two requests: longer than balancers keep theirs, so that no request meets its
   * end. For as long a client may take nothing of its answer.
   */
  readonly keepAliveTimeoutMs: number;
}

/** Node looks only every 30 s unless told otherwise: nobody is cut later than this. */
const CHECK_INTERVAL_MS = 1_000;

/** What listens within these limits. */
export interface ListenLimits extends ServerOptions {
  readonly maxConnections?: number;
  readonly maxHeaders?: number;
  readonly stalledAnswerMs?: number;
}

/** The same in Node's words. Who drips is told 408, who sends long headers 431; who does not read, or is one too many, is cut. */
export function listenLimits(limits: ConnectionLimits): ListenLimits {
  return {
    maxConnections: limits.maxConnections,
    maxHeaders: limits.maxHeaders,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.bodyTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    stalledAnswerMs: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  };
}

/** As the settings are by default. */
export const LISTEN_LIMITS: ListenLimits = listenLimits({
  maxConnections: 1_000,
  maxHeaders: 100,
  maxHeaderBytes: 16_384,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 10_000,
  keepAliveTimeoutMs: 65_000,
});
