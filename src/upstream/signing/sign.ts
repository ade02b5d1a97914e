import type { Clock } from '../../lib/clock.ts';
import type { Middleware, UpstreamRequest } from '../send.ts';

/** What of a request a signature may cover. */
export type SignableRequest = Pick<
  UpstreamRequest<unknown>,
  'method' | 'path' | 'query' | 'headers' | 'body'
>;

/**
 * Gives every header to send: those of the request, `host`, the vendor's own, and `authorization`; lower-case names.
 * The host it names is the one that the upstream sees, whatever address the connection is made to.
 * `atMs` is the time of signing, milliseconds since the epoch. Pure: each source writes its own in `signature.ts`.
 */
export type Signer = (request: SignableRequest, atMs: number) => Record<string, string>;

/**
 * Signs what passes, once it is complete. It belongs inside retry: a signature carries the time, so an attempt that waited
 * needs a new one. `clock` is the upstream's as far as it is known, which need not be the machine's (`correct-clock.ts`).
 */
export function sign(signer: Signer, clock: Pick<Clock, 'now'>): Middleware {
  return (next) => (request, scope) => {
    const complete = { ...request, body: request.lateBody?.() ?? request.body };
    return next({ ...complete, headers: signer(complete, clock.now()) }, scope);
  };
}
