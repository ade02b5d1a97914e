import { hostName } from '../../lib/host-name.ts';
import type { Credential } from '../../model/credential.ts';
import type { Origin } from '../../model/origin.ts';
import { authorization } from '../../signature/cos.ts';
import type { Signer } from '../../upstream/signing/sign.ts';

/** Allows for a clock that is a minute off either way, and bounds a stolen signature to two minutes (`reliability.md` S14). */
const CLOCK_TOLERANCE_SECONDS = 60;

/** Who reads, and where. */
export interface CiSignerOptions {
  readonly origin: Origin;
  /** Asked for each signature, for a temporary one is renewed while the gateway runs. */
  readonly credential: () => Credential;
}

/** The CI host of a bucket (`upstreams/ci-jobs.md` section 1). Throws TypeError when it would be no host. */
export function ciHost(bucket: string, region: string): string {
  return `${hostName(bucket)}.ci.${hostName(region)}.myqcloud.com`;
}

/**
 * Signs host, session token and every query parameter (`cos-signature.md` section 4); adds those headers and
 * `authorization`. The token's header is CI's own, not the one of COS (`upstreams/ci-jobs.md` section 1).
 */
export function ciSigner({ origin, credential }: CiSignerOptions): Signer {
  const host = ciHost(origin.bucket ?? '', origin.region);
  return (request, atMs) => {
    const { secretId, secretKey, sessionToken: token } = credential();
    const signedHeaders: Record<string, string> = {
      host,
      ...(token === null ? {} : { 'x-ci-security-token': token.reveal() }),
    };
    const nowSeconds = Math.floor(atMs / 1_000);
    return {
      ...request.headers,
      ...signedHeaders,
      authorization: authorization({
        method: request.method,
        path: request.path,
        params: request.query,
        headers: signedHeaders,
        keyTime: {
          startSeconds: nowSeconds - CLOCK_TOLERANCE_SECONDS,
          endSeconds: nowSeconds + CLOCK_TOLERANCE_SECONDS,
        },
        secretId: secretId.reveal(),
        secretKey: secretKey.reveal(),
      }),
    };
  };
}
