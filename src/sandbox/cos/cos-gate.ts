import { Refusal } from '../answer.ts';
import type { QSignFailure } from '../q-sign-gate.ts';
import type { QSignProof } from '../q-sign.ts';

/** COS's codes for a request that is not let in (cos-signature.md sections 5 to 7). A mismatch returns the server's two texts. */
export function cosGateRefusal(failure: QSignFailure, proof?: QSignProof): Refusal {
  switch (failure) {
    case 'missing':
    case 'malformed':
      return new Refusal(403, 'AccessDenied', 'Access Denied.');
    case 'signs-too-little':
      return new Refusal(
        403,
        'AccessDenied',
        'expected host, x-cos-appid and every query parameter to be signed',
      );
    case 'unknown-key':
      return new Refusal(
        403,
        'InvalidAccessKeyId',
        'The Access Key Id you provided does not exist in our records.',
      );
    case 'skewed':
      return new Refusal(
        403,
        'RequestTimeTooSkewed',
        'The difference between the request time and the current time is too large.',
      );
    case 'expired':
      // the SDK tells this case by the message, not by a code of its own
      return new Refusal(403, 'AccessDenied', 'Request has expired');
    case 'token':
      return new Refusal(403, 'AccessDenied', 'The security token is missing, or not the one of this key.');
    case 'mismatch':
      return new Refusal(403, 'SignatureDoesNotMatch', 'The Signature you specified is invalid.', [
        ['StringToSign', proof?.stringToSign ?? ''],
        ['FormatString', proof?.formatString ?? ''],
      ]);
  }
}

/** cos-signature.md section 6. */
export function expiredCosToken(): Refusal {
  return new Refusal(400, 'ExpiredToken', 'The provided token has expired.');
}
