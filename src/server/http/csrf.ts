import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Headers that a page cannot send to another site before that site has allowed it (contract section 6). */
const PREFLIGHTED = ['apollo-require-preflight', 'x-graphql-client'] as const;

/**
 * Refuses a GET that another site's page could make a browser send, with the user's network and addresses behind it: one that
 * brings its own text needs a header that browsers ask about first. A GET without a text can run nothing but a document that
 * is known by its id, and needs none. Posts are safe by their type, which browsers ask about too.
 */
export function useCsrfPrevention(): Plugin {
  return {
    onRequestParse: ({ request, url }) => {
      if (request.method === 'GET' && url.searchParams.has('query') && !isPreflighted(request.headers)) {
        throw new GraphQLError(
          `Expected a POST, or a GET with the header ${PREFLIGHTED.join(' or ')}, which keeps other sites from asking in a user’s name.`,
          { extensions: { code: 'METHOD_NOT_ALLOWED', http: { status: 405, headers: { allow: 'POST' } } } },
        );
      }
    },
  };
}

function isPreflighted(headers: Headers): boolean {
  return PREFLIGHTED.some((name) => (headers.get(name) ?? '') !== '');
}
