import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { WANTS_CALLS } from '../seeing/request-record.ts';

/** No body of a usual question is longer. */
const MAX_BODY_BYTES = 8_192;

/**
 * Headers that say who asks, that a kept answer will not do, or that the body is not simply there: their requests are asked
 * as ever.
 */
const REFUSED = [
  'authorization',
  'cookie',
  'router-authorization',
  'cache-control',
  'pragma',
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  WANTS_CALLS,
] as const;

/**
 * Headers that nothing in this gateway looks at to answer: what carries the request, and who sends it and why. A client's
 * name decides about turns at the upstreams, and a kept answer takes none. All others are part of the question, `Host`
 * too: Yoga makes a URL of it, and may fail to.
 */
const OF_NO_MEANING = new Set([
  'accept-encoding',
  'accept-language',
  'apollographql-client-name',
  'apollographql-client-version',
  'baggage',
  'connection',
  'content-length',
  'dnt',
  'forwarded',
  'keep-alive',
  'priority',
  'referer',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'traceparent',
  'tracestate',
  'user-agent',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-graphql-client',
  'x-real-ip',
  'x-request-id',
]);

/**
 * How long the body of a request is whose answer may be kept, in bytes; null for a request that has to be asked as ever: one
 * of another kind, or with a body that does not say its length or is long.
 */
export function askedBytes({ method, url, headers }: IncomingMessage): number | null {
  if (method !== 'POST' || url !== '/graphql' || REFUSED.some((name) => headers[name] !== undefined)) {
    return null;
  }
  const bytes = Number(headers['content-length'] ?? 0);
  return bytes >= 1 && bytes <= MAX_BODY_BYTES ? bytes : null;
}

/**
 * All that decides how a request is answered, as one text: of two requests with the same one, whatever refuses or answers
 * the first does so with the second. No header holds a line break, so no two questions have one text.
 */
export function questionText(headers: IncomingHttpHeaders, body: Buffer): string {
  let text = '';
  for (const name in headers) {
    if (!OF_NO_MEANING.has(name)) {
      text += `${name}:${String(headers[name])}\n`;
    }
  }
  return `${text}\n${body.toString('latin1')}`;
}
