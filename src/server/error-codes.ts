import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Codes for the faults that Yoga reports without one or by another name (contract section 7, request level). The HTTP
 * status is Yoga's, which follows GraphQL over HTTP.
 */
const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/** Gives every request-level error its code. */
export function useErrorCodes(): Plugin {
  return {
    onResultProcess: ({ result, setResult }) => {
      if (Array.isArray(result) || !('errors' in result) || result.errors === undefined || 'data' in result) {
        return;
      }
      setResult({ ...result, errors: result.errors.map(withCode) });
    },
  };
}

function withCode(error: GraphQLError): GraphQLError {
  if (typeof error.extensions['code'] === 'string') {
    return error;
  }
  const http: unknown = error.extensions['http'];
  const status = typeof http === 'object' && http !== null && 'status' in http ? Number(http.status) : 400;
  const code = error.message.startsWith('Variable "')
    ? 'BAD_USER_INPUT'
    : (CODE_OF_STATUS[status] ?? 'BAD_REQUEST');
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    extensions: { ...error.extensions, code },
  });
}
