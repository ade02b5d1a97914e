import { createHash, timingSafeEqual } from 'node:crypto';
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Secret } from '../../lib/secret.ts';

/** Where a router proves that it is one. Not `Authorization`: that says on whose behalf it asks. */
export const ROUTER_HEADER = 'router-authorization';

/** Whether a request carries one of the secrets that only routers share with this gateway: several while one is changed. */
export function isRouter(headers: Headers, secrets: readonly Secret[]): boolean {
  const given = headers.get(ROUTER_HEADER);
  if (given === null) {
    return false;
  }
  // Of digests, which are equally long: the time it takes tells nothing of a secret, not even its length.
  const digestGiven = digest(given);
  return secrets.some((secret) => timingSafeEqual(digestGiven, digest(secret.reveal())));
}

/**
 * Refuses requests that claim to be a router's with another secret (401): one that was rotated on one side only is found at
 * once, and not taken for a client's that asks for fields which are not there.
 */
export function useRouterSecret(secrets: readonly Secret[]): Plugin {
  return {
    onRequestParse: ({ request: { headers } }) => {
      if ((headers.get(ROUTER_HEADER) ?? '') !== '' && !isRouter(headers, secrets)) {
        throw new GraphQLError(
          `Expected no ${ROUTER_HEADER} header, or a secret that is configured as federation.routerSecret.`,
          {
            extensions: {
              code: 'UNAUTHENTICATED',
              http: { status: 401, headers: { 'www-authenticate': 'Router-Authorization' } },
            },
          },
        );
      }
    },
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
