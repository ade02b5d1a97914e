import type { CallScope, UseOrigin } from '../lib/call-scope.ts';
import type { Clock } from '../lib/clock.ts';
import { type Entry, idOf, stateOf } from './entry.ts';
import { isFault } from './faults.ts';
import { FleetKnowledge } from './fleet-knowledge.ts';
import { Knowledge } from './knowledge.ts';
import { type Answer, entryOf, type Load, type Loaded, type Question } from './question.ts';
import type { SharedTier } from './shared-tier.ts';
import { TurnReader } from './turn-reader.ts';

export interface CacheOptions {
  readonly clock: Clock;
  /** How much of this process's memory values may take; 0 for nothing. */
  readonly memoryBytes: number;
  /** What replicas share; null where there is nothing. */
  readonly shared: SharedTier | null;
}

/** How long reading behind a value that was given may take. */
const BEHIND_MS = 30_000;

/**
 * Have we this already? Two tiers before the upstream: what this process knows, and what all replicas share.
 *
 * A value answers at once while it is fresh; for a while after that it answers at once and is read anew behind; for longer
 * it answers in place of a fault of the upstream. Which of two values counts is `Knowledge`'s business, that one look and one
 * reading are enough for all who ask at a time is `TurnReader`'s.
 */
export class Cache {
  readonly #clock: Clock;
  readonly #knowledge: Knowledge;
  readonly #fleet: FleetKnowledge;
  readonly #reader: TurnReader;
  /** What is read behind just now. */
  readonly #behind = new Set<string>();
  readonly #closed = new AbortController();

  constructor({ clock, memoryBytes, shared }: CacheOptions) {
    this.#clock = clock;
    this.#knowledge = new Knowledge(clock, memoryBytes);
    this.#fleet = new FleetKnowledge({ clock, knowledge: this.#knowledge, shared });
    this.#reader = new TurnReader(clock, this.#fleet);
  }

  /** Whether anything that is read is kept at all. */
  get isKeeping(): boolean {
    return this.#knowledge.isKeeping || this.#fleet.isShared;
  }

  /** Of the memory that values may take, how much they take by estimate. */
  get memoryBytes(): number {
    return this.#knowledge.bytes;
  }

  /**
   * The value, known or read. Rejects with what `load` threw where nothing known may answer in its place, with the caller's
   * reason, or with `lateError()`. Costs no call while it is fresh, and at most one in the fleet for all who ask at a time.
   */
  async read<T>(question: Question<T>, load: Load<T>, scope: CallScope): Promise<Answer<T>> {
    const answer = await this.#answer(question, load, scope);
    scope.onUse?.({
      ...this.#knowledge.useOf(question, answer.entry, () => this.#fleet.isConfirmed(question)),
      origin: originOf(question, answer),
    });
    return answer;
  }

  /** Keeps what was read along with something else, unless something newer is known. */
  keep<T>(question: Question<T>, loaded: Loaded<T>): void {
    const entry = entryOf(question, loaded);
    if (this.#fleet.take(question, entry) === entry) {
      void this.#fleet.share(question, entry);
    }
  }

  /** As `keep`, for what another replica has read and made known to all. */
  keepTold<T>(question: Question<T>, { value, fetchedAtMs }: Loaded<T>): void {
    this.#fleet.takeTold(question, { value, fetchedAtMs, life: question.lifeOf(value) });
  }

  /** What this process knows, of any age; null when that is nothing. No look elsewhere. */
  known<T>(question: Question<T>): Entry<T> | null {
    return this.#knowledge.peek(question);
  }

  /**
   * A number that changes whenever more is known of a value of the place that has a digest. `questionOf` understands the
   * names of such values, for what other replicas tell of them.
   */
  place(name: string, questionOf: (name: string) => Question<unknown> | null): { readonly version: number } {
    return this.#knowledge.place(name, questionOf);
  }

  /** Ends what is read for nobody. */
  close(): void {
    this.#closed.abort(new Error('the gateway ends'));
  }

  async #answer<T>(question: Question<T>, load: Load<T>, scope: CallScope): Promise<Answer<T>> {
    if (scope.noCache === true) {
      return { entry: await this.#reader.read(question, load, scope), outcome: 'FRESH' };
    }
    try {
      const answer = this.#knownAnswer(question) ?? (await this.#reader.lookOrRead(question, load, scope));
      if (answer.outcome === 'STALE') {
        this.#readBehind(question, load);
      }
      return answer;
    } catch (error) {
      return await this.#inPlaceOf(question, error);
    }
  }

  /** What this process knows, where it may answer at once. */
  #knownAnswer<T>(question: Question<T>): Answer<T> | null {
    const entry = this.#knowledge.get(question);
    if (entry === null || !this.#fleet.isConfirmed(question)) {
      return null;
    }
    const state = stateOf(entry, this.#clock.now());
    if (state === 'FRESH') {
      return { entry, outcome: 'CACHED' };
    }
    return state === 'STALE' ? { entry, outcome: 'STALE' } : null;
  }

  /** What may answer although reading failed, be it past its time: what is known, here or there. Throws the error where nothing may. */
  async #inPlaceOf<T>(question: Question<T>, error: unknown): Promise<Answer<T>> {
    if (!isFault(error)) {
      throw error;
    }
    // What a look has found is in the memory, if there is one.
    const isFromRedis = !this.#knowledge.isKeeping;
    const entry = isFromRedis ? await this.#fleet.peek(question) : this.#knowledge.get(question);
    const state = entry === null ? 'GONE' : stateOf(entry, this.#clock.now());
    if (entry === null || state === 'GONE') {
      throw error;
    }
    return { entry, outcome: state === 'FRESH' ? 'CACHED' : 'STALE', isFromRedis };
  }

  /** Nobody waits for it; a failure is found by whoever asks when the value is past its grace. */
  #readBehind<T>(question: Question<T>, load: Load<T>): void {
    const id = idOf(question.key);
    if (this.#behind.has(id)) {
      return;
    }
    this.#behind.add(id);
    const scope: CallScope = {
      signal: this.#closed.signal,
      deadlineMs: this.#clock.now() + BEHIND_MS,
      isBackground: true,
    };
    const forget = (): void => {
      this.#behind.delete(id);
    };
    this.#reader.refresh(question, load, scope).then(forget, forget);
  }
}

/** What there are kinds of; the sources' names of values begin with theirs, up to a colon. */
const KINDS = ['job', 'detail', 'list'] as const;

function originOf({ key }: Question<unknown>, { outcome, isFromRedis }: Answer<unknown>): UseOrigin {
  const kind = KINDS.find((name) => key.name.startsWith(`${name}:`)) ?? 'other';
  const tier = outcome === 'FRESH' ? 'UPSTREAM' : isFromRedis === true ? 'REDIS' : 'MEMORY';
  return { kind, outcome, tier };
}
