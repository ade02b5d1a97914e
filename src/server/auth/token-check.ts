import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../lib/clock.ts';
import { hasRepeatedName } from '../../lib/repeated-name.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { Principal } from '../../model/principal.ts';
import { visibleAccounts } from './account-claim.ts';
import { CallerRefusedError, KeysUnavailableError, type RefusalReason } from './refusal.ts';

export interface TokenCheckOptions {
  readonly issuer: string;
  /** One of them has to be among a token's. */
  readonly audience: readonly string[];
  /** The only ones that count, whatever a token names. */
  readonly algorithms: readonly string[];
  readonly clockToleranceSeconds: number;
  /** The claim that tells which accounts the caller sees. */
  readonly accountsClaim: string;
  readonly keyFor: JWTVerifyGetKey;
  readonly clock: Clock;
}

/** Whose token it is, and from when to when: seconds since the epoch, as the token has them. */
export interface CheckedToken {
  readonly principal: Principal;
  readonly notBeforeSeconds: number;
  readonly expiresSeconds: number;
}

/** Of the digest of a subject: enough that no two of a million share their turns. */
const SUBJECT_CHARACTERS = 16;

/**
 * Finds out whose token this is. Throws `CallerRefusedError` unless it is signed by the issuer for this gateway and valid
 * now, and `KeysUnavailableError` when that cannot be told. Key material and addresses that a token names are not looked at.
 */
export async function checkToken(token: string, options: TokenCheckOptions): Promise<CheckedToken> {
  const { issuer, audience, algorithms, clockToleranceSeconds, accountsClaim, keyFor, clock } = options;
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(token, keyFor, {
      issuer,
      audience: [...audience],
      algorithms: [...algorithms],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(clock.now()),
      requiredClaims: ['exp'],
    }));
  } catch (error) {
    // Without its cause, which holds the claims.
    throw error instanceof KeysUnavailableError ? error : new CallerRefusedError(reasonOf(error));
  }
  const [header = '', claims = ''] = token.split('.');
  if (hasRepeatedName(decoded(header)) || hasRepeatedName(decoded(claims))) {
    throw new CallerRefusedError('claims');
  }
  const accounts = visibleAccounts(
    Object.hasOwn(payload, accountsClaim) ? payload[accountsClaim] : undefined,
  );
  const { nbf = 0, exp = 0 } = payload;
  return {
    principal: { subject: subjectOf(payload), accounts },
    notBeforeSeconds: nbf,
    expiresSeconds: exp,
  };
}

function decoded(part: string): string {
  return Buffer.from(part, 'base64url').toString('utf8');
}

function subjectOf({ sub }: JWTPayload): string | null {
  return typeof sub === 'string' && sub !== '' ? sha256Hex(sub).slice(0, SUBJECT_CHARACTERS) : null;
}

const REASON_OF_CLAIM: Readonly<Record<string, RefusalReason>> = {
  iss: 'issuer',
  aud: 'audience',
  exp: 'expired',
  nbf: 'not-yet-valid',
};

/** All that can go wrong is a refusal, also what nobody thought of. */
function reasonOf(error: unknown): RefusalReason {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) {
    return REASON_OF_CLAIM[error.claim] ?? 'claims';
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return 'algorithm';
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'signature';
  }
  if (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported
  ) {
    return 'malformed';
  }
  // Also a key of the issuer's that cannot be used, such as an RSA key of less than 2048 bits.
  return 'unknown-key';
}
