import type { Plugin } from 'graphql-yoga';
import { varyingBy } from '../http-cache/vary.ts';

/** What a page of an allowed origin may send, and what it may read besides what every page may. */
const ALLOWED_HEADERS = [
  'Accept',
  'Apollo-Require-Preflight',
  'Apollographql-Client-Name',
  'Apollographql-Client-Version',
  'Authorization',
  'Baggage',
  'Cache-Control',
  'Content-Type',
  'If-None-Match',
  'Traceparent',
  'Tracestate',
  'X-GraphQL-Client',
  'X-Request-Id',
  'X-Timeout-Ms',
].join(', ');
const EXPOSED_HEADERS = ['Age', 'ETag', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'].join(', ');

/** Browsers ask again after two hours at the latest, whatever they are told. */
const MAX_AGE_SECONDS = '7200';

/**
 * Lets pages of these origins ask, and of no others. Nothing is ever allowed with credentials: who asks is said by a token in
 * a header, and a cookie says nothing here. To be listed before what looks at answers.
 */
export function useCors(origins: readonly string[]): Plugin {
  const allowed = new Set(origins);
  const sayTo = corsHeadersFor(origins);
  return {
    onRequest: ({ request, url, fetchAPI, endResponse }) => {
      const isPreflight =
        request.method === 'OPTIONS' && request.headers.get('access-control-request-method') !== null;
      if (isPreflight && url.pathname === '/graphql') {
        const isAllowed = allowed.has(request.headers.get('origin') ?? '');
        endResponse(
          new fetchAPI.Response(null, { status: 204, headers: isAllowed ? PREFLIGHT_HEADERS : {} }),
        );
      }
    },
    onResponse: ({ request, response: { headers } }) => {
      const said = Object.entries(sayTo(request.headers.get('origin') ?? undefined));
      headers.set('vary', varyingBy(['Origin'], headers.get('vary')));
      said.forEach(([name, value]) => headers.set(name, value));
    },
  };
}

/** What an answer says to the browser of a page of this origin: nothing, unless the origin is one of these. */
export function corsHeadersFor(
  origins: readonly string[],
): (origin: string | undefined) => Readonly<Record<string, string>> {
  const allowed = new Set(origins);
  return (origin) => (origin !== undefined && allowed.has(origin) ? corsHeaders(origin) : {});
}

/** What an answer says to the browser of a page of another site, to be said again where the answer is made anew. */
export function corsHeadersIn(headers: Headers): Readonly<Record<string, string>> {
  const origin = headers.get('access-control-allow-origin');
  return origin === null ? {} : corsHeaders(origin);
}

function corsHeaders(origin: string): Readonly<Record<string, string>> {
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED_HEADERS };
}

const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': ALLOWED_HEADERS,
  'access-control-max-age': MAX_AGE_SECONDS,
} as const;
