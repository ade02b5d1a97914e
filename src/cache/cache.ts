import type { CallScope, Use } from '../lib/call-scope.ts';
import type { Clock } from '../lib/clock.ts';
import { SingleFlight } from '../lib/single-flight.ts';
import { UpstreamError, type UpstreamErrorCode } from '../model/errors.ts';
import { type CacheKey, type Entry, freshUntilMs, type Life, MAX_CLOCK_SKEW_MS, stateOf } from './entry.ts';
import { MemoryTier } from './memory-tier.ts';
import { fromText, toRecord } from './record.ts';
import { type Announcement, type SharedTier, TURN_MS } from './shared-tier.ts';

/** What is asked of the cache: where the value is kept, and what has to be known of it. */
export interface Question<T> {
  readonly key: CacheKey;
  lifeOf(value: T): Life;
  /** The value in JSON that another replica wrote; null when it is none. */
  parse(json: unknown): T | null;
  /**
   * Stands for what the value says, whenever it was fetched. Given for values that replicas tell each other of when they
   * change; absent for those that only answer.
   */
  digestOf?(value: T): string;
  /** What one is told whose deadline has come. */
  lateError(): Error;
  /** How long reading goes on after the deadline of the last who waits, in milliseconds. Default 0. */
  readonly lingerMs?: number;
}

/** A value as the upstream just gave it. */
export interface Loaded<T> {
  readonly value: T;
  /** When it was received, milliseconds since the epoch. */
  readonly fetchedAtMs: number;
  /** When it was asked for. Absent: when the first call for it left, or when reading began. */
  readonly askedAtMs?: number;
}

/** Reads a value from the upstream. */
export type Load<T> = (scope: CallScope) => Promise<Loaded<T>>;

/** `FRESH`: read for whoever asks. `CACHED`: known, and within its time. `STALE`: known, and past it. */
export type Outcome = 'FRESH' | 'CACHED' | 'STALE';

export interface Answer<T> {
  readonly entry: Entry<T>;
  readonly outcome: Outcome;
}

export interface CacheOptions {
  readonly clock: Clock;
  /** How much of this process's memory values may take; 0 for nothing. */
  readonly memoryBytes: number;
  /** What replicas share; null where there is nothing. */
  readonly shared: SharedTier | null;
}

/** What an upstream's fault is, in place of which something that is known may answer. The others are answers: no, or not for you. */
const FAULTS: ReadonlySet<UpstreamErrorCode> = new Set<UpstreamErrorCode>([
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_RATE_LIMITED',
  'UPSTREAM_BAD_RESPONSE',
]);

/** How long reading behind a value that was given may take. */
const BEHIND_MS = 30_000;
/** The pauses between two looks at what another replica reads, in milliseconds; the last one again and again. */
const PAUSES_MS = [10, 20, 40, 80, 100];

/**
 * Have we this already? Two tiers before the upstream: what this process knows, and what all replicas share. Whoever asks
 * for the same at the same time waits for one look and one reading, in this process and, by turns, in the whole fleet.
 *
 * A value answers at once while it is fresh; for a while after that it answers at once and is read anew behind; for longer
 * it answers in place of a fault of the upstream. A value takes the place of another, whichever way it came, only when it was
 * asked for after the other had been received: of two that overlap nobody knows which is the newer, and one that was given
 * stays.
 */
export class Cache {
  readonly #clock: Clock;
  readonly #memory: MemoryTier;
  readonly #shared: SharedTier | null;
  readonly #looks: SingleFlight<Answer<unknown>>;
  readonly #readings: SingleFlight<Entry<unknown>>;
  readonly #places = new Map<string, Place>();
  /** What is read behind just now. */
  readonly #behind = new Set<string>();
  readonly #closed = new AbortController();

  constructor({ clock, memoryBytes, shared }: CacheOptions) {
    this.#clock = clock;
    this.#memory = new MemoryTier(memoryBytes);
    this.#shared = shared;
    this.#looks = new SingleFlight(clock);
    this.#readings = new SingleFlight(clock);
    shared?.onAnnounced((announcement) => {
      this.#learn(announcement);
    });
  }

  /** Whether anything that is read is kept at all. */
  get isKeeping(): boolean {
    return this.#memory.isKeeping || this.#shared !== null;
  }

  /** Of the memory that values may take, how much they take by estimate. */
  get memoryBytes(): number {
    return this.#memory.bytes;
  }

