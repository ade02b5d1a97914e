import type { Secret } from '../lib/secret.ts';

/** A Tencent Cloud key pair, with the session token that belongs to it when it is temporary. */
export interface Credential {
  readonly secretId: Secret;
  readonly secretKey: Secret;
  readonly sessionToken: Secret | null;
}
