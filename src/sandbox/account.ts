/** The one account that the sandbox knows: who may sign, and under which numbers its jobs are filed. */
export interface SandboxAccount {
  readonly appId: string;
  readonly uin: string;
  readonly secretId: string;
  readonly secretKey: string;
  /** When set, the key pair is a temporary one and every request must carry this token. */
  readonly sessionToken: string | null;
}

/** The well-known key pair. It opens nothing but a sandbox, so it may be printed anywhere. */
export const WELL_KNOWN_ACCOUNT: SandboxAccount = {
  appId: '1250000000',
  uin: '100000000001',
  secretId: 'AKIDSANDBOX0000000000000000000000001',
  secretKey: 'SANDBOXKEY00000000000000000000001',
  sessionToken: null,
};

/** A CI bucket, named with its APPID (`media-1250000000`), and the region that it lies in. */
export interface SandboxBucket {
  readonly name: string;
  readonly region: string;
}

export const DEFAULT_REGIONS: readonly string[] = ['ap-guangzhou', 'ap-shanghai'];

export const DEFAULT_BUCKETS: readonly SandboxBucket[] = [
  { name: 'bucket-1250000000', region: 'ap-beijing' },
  { name: 'media-1250000000', region: 'ap-shanghai' },
];
