import type { Clock } from '../lib/clock.ts';
import { type CacheKey, type Entry, MAX_CLOCK_SKEW_MS, stateOf } from './entry.ts';
import type { Knowledge } from './knowledge.ts';
import type { Question } from './question.ts';
import { fromText, toRecord } from './record.ts';
import { type Announcement, type Lookup, type SharedTier, type Turn, TURN_MS } from './shared-tier.ts';

export interface FleetKnowledgeOptions {
  readonly clock: Clock;
  /** What this process knows. */
  readonly knowledge: Knowledge;
  /** What replicas share; null where there is nothing, so that this process is all there is. */
  readonly shared: SharedTier | null;
}

/** The newest that is known here or there, and whose turn it is to read it; no turn where there is nothing to read. */
export interface FleetLookup<T> {
  readonly known: Entry<T> | null;
  readonly turn: Turn | null;
}

/** A confirmation that is none: what has it is compared before it answers. */
const UNCONFIRMED = -1;

const NOTHING: Lookup = { found: null, turn: 'NOBODYS' };

/**
 * Brings together what this process knows and what the other replicas know: what is learnt here is shared, what they tell is
 * learnt. Which of two values counts is `Knowledge`'s business; when to look, and what may answer, is the caller's.
 *
 * Each value is confirmed as of one of the times that announcements began to arrive. Whatever changed since then was told, so
 * it answers without a look; what was asked for before that may have been overtaken unheard, and is compared once.
 */
export class FleetKnowledge {
  readonly #clock: Clock;
  readonly #knowledge: Knowledge;
  readonly #shared: SharedTier | null;
  /** The present confirmation, and since when it is known here; which is no earlier than announcements began to arrive. */
  #listening: { readonly confirmation: number; readonly sinceMs: number };

  constructor({ clock, knowledge, shared }: FleetKnowledgeOptions) {
    this.#clock = clock;
    this.#knowledge = knowledge;
    this.#shared = shared;
    this.#listening = { confirmation: shared?.listeningSince ?? 0, sinceMs: Number.NEGATIVE_INFINITY };
    shared?.onAnnounced((announcement) => {
      this.#learn(announcement);
    });
  }

  /** Whether there is anybody to look for besides this process. */
  get isShared(): boolean {
    return this.#shared !== null;
  }

  /** Whether what this process knows need not be compared with what is shared before it answers. */
  isConfirmed(question: Question<unknown>): boolean {
    return this.#shared === null || this.#knowledge.isConfirmed(question, this.#listeningNow().confirmation);
  }

  /** Keeps what this process has read, unless it is overtaken. Gives what is known then, and shares nothing. */
  take<T>(question: Question<T>, entry: Entry<T>): Entry<T> {
    const askedAtMs = entry.askedAtMs ?? entry.fetchedAtMs;
    return this.#knowledge.take(question, entry, this.#confirmationAsOf(askedAtMs));
  }

  /** Keeps what another replica has read and made known by other means than under this question's key. */
  takeTold<T>(question: Question<T>, entry: Entry<T>): void {
    const confirmation = this.#confirmationAsOf(entry.fetchedAtMs - MAX_CLOCK_SKEW_MS);
    this.#knowledge.takeTold(question, entry, confirmation);
  }

  /** Makes an entry known to all, and ends our turn. Resolves when it is, or after a few tens of milliseconds. */
  async share<T>(question: Question<T>, entry: Entry<T>): Promise<void> {
    const digest = question.digestOf?.(entry.value);
    const record = toRecord(question.key, entry, digest ?? '-');
    await this.#shared?.store(question.key, record, digest !== undefined);
  }

  /** Looks at what is shared and takes our turn where it can be had. What only we know, and is fresh, is shared in return. */
  async lookup<T>(question: Question<T>): Promise<FleetLookup<T>> {
    const { confirmation } = this.#listeningNow();
    const { found, turn } = (await this.#shared?.lookup(question.key)) ?? NOTHING;
    const theirs = found === null ? null : this.#learnFound(question, found, confirmation);
    const known = this.#knowledge.peek(question) ?? theirs;
    if (found !== null || turn !== 'NOBODYS') {
      this.#knowledge.confirm(question, confirmation);
    }
    if (known !== null && stateOf(known, this.#clock.now()) === 'FRESH') {
      const isOurs = found !== null && known.fetchedAtMs > found.fetchedAtMs;
      if (isOurs || turn === 'OURS') {
        // Only this process knows it: the others need not read it either, nor go on with what is older.
        void this.share(question, known);
      }
    }
    return { known, turn };
  }

  /** What is shared, of any age; null when that is nothing. Takes no turn, and learns nothing. */
  async peek<T>(question: Question<T>): Promise<Entry<T> | null> {
    const found = (await this.#shared?.peek(question.key)) ?? null;
    return found === null ? null : fromText(question, found.text, this.#clock.now());
  }

  /** Prolongs our turn for as long as somebody reads. Gives the way to stop. */
  holdTurn(key: CacheKey): () => void {
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

  /** Ends our turn without a value: nobody is to wait for it. */
  releaseTurn(key: CacheKey): void {
    this.#shared?.release(key);
  }

  /** The entry that was found; null when it is none, which is dropped, or tells nothing that is not known here. */
  #learnFound<T>(
    question: Question<T>,
    found: NonNullable<Lookup['found']>,
    confirmation: number,
  ): Entry<T> | null {
    const known = this.#knowledge.peek(question);
    if (known !== null && known.fetchedAtMs >= found.fetchedAtMs) {
      // Whoever waits for another to read looks again and again: it is understood once.
      return null;
    }
    const entry = fromText(question, found.text, this.#clock.now());
    if (entry === null) {
      this.#shared?.drop(question.key, found.text);
    } else {
      this.#knowledge.takeTold(question, entry, confirmation);
    }
    return entry;
  }

  /** Another replica knows that a value has changed. */
  #learn({ key, text }: Announcement): void {
    const question = this.#knowledge.questionOf(key);
    const entry = question === null ? null : fromText(question, text, this.#clock.now());
    if (question !== null && entry !== null) {
      this.#knowledge.takeTold(question, entry, this.#listeningNow().confirmation);
    }
  }

  /** Whether what changed since that moment was told. */
  #confirmationAsOf(ms: number): number {
    const { confirmation, sinceMs } = this.#listeningNow();
    return ms >= sinceMs ? confirmation : UNCONFIRMED;
  }

  #listeningNow(): { readonly confirmation: number; readonly sinceMs: number } {
    const confirmation = this.#shared?.listeningSince ?? 0;
    if (confirmation !== this.#listening.confirmation) {
      this.#listening = { confirmation, sinceMs: this.#clock.now() };
    }
    return this.#listening;
  }
}
