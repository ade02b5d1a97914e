import type { IncomingMessage } from 'node:http';
import { type DocumentNode, type ExecutionArgs, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Clock } from '../../lib/clock.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { SeenOperation, SeenRequest } from '../../telemetry/channels.ts';
import { ID_PARAMETERS } from '../documents/reference.ts';
import type { RequestRecord, RequestRecords } from './request-record.ts';
import { upstreamTrace } from './upstream-trace.ts';

interface ServerContext {
  readonly req?: IncomingMessage;
}

export interface RequestPlugins {
  /** To be listed before whatever takes up documents: sees how a request asks for its own. */
  readonly before: Plugin<object, ServerContext>;
  /** To be listed last of what looks at results: sees what was run, and the codes as the client gets them. */
  readonly after: Plugin<object, ServerContext>;
}

export interface RequestPluginOptions {
  readonly records: RequestRecords;
  readonly clock: Clock;
  /** Whether a client that asks for it is shown its upstream calls. */
  readonly showsCalls: boolean;
}

/** Notes in a request's record what only the graph's server knows of it. */
export function requestPlugins({ records, clock, showsCalls }: RequestPluginOptions): RequestPlugins {
  const recordOf = new WeakMap<Request, RequestRecord>();
  /** Parsed documents are kept by whoever parses them, so a text that is asked again is not digested again. */
  const digests = new WeakMap<DocumentNode, string>();
  return {
    before: {
      onRequest: ({ request, serverContext }) => {
        const record = records.of(serverContext.req);
        if (record !== undefined) {
          recordOf.set(request, record);
        }
      },
      onParams: ({ request, params }) => {
        const record = recordOf.get(request);
        if (record !== undefined) {
          record.document = documentIn(params);
        }
      },
    },
    after: {
      onExecute: ({ context, args }) => {
        const record = recordOf.get(context.request);
        if (record !== undefined) {
          const asked = args as ExecutionArgs;
          const { document } = asked;
          const sha256 = digests.get(document) ?? sha256Hex(context.params.query ?? '');
          digests.set(document, sha256);
          record.operation = operationOf(asked, sha256);
        }
      },
      onResultProcess: ({ request, result, setResult }) => {
        const record = recordOf.get(request);
        if (record === undefined || Array.isArray(result) || Symbol.asyncIterator in result) {
          return;
        }
        result.errors?.forEach(({ extensions }) => {
          record.failed(String(extensions['code']));
        });
        if (showsCalls && record.wantsCalls) {
          const upstream = upstreamTrace(record, clock.now());
          setResult({ ...result, extensions: { ...result.extensions, upstream } });
        }
      },
    },
  };
}

function operationOf({ document, operationName }: ExecutionArgs, sha256: string): SeenOperation {
  const node = getOperationAST(document, operationName);
  return { type: node?.operation ?? 'none', name: node?.name?.value ?? null, sha256 };
}

function documentIn(params: object): SeenRequest['document'] {
  const { query, extensions } = params as { readonly query?: unknown; readonly extensions?: unknown };
  const hasText = typeof query === 'string' && query !== '';
  const hasHash = typeof extensions === 'object' && extensions !== null && 'persistedQuery' in extensions;
  const hasId = hasHash || ID_PARAMETERS.some((name) => name in params);
  return hasId ? (hasText ? 'id-and-text' : 'id') : hasText ? 'text' : null;
}
