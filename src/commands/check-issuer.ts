import type { AuthConfig } from '../config.ts';
import type { Clock } from '../lib/clock.ts';
import { KeySetError, readKeySet } from '../server/auth/read-key-set.ts';
import { usableKeys } from '../server/auth/usable-keys.ts';
import { INTERCEPTED, obstacleOf } from './check-hints.ts';

/** How it stands with the keys that tokens are checked with. */
export interface IssuerFinding {
  /** One line for people. Names no host. */
  readonly line: string;
  /** What to look at first; null when all is well. */
  readonly hint: string | null;
}

const SUBJECT = "The keys of the tokens' issuer";

/** Reads the keys of the issuer once and looks whether tokens can be checked with them. */
export async function checkIssuer(
  { jwksUrl, jwksTimeoutMs, algorithms }: AuthConfig,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<IssuerFinding> {
  try {
    const keySet = await readKeySet(jwksUrl, { timeoutMs: jwksTimeoutMs, signal, clock });
    const fits = await usableKeys(keySet, algorithms);
    const usable = fits.filter((some) => some.length > 0).length;
    const line = `${SUBJECT}: ${usable} of ${keySet.keys.length} can be used`;
    if (usable === 0) {
      const hint = `auth.algorithms has ${algorithms.join(', ')}: see which the issuer signs with, and whether its keys are for signatures and its RSA keys of 2048 bits or more`;
      return { line: `${line}.`, hint };
    }
    const served = algorithms.filter((algorithm) => fits.flat().includes(algorithm));
    return { line: `${line} (${served.join(', ')}).`, hint: null };
  } catch (error) {
    if (!(error instanceof KeySetError)) {
      throw error;
    }
    const { fault, detail } = error;
    return {
      line: `${SUBJECT} cannot be read: ${detail === null ? fault : `${fault} (${detail})`}.`,
      hint: hintFor(error),
    };
  }
}

function hintFor({ fault, detail }: KeySetError): string {
  switch (fault) {
    case 'timeout':
      return 'it takes longer than auth.jwksTimeoutMs: a firewall that drops packets looks the same';
    case 'bad-answer':
      return detail?.startsWith('status 3') === true
        ? 'auth.jwksUrl leads elsewhere, and redirects are not followed: configure the address that it leads to'
        : "auth.jwksUrl is no address of keys: the issuer's /.well-known/openid-configuration names the right one as jwks_uri";
    case 'no-connection':
      return routeHint(detail ?? '');
  }
}

function routeHint(code: string): string {
  switch (obstacleOf(code)) {
    case 'unknown-host':
      return 'the host name in auth.jwksUrl is not found: see whether it is right, and the DNS of this machine';
    case 'intercepted':
      return INTERCEPTED;
    case 'no-route':
    case null:
      return 'nothing answers at auth.jwksUrl: see its host and port, and the firewall of this machine';
  }
}
