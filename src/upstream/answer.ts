import { UpstreamError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { placeName, sourceName } from './origin-name.ts';
import type { UpstreamResponse } from './send.ts';

type Headers = UpstreamResponse['headers'];

/** Reliability U44: anything else in a request id could break a log line. */
const SAFE_REQUEST_ID = /^[A-Za-z0-9+/=_.:-]{1,128}$/;
/** Reliability U40. */
const MAX_RETRY_AFTER_MS = 20_000;
const SECONDS = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** The one form of date that HTTP lets a server send; Date.parse alone accepts almost any text that has a number. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Where COS and CI put their request id. API 3.0 has it in the body only. */
const REQUEST_ID_HEADERS = ['x-cos-request-id', 'x-ci-request-id'];

/** A request id that is fit to be shown and logged, else null (reliability U44). */
export function safeRequestId(text: string | null | undefined): string | null {
  return typeof text === 'string' && SAFE_REQUEST_ID.test(text) ? text : null;
}

/** The first safe request id among the headers named, in that order; by default those of COS and CI. Null without one. */
export function requestIdFrom(headers: Headers, ...names: readonly string[]): string | null {
  const candidates = names.length > 0 ? names : REQUEST_ID_HEADERS;
  for (const name of candidates) {
    const id = safeRequestId(headers[name]);
    if (id !== null) {
      return id;
    }
  }
  return null;
}

/**
 * How long `Retry-After` asks to wait, in milliseconds, held between 0 and 20 s (reliability U40); null when the header is
 * absent or is neither seconds nor an HTTP date.
 */
export function retryAfterMsFrom(headers: Headers, nowMs: number): number | null {
  const text = headers['retry-after']?.trim() ?? '';
  if (SECONDS.test(text)) {
    return clampRetryAfter(Number(text) * 1_000);
  }
  const dateMs = httpDateMs(text);
  return dateMs === null ? null : clampRetryAfter(dateMs - nowMs);
}

/** The upstream's time when it answered, milliseconds since the epoch, to the second; null without a strict `Date`. */
export function answeredAtMsFrom(headers: Headers): number | null {
  return httpDateMs(headers['date']?.trim() ?? '');
}

/**
 * An answer that is not what the operation gives. `what` continues the sentence, e.g. `expected ListJobsResult`, and holds
 * nothing of the answer itself. Retryable, for an answer may be cut on its way; retry does so at most once.
 */
export function badResponse(
  origin: Origin,
  what: string,
  response: Pick<UpstreamResponse, 'status' | 'headers'>,
  requestId: string | null = requestIdFrom(response.headers),
): UpstreamError {
  const message = `${sourceName(origin)} gave an unusable answer for ${placeName(origin)}: ${what}`;
  return new UpstreamError('UPSTREAM_BAD_RESPONSE', origin, message, {
    requestId,
    retryable: true,
    httpStatus: response.status,
  });
}

function httpDateMs(text: string): number | null {
  const dateMs = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? null : dateMs;
}

function clampRetryAfter(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), 0), MAX_RETRY_AFTER_MS);
}
