import type { Clock } from '../../lib/clock.ts';
import { KeySet } from './key-set.ts';

interface Shared {
  readonly keySet: KeySet;
  /** How many configurations use it. */
  users: number;
}

/**
 * The key sets of the process, one for each address: a configuration that takes over from another goes on with what is known
 * there, so that nobody is turned away because the issuer happens to be away at that moment.
 */
export class KeySets {
  readonly #clock: Clock;
  readonly #sets = new Map<string, Shared>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The set of an address, to be released once by whoever opens it. */
  open(url: string): KeySet {
    const shared = this.#sets.get(url) ?? { keySet: new KeySet(url, this.#clock), users: 0 };
    shared.users += 1;
    this.#sets.set(url, shared);
    return shared.keySet;
  }

  /** With its last user, what is known there is forgotten. */
  release(url: string): void {
    const shared = this.#sets.get(url);
    if (shared === undefined) {
      return;
    }
    shared.users -= 1;
    if (shared.users === 0) {
      this.#sets.delete(url);
      shared.keySet.close();
    }
  }
}
