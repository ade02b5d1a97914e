import type { CallScope, UseOrigin } from '../lib/call-scope.ts';
import type { Clock } from '../lib/clock.ts';
import { SingleFlight } from '../lib/single-flight.ts';
import { type CacheKey, type Entry, stateOf } from './entry.ts';
import { isFault } from './faults.ts';
import { Knowledge } from './knowledge.ts';
import type { Answer, Load, Loaded, Question } from './question.ts';
import { fromText, toRecord } from './record.ts';
import { type Announcement, type SharedTier, TURN_MS } from './shared-tier.ts';

export interface CacheOptions {
  readonly clock: Clock;
  /** How much of this process's memory values may take; 0 for nothing. */
  readonly memoryBytes: number;
  /** What replicas share; null where there is nothing. */
  readonly shared: SharedTier | null;
}

/** How long reading behind a value that was given may take. */
const BEHIND_MS = 30_000;
/** The pauses between two looks at what another replica reads, in milliseconds; the last one again and again. */
const PAUSES_MS = [10, 20, 40, 80, 100];

/**
 * Have we this already? Two tiers before the upstream: what this process knows, and what all replicas share. Whoever asks
 * for the same at the same time waits for one look and one reading, in this process and, by turns, in the whole fleet.
 *
 * A value answers at once while it is fresh; for a while after that it answers at once and is read anew behind; for longer
 * it answers in place of a fault of the upstream. Which of two values counts is `Knowledge`'s business.
 */
export class Cache {
  readonly #clock: Clock;
  readonly #knowledge: Knowledge;
  readonly #shared: SharedTier | null;
  readonly #looks: SingleFlight<Answer<unknown>>;
  readonly #readings: SingleFlight<Entry<unknown>>;
  /** What is read behind just now. */
  readonly #behind = new Set<string>();
  readonly #closed = new AbortController();

  constructor({ clock, memoryBytes, shared }: CacheOptions) {
    this.#clock = clock;
    this.#knowledge = new Knowledge(clock, memoryBytes);
    this.#shared = shared;
    this.#looks = new SingleFlight(clock);
    this.#readings = new SingleFlight(clock);
    shared?.onAnnounced((announcement) => {
      this.#learn(announcement);
    });
  }

