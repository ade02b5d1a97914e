import type { RequestListener } from 'node:http';

/** What would end the host in a URL, and begin something else there. */
const ENDS_HOST = /[/?#@\\]/;

const BODY = JSON.stringify({
  errors: [
    {
      message:
        'Expected a header Host with the name of a host and nothing else, such as jobs.example.com:4000.',
      extensions: { code: 'BAD_REQUEST' },
    },
  ],
});

/**
 * Refuses a request whose `Host` is none (400), as HTTP wants it. Yoga makes a URL of it and the path: of one that cannot be
 * made it would tell the client with the whole stack, and `x/health?` would be another path than was asked for.
 */
export function hostCheck(next: RequestListener): RequestListener {
  return (incoming, outgoing) => {
    const { host = '' } = incoming.headers;
    // Before HTTP/1.1 none is sent, and an empty one is allowed.
    if (host === '' || isHost(host)) {
      next(incoming, outgoing);
      return;
    }
    outgoing
      .writeHead(400, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(BODY),
        'cache-control': 'no-store',
      })
      .end(BODY);
  };
}

function isHost(text: string): boolean {
  return !ENDS_HOST.test(text) && URL.canParse(`http://${text}`);
}
