import type { Clock } from '../../lib/clock.ts';
import type { Principal } from '../../model/principal.ts';
import { bearerToken } from './bearer-token.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { KeySets } from './key-sets.ts';
import { KnownTokens } from './known-tokens.ts';
import { type CheckedToken, checkToken } from './token-check.ts';

/** Whose tokens count, and how they are checked. */
export interface AuthSettings {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly accountsClaim: string;
  readonly algorithms: readonly string[];
  readonly clockToleranceSeconds: number;
  readonly maxTokenLength: number;
  /** How many verified tokens are remembered; 0: none. */
  readonly maxKnownTokens: number;
  readonly jwksCooldownMs: number;
  readonly jwksRetryMs: number;
  readonly jwksMaxAgeMs: number;
  readonly jwksKeepMs: number;
  readonly jwksTimeoutMs: number;
}

export interface CallerCheck {
  /**
   * Who asks, by the values of all `Authorization` headers of its request. Rejects with `CallerRefusedError` or
   * `KeysUnavailableError`. Costs one signature for a token that was not seen of late, and rarely a request to the issuer.
   */
  principalOf(authorization: readonly string[]): Promise<Principal>;
  /** Lets go of the issuer's keys, once. */
  close(): void;
}

/**
 * Checks callers by bearer tokens. Connects to nothing before the first one comes. What is known of the issuer's keys is
 * shared with all to whom `keySets` belongs.
 */
export function createCallerCheck(
  settings: AuthSettings,
  clock: Clock,
  keySets = new KeySets(clock),
): CallerCheck {
  const { jwksUrl, clockToleranceSeconds, maxKnownTokens } = settings;
  const keys = new IssuerKeys({
    keySet: keySets.open(jwksUrl),
    clock,
    cooldownMs: settings.jwksCooldownMs,
    retryMs: settings.jwksRetryMs,
    maxAgeMs: settings.jwksMaxAgeMs,
    keepMs: settings.jwksKeepMs,
    timeoutMs: settings.jwksTimeoutMs,
  });
  const known = new KnownTokens({ max: maxKnownTokens, clockToleranceSeconds, keys, clock });
  const check = (token: string): Promise<CheckedToken> =>
    checkToken(token, { ...settings, keyFor: keys.keyFor, clock });
  return {
    principalOf: async (authorization) =>
      known.principalOf(bearerToken(authorization, settings.maxTokenLength), check),
    close: () => keySets.release(jwksUrl),
  };
}
