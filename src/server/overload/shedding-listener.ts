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

export interface SheddingOptions {
  readonly overload: Pick<Overload, 'offer'>;
  /** Headers for the browser of a page of this origin, which could not read the refusal without. */
  readonly corsHeaders: (origin: string | undefined) => Readonly<Record<string, string>>;
  readonly onRefused: (incoming: IncomingMessage) => void;
}

/**
 * Lets `next` answer what the process can answer, in the order in which it comes, and refuses the rest before anything of it is
 * read. Who leaves while it waits is not answered.
 */
export function sheddingListener(next: RequestListener, options: SheddingOptions): RequestListener {
  const { overload, corsHeaders, onRefused } = options;
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
      const { accept = '', origin } = incoming.headers;
      onRefused(incoming);
      refuse(outgoing, accept, corsHeaders(origin));
    }
  };
}

function refuse(
  outgoing: ServerResponse,
  accept: string,
  corsHeaders: Readonly<Record<string, string>>,
): void {
  const type = accept.includes('application/graphql-response+json')
    ? 'application/graphql-response+json'
    : 'application/json';
  outgoing
    .writeHead(503, {
      ...corsHeaders,
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(BODY),
      'cache-control': 'no-store',
      'retry-after': String(RETRY_AFTER_SECONDS),
      vary: 'Origin',
    })
    .end(BODY);
}
