/** Secrets that can be told from everything else, and the search for them in whatever a gateway gives out. */
import { expect } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import { CANARIES } from './secrets-kept/canaries.ts';
import { formsOf } from './secrets-kept/forms.ts';
import { startWorld, type World, type WorldSettings } from './world.ts';

const BUCKET = { name: `clips-${CANARIES.appId}`, region: 'ap-beijing' };

/** A world whose every secret is a canary: the account's, its bucket's number and the router's. */
export async function startCanaryWorld(settings: WorldSettings = {}): Promise<World> {
  const { config, sandbox, ...rest } = settings;
  const { secretId, secretKey, appId, uin, sessionToken } = CANARIES;
  return await startWorld({
    ...rest,
    sandbox: { account: { secretId, secretKey, appId, uin }, sessionToken, buckets: [BUCKET], ...sandbox },
    config: {
      federation: { routerSecrets: [new Secret(CANARIES.routerSecret)], relayNode: true },
      ...config,
    },
  });
}

/** Fails, naming what leaked where and in which form, when an output holds a canary. Outputs are named by what they are. */
export function expectNoCanary(outputs: Readonly<Record<string, string>>): void {
  const leaks = Object.entries(outputs).flatMap(([output, text]) =>
    Object.entries(CANARIES).flatMap(([secret, canary]) =>
      Object.entries(formsOf(canary))
        .filter(([, form]) => text.includes(form))
        .map(([form]) => `${secret} (${form}) in ${output}`),
    ),
  );
  expect(leaks).toEqual([]);
}
