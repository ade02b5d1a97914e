/** Names as clients of GraphQL give them: ours, and that of Apollo’s clients. The first that is clean counts. */
const NAME_HEADERS = ['x-graphql-client', 'apollographql-client-name'];

/** Nothing that could break a log line or look like something else. */
const CLEAN_NAME = /^[A-Za-z0-9][A-Za-z0-9 ._@/+-]{0,63}$/;

/**
 * Who asks, for sharing scarce turns out evenly: a client that gives its name has a share of its own, all that give none
 * and come from one address have one together. A token's subject is to stand before both once there are tokens.
 *
 * A name is taken on trust. It decides about shares and nothing else, so who lies gains turns, never data; and each kind
 * is marked, so that no name can pass for an address. Behind a proxy all come from its address: `X-Forwarded-For` is not
 * read, for whoever reaches the port can write it.
 */
export function callerOf(headers: Headers, address: string | undefined): string {
  const name = clientNameOf(headers);
  if (name !== null) {
    return `client:${name}`;
  }
  return address === undefined ? 'unknown' : `address:${address}`;
}

/** The name that a client gives itself, fit to be printed; null when it gives none, or none that is clean. */
export function clientNameOf(headers: Headers): string | null {
  return (
    NAME_HEADERS.map((header) => headers.get(header) ?? '').find((text) => CLEAN_NAME.test(text)) ?? null
  );
}
