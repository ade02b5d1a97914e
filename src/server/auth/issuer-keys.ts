import { errors, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../lib/clock.ts';
import type { KeySet, KnownKeys } from './key-set.ts';
import { KeysUnavailableError } from './refusal.ts';

export interface IssuerKeysOptions {
  /** What is known of them. Others may use it too. */
  readonly keySet: KeySet;
  readonly clock: Clock;
  /** How soon they may be read again for a token that names an unknown key. */
  readonly cooldownMs: number;
  /** How soon, while none are known. */
  readonly retryMs: number;
  /** After how long they are read again although every token finds its key: what the issuer withdraws must end. */
  readonly maxAgeMs: number;
  /** For how long they are good when they cannot be read again. */
  readonly keepMs: number;
  /** How long reading them may take. */
  readonly timeoutMs: number;
}

/**
 * The keys of the issuer: read when they are first needed, and again when they are old or a token names one that is not
 * among them. No reading begins within the cooldown of the last, so tokens with invented key ids cost the issuer one
 * request per cooldown however many they are. While the issuer does not answer, the last good keys go on, and nobody
 * waits for it but those who come at the first failure or name an unknown key.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /**
   * The key that a token is to be verified with, for `jwtVerify`. Throws jose's `JWKSNoMatchingKey` when the issuer has no
   * such key, and `KeysUnavailableError` when that cannot be told.
   */
  readonly keyFor: JWTVerifyGetKey = async (header, token) => {
    const known = await this.#current();
    try {
      return await known.keyFor(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) {
        throw error;
      }
      const newer = await this.#newerThan(known);
      if (newer === null) {
        throw error;
      }
      return await newer.keyFor(header, token);
    }
  };

  /** Which keys were known last: another object for each reading; null for none so far. Reads nothing. */
  get lastEdition(): object | null {
    return this.#options.keySet.known;
  }

  /** Which keys count now, read as `keyFor` does. Throws `KeysUnavailableError` when none do. */
  async edition(): Promise<object> {
    return this.#current();
  }

  /** Throws `KeysUnavailableError` when none are known, and reading does not help. */
  async #current(): Promise<KnownKeys> {
    const { keySet, maxAgeMs, cooldownMs, retryMs, clock } = this.#options;
    const known = this.#usable();
    if (known === null) {
      await this.#read(retryMs);
      return this.#usable() ?? this.#giveUp(retryMs);
    }
    if (clock.now() - known.readAtMs < maxAgeMs) {
      return known;
    }
    const reading = this.#read(cooldownMs);
    if (keySet.hasFailed) {
      return known;
    }
    await reading;
    return this.#usable() ?? this.#giveUp(cooldownMs);
  }

  /** Null when there are none: the issuer said so within the cooldown. */
  async #newerThan(known: KnownKeys): Promise<KnownKeys | null> {
    const { keySet, cooldownMs } = this.#options;
    await this.#read(cooldownMs);
    if (keySet.known !== known && keySet.known !== null) {
      return keySet.known;
    }
    return keySet.hasFailed ? this.#giveUp(cooldownMs) : null;
  }

  #usable(): KnownKeys | null {
    const { keySet, clock, keepMs } = this.#options;
    return keySet.known !== null && clock.now() - keySet.known.readAtMs < keepMs ? keySet.known : null;
  }

  #giveUp(pauseMs: number): never {
    throw new KeysUnavailableError(this.#options.keySet.pauseLeftMs(pauseMs));
  }

  #read(pauseMs: number): Promise<void> {
    const { keySet, timeoutMs } = this.#options;
    return keySet.read({ pauseMs, timeoutMs });
  }
}
