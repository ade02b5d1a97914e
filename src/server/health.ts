import type { Plugin } from 'graphql-yoga';

/** Whether the process takes traffic, and what it knows of what it depends on. */
export interface Readiness {
  readonly isDraining: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * `/health`: 200 while the process lives. `/ready`: 200 when it can take traffic, 503 while it drains; the upstreams are
 * reported in its body and never decide it (contract section 3).
 */
export function useHealth(readiness: () => Readiness): Plugin {
  return {
    onRequest: ({ request, url, fetchAPI, endResponse }) => {
      if (url.pathname !== '/health' && url.pathname !== '/ready') {
        return;
      }
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        endResponse(new fetchAPI.Response(null, { status: 405, headers: { allow: 'GET, HEAD' } }));
        return;
      }
      const { isDraining, details } = readiness();
      const isReady = url.pathname === '/health' || !isDraining;
      const body =
        url.pathname === '/health'
          ? { status: 'ok' }
          : { status: isReady ? 'ready' : 'draining', ...details };
      endResponse(
        fetchAPI.Response.json(body, {
          status: isReady ? 200 : 503,
          headers: { 'cache-control': 'no-store' },
        }),
      );
    },
  };
}
