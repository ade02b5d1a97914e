import type { Clock } from '../../lib/clock.ts';
import { type Remedy, UpstreamError } from '../../model/errors.ts';
import type { Middleware, UpstreamResponse } from '../send.ts';

/** An attempt that the upstream refused for something that the gateway can mend. */
export interface RefusedAttempt<Signed> {
  /** What the attempt was signed with, which need not be what one would sign with now. */
  readonly signedWith: Signed;
  readonly answer: Pick<UpstreamResponse, 'headers' | 'receivedAtMs'>;
}

export interface SecondAttemptOptions<Signed> {
  /** Which errors this is about. */
  readonly remedy: Remedy;
  readonly clock: Clock;
  /** What an attempt that is signed now is signed with. */
  readonly signedWith: () => Signed;
  /** Mends it, if it can, and gives whether another attempt would be a different one. */
  readonly mend: (refused: RefusedAttempt<Signed>) => boolean | Promise<boolean>;
}

/** The two halves of one layer. */
export interface SecondAttempt {
  /** Directly inside retry: each attempt takes a turn and a signature of its own. */
  readonly call: Middleware;
  /** Directly outside sign: notes what each attempt is signed with, after the wait for its turn. */
  readonly attempt: Middleware;
}

/**
 * Tries once more, without a pause, what failed for a reason that the gateway has mended meanwhile. Once: what the second
 * attempt gives, failure included, is the outcome, which only retry may take for a reason to begin anew. Without a chance, or
 * without time left, the error stays as it came.
 */
export function secondAttempt<Signed>(options: SecondAttemptOptions<Signed>): SecondAttempt {
  const { remedy, clock, signedWith, mend } = options;
  const refusals = new WeakMap<Error, RefusedAttempt<Signed>>();

  const call: Middleware = (next) => async (request, scope) => {
    try {
      return await next(request, scope);
    } catch (error) {
      const refused = error instanceof UpstreamError ? refusals.get(error) : undefined;
      if (refused === undefined || !(await mend(refused)) || clock.now() >= scope.deadlineMs) {
        throw error;
      }
      scope.signal.throwIfAborted();
      return next(request, scope);
    }
  };

  const attempt: Middleware = (next) => (request, scope) => {
    const signed = signedWith();
    const decode: typeof request.decode = (answer) => {
      try {
        return request.decode(answer);
      } catch (error) {
        if (error instanceof UpstreamError && error.remedy === remedy) {
          const { headers, receivedAtMs } = answer;
          refusals.set(error, { signedWith: signed, answer: { headers, receivedAtMs } });
        }
        throw error;
      }
    };
    return next({ ...request, decode }, scope);
  };

  return { call, attempt };
}
