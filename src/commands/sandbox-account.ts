import type { AccountConfig } from '../config.ts';
import { Secret } from '../lib/secret.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** The account whose jobs the simulated upstreams hold, named `sandbox` in the graph. */
export function sandboxAccount(sandbox: Sandbox, requestsPerSecond: number): AccountConfig {
  const { account, endpoints, regions, buckets } = sandbox;
  return {
    name: 'sandbox',
    credential: {
      secretId: new Secret(account.secretId),
      secretKey: new Secret(account.secretKey),
      sessionToken: account.sessionToken === null ? null : new Secret(account.sessionToken),
    },
    cos: { appId: account.appId, uin: account.uin, regions, endpoint: endpoints.cos },
    batchCompute: { regions, endpoint: endpoints.batchCompute, requestsPerSecond },
    ci: { buckets, endpoint: endpoints.ci },
  };
}
