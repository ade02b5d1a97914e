import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import {
  breakerChanges,
  cacheFaults,
  keySetReads,
  loadShedding,
  lostSpans,
  refusedCallers,
  type RequestEvent,
  requests,
  type SeenRequest,
  unlistedDocuments,
  unmappedCodes,
  type UpstreamCallEvent,
  upstreamCalls,
} from './channels.ts';
import { atMostEvery } from './seldom.ts';

/**
 * What the gateway does, as lines: each request (info; debug where it is probed), each upstream call (debug), and what
 * somebody should look into (warn). A level that is not asked for costs nothing. Returns the way to stop.
 */
export function startLog(logger: Logger, clock: Clock): () => void {
  const stops = [
    logger.isLevelEnabled('info') ? logRequests(logger) : null,
    logger.isLevelEnabled('info') ? logRefusedCallers(logger, clock) : null,
    logger.isLevelEnabled('debug') ? logUpstreamCalls(logger) : null,
    ...(logger.isLevelEnabled('warn')
      ? [
          logUpstreamTrouble(logger),
          logCacheTrouble(logger, clock),
          logUnlistedDocuments(logger, clock),
          logLostSpans(logger, clock),
          logKeyTrouble(logger, clock),
          logLoadShedding(logger),
        ]
      : []),
  ];
  return () => {
    stops.forEach((stop) => stop?.());
  };
}

/** So much of a text that a client made up is shown. */
const MAX_NAME_LENGTH = 64;
/** So much of a document's SHA-256 tells it from all others that are likely to be met. */
const DIGEST_LENGTH = 16;
/** So many of the requests that wait for one call are named; all are counted. */
const MAX_NAMED_WAITERS = 20;

/** The paths at which the gateway is probed, again and again. */
const PROBED: readonly string[] = ['/health', '/ready', '/metrics'];

/** Writes a line per request as it ends. Returns the way to stop. */
function logRequests(logger: Logger): () => void {
  return requests.subscribe((event) => {
    if (event.kind === 'end') {
      logger[PROBED.includes(event.request.path) ? 'debug' : 'info'](requestLine(event));
    }
  });
}

function requestLine({ request, status, durationMs, bytes }: RequestEvent & { kind: 'end' }): object {
  const { requestId, method, path, operation, document, codes, calls, isReplay, client } = request;
  return {
    event: 'request',
    requestId,
    method,
    path,
    status: status ?? 'left',
    durationMs: rounded(durationMs),
    bytes,
    ...(operation === null
      ? {}
      : {
          operation: operation.type,
          operationName: operation.name?.slice(0, MAX_NAME_LENGTH),
          sha256: operation.sha256.slice(0, DIGEST_LENGTH),
        }),
    ...(document === null ? {} : { asked: document }),
    ...(codes.length === 0 ? {} : { codes }),
    ...(path === '/graphql' ? { upstreamCalls: calls.length, replayed: isReplay } : {}),
    ...valuesOf(request),
    ...(client === null ? {} : { client }),
    ...(request.subjectDigest === null ? {} : { subject: request.subjectDigest }),
  };
}

