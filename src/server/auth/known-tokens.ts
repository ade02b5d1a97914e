import { LRUCache } from 'lru-cache';
import type { Clock } from '../../lib/clock.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { Principal } from '../../model/principal.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import type { CheckedToken } from './token-check.ts';

export interface KnownTokensOptions {
  readonly max: number;
  readonly clockToleranceSeconds: number;
  readonly keys: Pick<IssuerKeys, 'edition' | 'lastEdition'>;
  readonly clock: Clock;
}

interface Known extends CheckedToken {
  readonly edition: object;
}

/**
 * Tokens whose signature was verified, by their digests: a client sends one many times, and to verify it is most of what
 * a request costs here. Each counts while it is within its times and the keys are those that it was verified with, which are
 * looked after as if it were verified anew.
 */
export class KnownTokens {
  readonly #options: KnownTokensOptions;
  readonly #known: LRUCache<string, Known> | null;

  constructor(options: KnownTokensOptions) {
    this.#options = options;
    this.#known = options.max === 0 ? null : new LRUCache({ max: options.max });
  }

  /** Whose token it is: as was found out before, or as `check` finds out. Rejects as `check` does. */
  async principalOf(token: string, check: (token: string) => Promise<CheckedToken>): Promise<Principal> {
    const digest = sha256Hex(token);
    const known = this.#known?.get(digest);
    if (
      known !== undefined &&
      this.#isTimely(known) &&
      known.edition === (await this.#options.keys.edition())
    ) {
      return known.principal;
    }
    // From before it is verified: keys that come meanwhile have not seen it, and it is verified once more by them.
    const edition = this.#options.keys.lastEdition;
    const checked = await check(token);
    if (edition !== null) {
      this.#known?.set(digest, { ...checked, edition });
    }
    return checked.principal;
  }

  /** As jose has it, which is asked when this says no. */
  #isTimely({ notBeforeSeconds, expiresSeconds }: CheckedToken): boolean {
    const { clock, clockToleranceSeconds } = this.#options;
    const nowSeconds = Math.floor(clock.now() / 1_000);
    return (
      expiresSeconds > nowSeconds - clockToleranceSeconds &&
      notBeforeSeconds <= nowSeconds + clockToleranceSeconds
    );
  }
}
