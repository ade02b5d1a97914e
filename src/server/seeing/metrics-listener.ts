import type { RequestListener } from 'node:http';

/** What is served at `/metrics`: its media type and its text. */
export type MetricsText = () => Promise<{ readonly type: string; readonly body: string }>;

/** Answers `/metrics` and lets `next` answer the rest. */
export function metricsListener(next: RequestListener, text: MetricsText): RequestListener {
  return (incoming, outgoing) => {
    const [path] = (incoming.url ?? '').split('?', 1);
    if (path !== '/metrics') {
      next(incoming, outgoing);
      return;
    }
    incoming.resume();
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
      outgoing.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    void text().then(
      ({ type, body }) => {
        const headers = {
          'content-type': type,
          'content-length': Buffer.byteLength(body),
          'cache-control': 'no-store',
        };
        outgoing.writeHead(200, headers).end(incoming.method === 'HEAD' ? undefined : body);
      },
      () => {
        outgoing.writeHead(500).end();
      },
    );
  };
}

/** Answers everything but `/metrics`, where nothing else is served. */
export const nothingElse: RequestListener = (incoming, outgoing) => {
  incoming.resume();
  outgoing.writeHead(404).end();
};
