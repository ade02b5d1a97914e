import { hostName } from '../../lib/host-name.ts';
import type { Credential } from '../../model/credential.ts';
import type { Origin } from '../../model/origin.ts';
import { authorization } from '../../signature/cos.ts';
import type { Signer } from '../../upstream/signing/sign.ts';

/** Allows for a clock that is a minute off either way, and bounds a stolen signature to two minutes (`reliability.md` S14). */
const CLOCK_TOLERANCE_SECONDS = 60;

/** Who reads, and where; `uin` and `appId` name the account that owns the jobs. */
export interface CosSignerOptions {
  readonly origin: Origin;
  readonly uin: string;
  readonly appId: string;
  /** Asked for each signature, for a temporary one is renewed while the gateway runs. */
  readonly credential: () => Credential;
}

/** The control host of an account in a region (`upstreams/cos-batch.md` section 1). Throws TypeError when it would be no host. */
export function cosHost(uin: string, region: string): string {
  return `${hostName(uin)}.cos-control.${hostName(region)}.myqcloud.com`;
}

/**
 * Signs host, `x-cos-appid`, session token and every query parameter (`cos-signature.md` section 4); adds those headers and
 * `authorization`. What a request brings along is sent but not signed: a read has nothing there that matters.
 */
export function cosSigner({ origin, uin, appId, credential }: CosSignerOptions): Signer {
  const host = cosHost(uin, origin.region);
  return (request, atMs) => {
    const { secretId, secretKey, sessionToken: token } = credential();
    const signedHeaders: Record<string, string> = {
      host,
      'x-cos-appid': appId,
      ...(token === null ? {} : { 'x-cos-security-token': token.reveal() }),
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
