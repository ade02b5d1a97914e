import { Refusal } from '../answer.ts';
import type { QSignFailure } from '../q-sign-gate.ts';
import type { QSignProof } from '../q-sign.ts';

/**
 * CI's codes for a request that is not let in: mostly 401, where COS has 403 (ci-jobs.md section 10). For a plain mismatch no code is
 * published; cos-signature.md section 7 settles on 403 SignatureDoesNotMatch. A wrong session token is "no permission".
 */
export function ciGateRefusal(failure: QSignFailure, proof?: QSignProof): Refusal {
  switch (failure) {
    case 'missing':
      return new Refusal(401, 'MissingAuthorization', 'the Authorization header is missing');
    case 'malformed':
      return new Refusal(401, 'InvalidAuthorization', 'the Authorization header is malformed');
    case 'signs-too-little':
      return new Refusal(401, 'InvalidAuthorization', 'expected host and every query parameter to be signed');
    case 'unknown-key':
      return new Refusal(401, 'SecretidNotExist', 'the SecretId does not exist');
    case 'skewed':
    case 'expired':
      return new Refusal(401, 'SignatureExpired', 'the signature is outside its validity window');
    case 'token':
      return new Refusal(401, 'AccessDenied', 'the security token is missing, or not the one of this key');
    case 'mismatch':
      return new Refusal(403, 'SignatureDoesNotMatch', 'The Signature you specified is invalid.', [
        ['StringToSign', proof?.stringToSign ?? ''],
        ['FormatString', proof?.formatString ?? ''],
      ]);
  }
}

/** No code is published for an ended session on CI hosts. */
export function expiredCiToken(): Refusal {
  return new Refusal(401, 'AccessDenied', 'the security token has expired');
}
