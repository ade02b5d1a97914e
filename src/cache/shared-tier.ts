import type { CacheKey } from './entry.ts';

/**
 * An entry as replicas hand it to each other: a text that only the cache understands, and what a tier has to know of it.
 * Times are milliseconds since the epoch.
 */
export interface SharedRecord {
  readonly fetchedAtMs: number;
  /** When it was asked for. */
  readonly askedAtMs: number;
  readonly freshUntilMs: number;
  /** When it is of no use any more. */
  readonly usefulUntilMs: number;
  /** Stands for what the value says: two records of one key differ in it when the value has changed. 1 to 32 of [A-Za-z0-9_-]. */
  readonly digest: string;
  readonly text: string;
}

/** Whose turn it is to read a value from the upstream. `NOBODYS`: nobody can be asked; whoever needs it reads it. */
export type Turn = 'OURS' | 'THEIRS' | 'NOBODYS';

export interface Lookup {
  /** The text of the record, and when it was fetched; null when there is none, or none that can be had. */
  readonly found: { readonly text: string; readonly fetchedAtMs: number } | null;
  /** Null when what was found is fresh, so that there is nothing to read. */
  readonly turn: Turn | null;
}

/**
 * The second tier: what all replicas share. Nothing here throws, and nothing makes anybody wait longer than a few tens of
 * milliseconds: a tier that is away, slow or broken knows nothing.
 */
export interface SharedTier {
  /**
   * What is kept under the key. When that is nothing, or not fresh any more, takes the turn to read it, unless another
   * replica has it; a turn ends with `store`, with `release`, or by itself `TURN_MS` after it was taken or prolonged.
   */
  lookup(key: CacheKey): Promise<Lookup>;
  /** What is kept under the key; null when there is none, or none that can be had. Takes no turn. */
  peek(key: CacheKey): Promise<Lookup['found']>;
  /**
   * Keeps the record unless what is kept was fetched after it was asked for, and ends our turn. With `announce`, every other
   * replica is told when one with another digest was kept so far. Resolves when it is known to be kept, or after a few tens of milliseconds.
   */
  store(key: CacheKey, record: SharedRecord, announce: boolean): Promise<void>;
  /** Makes our turn, if it is ours, last `TURN_MS` from now on. */
  prolong(key: CacheKey): void;
  /** Ends our turn without a value, so that others need not wait for it. */
  release(key: CacheKey): void;
  /** Drops what is kept under the key if it is still this text: it turned out to be of no use. */
  drop(key: CacheKey, text: string): void;
  /** Calls back for each value that another replica announces. */
  onAnnounced(listener: (announcement: Announcement) => void): () => void;
  /**
   * Counts the times that announcements began to arrive; what was announced between two of them is not known. 0 as long as
   * none ever arrived.
   */
  readonly listeningSince: number;
  /** Whether there is a connection at present. */
  readonly isConnected: boolean;
  close(): void;
}

export interface Announcement {
  readonly key: CacheKey;
  readonly text: string;
}

/** How long a replica has the turn to read a value unless it prolongs it: others read it themselves after that (reliability R13). */
export const TURN_MS = 3_000;