/** How many values of each outcome an answer is made of, and how old the oldest was when it began to be made. */
function valuesOf(request: SeenRequest): object {
  const values = request.values();
  if (values.length === 0) {
    return {};
  }
  const counts: Record<string, number> = {};
  for (const { outcome, count } of values) {
    counts[outcome] = (counts[outcome] ?? 0) + count;
  }
  return { values: counts, oldestMs: Math.max(0, request.startedAtMs - request.oldestFetchedAtMs) };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Writes a line per upstream call as it ends: where it went, what came, how long it took, who waited. Returns the way to stop. */
function logUpstreamCalls(logger: Logger): () => void {
  return upstreamCalls.subscribe((event) => {
    if (event.kind === 'call') {
      logger.debug(callLine(event));
    }
  });
}

function callLine({ origin, call, ...event }: UpstreamCallEvent): object {
  const { action, outcome, upstreamCode, requestId, attempts, waitedMs, durationMs, joined, batchSize } =
    event;
  const requestIds = Array.from(call.waiters, (waiter) => waiter.requestId);
  return {
    event: 'upstream-call',
    ...placeOf(origin),
    action,
    outcome,
    upstreamCode,
    upstreamRequestId: requestId,
    attempts,
    waitedMs,
    durationMs,
    joined,
    batchSize,
    requests: requestIds.length,
    requestIds: requestIds.slice(0, MAX_NAMED_WAITERS),
  };
}

/** A bucket's name holds the number of an account, so no line names one. */
function placeOf({ source, account, region }: UpstreamCallEvent['origin']): object {
  return { source, account, region };
}

/**
 * Writes a line for what somebody should look into: an origin that is left alone, or back; an upstream's error code that
 * the gateway does not know. One per unknown code, and one each time that an origin is given up or back. Returns the way to stop.
 */
export function logUpstreamTrouble(logger: Logger): () => void {
  const knownCodes = new Set<string>();
  const stopChanges = breakerChanges.subscribe(({ origin, state }) => {
    if (state !== 'half-open') {
      logger.warn({ event: state === 'open' ? 'origin-left-alone' : 'origin-back', ...placeOf(origin) });
    }
  });
  const stopCodes = unmappedCodes.subscribe(({ origin, ...answer }) => {
    const code = JSON.stringify([origin.source, answer]);
    if (!knownCodes.has(code) && knownCodes.size < MAX_KNOWN_CODES) {
      knownCodes.add(code);
      logger.warn({ event: 'unknown-error-code', ...placeOf(origin), ...answer });
    }
  });
  return () => {
    stopChanges();
    stopCodes();
  };
}

/** An upstream that makes up a new code each time is not to fill the log, nor the memory. */
const MAX_KNOWN_CODES = 100;

/** Writes a line when the process begins to refuse requests because it has too much to do, and when it takes them again. */
function logLoadShedding(logger: Logger): () => void {
  return loadShedding.subscribe((event) => {
    logger.warn({ event: 'load-shedding', ...event });
  });
}

/** No more often than this is told that the cache does without its Redis, in milliseconds (reliability F2). */
const CACHE_TROUBLE_EVERY_MS = 1_000;

/**
 * Writes a line when the cache has to do without its Redis or meets something there that is none of its own: at most one a
 * second, with how many more there were since the last. Returns the way to stop.
 */
export function logCacheTrouble(logger: Logger, clock: Clock): () => void {
  const seldom = atMostEvery(CACHE_TROUBLE_EVERY_MS, clock);
  return cacheFaults.subscribe((fault) => {
    seldom(1, (untold) => logger.warn({ event: 'cache-trouble', ...fault, untold }));
  });
}

/** No more often than this is told that spans are lost, in milliseconds. */
const LOST_SPANS_EVERY_MS = 60_000;

/** Writes a line when spans cannot be sent: at most one a minute, with how many since the last. Returns the way to stop. */
export function logLostSpans(logger: Logger, clock: Clock): () => void {
  const seldom = atMostEvery(LOST_SPANS_EVERY_MS, clock);
  return lostSpans.subscribe(({ count }) => {
    seldom(count, (untold) => logger.warn({ event: 'spans-lost', count: count + untold }));
  });
}

/** No more often than this is told that keys cannot be read, and why callers are refused. */
const KEY_TROUBLE_EVERY_MS = 1_000;
const REFUSED_EVERY_MS = 1_000;

/** Writes a line when the keys of the tokens' issuer cannot be read, at most one a second. Returns the way to stop. */
function logKeyTrouble(logger: Logger, clock: Clock): () => void {
  const seldom = atMostEvery(KEY_TROUBLE_EVERY_MS, clock);
  return keySetReads.subscribe(({ outcome, durationMs }) => {
    if (outcome !== 'ok') {
      seldom(1, (untold) => logger.warn({ event: 'issuer-keys', outcome, durationMs, untold }));
    }
  });
}

/**
 * Writes a line when a caller is refused: the class of the reason, which the caller is not told, and nothing of its token. At
 * most one a second for each class, with how many were not told of since. Returns the way to stop.
 */
function logRefusedCallers(logger: Logger, clock: Clock): () => void {
  const byReason = new Map<string, ReturnType<typeof atMostEvery>>();
  return refusedCallers.subscribe(({ reason }) => {
    const seldom = byReason.get(reason) ?? atMostEvery(REFUSED_EVERY_MS, clock);
    byReason.set(reason, seldom);
    seldom(1, (untold) => logger.info({ event: 'caller-refused', reason, untold }));
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
export function logUnlistedDocuments(logger: Logger, clock: Clock): () => void {
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
    // Of a refused document nobody has looked at what its client calls it.
    const [name = null] = /^\w+$/.exec(event.operationName ?? '') ?? [];
    const operationName = name?.slice(0, MAX_NAME_LENGTH) ?? null;
    logger.warn({ event: 'unlisted-document', ...event, operationName, untold });
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
