import { type Config, readConfig } from '../../src/config.ts';
import { Secret } from '../../src/lib/secret.ts';
import { WELL_KNOWN_ACCOUNT } from '../../src/sandbox/account.ts';

/** One origin of each source, all reached at one address, with a limit that never waits. */
export function benchConfig(endpoint: string): Config {
  const { appId, uin, secretId, secretKey } = WELL_KNOWN_ACCOUNT;
  const defaults = readConfig({});
  return {
    ...defaults,
    // What is measured is the way to the upstreams.
    cache: { ...defaults.cache, memoryBytes: 0, replayBytes: 0 },
    accounts: [
      {
        name: 'bench',
        credential: { secretId: new Secret(secretId), secretKey: new Secret(secretKey), sessionToken: null },
        cos: { appId, uin, regions: ['ap-guangzhou'], endpoint },
        batchCompute: { regions: ['ap-guangzhou'], endpoint, requestsPerSecond: 1_000_000_000 },
        ci: { buckets: [{ name: 'bucket-1250000000', region: 'ap-beijing' }], endpoint },
      },
    ],
  };
}
