import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../lib/clock.ts';
import { keySetReads } from '../../telemetry/channels.ts';
import { KeySetError, type KeySetFault, readKeySet } from './read-key-set.ts';

/** What was read at one time. */
export interface KnownKeys {
  readonly keyFor: JWTVerifyGetKey;
  readonly readAtMs: number;
}

export interface ReadOptions {
  /** How long nothing must have been read before. */
  readonly pauseMs: number;
  /** How long the reading may take. */
  readonly timeoutMs: number;
}

interface Attempt {
  readonly endedAtMs: number;
  readonly hasFailed: boolean;
}

/**
 * What is known of the keys that an issuer publishes at one address. When they are to be read is for those to say who use
 * them (`IssuerKeys`); at most one reading is under way.
 */
export class KeySet {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  #known: KnownKeys | null = null;
  #lastAttempt: Attempt | null = null;
  #underWay: Promise<void> | null = null;

  constructor(url: string, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
  }

  /** The last that were good, however old: another object for each reading; null for none so far. */
  get known(): KnownKeys | null {
    return this.#known;
  }

  /** Whether they could not be read when that was tried last. */
  get hasFailed(): boolean {
    return this.#lastAttempt?.hasFailed === true;
  }

  /** A clock that was set back does not count: it could keep the keys from being read for as long as it was ahead. */
  pauseLeftMs(pauseMs: number): number {
    const sinceMs = this.#clock.now() - (this.#lastAttempt?.endedAtMs ?? Number.NEGATIVE_INFINITY);
    return sinceMs < 0 ? 0 : Math.max(pauseMs - sinceMs, 0);
  }

  /** Reads them, or waits with those for whom they are being read; does nothing within the pause. Never rejects. */
  async read({ pauseMs, timeoutMs }: ReadOptions): Promise<void> {
    if (this.#underWay === null && this.pauseLeftMs(pauseMs) === 0) {
      this.#underWay = this.#attempt(timeoutMs).finally(() => {
        this.#underWay = null;
      });
    }
    await this.#underWay;
  }

  /** Cuts what is under way. */
  close(): void {
    this.#closing.abort();
  }

  async #attempt(timeoutMs: number): Promise<void> {
    const clock = this.#clock;
    const beganAtMs = clock.now();
    let fault: KeySetFault | null = null;
    let count = 0;
    try {
      const keys = await readKeySet(this.#url, { timeoutMs, signal: this.#closing.signal, clock });
      this.#known = { keyFor: createLocalJWKSet(keys), readAtMs: beganAtMs };
      count = keys.keys.length;
    } catch (error) {
      fault = error instanceof KeySetError ? error.fault : 'bad-answer';
    }
    const endedAtMs = clock.now();
    this.#lastAttempt = { endedAtMs, hasFailed: fault !== null };
    keySetReads.publish({ outcome: fault ?? 'ok', keys: count, durationMs: endedAtMs - beganAtMs });
  }
}