  /** Whether anything that is read is kept at all. */
  get isKeeping(): boolean {
    return this.#knowledge.isKeeping || this.#shared !== null;
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
      ...this.#knowledge.useOf(question, answer.entry, () => this.#isConfirmed(question)),
      origin: originOf(question, answer),
    });
    return answer;
  }

  /** Keeps what was read along with something else, unless something newer is known. */
  keep<T>(question: Question<T>, { value, fetchedAtMs, askedAtMs = fetchedAtMs }: Loaded<T>): void {
    const entry = toEntry(question, { value, fetchedAtMs, askedAtMs });
    if (this.#knowledge.take(question, entry, this.#confirmation) === entry) {
      void this.#share(question, entry);
    }
  }

  /** As `keep`, for what another replica has read and made known to all. */
  keepTold<T>(question: Question<T>, { value, fetchedAtMs }: Loaded<T>): void {
    const entry: Entry<T> = { value, fetchedAtMs, life: question.lifeOf(value) };
    this.#knowledge.takeTold(question, entry, this.#confirmation);
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
      return { entry: await this.#load(question, load, scope, question.lingerMs), outcome: 'FRESH' };
    }
    const known = this.#knowledge.get(question);
    if (known !== null && this.#isConfirmed(question)) {
      const state = stateOf(known, this.#clock.now());
      if (state === 'FRESH') {
        return { entry: known, outcome: 'CACHED' };
      }
      if (state === 'STALE') {
        this.#readBehind(question, load);
        return { entry: known, outcome: 'STALE' };
      }
    }
    try {
      const answer = await this.#lookOrLoad(question, load, scope);
      // What answers in place of a fault has just been tried.
      if (answer.outcome === 'STALE' && stateOf(answer.entry, this.#clock.now()) === 'STALE') {
        this.#readBehind(question, load);
      }
      return answer;
    } catch (error) {
      return this.#inPlaceOf(question, error, null);
    }
  }

  /** What may answer although reading failed: what is known here, or else what was `told`. Throws the error where nothing may. */
  #inPlaceOf<T>(question: Question<T>, error: unknown, told: Entry<T> | null): Answer<T> {
    const known = this.#knowledge.get(question) ?? told;
    const state = known === null ? 'GONE' : stateOf(known, this.#clock.now());
    if (known === null || state === 'GONE' || !isFault(error)) {
      throw error;
    }
    return { entry: known, outcome: state === 'FRESH' ? 'CACHED' : 'STALE' };
  }

  async #lookOrLoad<T>(question: Question<T>, load: Load<T>, scope: CallScope): Promise<Answer<T>> {
    const { key, lingerMs = 0 } = question;
    if (this.#shared === null) {
      return { entry: await this.#load(question, load, scope, lingerMs), outcome: 'FRESH' };
    }
    const answer = await this.#looks.share({
      key: idOf(key),
      scope,
      work: (looking) => this.#look(question, load, looking, false),
      lateError: () => question.lateError(),
      lingerMs,
    });
    return answer as Answer<T>;
  }

  /**
   * Asks the other replicas first, and waits where one of them is reading; reads where it is our turn, or nobody's. Behind a
   * value that was given nothing stale will do.
   */
  async #look<T>(
    question: Question<T>,
    load: Load<T>,
    scope: CallScope,
    isBehind: boolean,
  ): Promise<Answer<T>> {
    // A replica that prolongs its turn is alive, and may wait for a slot itself. Half of the time is left to read after all.
    const untilMs = this.#clock.now() + Math.max(TURN_MS, (scope.deadlineMs - this.#clock.now()) / 2);
    let told: Entry<T> | null = null;
    for (let looks = 0; this.#clock.now() < untilMs; looks += 1) {
      const { known, turn } = await this.#lookup(question);
      told = known;
      const state = known === null ? 'GONE' : stateOf(known, this.#clock.now());
      if (known !== null && state === 'FRESH') {
        return { entry: known, outcome: 'CACHED', isFromRedis: true };
      }
      if (known !== null && state === 'STALE' && !isBehind) {
        return { entry: known, outcome: 'STALE', isFromRedis: true };
      }
      if (turn !== 'THEIRS') {
        if (turn === 'OURS' && (scope.signal.aborted || scope.deadlineMs <= this.#clock.now())) {
          // All have left meanwhile: nothing will be read, and nobody else is to wait for it.
          this.#shared?.release(question.key);
        }
        break;
      }
      await this.#clock.sleep(PAUSES_MS[looks] ?? 100, scope.signal);
    }
    try {
      return { entry: await this.#load(question, load, scope, 0), outcome: 'FRESH' };
    } catch (error) {
      return this.#inPlaceOf(question, error, told);
    }
  }

  /** The newest that is known here or there, and whose turn it is to read it. */
  async #lookup<T>(
    question: Question<T>,
  ): Promise<{ readonly known: Entry<T> | null; readonly turn: 'OURS' | 'THEIRS' | 'NOBODYS' | null }> {
    const { key } = question;
    const shared = this.#shared;
    if (shared === null) {
      return { known: null, turn: 'NOBODYS' };
    }
    const confirmation = shared.listeningSince;
    const { found, turn } = await shared.lookup(key);
    const theirs = found === null ? null : fromText(question, found.text, this.#clock.now());
    if (found !== null && theirs === null) {
      shared.drop(key, found.text);
    }
    if (theirs !== null) {
      this.#knowledge.takeTold(question, theirs, confirmation);
    }
    const known = this.#knowledge.peek(question) ?? theirs;
    if (found !== null || turn !== 'NOBODYS') {
      this.#knowledge.confirm(question, confirmation);
    }
    if (known !== null && stateOf(known, this.#clock.now()) === 'FRESH') {
      const isNewer = theirs !== null && known.fetchedAtMs > theirs.fetchedAtMs;
      if (isNewer || turn === 'OURS') {
        // Only this process knows it: the others need not read it either, nor go on with what is older.
        void this.#share(question, known);
      }
    }
    return { known, turn };
  }

  /** `lingerMs`: 0 where a look goes on as long already. */
  async #load<T>(question: Question<T>, load: Load<T>, scope: CallScope, lingerMs = 0): Promise<Entry<T>> {
    const entry = await this.#readings.share({
      key: idOf(question.key),
      scope,
      work: (reading) => this.#readOnce(question, load, reading),
      lateError: () => question.lateError(),
      lingerMs,
    });
    return entry as Entry<T>;
  }

  async #readOnce<T>(question: Question<T>, load: Load<T>, scope: CallScope): Promise<Entry<T>> {
    const beganAtMs = this.#clock.now();
    const letGo = this.#holdTurn(question.key);
    try {
      const { value, fetchedAtMs, askedAtMs = scope.sentAtMs ?? beganAtMs } = await load(scope);
      const entry = toEntry(question, { value, fetchedAtMs, askedAtMs });
      const newest = this.#knowledge.take(question, entry, this.#confirmation);
      // Told before anybody is answered: whoever asks another replica next is not to see an older value there.
      await this.#share(question, newest);
      return newest;
    } catch (error) {
      this.#shared?.release(question.key);
      throw error;
    } finally {
      letGo();
    }
  }

  /** Others wait as long as somebody reads for them. Gives the way to stop. */
  #holdTurn(key: CacheKey): () => void {
    const shared = this.#shared;
    if (shared === null) {
      return () => undefined;
    }
    let cancel = (): void => undefined;
    const wait = (): void => {
      cancel = this.#clock.after(TURN_MS / 3, () => {
        shared.prolong(key);
        wait();
      });
    };
    wait();
    return () => {
      cancel();
    };
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
    this.#look(question, load, scope, true).then(forget, forget);
  }

  async #share<T>(question: Question<T>, entry: Entry<T>): Promise<void> {
    if (this.#shared === null) {
      return;
    }
    const digest = question.digestOf?.(entry.value);
    await this.#shared.store(
      question.key,
      toRecord(question.key, entry, digest ?? '-'),
      digest !== undefined,
    );
  }

  /** Another replica knows that a value has changed. */
  #learn({ key, text }: Announcement): void {
    const question = this.#knowledge.questionOf(key);
    const entry = question === null ? null : fromText(question, text, this.#clock.now());
    if (question !== null && entry !== null) {
      this.#knowledge.takeTold(question, entry, this.#confirmation);
    }
  }

  /** Which of the times that announcements began to arrive it is. */
  get #confirmation(): number {
    return this.#shared?.listeningSince ?? 0;
  }

  /** After the announcements were interrupted, what is known here is compared once with what is shared before it answers. */
  #isConfirmed(question: Question<unknown>): boolean {
    return this.#shared === null || this.#knowledge.isConfirmed(question, this.#confirmation);
  }
}

/** What there are kinds of; the sources' names of values begin with theirs, up to a colon. */
const KINDS = ['job', 'detail', 'list'] as const;

function originOf({ key }: Question<unknown>, { outcome, isFromRedis }: Answer<unknown>): UseOrigin {
  const kind = KINDS.find((name) => key.name.startsWith(`${name}:`)) ?? 'other';
  const tier = outcome === 'FRESH' ? 'UPSTREAM' : isFromRedis === true ? 'REDIS' : 'MEMORY';
  return { kind, outcome, tier };
}

function toEntry<T>(question: Question<T>, { value, fetchedAtMs, askedAtMs }: Required<Loaded<T>>): Entry<T> {
  // Clocks are set: nothing is received before it was asked for.
  return { value, fetchedAtMs, askedAtMs: Math.min(askedAtMs, fetchedAtMs), life: question.lifeOf(value) };
}

function idOf({ place, name }: CacheKey): string {
  return `${place} ${name}`;
}
