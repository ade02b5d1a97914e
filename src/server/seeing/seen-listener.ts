import type { RequestListener } from 'node:http';
import type { Clock } from '../../lib/clock.ts';
import { requests } from '../../telemetry/channels.ts';
import { requestIdOf } from './request-id.ts';
import { RequestRecord, type RequestRecords, WANTS_CALLS } from './request-record.ts';

export interface SeenOptions {
  readonly records: RequestRecords;
  readonly clock: Clock;
  /** Whether a client that asks for it is shown its upstream calls. */
  readonly showsCalls: boolean;
}

/**
 * Gives every request an id, which its answer names, and tells of it as it begins and ends, whoever answers it. To be the
 * outermost listener. Giving the id is all that it does for a request of which nobody wants to know.
 */
export function seenListener(
  next: RequestListener,
  { records, clock, showsCalls }: SeenOptions,
): RequestListener {
  return (incoming, outgoing) => {
    const requestId = requestIdOf(incoming.headers['x-request-id']);
    outgoing.setHeader('x-request-id', requestId);
    if (!requests.hasSubscribers && !(showsCalls && WANTS_CALLS in incoming.headers)) {
      next(incoming, outgoing);
      return;
    }
    const request = new RequestRecord(incoming, requestId, clock.now());
    records.add(incoming, request);
    const { socket } = incoming;
    const bytesBefore = socket.bytesWritten;
    const beganAtMs = performance.now();
    requests.publish({ kind: 'begin', request });
    outgoing.once('close', () => {
      requests.publish({
        kind: 'end',
        request,
        status: outgoing.writableFinished ? outgoing.statusCode : null,
        durationMs: performance.now() - beganAtMs,
        bytes: socket.bytesWritten - bytesBefore,
      });
    });
    next(incoming, outgoing);
  };
}
