import type { CacheKey } from '../../src/cache/entry.ts';
import type { Announcement, Lookup, SharedRecord, SharedTier, Turn } from '../../src/cache/shared-tier.ts';
import type { Clock } from '../../src/lib/clock.ts';

/** What replicas share, in memory, as one of them sees it. The test is all the others. */
export class FakeSharedTier implements SharedTier {
  readonly isConnected = true;
  listeningSince = 1;
  /** Nobody is there: nothing is known, and nothing kept. */
  isAway = false;
  /** What is asked waits for this, and then is as it was when it was asked. */
  gate: Promise<void> = Promise.resolve();
  readonly lookups: string[] = [];
  readonly stored: { readonly name: string; readonly record: SharedRecord; readonly announce: boolean }[] =
    [];
  readonly released: string[] = [];
  readonly prolonged: string[] = [];
  readonly dropped: string[] = [];
  readonly kept = new Map<string, SharedRecord>();
  /** Whose turn it is to read each name, while it is somebody's. */
  readonly turns = new Map<string, Turn>();
  readonly #clock: Clock;
  readonly #listeners = new Set<(announcement: Announcement) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async lookup({ name }: CacheKey): Promise<Lookup> {
    this.lookups.push(name);
    const lookup = this.#lookupNow(name);
    await this.gate;
    return lookup;
  }

  async peek({ name }: CacheKey): Promise<Lookup['found']> {
    await this.gate;
    return this.isAway ? null : (this.kept.get(name) ?? null);
  }

  async store({ name }: CacheKey, record: SharedRecord, announce: boolean): Promise<void> {
    this.stored.push({ name, record, announce });
    await this.gate;
    const kept = this.kept.get(name);
    if (!this.isAway && (kept === undefined || kept.fetchedAtMs <= record.askedAtMs)) {
      this.kept.set(name, record);
    }
    this.#endOurTurn(name);
  }

  prolong({ name }: CacheKey): void {
    this.prolonged.push(name);
  }

  release({ name }: CacheKey): void {
    this.released.push(name);
    this.#endOurTurn(name);
  }

  drop({ name }: CacheKey, text: string): void {
    this.dropped.push(text);
    if (this.kept.get(name)?.text === text) {
      this.kept.delete(name);
    }
  }

  onAnnounced(listener: (announcement: Announcement) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  announce(key: CacheKey, { text }: SharedRecord): void {
    this.#listeners.forEach((listener) => {
      listener({ key, text });
    });
  }

  close(): void {
    this.#listeners.clear();
  }

  #lookupNow(name: string): Lookup {
    if (this.isAway) {
      return { found: null, turn: 'NOBODYS' };
    }
    const kept = this.kept.get(name);
    const found = kept === undefined ? null : { text: kept.text, fetchedAtMs: kept.fetchedAtMs };
    if (kept !== undefined && kept.freshUntilMs > this.#clock.now()) {
      return { found, turn: null };
    }
    const turn = this.turns.get(name) ?? 'OURS';
    this.turns.set(name, turn);
    return { found, turn };
  }

  #endOurTurn(name: string): void {
    if (this.turns.get(name) === 'OURS') {
      this.turns.delete(name);
    }
  }
}
