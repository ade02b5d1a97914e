import { type ExecutionArgs, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { sha256Hex } from '../../lib/sha256.ts';
import { type UnlistedDocumentEvent, unlistedDocuments } from '../../telemetry/channels.ts';
import { clientNameOf } from '../http/caller.ts';
import { type Choice, type ChoiceOptions, chooseText } from './choice.ts';
import { type DocumentReference, ID_PARAMETERS, referenceIn } from './reference.ts';

export interface PersistedDocumentsOptions extends ChoiceOptions {
  /** Whether a request may send any text in the mode `enforce`, as a router has to that plans its own. */
  readonly isTrusted: (request: Request) => boolean;
}

type Params = Readonly<Record<string, unknown>>;

/**
 * Gives each request its text before anything looks at it: by the id of a document that a manifest lists, by the hash of one
 * that a client has made known (APQ), or as it came. Everything behind knows requests by their text alone. To be listed
 * before all that reads `query`.
 *
 * An id never stands for two texts: those of manifests are fixed, and all others are the SHA-256 of theirs.
 */
export function usePersistedDocuments(options: PersistedDocumentsOptions): Plugin {
  const { mode, list, store, isTrusted } = options;
  /** What is made known once it has turned out to be valid. */
  const toKeep = new WeakMap<Request, { readonly sha256: string; readonly text: string }>();
  /** The texts that the operator wants to know of once they run. */
  const toTell = new WeakMap<Request, string>();

  return {
    onRequestParse: ({ request, url, requestParser, setRequestParser }) => {
      if (request.method === 'GET' && requestParser !== undefined) {
        const ids = idsIn(url.searchParams);
        if (ids.length > 0) {
          setRequestParser(async (given) => {
            // Never a list: a URL holds one operation.
            return Object.assign(await requestParser(given), Object.fromEntries(ids));
          });
        }
      }
    },
    onParams: ({ params, request, setParams }) => {
      if (!isMapping(params)) {
        return undefined;
      }
      const { rest, reference, text } = askedIn(params);
      if (reference === null && text === null) {
        // Refused by Yoga for what it lacks.
        setParams(rest);
        return undefined;
      }
      const takeUp = (choice: Choice): void => {
        setParams({ ...rest, query: choice.text });
        if (choice.toKeep !== null) {
          toKeep.set(request, { sha256: choice.toKeep, text: choice.text });
        }
        if (mode === 'log' && list.listed(choice.text) === null && !isTrusted(request)) {
          toTell.set(request, choice.text);
        }
      };
      try {
        const mayAskAnything = mode === 'enforce' && isTrusted(request);
        const choice = chooseText(options, { reference, text, isTrusted: mayAskAnything });
        return choice instanceof Promise ? choice.then(takeUp) : takeUp(choice);
      } catch (error) {
        if (mode === 'enforce' && text !== null && list.listed(text) === null) {
          tell('refused', request, text, nameIn(rest));
        }
        throw error;
      }
    },
    onExecute: ({ context, args }) => {
      const { request } = context;
      const known = toKeep.get(request);
      if (known !== undefined) {
        store?.set(known.sha256, known.text);
      }
      const unlisted = toTell.get(request);
      if (unlisted !== undefined) {
        const { document, operationName } = args as ExecutionArgs;
        tell('ran', request, unlisted, getOperationAST(document, operationName)?.name?.value ?? null);
      }
    },
  };
}

/** Yoga takes of a URL what it knows, and an empty member for none. */
function idsIn(members: URLSearchParams): [string, string][] {
  return ID_PARAMETERS.flatMap((name): [string, string][] => {
    const id = members.get(name) ?? '';
    return id === '' ? [] : [[name, id]];
  });
}

/**
 * By what a request names its document, and its parameters without ids, which Yoga does not know. An empty text is none;
 * neither is one of a wrong type, for which Yoga refuses the request.
 */
function askedIn(params: Params): {
  readonly rest: Params;
  readonly reference: DocumentReference | null;
  readonly text: string | null;
} {
  const rest = ID_PARAMETERS.some((name) => name in params) ? withoutIds(params) : params;
  const query = params['query'] ?? '';
  if (typeof query !== 'string') {
    return { rest, reference: null, text: null };
  }
  return { rest, reference: referenceIn(params), text: query === '' ? null : query };
}

function withoutIds(params: Params): Params {
  return Object.fromEntries(
    Object.entries(params).filter(([name]) => !ID_PARAMETERS.some((idName) => idName === name)),
  );
}

function isMapping(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tell(
  outcome: UnlistedDocumentEvent['outcome'],
  { headers }: Request,
  text: string,
  operationName: string | null,
): void {
  if (unlistedDocuments.hasSubscribers) {
    const client = clientNameOf(headers);
    unlistedDocuments.publish({ outcome, operationName, sha256: sha256Hex(text), client });
  }
}

/** A text that is not run is not parsed either, so its name is what the client calls it, if that is a name at all. */
function nameIn({ operationName }: Params): string | null {
  return typeof operationName === 'string' && /^[A-Za-z_]\w{0,127}$/.test(operationName)
    ? operationName
    : null;
}
