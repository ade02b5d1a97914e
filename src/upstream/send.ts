import type { CallScope } from '../lib/call-scope.ts';
import type { ObservedCall } from '../lib/observed-call.ts';

/**
 * How any call to any upstream travels: one function type, and middleware around it. The order of the onion is written
 * in one place, `onion.ts`.
 */

/** One logical read. Built by a source's client; it names no host, so nothing in it can choose one. */
export interface UpstreamRequest<T> {
  /** The vendor's name of the operation, e.g. `ListJobs`; the key of the rate limit and of telemetry. */
  readonly action: string;
  readonly method: 'GET' | 'POST';
  /** Begins with `/`; holds unreserved characters and `/` only, so that its encoded and decoded forms are one. */
  readonly path: string;
  /** Decoded names and values, in the order they are sent. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Lower-case names. `host` and `authorization` are added by the signer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** In place of `body`, asked for when an attempt has its turn: what goes out is then known at last. */
  readonly lateBody?: () => string;
  /**
   * Understands the answer, or throws an `UpstreamError`. A success is only what decodes (design section 3). A promise where an
   * answer is so long that it is decoded piece by piece; an error that the upstream told is thrown at once all the same.
   */
  readonly decode: (response: UpstreamResponse) => T | Promise<T>;
  /** Finds the upstream's request id in an answer that has none in its headers; asked only while somebody observes. */
  readonly requestIdIn?: (response: UpstreamResponse) => string | null;
  /** How many jobs it asks for by id, once that is known. Absent: it asks for none by id. */
  readonly batchSize?: () => number;
  /** What the layers note about the call while somebody observes. */
  readonly notes?: ObservedCall;
}

/** A complete HTTP answer, whatever its status. */
export interface UpstreamResponse {
  readonly status: number;
  /** Lower-case names; a repeated header's values joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** When the last byte arrived, milliseconds since the epoch. */
  readonly receivedAtMs: number;
}

/** Performs the call and gives what `request.decode` made of the answer; throws `UpstreamError` and, when aborted, the signal's reason. */
export type Send = <T>(request: UpstreamRequest<T>, scope: CallScope) => Promise<T>;

/** Wraps a `Send`: sees the request on its way in and the result on its way out. */
export type Middleware = (next: Send) => Send;

/** `compose([a, b], send)` calls a, which calls b, which calls send: the first listed is the outermost. */
export function compose(middleware: readonly Middleware[], innermost: Send): Send {
  return middleware.reduceRight((next, wrap) => wrap(next), innermost);
}
