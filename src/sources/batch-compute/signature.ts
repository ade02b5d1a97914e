import type { Credential } from '../../model/credential.ts';
import { authorization } from '../../signature/tc3.ts';
import type { Signer } from '../../upstream/signing/sign.ts';

/** The nearest access point. The region whose jobs are read is a header (`upstreams/batch-compute.md` section 1). */
export const BATCH_COMPUTE_HOST = 'batch.tencentcloudapi.com';

const SERVICE = 'batch';

/** Who reads. Where is told by the request's `x-tc-region`. */
export interface BatchComputeSignerOptions {
  /** Asked for each signature, for a temporary one is renewed while the gateway runs. */
  readonly credential: () => Credential;
  /** The host that the upstream sees; `BATCH_COMPUTE_HOST` unless told. */
  readonly host?: string;
}

/**
 * Signs content type, host and action, as the documentation's example does (`tc3-signature.md` section 2), and the body;
 * adds host, timestamp, session token and `authorization`. Throws TypeError when the request lacks a header to sign.
 */
export function batchComputeSigner({
  credential,
  host = BATCH_COMPUTE_HOST,
}: BatchComputeSignerOptions): Signer {
  return (request, atMs) => {
    const timestampSeconds = Math.floor(atMs / 1_000);
    const { secretId, secretKey, sessionToken: token } = credential();
    return {
      ...request.headers,
      host,
      'x-tc-timestamp': String(timestampSeconds),
      ...(token === null ? {} : { 'x-tc-token': token.reveal() }),
      authorization: authorization({
        method: request.method,
        query: '',
        headers: {
          'content-type': headerOf(request.headers, 'content-type'),
          host,
          'x-tc-action': headerOf(request.headers, 'x-tc-action'),
        },
        body: request.body ?? '',
        timestampSeconds,
        service: SERVICE,
        secretId: secretId.reveal(),
        secretKey: secretKey.reveal(),
      }),
    };
  };
}

function headerOf(headers: Readonly<Record<string, string>>, name: string): string {
  const value = headers[name];
  if (value === undefined) {
    throw new TypeError(`expected the header ${name} in a request to sign`);
  }
  return value;
}
