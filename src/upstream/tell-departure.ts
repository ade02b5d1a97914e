import type { Clock } from '../lib/clock.ts';
import type { Middleware } from './send.ts';

/** Tells whoever waits when each attempt leaves: of two answers that overlap nobody knows which is the newer. */
export function tellDeparture(clock: Clock): Middleware {
  return (next) => (request, scope) => {
    scope.onSend?.(clock.now());
    return next(request, scope);
  };
}
