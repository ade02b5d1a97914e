import { GraphQLError } from 'graphql';
import { GatewayError, UpstreamError } from '../model/errors.ts';

/**
 * What a client may read of an error (contract section 7): errors of ours with their code and facts, errors of GraphQL
 * itself as they are, anything else as INTERNAL_SERVER_ERROR without a word of what it was.
 */
export function toClientError(error: unknown): GraphQLError {
  const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  if (cause instanceof GatewayError) {
    return rebuild(error, cause.message, { code: cause.code, ...factsOf(cause) });
  }
  if (cause instanceof GraphQLError) {
    const code = cause.extensions['code'] ?? codeOf(error, cause);
    if (code !== 'INTERNAL_SERVER_ERROR') {
      return rebuild(error, error instanceof GraphQLError ? error.message : cause.message, {
        ...cause.extensions,
        code,
      });
    }
  }
  return rebuild(error, 'The gateway failed. This is a bug: please report it with the time of the request.', {
    code: 'INTERNAL_SERVER_ERROR',
  });
}

/** Whether an error is ours to repair: neither the client's nor an upstream's. */
export function isUnexpected(error: GraphQLError): boolean {
  return error.extensions['code'] === 'INTERNAL_SERVER_ERROR';
}

/**
 * graphql-js gives no codes. Without a path an error is about the request's variables; with one it is about an argument,
 * whose place in the document it names, or else about a value of ours that does not fit its type.
 */
function codeOf(error: unknown, cause: GraphQLError): string {
  const isAboutRequest =
    !(error instanceof GraphQLError) || error.path === undefined || cause.nodes !== undefined;
  return isAboutRequest ? 'BAD_USER_INPUT' : 'INTERNAL_SERVER_ERROR';
}

function factsOf(error: GatewayError): Record<string, unknown> {
  if (!(error instanceof UpstreamError)) {
    return {};
  }
  const { origin, upstreamCode, requestId, retryable, retryAfterMs } = error;
  const facts = { ...origin, upstreamCode, requestId, retryable, retryAfterMs };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null));
}

function rebuild(error: unknown, message: string, extensions: Record<string, unknown>): GraphQLError {
  const place = error instanceof GraphQLError ? error : undefined;
  return new GraphQLError(message, {
    nodes: place?.nodes ?? null,
    source: place?.source ?? null,
    positions: place?.positions ?? null,
    path: place?.path ?? null,
    extensions,
  });
}
