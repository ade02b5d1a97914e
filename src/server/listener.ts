import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { replayListener } from './http-cache/replay-listener.ts';
import type { Replays } from './http-cache/replays.ts';
import { corsHeadersFor } from './http/cors.ts';
import { hostCheck } from './http/host-check.ts';
import type { Overload } from './overload/overload.ts';
import { sheddingListener } from './overload/shedding-listener.ts';
import { metricsListener, type MetricsText } from './seeing/metrics-listener.ts';
import { seenListener, type SeenOptions } from './seeing/seen-listener.ts';

export interface ListenerOptions extends SeenOptions {
  /** Yoga. */
  readonly gateway: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void> | void;
  /** Whole answers that are given again; null for none. */
  readonly replays: Replays | null;
  readonly overload: Overload;
  readonly corsOrigins: readonly string[];
  /** What is told at `/metrics`; null where that is no path. */
  readonly metrics: MetricsText | null;
  /** Told of every error that is a bug of the gateway's. */
  readonly onBug: (error: unknown) => void;
}

/**
 * What a request passes, from the outside: it is seen, let in by turns or refused, given an answer again, and answered by
 * Yoga. Health is Yoga's too; `/metrics` is answered before anybody is refused.
 */
export function createListener(options: ListenerOptions): RequestListener {
  const { replays, overload, corsOrigins, metrics, records } = options;
  const answer = hostCheck(answering(options));
  const answerOrReplay = replays === null ? answer : replayListener(answer, replays, records);
  const shedding = sheddingListener(answerOrReplay, {
    overload,
    corsHeaders: corsHeadersFor(corsOrigins),
    onRefused: (incoming) => records.of(incoming)?.failed('REQUEST_CONCURRENCY_LIMITED'),
  });
  return seenListener(metrics === null ? shedding : metricsListener(shedding, metrics), options);
}

/** Never throws: whoever waits in line behind this request is to be answered, whatever becomes of it. */
function answering({ gateway, onBug }: ListenerOptions): RequestListener {
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    try {
      await gateway(incoming, outgoing);
    } catch (error) {
      onBug(error);
      outgoing.destroy();
    }
  };
  return (incoming, outgoing) => void answer(incoming, outgoing);
}
