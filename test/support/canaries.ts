/** Secrets that can be told from everything else, and the search for them in whatever a gateway gives out. */
import { expect } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import { startWorld, type World, type WorldSettings } from './world.ts';

/** What no client, no log and no collector is to see, by what it is. Each is a valid value of its kind. */
export const CANARIES = {
  secretId: 'AKIDcanary7secret7id7one0000000000001',
  secretKey: 'canary7secret7key7two00000000000001/+=',
  sessionToken: 'canary7session7token7three0000000001',
  appId: '7070717273',
  uin: '707071727374',
  routerSecret: 'canary7router7secret7four00000001',
  clientToken: 'canary7client7token7five000000001',
  variable: 'canary7variable7six000000000001',
} as const;

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

/** A text as it may be found again: as it is, and encoded. */
export function formsOf(text: string): Readonly<Record<string, string>> {
  const bytes = Buffer.from(text);
  return {
    raw: text,
    urlEncoded: encodeURIComponent(text),
    hex: bytes.toString('hex'),
    HEX: bytes.toString('hex').toUpperCase(),
    ...Object.fromEntries([0, 1, 2].map((offset) => [`base64 at ${offset}`, base64Within(bytes, offset)])),
  };
}

/** Base64 of a text that stands anywhere in a longer one: without what its neighbours would change. */
function base64Within(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replaceAll('=', '');
  return encoded.slice(offset === 0 ? 0 : offset + 1, -1);
}
