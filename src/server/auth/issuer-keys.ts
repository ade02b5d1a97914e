import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../lib/clock.ts';
import { keySetReads } from '../../telemetry/channels.ts';
import { KeySetError, type KeySetFault, type KeySetSource } from './key-set-source.ts';
import { KeysUnavailableError } from './refusal.ts';

export interface IssuerKeysOptions {
  readonly source: KeySetSource;
  readonly clock: Clock;
  /** How soon they may be read again for a token that names an unknown key. */
  readonly cooldownMs: number;
  /** How soon, while none are known. */
  readonly retryMs: number;
  /** After how long they are read again although every token finds its key: what the issuer withdraws must end. */
  readonly maxAgeMs: number;
  /** For how long they are good when they cannot be read again. */
  readonly keepMs: number;
}

interface KnownKeys {
  readonly keyFor: JWTVerifyGetKey;
  readonly readAtMs: number;
}

interface Attempt {
  readonly endedAtMs: number;
  readonly hasFailed: boolean;
}

/** No issuer has more keys in use; each is tried against every token. */
const MAX_KEYS = 100;

/**
 * The keys of the issuer: read when they are first needed, and again when they are old or a token names one that is not
 * among them. At most one reading is under way, and none begins within the cooldown of the last, so tokens with invented
 * key ids cost the issuer one request per cooldown however many they are. While the issuer does not answer, the last good
 * keys go on, and nobody waits for it but those who come at the first failure or name an unknown key.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #known: KnownKeys | null = null;
  #lastAttempt: Attempt | null = null;
  #underWay: Promise<void> | null = null;

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
    return this.#known;
  }

  /** Which keys count now, read as `keyFor` does. Throws `KeysUnavailableError` when none do. */
  async edition(): Promise<object> {
    return this.#current();
  }

  /** Throws `KeysUnavailableError` when none are known, and reading does not help. */
  async #current(): Promise<KnownKeys> {
    const { maxAgeMs, cooldownMs, retryMs, clock } = this.#options;
    const known = this.#usable();
    if (known === null) {
      await this.#read(retryMs);
      return this.#usable() ?? this.#giveUp(retryMs);
    }
    if (clock.now() - known.readAtMs < maxAgeMs) {
      return known;
    }
    const reading = this.#read(cooldownMs);
    if (this.#lastAttempt?.hasFailed === true) {
      return known;
    }
    await reading;
    return this.#usable() ?? this.#giveUp(cooldownMs);
  }

  /** Null when there are none: the issuer said so within the cooldown. */
  async #newerThan(known: KnownKeys): Promise<KnownKeys | null> {
    const { cooldownMs } = this.#options;
    await this.#read(cooldownMs);
    if (this.#known !== known && this.#known !== null) {
      return this.#known;
    }
    return this.#lastAttempt?.hasFailed === true ? this.#giveUp(cooldownMs) : null;
  }

  #usable(): KnownKeys | null {
    const { clock, keepMs } = this.#options;
    return this.#known !== null && clock.now() - this.#known.readAtMs < keepMs ? this.#known : null;
  }

  #giveUp(pauseMs: number): never {
    throw new KeysUnavailableError(this.#pauseLeftMs(pauseMs));
  }

  /** A clock that was set back does not count: it could keep the keys from being read for as long as it was ahead. */
  #pauseLeftMs(pauseMs: number): number {
    const sinceMs = this.#options.clock.now() - (this.#lastAttempt?.endedAtMs ?? Number.NEGATIVE_INFINITY);
    return sinceMs < 0 ? 0 : Math.max(pauseMs - sinceMs, 0);
  }

  /** Reads them, or waits with those for whom they are being read; does nothing within the pause. Never rejects. */
  async #read(pauseMs: number): Promise<void> {
    if (this.#underWay === null && this.#pauseLeftMs(pauseMs) === 0) {
      this.#underWay = this.#attempt().finally(() => {
        this.#underWay = null;
      });
    }
    await this.#underWay;
  }

  async #attempt(): Promise<void> {
    const { source, clock } = this.#options;
    const beganAtMs = clock.now();
    let fault: KeySetFault | null = null;
    let count = 0;
    try {
      const keys = toKeySet(await source.read());
      count = keys.keys.length;
      this.#known = { keyFor: createLocalJWKSet(keys), readAtMs: beganAtMs };
    } catch (error) {
      fault = error instanceof KeySetError ? error.fault : 'bad-answer';
    }
    const endedAtMs = clock.now();
    this.#lastAttempt = { endedAtMs, hasFailed: fault !== null };
    keySetReads.publish({ outcome: fault ?? 'ok', keys: count, durationMs: endedAtMs - beganAtMs });
  }
}

/** A set without keys is an issuer's mishap rather than its will: it must not take the place of a good one. */
function toKeySet(answer: unknown): JSONWebKeySet {
  const keys: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'keys') : null;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS) {
    throw new KeySetError('bad-answer');
  }
  // What is in the keys is jose's to check.
  return { keys: keys as JWK[] };
}
