import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** What answers can be written as: GraphQL over HTTP, and the two ways of sending an answer in parts. */
const ANSWER_TYPES = [
  'application/graphql-response+json',
  'application/json',
  'text/event-stream',
  'multipart/mixed',
];

/**
 * Refuses, before anything is read or run, what Yoga would take or refuse without a code (contract sections 6 and 7):
 * bodies other than plain `application/json`, several operations at once, answers in a form that nobody can give, and
 * paths that only end in `/graphql`. To be listed after the plugins that answer other paths.
 */
export function useRequestChecks(): Plugin {
  return {
    onRequest: ({ url, fetchAPI, endResponse }) => {
      if (url.pathname !== '/graphql') {
        endResponse(new fetchAPI.Response(null, { status: 404 }));
      }
    },
    onRequestParse: ({ request, requestParser, setRequestParser, fetchAPI, endResponse }) => {
      if (!accepts(request.headers.get('accept') ?? '*/*')) {
        // No error can be written in the form asked for, so this one answer is JSON whatever was asked.
        const message = `Expected to be asked for one of ${ANSWER_TYPES.join(', ')}.`;
        const errors = [{ message, extensions: { code: 'NOT_ACCEPTABLE' } }];
        endResponse(
          fetchAPI.Response.json(
            { errors },
            { status: 406, headers: { 'cache-control': 'no-store', vary: 'Accept' } },
          ),
        );
        return undefined;
      }
      if (request.method === 'POST' && !isPlainJson(request.headers)) {
        throw refusal(
          415,
          'UNSUPPORTED_MEDIA_TYPE',
          'Expected a body of the type application/json, as it is.',
        );
      }
      if (request.method === 'GET' && requestParser !== undefined) {
        setRequestParser((given) => parsed(() => requestParser(given)));
      }
      return {
        onRequestParseDone: ({ requestParserResult }) => {
          if (Array.isArray(requestParserResult) && requestParserResult.length > 0) {
            throw refusal(400, 'BATCHING_NOT_SUPPORTED', 'Expected one operation per request, got a list.');
          }
          if (!Array.isArray(requestParserResult) && !isNameOrNone(requestParserResult.operationName)) {
            throw refusal(400, 'BAD_REQUEST', 'Expected operationName to be a text, or null.');
          }
        },
      };
    },
    onValidate: ({ addValidationRule }) => {
      addValidationRule(KnownRootType);
    },
  };
}

/** graphql-js leaves a mutation of a graph that has none to the executor, which answers it like a question. */
function KnownRootType(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition: (node) => {
      if (!context.getSchema().getRootType(node.operation)) {
        context.reportError(
          new GraphQLError(`Expected a query: this graph has no ${node.operation}.`, { nodes: node }),
        );
      }
    },
  };
}

function accepts(accept: string): boolean {
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.toLowerCase().replaceAll(/\s/g, '').split(';');
    const isUtf8 = parameters.every((text) => !text.startsWith('charset=') || text === 'charset=utf-8');
    return (
      isUtf8 &&
      (type === '*/*' || ANSWER_TYPES.some((ours) => ours === type || `${ours.split('/')[0]}/*` === type))
    );
  });
}

/** Yoga checks all other members of a request. */
function isNameOrNone(operationName: unknown): boolean {
  return operationName === undefined || operationName === null || typeof operationName === 'string';
}

function isPlainJson(headers: Headers): boolean {
  const type = headers.get('content-type') ?? '';
  const encoding = headers.get('content-encoding') ?? 'identity';
  return /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type) && encoding === 'identity';
}

/** The members of a URL are JSON texts, which Yoga parses without expecting anything else. */
function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch {
    throw refusal(400, 'BAD_REQUEST', 'Expected variables and extensions of the URL as JSON objects.');
  }
}

function refusal(status: number, code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status } } });
}
