import type { IncomingMessage } from 'node:http';
import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Clock } from '../../lib/clock.ts';
import { type CacheControl, cacheControlOf, cacheControlOfConfiguration, NO_STORE } from './cache-control.ts';
import { asksConfigurationOnly } from './configuration-query.ts';
import { corsHeadersIn } from '../http/cors.ts';
import { etagOf, namesTag } from './etag.ts';
import type { Replays } from './replays.ts';
import type { Uses } from './uses.ts';
import { withVary } from './vary.ts';

export interface CacheHeadersOptions {
  readonly clock: Clock;
  /** The values that the answer to a request is made of; none for one that was refused before it was run. */
  readonly usesOf: (request: Request) => Uses | undefined;
  /** Whether an answer is made for one request alone, so that it is right for no other; default: none is. */
  readonly isForOne?: (context: ServerContext) => boolean;
  /** Where whole answers are kept; null for nowhere. */
  readonly replays: Replays | null;
}

/** What Yoga hands on of a request that came through a node:http server. */
interface ServerContext {
  readonly req?: IncomingMessage;
}

/**
 * Tells HTTP caches how old every answer to an operation is and how long it holds: as long as every value that it is made
 * of. Answers to GET carry an `ETag`, and are left out for a client that has them (304). What is not sound or not whole is
 * not to be stored. Hands answers to `replays`. To be listed last.
 */
export function useCacheHeaders({
  clock,
  usesOf,
  isForOne = () => false,
  replays,
}: CacheHeadersOptions): Plugin<object, ServerContext> {
  /** Whether the result of an operation is without errors. */
  const soundness = new WeakMap<Request, boolean>();
  const ofConfiguration = new WeakSet<Request>();

  return {
    onExecute: ({ context, args }) => {
      if (asksConfigurationOnly(args.document as DocumentNode)) {
        ofConfiguration.add(context.request);
      }
    },
    onResultProcess: ({ request, result }) => {
      soundness.set(request, isSound(result));
    },
    onResponse: ({ request, response, serverContext, fetchAPI, setResponse }) => {
      const isSoundResult = soundness.get(request);
      if (isSoundResult === undefined) {
        return undefined;
      }
      const uses = usesOf(request);
      const control =
        isSoundResult && isWhole(response) && !isForOne(serverContext)
          ? controlOf(request, uses, ofConfiguration.has(request), clock.now())
          : NO_STORE;
      setHeaders(response.headers, control);
      const keep = uses === undefined ? null : (replays?.keeperFor(serverContext.req, uses) ?? null);
      if (control === NO_STORE || (request.method !== 'GET' && keep === null)) {
        return undefined;
      }
      // A body can be read once, so the answer is made again of its text. Reading costs nothing: Yoga made it of a text.
      return response.text().then((text) => {
        const { headers } = response;
        const type = headers.get('content-type') ?? '';
        keep?.({ type, vary: headers.get('vary') ?? '', cors: corsHeadersIn(headers), body: text });
        setResponse(
          request.method === 'GET'
            ? tagged(request, { type, text, headers, fetchAPI })
            : new fetchAPI.Response(text, { status: 200, headers }),
        );
      });
    },
  };
}

function isSound(result: unknown): boolean {
  const { errors } = result as { readonly errors?: readonly unknown[] };
  return errors === undefined || errors.length === 0;
}

/** An answer in parts, such as `text/event-stream`, is never whole. */
function isWhole({ status, headers }: Response): boolean {
  return (
    status === 200 && /^application\/(?:graphql-response\+)?json\b/.test(headers.get('content-type') ?? '')
  );
}

/** An answer that is made of nothing, and not of the configuration either, is made of something that nobody told of. */
function controlOf(
  { headers }: Request,
  uses: Uses | undefined,
  isOfConfiguration: boolean,
  nowMs: number,
): CacheControl {
  if (uses === undefined || uses.hasFailed || (uses.count === 0 && !isOfConfiguration)) {
    return NO_STORE;
  }
  // Not by `has`, which Yoga's headers deny of empty ones.
  const isAnonymous = headers.get('authorization') === null && headers.get('cookie') === null;
  const visibility = isAnonymous ? 'public' : 'private';
  return uses.count === 0 ? cacheControlOfConfiguration(visibility) : cacheControlOf(uses, nowMs, visibility);
}

function setHeaders(headers: Headers, { 'cache-control': cacheControl, age }: CacheControl): void {
  replace(headers, 'cache-control', cacheControl);
  replace(headers, 'vary', withVary(headers.get('vary')));
  if (age !== undefined) {
    headers.set('age', age);
  }
}

/** Yoga's headers would hold one twice that they were made with in another case. Deleting costs, so only where it must be. */
function replace(headers: Headers, name: string, value: string): void {
  if (headers.has(name)) {
    headers.delete(name);
  }
  headers.set(name, value);
}

interface Tagged {
  readonly type: string;
  readonly text: string;
  readonly headers: Headers;
  readonly fetchAPI: { readonly Response: typeof Response };
}

/** The answer with its tag, or 304 with what a cache has to know of it (RFC 9110 section 15.4.5) for one that has it. */
function tagged(request: Request, { type, text, headers, fetchAPI }: Tagged): Response {
  const etag = etagOf(type, text);
  if (namesTag(request.headers.get('if-none-match') ?? '', etag)) {
    const told = ['cache-control', 'age', 'vary'].flatMap((name): [string, string][] => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    });
    return new fetchAPI.Response(null, {
      status: 304,
      headers: { ...Object.fromEntries(told), ...corsHeadersIn(headers), etag },
    });
  }
  headers.set('etag', etag);
  return new fetchAPI.Response(text, { status: 200, headers });
}
