import type { Use } from '../lib/call-scope.ts';
import type { Clock } from '../lib/clock.ts';
import { type CacheKey, type Entry, freshUntilMs, idOf, MAX_CLOCK_SKEW_MS } from './entry.ts';
import { MemoryTier } from './memory-tier.ts';
import type { Question } from './question.ts';

/** Values that belong together: what is known of one may say something of what another shows. */
interface Place {
  version: number;
  readonly questionOf: (name: string) => Question<unknown> | null;
}

/**
 * What this process knows, and which of two values counts. One takes the place of another, whichever way it came, only when
 * it was asked for after the other had been received: of two that overlap nobody knows which is the newer, and the one that
 * was given stays.
 */
export class Knowledge {
  readonly #clock: Clock;
  readonly #memory: MemoryTier;
  readonly #places = new Map<string, Place>();

  constructor(clock: Clock, maxBytes: number) {
    this.#clock = clock;
    this.#memory = new MemoryTier(maxBytes);
  }

  get isKeeping(): boolean {
    return this.#memory.isKeeping;
  }

  get bytes(): number {
    return this.#memory.bytes;
  }

  /** What is known, of any age; null when that is nothing. Counts as use, so that it stays longer than what nobody asks for. */
  get<T>({ key }: Question<T>): Entry<T> | null {
    return this.#unlessFuture(this.#memory.get(idOf(key)) as Entry<T> | null);
  }

  /** As `get`, and does not count as use. */
  peek<T>({ key }: Question<T>): Entry<T> | null {
    return this.#unlessFuture(this.#memory.peek(idOf(key)) as Entry<T> | null);
  }

  /** Keeps what was read by this process, unless what is known was received after it was asked for. Gives what is known then. */
  take<T>(question: Question<T>, entry: Entry<T>, confirmation: number): Entry<T> {
    const known = this.peek(question);
    if (known !== null && known.fetchedAtMs > (entry.askedAtMs ?? entry.fetchedAtMs)) {
      return known;
    }
    this.#put(question, entry, known, confirmation);
    return entry;
  }

  /** Keeps what another replica read, unless something as new is known. */
  takeTold<T>(question: Question<T>, entry: Entry<T>, confirmation: number): void {
    const known = this.peek(question);
    if (known === null || known.fetchedAtMs < entry.fetchedAtMs) {
      this.#put(question, entry, known, confirmation);
    }
  }

  /** Notes that what is known was compared with what others know. */
  confirm({ key }: Question<unknown>, confirmation: number): void {
    this.#memory.confirm(idOf(key), confirmation);
  }

  isConfirmed({ key }: Question<unknown>, confirmation: number): boolean {
    return this.#memory.isConfirmed(idOf(key), confirmation);
  }

  /** `Cache.place`. */
  place(name: string, questionOf: Place['questionOf']): { readonly version: number } {
    const place: Place = { version: 0, questionOf };
    this.#places.set(name, place);
    return place;
  }

  /** The question that a key stands for, as far as the values of its place are told by others; else null. */
  questionOf({ place, name }: CacheKey): Question<unknown> | null {
    return this.#places.get(place)?.questionOf(name) ?? null;
  }

  /** `isTrusted`: whether what is known need not be compared with others' knowledge first. */
  useOf<T>(question: Question<T>, entry: Entry<T>, isTrusted: () => boolean): Use {
    const id = idOf(question.key);
    const place = this.#places.get(question.key.place);
    const version = place?.version;
    return {
      fetchedAtMs: entry.fetchedAtMs,
      freshUntilMs: freshUntilMs(entry),
      isCurrent: () => place?.version === version && this.#memory.peek(id) === entry && isTrusted(),
    };
  }

  #put<T>(question: Question<T>, entry: Entry<T>, known: Entry<T> | null, confirmation: number): void {
    const { key } = question;
    this.#memory.put(idOf(key), entry, confirmation);
    const place = this.#places.get(key.place);
    if (place !== undefined && question.digestOf !== undefined) {
      const isSame = known !== null && question.digestOf(known.value) === question.digestOf(entry.value);
      place.version += isSame ? 0 : 1;
    }
  }

  /** A clock that was set back leaves entries from the future behind, which count for nothing. */
  #unlessFuture<T>(entry: Entry<T> | null): Entry<T> | null {
    return entry !== null && entry.fetchedAtMs <= this.#clock.now() + MAX_CLOCK_SKEW_MS ? entry : null;
  }
}
