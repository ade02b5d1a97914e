/** An issuer of tokens with real keys, which it publishes on a socket of its own. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type GenerateKeyPairResult, type JWK, SignJWT } from 'jose';
import { onTestFinished } from 'vitest';
import type { AuthConfig } from '../../src/config.ts';
import { configSchema } from '../../src/config-schema.ts';

export const ISSUER = 'https://issuer.test/';
export const AUDIENCE = 'jobs-gateway';

export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly pair: GenerateKeyPairResult;
  readonly publicJwk: JWK;
}

/** Signs with a key what a test wants to be signed. */
export interface Signing {
  readonly key?: IssuerKey;
  /** Besides `alg` and `kid`. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** When it was made; default: now. */
  readonly nowMs?: number;
}

export interface TestIssuer {
  readonly jwksUrl: string;
  /** The key that it signs with now. */
  readonly key: () => IssuerKey;
  /** How often its keys were asked for. */
  readonly requests: () => number;
  /** A good token for ten minutes, with these claims besides or instead; `undefined` takes one away. */
  token(claims?: Readonly<Record<string, unknown>>, signing?: Signing): Promise<string>;
  /** Publishes another key in place of the one before, or beside it, and signs with it. */
  rotate(options?: { readonly keepOld?: boolean }): Promise<IssuerKey>;
  /** How it answers from now on; null: with its keys. */
  answer(how: ((response: ServerResponse) => void) | null): void;
  /** Of the configuration, as by default but for the issuer. */
  auth(changes?: Partial<AuthConfig>): AuthConfig;
  /** Ends its server, or puts it up again at the same port. */
  down(): Promise<void>;
  up(): Promise<void>;
}

let keysMade = 0;

export async function newKey(alg = 'ES256'): Promise<IssuerKey> {
  keysMade += 1;
  const kid = `key-${keysMade}`;
  const pair = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, pair, publicJwk: { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' } };
}

/** Starts one that ends with the test. */
export async function startIssuer({ alg = 'ES256' }: { readonly alg?: string } = {}): Promise<TestIssuer> {
  let key = await newKey(alg);
  let published = [key.publicJwk];
  let requests = 0;
  let how: ((response: ServerResponse) => void) | null = null;
  const server = createServer((_incoming, response) => {
    requests += 1;
    if (how !== null) {
      how(response);
      return;
    }
    response
      .writeHead(200, { 'content-type': 'application/jwk-set+json' })
      .end(JSON.stringify({ keys: published }));
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  onTestFinished(close);
  const jwksUrl = `http://127.0.0.1:${port}/jwks`;
  return {
    jwksUrl,
    key: () => key,
    requests: () => requests,
    token: (claims = {}, { key: signer = key, header = {}, nowMs = Date.now() } = {}) => {
      const now = Math.floor(nowMs / 1_000);
      const payload = { iss: ISSUER, aud: AUDIENCE, sub: 'somebody', iat: now, exp: now + 600, ...claims };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: signer.alg, kid: signer.kid, ...header })
        .sign(signer.pair.privateKey);
    },
    rotate: async ({ keepOld = false } = {}) => {
      key = await newKey(alg);
      published = keepOld ? [...published, key.publicJwk] : [key.publicJwk];
      return key;
    },
    answer: (next) => {
      how = next;
    },
    auth: (changes = {}) => ({
      ...(configSchema.parse({ auth: {} }).auth as AuthConfig),
      jwksUrl,
      issuer: ISSUER,
      audience: [AUDIENCE],
      ...changes,
    }),
    down: close,
    up: () => listen(port),
  };
}
