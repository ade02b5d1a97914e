/**
 * Long work on the one thread that serves everybody: done in short pieces, with a turn of the event loop for everything else
 * between two of them.
 */
import { setImmediate } from 'node:timers/promises';

/** Work that pauses wherever it may be interrupted; what it returns is its result. */
export type Pieces<T> = Generator<void, T, void>;

/** The end of the queue: one piece a turn, whoever's it is, so that many such works at once block no longer than one. */
let turn: Promise<void> = Promise.resolve();

/** The whole work in one go. */
export function atOnce<T>(work: Pieces<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) {
      return step.value;
    }
  }
}

/**
 * The work with a turn of the event loop before every piece but the first. Work of one piece is done when this returns, and
 * what the first piece throws is thrown from here; otherwise the promise tells.
 */
export function inTurns<T>(work: Pieces<T>): T | Promise<T> {
  const first = work.next();
  return first.done === true ? first.value : restInTurns(work);
}

async function restInTurns<T>(work: Pieces<T>): Promise<T> {
  for (;;) {
    await nextTurn();
    const step = work.next();
    if (step.done === true) {
      return step.value;
    }
  }
}

async function nextTurn(): Promise<void> {
  turn = turn.then(() => setImmediate());
  await turn;
}
