import type { IncomingMessage } from 'node:http';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../lib/clock.ts';
import { cacheControlOf } from './cache-control.ts';
import type { Uses } from './uses.ts';

/** What of an answer stays the same each time that it is given. */
export interface AnswerParts {
  readonly type: string;
  readonly vary: string;
  /** What lets a page of another site read it; empty where it is not asked by one. */
  readonly cors: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer as it is sent. */
export interface Replay {
  readonly uses: Uses;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

interface Kept {
  readonly uses: Uses;
  readonly freshUntilMs: number;
  readonly type: string;
  readonly vary: string;
  readonly cors: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What an entry takes besides its texts, and for each value that it is made of; estimated, in bytes. */
const ENTRY_BYTES = 500;
const USE_BYTES = 200;

/** No answer may push out more than this part of all others. */
const LARGEST_PART = 1 / 16;

/**
 * Whole answers, each kept for exactly the question that it was given to, as long as every value that it is made of would be
 * given again: a layer on top of the cache of values that saves everything between the socket and them. Kept are only
 * answers of which all values were kept before the question came, so that what an answer says about itself stays true.
 * Bounded by bytes; the answers that are asked for least recently go first.
 */
export class Replays {
  readonly #clock: Clock;
  readonly #kept: LRUCache<string, Kept>;
  /** The questions of the requests that are on their way through the gateway. */
  readonly #asked = new WeakMap<IncomingMessage, string>();

  constructor({ maxBytes, clock }: { readonly maxBytes: number; readonly clock: Clock }) {
    this.#clock = clock;
    this.#kept = new LRUCache({
      maxSize: maxBytes,
      maxEntrySize: Math.max(Math.floor(maxBytes * LARGEST_PART), 1),
      sizeCalculation: ({ body, uses }, question) =>
        ENTRY_BYTES + question.length + body.length + uses.count * USE_BYTES,
    });
  }

  /** Of the memory that answers may take, how much they take by estimate. */
  get bytes(): number {
    return this.#kept.calculatedSize;
  }

  /** The answer to a question, with its age as it is now; null when there is none that still holds. */
  find(question: string): Replay | null {
    const kept = this.#kept.get(question);
    if (kept === undefined) {
      return null;
    }
    const nowMs = this.#clock.now();
    if (nowMs >= kept.freshUntilMs || !kept.uses.isCurrent()) {
      this.#kept.delete(question);
      return null;
    }
    const { type, vary, cors, body, uses } = kept;
    return {
      uses,
      headers: {
        'content-type': type,
        ...cacheControlOf(uses, nowMs, 'public'),
        vary,
        ...cors,
        'content-length': body.length,
      },
      body,
    };
  }

  /** Notes what a request asks, before it is answered. One that nobody notes is answered without being kept. */
  note(request: IncomingMessage, question: string): void {
    this.#asked.set(request, question);
  }

  /** Keeps the answer to a request, which must be one that may be stored; null when it is not one to be given again. */
  keeperFor(request: IncomingMessage | undefined, uses: Uses): ((answer: AnswerParts) => void) | null {
    const question = request === undefined ? undefined : this.#asked.get(request);
    if (question === undefined || uses.count === 0 || !uses.wereKept) {
      return null;
    }
    const { freshUntilMs } = uses;
    return ({ type, vary, cors, body }) => {
      this.#kept.set(question, { uses, freshUntilMs, type, vary, cors, body: Buffer.from(body) });
    };
  }
}
