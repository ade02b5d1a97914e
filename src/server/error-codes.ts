import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Codes for what Yoga reports by its HTTP status alone, under one code or another (contract section 7). */
const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  405: 'METHOD_NOT_ALLOWED',
  413: 'PAYLOAD_TOO_LARGE',
};

/** graphql-js marks what its rule against introspection finds by nothing but the message. */
const INTROSPECTION_MESSAGE = 'GraphQL introspection has been disabled';

/** Names of the graph that an unknown name resembles: what introspection would tell. */
const SUGGESTION = / Did you mean [^]*$/;

/** A client's own value may come back in a message, but not a whole body of it. */
const MAX_MESSAGE_LENGTH = 500;

/**
 * Gives every request-level error its code and status, and takes away what Yoga tells of the body (`originalError`) and,
 * without introspection, of the graph. A status with `spec` becomes 200 for clients that ask for `application/json`, as
 * GraphQL over HTTP wants it.
 */
export function useErrorCodes({ suggestions }: { readonly suggestions: boolean }): Plugin {
  return {
    onResultProcess: ({ result, setResult }) => {
      if (Array.isArray(result) || !('errors' in result) || result.errors === undefined || 'data' in result) {
        return;
      }
      setResult({ ...result, errors: result.errors.map((error) => withCode(error, suggestions)) });
    },
  };
}

function withCode(error: GraphQLError, suggestions: boolean): GraphQLError {
  const { nodes, source, positions, path } = error;
  const facts: Record<string, unknown> = { ...error.extensions };
  delete facts['originalError'];
  const status = statusOf(facts['http']);
  const code = codeOf(error, facts['code'], status);
  const message = suggestions ? error.message : error.message.replace(SUGGESTION, '');
  return new GraphQLError(shortened(message), {
    nodes: nodes ?? null,
    source: source ?? null,
    positions: positions ?? null,
    path: path ?? null,
    extensions: { ...facts, code, http: { ...httpOf(facts['http']), ...statusFor(code, status) } },
  });
}

/** A request that is not GraphQL over HTTP at all is answered with its status whatever form is asked for. */
function statusFor(code: string, status: number | null): { readonly status: number; readonly spec: boolean } {
  if (code === 'INTERNAL_SERVER_ERROR') {
    return { status: 500, spec: false };
  }
  return { status: status ?? 400, spec: code !== 'BAD_REQUEST' && (status ?? 400) === 400 };
}

function codeOf(error: GraphQLError, given: unknown, status: number | null): string {
  const ofStatus = status === null ? undefined : CODE_OF_STATUS[status];
  if (ofStatus !== undefined) {
    return ofStatus;
  }
  if (error.message.startsWith(INTROSPECTION_MESSAGE)) {
    return 'INTROSPECTION_DISABLED';
  }
  return typeof given === 'string' ? given : 'BAD_REQUEST';
}

function statusOf(http: unknown): number | null {
  const { status } = httpOf(http);
  return typeof status === 'number' ? status : null;
}

function httpOf(http: unknown): Readonly<Record<string, unknown>> {
  return typeof http === 'object' && http !== null ? { ...http } : {};
}

function shortened(message: string): string {
  return message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message;
}
