import type { SandboxAccount } from './account.ts';
import {
  encodeText,
  judgeWindow,
  parseQSign,
  proveQSign,
  type QSignAuthorization,
  type QSignProof,
} from './q-sign.ts';
import { headerOf, queryOf, type ReceivedRequest } from './received-request.ts';
import { sameText } from './same-text.ts';

/** Why a q-sign request is not let in; each service has its own code and status for each. */
export type QSignFailure =
  'missing' | 'malformed' | 'unknown-key' | 'skewed' | 'expired' | 'signs-too-little' | 'mismatch' | 'token';

export interface QSignGate {
  readonly account: SandboxAccount;
  /** Headers that may carry the session token. */
  readonly tokenHeaders: readonly string[];
  /** Header names that must be signed, and with them every query parameter; null: whatever the caller lists will do. */
  readonly mustSign: readonly string[] | null;
}

/** Null: come in. The checks run in the order of cos-signature.md section 7; the token, which the signature need not cover, is last. */
export function refusedAtGate(
  request: ReceivedRequest,
  nowMs: number,
  gate: QSignGate,
): { failure: QSignFailure; proof?: QSignProof } | null {
  const header = headerOf(request, 'authorization');
  if (header === null || header === '') {
    return { failure: 'missing' };
  }
  const authorization = parseQSign(header);
  if (authorization === null) {
    return { failure: 'malformed' };
  }
  if (!sameText(authorization.secretId, gate.account.secretId)) {
    return { failure: 'unknown-key' };
  }
  const window = judgeWindow(authorization, nowMs);
  if (window !== 'open') {
    return { failure: window };
  }
  if (gate.mustSign !== null && signsTooLittle(request, authorization, gate.mustSign)) {
    return { failure: 'signs-too-little' };
  }
  const proof = proveQSign(request, authorization, gate.account.secretKey);
  if (!proof.matches) {
    return { failure: 'mismatch', proof };
  }
  return carriesRightToken(request, gate) ? null : { failure: 'token' };
}

function signsTooLittle(
  request: ReceivedRequest,
  authorization: QSignAuthorization,
  mustSign: readonly string[],
): boolean {
  return (
    mustSign.some((name) => !authorization.headerList.includes(name)) ||
    queryOf(request).some(({ name }) => !authorization.paramList.includes(encodeText(name).toLowerCase()))
  );
}

function carriesRightToken(request: ReceivedRequest, { account, tokenHeaders }: QSignGate): boolean {
  const sent = tokenHeaders.map((name) => headerOf(request, name)).filter((token) => token !== null);
  const expected = account.sessionToken;
  if (expected === null) {
    return sent.length === 0;
  }
  return sent.length > 0 && sent.every((token) => sameText(token, expected));
}

/** The SecretId that a request claims, unchecked; null when it claims none. */
export function claimedSecretId(request: ReceivedRequest): string | null {
  const match = /(?:^|&)q-ak=([^&]*)/.exec(headerOf(request, 'authorization') ?? '');
  return match?.[1] ?? null;
}
