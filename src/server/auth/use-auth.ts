import type { IncomingMessage } from 'node:http';
import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { type Principal, WITHOUT_ACCOUNTS } from '../../model/principal.ts';
import { refusedCallers } from '../../telemetry/channels.ts';
import { asksConfigurationOnly } from '../http-cache/configuration-query.ts';
import type { CallerCheck } from './caller-check.ts';
import { CallerRefusedError, KeysUnavailableError, unauthenticated, undecided } from './refusal.ts';

export interface AuthOptions {
  readonly callers: Pick<CallerCheck, 'principalOf'>;
  /** Whether a request proves to be a router's. */
  readonly isRouter: (request: Request) => boolean;
  /** Where to leave who asks. */
  readonly principals: WeakMap<Request, Principal>;
}

/** What Yoga hands on of a request that came through a node:http server. */
interface ServerContext {
  readonly req?: IncomingMessage;
}

/**
 * Lets in who has a valid token, before the body is read or the URL's query is looked at: 401 for all others, and 503 while
 * the issuer's keys cannot be read and none are known. A router passes on the token of whom it asks for; without one it
 * may ask what it composes the supergraph from, and nothing that is read. To be listed before all that looks at what is asked.
 */
export function useAuth({ callers, isRouter, principals }: AuthOptions): Plugin<object, ServerContext> {
  const routersAlone = new WeakSet<Request>();

  return {
    onRequestParse: async ({ request, serverContext }) => {
      const authorization = valuesOf(request, serverContext?.req);
      if (authorization.length === 0 && isRouter(request)) {
        routersAlone.add(request);
        principals.set(request, WITHOUT_ACCOUNTS);
        return;
      }
      try {
        principals.set(request, await callers.principalOf(authorization));
      } catch (error) {
        throw shown(error);
      }
    },
    onExecute: ({ context, args, setResultAndStopExecution }) => {
      if (routersAlone.has(context.request) && !asksConfigurationOnly(args.document as DocumentNode)) {
        const reason = 'router-without-user';
        refusedCallers.publish({ reason });
        setResultAndStopExecution({ errors: [unauthenticated(reason)] });
      }
    },
  };
}

/** Node's `headers` keep the first of several and say nothing of the rest. */
function valuesOf({ headers }: Request, incoming: IncomingMessage | undefined): readonly string[] {
  const value = headers.get('authorization');
  return incoming?.headersDistinct['authorization'] ?? (value === null ? [] : [value]);
}

function shown(error: unknown): unknown {
  if (error instanceof CallerRefusedError) {
    refusedCallers.publish({ reason: error.reason });
    return unauthenticated(error.reason);
  }
  if (error instanceof KeysUnavailableError) {
    refusedCallers.publish({ reason: 'keys-unavailable' });
    return undecided(error);
  }
  return error;
}
