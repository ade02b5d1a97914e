import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Overload } from './overload.ts';

const RETRY_AFTER_SECONDS = 1;

/** What tells others how it stands is asked most when it stands badly. */
const NEVER_SHED = /^\/(health|ready|metrics)([?#]|$)/;

const BODY = JSON.stringify({
  errors: [
    {
      message: 'The gateway has more to do than it can. Ask again in a second.',
      extensions: { code: 'REQUEST_CONCURRENCY_LIMITED', retryAfterMs: RETRY_AFTER_SECONDS * 1_000 },
    },
  ],
});

/**
 * Lets `next` answer what the process can answer, in the order in which it comes, and refuses the rest before anything of it is
 * read. Who leaves while it waits is not answered.
 */
export function sheddingListener(
  next: RequestListener,
  overload: Pick<Overload, 'offer'>,
  onRefused: (incoming: IncomingMessage) => void = () => undefined,
): RequestListener {
  return (incoming, outgoing) => {
    if (NEVER_SHED.test(incoming.url ?? '')) {
      next(incoming, outgoing);
      return;
    }
    const isTaken = overload.offer(() => {
      if (!incoming.socket.destroyed) {
        next(incoming, outgoing);
      }
    });
    if (!isTaken) {
      onRefused(incoming);
      refuse(outgoing, incoming.headers.accept ?? '');
    }
  };
}

function refuse(outgoing: ServerResponse, accept: string): void {
  const type = accept.includes('application/graphql-response+json')
    ? 'application/graphql-response+json'
    : 'application/json';
  outgoing
    .writeHead(503, {
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(BODY),
      'cache-control': 'no-store',
      'retry-after': String(RETRY_AFTER_SECONDS),
    })
    .end(BODY);
}
