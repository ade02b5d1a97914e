import { LRUCache } from 'lru-cache';
import { heapBytes } from '../lib/heap-bytes.ts';
import type { Entry } from './entry.ts';

interface Kept {
  readonly entry: Entry<unknown>;
  readonly bytes: number;
  /** As of which time that announcements began to arrive it is confirmed: `FleetKnowledge`. */
  confirmation: number;
}

/** What an entry of the memory takes besides its value: the key, the entry, the places in the lists of the LRU. */
const OVERHEAD_BYTES = 400;

/**
 * The first tier: what this process keeps, up to so many bytes, the least recently used going first. What is kept is never
 * changed. Whether a value may take the place of another is `Knowledge`'s business.
 */
export class MemoryTier {
  readonly #kept: LRUCache<string, Kept> | null;

  /** 0 bytes: nothing is kept. */
  constructor(maxBytes: number) {
    this.#kept =
      maxBytes === 0 ? null : new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ bytes }) => bytes });
  }

  get isKeeping(): boolean {
    return this.#kept !== null;
  }

  get bytes(): number {
    return this.#kept?.calculatedSize ?? 0;
  }

  get(id: string): Entry<unknown> | null {
    return this.#kept?.get(id)?.entry ?? null;
  }

  /** As `get`, and does not count as use. */
  peek(id: string): Entry<unknown> | null {
    return this.#kept?.peek(id)?.entry ?? null;
  }

  /** Whether an entry that is kept was put or confirmed since. */
  isConfirmed(id: string, confirmation: number): boolean {
    return this.#kept?.peek(id)?.confirmation === confirmation;
  }

  confirm(id: string, confirmation: number): void {
    const kept = this.#kept?.peek(id);
    if (kept !== undefined) {
      kept.confirmation = confirmation;
    }
  }

  /** The caller has made sure that it is newer than what is kept. */
  put(id: string, entry: Entry<unknown>, confirmation: number): void {
    this.#kept?.set(id, { entry, bytes: OVERHEAD_BYTES + heapBytes(entry.value), confirmation });
  }
}
