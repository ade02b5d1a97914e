import { LRUCache } from 'lru-cache';
import type { Clock } from '../lib/clock.ts';
import { sha256Hex } from '../lib/sha256.ts';
import type { CacheKey } from './entry.ts';
import type { SharedTier } from './shared-tier.ts';

export interface ContentStoreOptions {
  readonly clock: Clock;
  /** What replicas share; null where there is nothing. */
  readonly shared: SharedTier | null;
  /** How much of this process's memory texts may take; 0 for nothing. */
  readonly memoryBytes: number;
  /** Longer texts are not kept. */
  readonly maxTextBytes: number;
  /** How long a text is kept that nobody asks for. */
  readonly ttlMs: number;
  /** How many texts replicas share at most; with `maxTextBytes` the most that they take in Redis. */
  readonly maxSharedTexts: number;
  /** How many texts this process takes in at most in a minute. */
  readonly maxNewPerMinute: number;
}

interface Kept {
  readonly text: string;
  /** When it was last told to the other replicas; minus infinity for never. */
  sharedAtMs: number;
}

/** What a text of the memory takes besides itself: its hash, the places in the lists of the LRU. */
const OVERHEAD_BYTES = 400;

/** No more often than this one text is written anew for others who do not have it, or had and lost it. */
const SHARE_AGAIN_MS = 1_000;

const MINUTE_MS = 60_000;

/**
 * Texts by their SHA-256, in the memory of this process and, where there is one, in what replicas share. A text answers for
 * its own hash and no other, whatever Redis holds: what comes from there is hashed before it is given.
 *
 * Anybody may put texts in, so all of it is bounded. The memory by bytes, the least recently used going first. The shared
 * part by its keys: hashes fall into a fixed number of slots, and the newer text has the slot. Both by how many texts a process
 * takes in a minute, so that a flood cannot push out what is asked for more often than that.
 */
export class ContentStore {
  readonly #options: ContentStoreOptions;
  readonly #kept: LRUCache<string, Kept> | null;
  #minuteBeganAtMs = Number.NEGATIVE_INFINITY;
  #newThisMinute = 0;

  constructor(options: ContentStoreOptions) {
    const { clock, memoryBytes, ttlMs } = options;
    this.#options = options;
    this.#kept =
      memoryBytes === 0 || ttlMs === 0
        ? null
        : new LRUCache({
            maxSize: memoryBytes,
            // Strings take up to two bytes a character.
            sizeCalculation: ({ text }) => OVERHEAD_BYTES + 2 * text.length,
            ttl: ttlMs,
            updateAgeOnGet: true,
            perf: { now: () => clock.now() },
            // The clock is cheap, and is moved in tests.
            ttlResolution: 0,
          });
  }

  /** The text with this hash; null when it is not known. Never rejects, and waits for Redis as long as a lookup of the cache does. */
  async get(sha256: string): Promise<string | null> {
    const { clock, shared, ttlMs } = this.#options;
    const kept = this.#kept?.get(sha256);
    if (kept !== undefined) {
      // What is in use stays: it is told anew long before its time in Redis is over.
      if (clock.now() - kept.sharedAtMs > ttlMs / 2) {
        this.#share(sha256, kept);
      }
      return kept.text;
    }
    if (shared === null) {
      return null;
    }
    const key = this.#keyOf(sha256);
    const found = await shared.peek(key);
    if (found === null) {
      return null;
    }
    const { text, fetchedAtMs } = found;
    const foundSha256 = sha256Hex(text);
    if (foundSha256 !== sha256) {
      // Another text may have the slot. One whose place is elsewhere was put there by nobody of ours.
      if (this.#keyOf(foundSha256).name !== key.name) {
        shared.drop(key, text);
      }
      return null;
    }
    this.#kept?.set(sha256, { text, sharedAtMs: fetchedAtMs });
    return text;
  }

  /**
   * Keeps a text under its hash, which the caller has computed of it. Does nothing for one that is too long, and when too many
   * new ones came of late: whoever asks by the hash is then told that it is not known, and sends the text again.
   */
  set(sha256: string, text: string): void {
    const { clock, maxTextBytes, ttlMs } = this.#options;
    if (ttlMs === 0 || Buffer.byteLength(text) > maxTextBytes) {
      return;
    }
    const known = this.#kept?.get(sha256);
    if (known === undefined && !this.#mayTakeIn()) {
      return;
    }
    const kept = known ?? { text, sharedAtMs: Number.NEGATIVE_INFINITY };
    if (known === undefined) {
      this.#kept?.set(sha256, kept);
    }
    const sinceMs = clock.now() - kept.sharedAtMs;
    // Whoever sends a text that is known here was told by another replica that it is not: Redis has lost it.
    if (sinceMs < 0 || sinceMs >= SHARE_AGAIN_MS) {
      this.#share(sha256, kept);
    }
  }

  #mayTakeIn(): boolean {
    const { clock, maxNewPerMinute } = this.#options;
    const sinceMs = clock.now() - this.#minuteBeganAtMs;
    // A clock that was set back begins a minute too.
    if (sinceMs < 0 || sinceMs >= MINUTE_MS) {
      this.#minuteBeganAtMs = clock.now();
      this.#newThisMinute = 0;
    }
    this.#newThisMinute += 1;
    return this.#newThisMinute <= maxNewPerMinute;
  }

  #share(sha256: string, kept: Kept): void {
    const { clock, shared, ttlMs } = this.#options;
    const nowMs = clock.now();
    kept.sharedAtMs = nowMs;
    void shared?.store(
      this.#keyOf(sha256),
      {
        fetchedAtMs: nowMs,
        askedAtMs: nowMs,
        freshUntilMs: nowMs + ttlMs,
        usefulUntilMs: nowMs + ttlMs,
        digest: sha256.slice(0, 32),
        text: kept.text,
      },
      false,
    );
  }

  /** Twelve digits are a number that is exact. Replicas with another number of slots do not see these. */
  #keyOf(sha256: string): CacheKey {
    const { maxSharedTexts } = this.#options;
    const slot = Number.parseInt(sha256.slice(0, 12), 16) % maxSharedTexts;
    return { place: 'documents', name: `${maxSharedTexts}/${slot}` };
  }
}
