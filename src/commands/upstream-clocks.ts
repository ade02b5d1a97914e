import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Clock } from '../lib/clock.ts';

/** undici's own channel: the headers of each answer as they come, names and values by turns. */
const ANSWERS = 'undici:request:headers';

/**
 * Notes how far the clocks of whoever answers are ahead of this machine's, in milliseconds, to the second, whatever becomes of
 * the answers: the gateway corrects a clock that is a little off without a word.
 */
export function watchUpstreamClocks(clock: Clock): { readonly offsetsMs: readonly number[]; stop(): void } {
  const offsetsMs: number[] = [];
  const onAnswer = (message: unknown): void => {
    const { response } = message as { readonly response: { readonly headers: readonly Buffer[] } };
    const name = response.headers.findIndex(
      (header, index) => index % 2 === 0 && String(header).toLowerCase() === 'date',
    );
    const dateMs = name < 0 ? Number.NaN : Date.parse(String(response.headers[name + 1]));
    if (Number.isFinite(dateMs)) {
      offsetsMs.push(dateMs - clock.now());
    }
  };
  subscribe(ANSWERS, onAnswer);
  return {
    offsetsMs,
    stop: () => {
      unsubscribe(ANSWERS, onAnswer);
    },
  };
}
