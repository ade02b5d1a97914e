import type { Clock } from '../../lib/clock.ts';
import type { Principal } from '../../model/principal.ts';
import { bearerToken } from './bearer-token.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { keySetSource } from './key-set-source.ts';
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
  /** Cuts the connection to the issuer. */
  close(): Promise<void>;
}

/** Checks callers by bearer tokens. Connects to nothing before the first one comes. */
export function createCallerCheck(settings: AuthSettings, clock: Clock): CallerCheck {
  const source = keySetSource({ url: settings.jwksUrl, timeoutMs: settings.jwksTimeoutMs, clock });
  const keys = new IssuerKeys({
    source,
    clock,
    cooldownMs: settings.jwksCooldownMs,
    retryMs: settings.jwksRetryMs,
    maxAgeMs: settings.jwksMaxAgeMs,
    keepMs: settings.jwksKeepMs,
  });
  const { clockToleranceSeconds, maxKnownTokens } = settings;
  const known = new KnownTokens({ max: maxKnownTokens, clockToleranceSeconds, keys, clock });
  const check = (token: string): Promise<CheckedToken> =>
    checkToken(token, { ...settings, keyFor: keys.keyFor, clock });
  return {
    principalOf: async (authorization) =>
      known.principalOf(bearerToken(authorization, settings.maxTokenLength), check),
    close: () => source.close(),
  };
}
