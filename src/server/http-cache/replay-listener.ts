import type { RequestListener } from 'node:http';
import { askedBytes, questionText } from './question.ts';
import type { Replays } from './replays.ts';
import type { RequestRecords } from '../seeing/request-record.ts';

/**
 * Answers what was asked in the same way before from `replays`, and lets `next` answer the rest as if it stood alone.
 *
 * To know a question its body must be there. It nearly always is with its headers or right behind them: a request is held
 * until the first of its body, and one that is not whole by then goes on at once. What was read is put back, so that `next`
 * finds a stream that nobody has touched. A client that sends no body at all waits in Node's own time limits, as ever.
 */
export function replayListener(
  next: RequestListener,
  replays: Replays,
  records?: RequestRecords,
): RequestListener {
  return (incoming, outgoing) => {
    const bytes = askedBytes(incoming);
    if (bytes === null) {
      next(incoming, outgoing);
      return;
    }
    incoming.once('readable', () => {
      // Null, and nothing read, when it is not all there.
      const body = incoming.read(bytes) as Buffer | null;
      if (body === null) {
        next(incoming, outgoing);
        return;
      }
      const question = questionText(incoming.headers, body);
      const replay = replays.find(question);
      if (replay !== null) {
        // Node tells that the body is there before it tells that it is over: the stream goes on to its end by itself.
        incoming.resume();
        records?.of(incoming)?.replayed(replay.uses);
        outgoing.writeHead(200, replay.headers).end(replay.body);
        return;
      }
      incoming.unshift(body);
      replays.note(incoming, question);
      next(incoming, outgoing);
    });
  };
}
