import type { Clock } from '../lib/clock.ts';
import { UpstreamError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import { placeName, sourceName } from './origin-name.ts';
import type { Middleware, UpstreamRequest } from './send.ts';
import { SingleFlight } from '../lib/single-flight.ts';

/**
 * Single flight: calls that ask the same of one origin at the same time are one call, whoever asks (design section 2).
 * Each waits for it until its own deadline, which ends with `UPSTREAM_TIMEOUT`, and leaves alone; the call is aborted when
 * the last has left. A failure is shared like an answer, and nothing is kept once it is there. A call that comes after its
 * deadline is refused before anything is done for it.
 */
export function join(origin: Origin, clock: Clock): Middleware {
  const calls = new SingleFlight<unknown>(clock);
  return (next) => async (request, scope) => {
    // What it will ask is not known yet, and whoever sends it has joined already what can be joined.
    if (request.lateBody !== undefined) {
      return await next(request, scope);
    }
    const answer = await calls.share({
      key: questionOf(request),
      scope,
      work: (shared) => next(request, shared),
      lateError: () => deadlinePassed(origin),
    });
    // The same question has the same decoder, and so an answer of the same type.
    return answer as never;
  };
}

/** All that an upstream sees of a request but its signature. */
function questionOf({ action, method, path, query, headers, body }: UpstreamRequest<unknown>): string {
  return JSON.stringify([action, method, path, query, headers, body]);
}

/** What whoever waits for a call is told at its deadline. */
export function deadlinePassed(origin: Origin): UpstreamError {
  const message = `${sourceName(origin)} gave no answer for ${placeName(origin)} before the request's deadline; ask again, or allow more time`;
  return new UpstreamError('UPSTREAM_TIMEOUT', origin, message, { retryable: true });
}
