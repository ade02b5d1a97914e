import type { IncomingHttpHeaders } from 'node:http';

/** Names as clients of GraphQL give them: ours, and that of Apollo’s clients. The first that is clean counts. */
const NAME_HEADERS = ['x-graphql-client', 'apollographql-client-name'];

/** Nothing that could break a log line or look like something else. */
const CLEAN_NAME = /^[A-Za-z0-9][A-Za-z0-9 ._@/+-]{0,63}$/;

/**
 * Who asks, for sharing scarce turns out evenly. The subject of a token, as a digest, has a share of its own, whatever it
 * calls itself and wherever it comes from. Without tokens, a client that gives its name has one, and all that give none and
 * come from one address have one together.
 *
 * A name is taken on trust. It decides about shares and nothing else, so who lies gains turns, never data; and each kind
 * is marked, so that no name can pass for an address. Behind a proxy all come from its address: `X-Forwarded-For` is not
 * read, for whoever reaches the port can write it.
 */
export function callerOf(
  headers: Headers,
  address: string | undefined,
  subject: string | null = null,
): string {
  if (subject !== null) {
    return `subject:${subject}`;
  }
  const name = clientNameOf(headers);
  if (name !== null) {
    return `client:${name}`;
  }
  return address === undefined ? 'unknown' : `address:${address}`;
}

/** The name that a client gives itself, fit to be printed; null when it gives none, or none that is clean. */
export function clientNameOf(headers: Headers): string | null {
  return cleanNameOf(NAME_HEADERS.map((header) => headers.get(header)));
}

/** As `clientNameOf`, of a request that nobody has looked at yet. */
export function clientNameIn(headers: IncomingHttpHeaders): string | null {
  return cleanNameOf(NAME_HEADERS.map((header) => headers[header]));
}

function cleanNameOf(given: readonly unknown[]): string | null {
  return given.find((text): text is string => typeof text === 'string' && CLEAN_NAME.test(text)) ?? null;
}