  /**
   * The value, known or read. Rejects with what `load` threw where nothing known may answer in its place, with the caller's
   * reason, or with `lateError()`. Costs no call while it is fresh, and at most one in the fleet for all who ask at a time.
   */
  async read<T>(question: Question<T>, load: Load<T>, scope: CallScope): Promise<Answer<T>> {
    const answer = await this.#answer(question, load, scope);
    scope.onUse?.(this.#useOf(question, answer.entry));
    return answer;
  }

  /** Keeps what was read along with something else, unless something newer is known. */
  keep<T>(question: Question<T>, { value, fetchedAtMs, askedAtMs = fetchedAtMs }: Loaded<T>): void {
    const entry = toEntry(question, { value, fetchedAtMs, askedAtMs });
    if (this.#rememberRead(question, entry) === entry) {
      void this.#share(question, entry);
    }
  }

  /** As `keep`, for what another replica has read and made known to all. */
  keepTold<T>(question: Question<T>, { value, fetchedAtMs }: Loaded<T>): void {
    this.#rememberTold(question, { value, fetchedAtMs, life: question.lifeOf(value) });
  }

  /**
   * What this process knows, of any age; null when that is nothing. No look elsewhere. A clock that was set back leaves
   * entries from the future behind, which count for nothing.
   */
  known<T>({ key }: Question<T>): Entry<T> | null {
    const known = this.#memory.peek(idOf(key)) as Entry<T> | null;
    return known !== null && known.fetchedAtMs <= this.#clock.now() + MAX_CLOCK_SKEW_MS ? known : null;
  }

  /**
   * A number that changes whenever more is known of a value of the place that has a digest. `questionOf` understands the
   * names of such values, for what other replicas tell of them.
   */
  place(name: string, questionOf: (name: string) => Question<unknown> | null): { readonly version: number } {
    const place: Place = { version: 0, questionOf };
    this.#places.set(name, place);
    return place;
  }

  /** Ends what is read for nobody. */
  close(): void {
    this.#closed.abort(new Error('the gateway ends'));
  }

  async #answer<T>(question: Question<T>, load: Load<T>, scope: CallScope): Promise<Answer<T>> {
    const id = idOf(question.key);
    if (scope.noCache === true) {
      return { entry: await this.#load(question, load, scope, question.lingerMs), outcome: 'FRESH' };
    }
    const known = this.#memory.get(id) as Entry<T> | null;
    if (known !== null && this.#isConfirmed(id)) {
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
  #inPlaceOf<T>({ key }: Question<T>, error: unknown, told: Entry<T> | null): Answer<T> {
    const known = (this.#memory.get(idOf(key)) as Entry<T> | null) ?? told;
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
    const untilMs = this.#clock.now() + TURN_MS;
    let told: Entry<T> | null = null;
    for (let looks = 0; this.#clock.now() < untilMs; looks += 1) {
      const { known, turn } = await this.#lookup(question);
      told = known;
      const state = known === null ? 'GONE' : stateOf(known, this.#clock.now());
      if (known !== null && state === 'FRESH') {
        return { entry: known, outcome: 'CACHED' };
      }
      if (known !== null && state === 'STALE' && !isBehind) {
        return { entry: known, outcome: 'STALE' };
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
      this.#rememberTold(question, theirs, confirmation);
    }
    const known = this.known(question) ?? theirs;
    if (found !== null || turn !== 'NOBODYS') {
      this.#memory.confirm(idOf(key), confirmation);
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
    try {
      const { value, fetchedAtMs, askedAtMs = scope.sentAtMs ?? beganAtMs } = await load(scope);
      const entry = toEntry(question, { value, fetchedAtMs, askedAtMs });
      const newest = this.#rememberRead(question, entry);
      // Told before anybody is answered: whoever asks another replica next is not to see an older value there.
      await this.#share(question, newest);
      return newest;
    } catch (error) {
      this.#shared?.release(question.key);
      throw error;
    }
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

  /** Keeps what was read just now, unless something is known that was fetched after it was asked for. Gives what is known then. */
  #rememberRead<T>(question: Question<T>, entry: Entry<T>): Entry<T> {
    const known = this.known(question);
    if (known !== null && known.fetchedAtMs > (entry.askedAtMs ?? entry.fetchedAtMs)) {
      return known;
    }
    this.#remember(question, entry, known, this.#shared?.listeningSince);
    return entry;
  }

  /** Keeps what another replica read, unless something as new is known here. */
  #rememberTold<T>(
    question: Question<T>,
    entry: Entry<T>,
    confirmation = this.#shared?.listeningSince,
  ): void {
    const known = this.known(question);
    if (known === null || known.fetchedAtMs < entry.fetchedAtMs) {
      this.#remember(question, entry, known, confirmation);
    }
  }

  #remember<T>(question: Question<T>, entry: Entry<T>, known: Entry<T> | null, confirmation = 0): void {
    this.#memory.put(idOf(question.key), entry, confirmation);
    const place = this.#places.get(question.key.place);
    if (place !== undefined && question.digestOf !== undefined) {
      const isSame = known !== null && question.digestOf(known.value) === question.digestOf(entry.value);
      place.version += isSame ? 0 : 1;
    }
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
    const question = this.#places.get(key.place)?.questionOf(key.name) ?? null;
    const entry = question === null ? null : fromText(question, text, this.#clock.now());
    if (question !== null && entry !== null) {
      this.#rememberTold(question, entry);
    }
  }

  /** After the announcements were interrupted, what is known here is compared once with what is shared before it answers. */
  #isConfirmed(id: string): boolean {
    return this.#shared === null || this.#memory.isConfirmed(id, this.#shared.listeningSince);
  }

  #useOf({ key }: Pick<Question<unknown>, 'key'>, entry: Entry<unknown>): Use {
    const id = idOf(key);
    const place = this.#places.get(key.place);
    const version = place?.version;
    return {
      fetchedAtMs: entry.fetchedAtMs,
      freshUntilMs: freshUntilMs(entry),
      isCurrent: () => place?.version === version && this.#memory.peek(id) === entry && this.#isConfirmed(id),
    };
  }
}

function toEntry<T>(question: Question<T>, { value, fetchedAtMs, askedAtMs }: Required<Loaded<T>>): Entry<T> {
  // Clocks are set: nothing is received before it was asked for.
  return { value, fetchedAtMs, askedAtMs: Math.min(askedAtMs, fetchedAtMs), life: question.lifeOf(value) };
}

function isFault(error: unknown): boolean {
  return error instanceof UpstreamError && FAULTS.has(error.code);
}

interface Place {
  version: number;
  readonly questionOf: (name: string) => Question<unknown> | null;
}

function idOf({ place, name }: CacheKey): string {
  return `${place} ${name}`;
}
