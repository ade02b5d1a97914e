import type { SandboxAccount } from '../account.ts';
import { Refusal } from '../answer.ts';
import { headerOf, type ReceivedRequest } from '../received-request.ts';
import { sameText } from '../same-text.ts';
import { parseTc3, provesTc3 } from '../tc3.ts';

/** How far X-TC-Timestamp may be from the server's time (tc3-signature.md section 4). */
const CLOCK_TOLERANCE_S = 300;

/** Common headers, Authorization syntax, clock, key, token, signature: in the order of batch-compute.md section 11. */
export function passTc3Gate(request: ReceivedRequest, nowMs: number, account: SandboxAccount): void {
  for (const name of ['Action', 'Version', 'Timestamp']) {
    if ((headerOf(request, `x-tc-${name.toLowerCase()}`) ?? '') === '') {
      throw new Refusal(200, 'MissingParameter', `The request is missing a required parameter \`${name}\`.`);
    }
  }
  const timestamp = headerOf(request, 'x-tc-timestamp') ?? '';
  if (!/^\d{1,11}$/.test(timestamp)) {
    throw new Refusal(
      200,
      'InvalidParameterValue',
      'The value of `Timestamp` is not a Unix time in seconds.',
    );
  }
  const authorization = parseTc3(headerOf(request, 'authorization') ?? '');
  if (authorization === null) {
    throw failure('InvalidAuthorization', 'The Authorization header is missing or not of the required form.');
  }
  if (Math.abs(Math.floor(nowMs / 1000) - Number(timestamp)) > CLOCK_TOLERANCE_S) {
    throw failure('SignatureExpire', 'The timestamp is more than five minutes from the server time.');
  }
  if (!authorization.secretId.startsWith('AKID')) {
    throw failure('InvalidSecretId', 'The SecretId is not a cloud API key.');
  }
  if (!sameText(authorization.secretId, account.secretId)) {
    throw failure(
      'SecretIdNotFound',
      'The SecretId is not found, please ensure that your SecretId is correct.',
    );
  }
  if (!sameText(headerOf(request, 'x-tc-token') ?? '', account.sessionToken ?? '')) {
    throw expiredTc3Token();
  }
  if (!serviceFits(authorization.service, request) || !provesTc3(request, authorization, account.secretKey)) {
    throw failure(
      'SignatureFailure',
      'The provided credentials could not be validated. Please check your signature is correct.',
    );
  }
}

/** The token is wrong, missing or expired: all one code (tc3-signature.md section 4). */
export function expiredTc3Token(): Refusal {
  return failure('TokenFailure', 'The token is missing, wrong or expired.');
}

/** The SecretId that a request claims, unchecked; null when it claims none. */
export function claimedTc3SecretId(request: ReceivedRequest): string | null {
  return /Credential=([^/,\s]+)/.exec(headerOf(request, 'authorization') ?? '')?.[1] ?? null;
}

/** Under the vendor's domain the scope names `batch`; on a loopback host the Node SDK names the first label (tc3-signature.md section 5). */
function serviceFits(service: string, request: ReceivedRequest): boolean {
  const host = (headerOf(request, 'host') ?? '').toLowerCase();
  return service === 'batch' || !/\.tencentcloudapi\.com(:\d+)?$/.test(host);
}

function failure(detail: string, message: string): Refusal {
  return new Refusal(200, `AuthFailure.${detail}`, message);
}
