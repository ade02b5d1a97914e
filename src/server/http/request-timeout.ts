import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

const HEADER = 'x-timeout-ms';

/**
 * How long the client wants to wait at most, in milliseconds; null when it does not say (design section 3). Throws a
 * request error, 400 `BAD_REQUEST`, for anything but a whole number from 1.
 */
export function askedTimeoutMs(headers: Headers): number | null {
  const text = headers.get(HEADER);
  if (text === null) {
    return null;
  }
  const timeoutMs = /^\d+$/.test(text) ? Number(text) : 0;
  if (timeoutMs < 1) {
    // What came is not repeated: a header may be anything.
    throw new GraphQLError(
      `Expected the header ${HEADER} to be a whole number of milliseconds from 1, such as 2500.`,
      { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } },
    );
  }
  return timeoutMs;
}

/** Refuses a request whose timeout cannot be understood, before anything is read or run. */
export function useRequestTimeout(): Plugin {
  return {
    onRequestParse: ({ request }) => {
      askedTimeoutMs(request.headers);
    },
  };
}
