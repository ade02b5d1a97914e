/** What is tried to get in without a good token (reliability S15, H20), on real sockets with real keys. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { exportJWK, exportSPKI } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AuthConfig } from '../../../src/config.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { refusedCallers } from '../../../src/telemetry/channels.ts';
import { AUDIENCE, ISSUER, newKey, startIssuer, type TestIssuer } from '../../support/issuer.ts';
import { allowLeaks } from '../../support/secrets-kept/leaks.ts';
import { type Reply, startGateway, type TestGateway } from '../support.ts';

const QUESTION = { query: '{ origins { account } }' };
const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };

interface Guarded extends TestGateway {
  readonly issuer: TestIssuer;
  /** Why callers were refused, as the operator is told. */
  readonly reasons: string[];
  /** Asks with a token. */
  ask(token: string): Promise<Reply>;
}

async function startGuarded(changes: Partial<AuthConfig> = {}, alg = 'ES256'): Promise<Guarded> {
  const issuer = await startIssuer({ alg });
  const gateway = await startGateway({}, { auth: issuer.auth(changes) });
  const reasons: string[] = [];
  onTestFinished(refusedCallers.subscribe(({ reason }) => reasons.push(reason)));
  const ask = (token: string): Promise<Reply> => gateway.post(QUESTION, { authorization: `Bearer ${token}` });
  return { ...gateway, issuer, reasons, ask };
}

const encoded = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Good claims, for tokens that no library would make. */
function claimsNow(): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1_000);
  return { iss: ISSUER, aud: AUDIENCE, sub: 'somebody', iat: now, exp: now + 600, accounts: '*' };
}

/** A good signature of the issuer over texts that are none of its making. */
async function signed({ issuer }: Guarded, header: string, claims: string): Promise<string> {
  const input = `${encoded(header)}.${encoded(claims)}`;
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const { privateKey } = issuer.key().pair;
  const signature = await crypto.subtle.sign(algorithm, privateKey, Buffer.from(input));
  return `${input}.${Buffer.from(signature).toString('base64url')}`;
}

let refusal: string | null = null;

function expectRefused({ status, headers, text, codes }: Reply): void {
  expect(codes).toEqual(['UNAUTHENTICATED']);
  expect(status).toBe(401);
  expect(headers['www-authenticate']).toBe('Bearer realm="jobs-gateway", error="invalid_token"');
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['content-type']).toMatch(/^application\/graphql-response\+json/);
  expect(JSON.parse(text)).not.toHaveProperty('data');
  // One text for all causes.
  refusal ??= text;
  expect(text).toBe(refusal);
}

/** A server that counts who comes. */
async function startTrap(answer: unknown): Promise<{ readonly url: string; readonly visits: () => number }> {
  let visits = 0;
  const server = createServer((_incoming, outgoing) => {
    visits += 1;
    outgoing.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`, visits: () => visits };
}

describe('a good token', () => {
  it.each(['ES256', 'RS256', 'PS256', 'EdDSA'])('of %s lets in', async (alg) => {
    const { ask, issuer, reasons } = await startGuarded({}, alg);
    const { status, text: body } = await ask(await issuer.token());
    expect([status, JSON.parse(body)]).toEqual([200, { data: { origins: [] } }]);
    expect(reasons).toEqual([]);
  });

  it.each(['bearer', 'BEARER', 'Bearer  '])('may come after the word “%s”', async (scheme) => {
    const { post, issuer } = await startGuarded();
    const { status } = await post(QUESTION, { authorization: `${scheme} ${await issuer.token()}` });
    expect(status).toBe(200);
  });

  it('may be for several, of which this gateway is one under any of its names', async () => {
    const { ask, issuer } = await startGuarded({ audience: ['old-name', 'new-name'] });
    expect((await ask(await issuer.token({ aud: ['others', 'old-name'] }))).status).toBe(200);
    expectRefused(await ask(await issuer.token({ aud: ['others'] })));
  });

  it('may need no key id, while the issuer has one key that fits', async () => {
    const { ask, issuer } = await startGuarded();
    expect((await ask(await issuer.token({}, { header: { kid: undefined } }))).status).toBe(200);
  });

  it('gives an answer that only its owner may keep', async () => {
    const { ask, issuer } = await startGuarded();
    const { headers } = await ask(await issuer.token());
    expect(headers['cache-control']).toMatch(/^private/);
    expect(headers['vary']).toMatch(/\bauthorization\b/i);
  });
});

describe('a token that is none', () => {
  type Make = (gateway: Guarded) => Promise<string>;
  const withClaims =
    (claims: Record<string, unknown>): Make =>
    ({ issuer }) =>
      issuer.token(claims);
  const seconds = (offset: number): number => Math.floor(Date.now() / 1_000) + offset;

  const CASES: readonly (readonly [string, string, Make])[] = [
    [
      'is not signed',
      'algorithm',
      async () => `${encoded({ alg: 'none' })}.${encoded(claimsNow())}.${encoded('x')}`,
    ],
    ['has no signature', 'algorithm', async () => `${encoded({ alg: 'none' })}.${encoded(claimsNow())}.`],
    [
      'is signed with the public key as a shared secret',
      'algorithm',
      async ({ issuer }) => {
        const { kid, pair } = issuer.key();
        const input = `${encoded({ alg: 'HS256', kid })}.${encoded(claimsNow())}`;
        const mac = createHmac('sha256', await exportSPKI(pair.publicKey)).update(input);
        return `${input}.${mac.digest('base64url')}`;
      },
    ],
    [
      'names another algorithm',
      'algorithm',
      async ({ issuer }) =>
        (await issuer.token()).replace(/^[^.]+/, encoded({ alg: 'ES384', kid: issuer.key().kid })),
    ],
    ['is of another issuer', 'issuer', withClaims({ iss: 'https://other.test/' })],
    ['is of nobody', 'issuer', withClaims({ iss: undefined })],
    ['is of several issuers', 'issuer', withClaims({ iss: [ISSUER] })],
    ['is for somebody else', 'audience', withClaims({ aud: 'another-api' })],
    ['is for nobody', 'audience', withClaims({ aud: undefined })],
    ['is for an object', 'audience', withClaims({ aud: { 'jobs-gateway': true } })],
    ['has ended', 'expired', withClaims({ exp: seconds(-60) })],
    ['never ends', 'expired', withClaims({ exp: undefined })],
    ['ends at a text', 'expired', withClaims({ exp: String(seconds(600)) })],
    ['has not begun', 'not-yet-valid', withClaims({ nbf: seconds(60) })],
    ['lists accounts that are no texts', 'claims', withClaims({ accounts: ['media', 7] })],
    ['has an object for its accounts', 'claims', withClaims({ accounts: { media: true } })],
    ['has true for its accounts', 'claims', withClaims({ accounts: true })],
    [
      'is of a key that nobody knows',
      'unknown-key',
      async ({ issuer }) => issuer.token({}, { key: await newKey() }),
    ],
    [
      'is of another key under the id of a good one',
      'signature',
      async ({ issuer }) => issuer.token({}, { key: { ...(await newKey()), kid: issuer.key().kid } }),
    ],
    [
      'has a key id that is a path',
      'unknown-key',
      ({ issuer }) => issuer.token({}, { header: { kid: '../../../../dev/null' } }),
    ],
    [
      'has a key id that is a query',
      'unknown-key',
      ({ issuer }) => issuer.token({}, { header: { kid: "x' UNION SELECT 'key" } }),
    ],
    [
      'has a key id that is a list',
      'unknown-key',
      ({ issuer }) => issuer.token({}, { header: { kid: ['a'] } }),
    ],
    [
      'brings its own key',
      'signature',
      async ({ issuer }) => {
        const key = await newKey();
        const jwk = await exportJWK(key.pair.publicKey);
        return issuer.token({}, { key, header: { kid: issuer.key().kid, jwk } });
      },
    ],
    [
      'has an extension that must be understood',
      'malformed',
      ({ issuer }) =>
        issuer
          .token()
          .then((token) =>
            token.replace(/^[^.]+/, encoded({ alg: 'ES256', crit: ['exotic'], exotic: true })),
          ),
    ],
    [
      'says one claim twice',
      'claims',
      (gateway) => {
        const claims = JSON.stringify({ ...claimsNow(), accounts: [] });
        const { kid } = gateway.issuer.key();
        return signed(
          gateway,
          JSON.stringify({ alg: 'ES256', kid }),
          claims.replace(/\}$/, ',"accounts":"*"}'),
        );
      },
    ],
    [
      'says one member of its header twice',
      'claims',
      (gateway) => {
        const { kid } = gateway.issuer.key();
        return signed(gateway, `{"alg":"none","alg":"ES256","kid":"${kid}"}`, JSON.stringify(claimsNow()));
      },
    ],
    ['has claims that are no object', 'malformed', (gateway) => signed(gateway, '{"alg":"ES256"}', '["a"]')],
    ['has claims that are no JSON', 'malformed', (gateway) => signed(gateway, '{"alg":"ES256"}', '{')],
    [
      'has a header that is no JSON',
      'malformed',
      async ({ issuer }) => (await issuer.token()).replace(/^[^.]+/, encoded('{')),
    ],
    ['is no Base64', 'malformed', async ({ issuer }) => (await issuer.token()).replace(/^../, '~~')],
    ['was cut', 'malformed', async ({ issuer }) => (await issuer.token()).slice(0, 40)],
    ['has four parts', 'malformed', async ({ issuer }) => `${await issuer.token()}.more`],
    [
      'was changed',
      'signature',
      async ({ issuer }) => {
        const [header, , signature] = (await issuer.token()).split('.');
        return `${header}.${encoded({ ...claimsNow(), sub: 'root' })}.${signature}`;
      },
    ],
    ['is encrypted', 'malformed', async () => 'a.b.c.d.e'],
    ['is a word', 'malformed', async () => 'password'],
  ];

  it.each(CASES)('%s: %s', async (_name, reason, make) => {
    const gateway = await startGuarded();
    expectRefused(await gateway.ask(await make(gateway)));
    expect(gateway.reasons).toEqual([reason]);
    expect(gateway.bugs).toEqual([]);
  });

  it.each(['jku', 'x5u'])('makes nobody fetch keys from its %s', async (name) => {
    const gateway = await startGuarded();
    const key = await newKey();
    const trap = await startTrap({ keys: [key.publicJwk] });
    const { issuer } = gateway;
    expectRefused(await gateway.ask(await issuer.token({}, { key, header: { [name]: trap.url } })));
    const header = { kid: issuer.key().kid, [name]: trap.url };
    expectRefused(await gateway.ask(await issuer.token({}, { key, header })));
    expect(trap.visits()).toBe(0);
    // And is not looked at in a good one either.
    expect((await gateway.ask(await issuer.token({}, { header }))).status).toBe(200);
    expect(trap.visits()).toBe(0);
  });

  it('is one without a key id, when several keys fit', async () => {
    const gateway = await startGuarded();
    await gateway.issuer.rotate({ keepOld: true });
    expectRefused(await gateway.ask(await gateway.issuer.token({}, { header: { kid: undefined } })));
    expect(gateway.reasons).toEqual(['unknown-key']);
  });

  it('is one of an algorithm that is not configured', async () => {
    const gateway = await startGuarded({ algorithms: ['RS256'] });
    expectRefused(await gateway.ask(await gateway.issuer.token()));
    expect(gateway.reasons).toEqual(['algorithm']);
  });

  it('may be off by the tolerance of the clocks and not by more', async () => {
    const gateway = await startGuarded({ clockToleranceSeconds: 120 });
    expect((await gateway.ask(await gateway.issuer.token({ exp: seconds(-60) }))).status).toBe(200);
    expect((await gateway.ask(await gateway.issuer.token({ nbf: seconds(60) }))).status).toBe(200);
    expectRefused(await gateway.ask(await gateway.issuer.token({ exp: seconds(-180) })));
    expectRefused(await gateway.ask(await gateway.issuer.token({ nbf: seconds(180) })));
  });

  it('of 100 KB is cut off by the server, and one of 10 KB is not looked at', async () => {
    const gateway = await startGuarded();
    expect((await gateway.ask('a'.repeat(102_400))).status).toBe(431);
    expectRefused(await gateway.ask(await gateway.issuer.token({ padding: 'x'.repeat(8_192) })));
    expect(gateway.reasons).toEqual(['too-long']);
    // Without a server in front.
    const answer = await gateway.app.fetch(
      new Request('http://gateway.test/graphql', {
        method: 'POST',
        headers: { ...JSON_HEADERS, authorization: `Bearer ${'a'.repeat(102_400)}` },
        body: JSON.stringify(QUESTION),
      }),
    );
    expect(answer.status).toBe(401);
    expect(gateway.issuer.requests()).toBe(0);
  });
});

describe('who has no token', () => {
  it('is told that it needs one, without being told of a fault', async () => {
    const { post, reasons } = await startGuarded();
    const { status, headers, text: body } = await post(QUESTION);
    expect([status, body]).toEqual([401, refusal ?? body]);
    expect(headers['www-authenticate']).toBe('Bearer realm="jobs-gateway"');
    expect(headers['cache-control']).toBe('no-store');
    expect(reasons).toEqual(['no-token']);
  });

  it.each(['', 'Bearer', 'Bearer ', 'Basic YTpi', 'Token abc'])(
    'has none in “%s” either',
    async (authorization) => {
      const { post } = await startGuarded();
      expect((await post(QUESTION, { authorization })).status).toBe(401);
    },
  );

  it('has none in the URL, the body or a cookie', async () => {
    allowLeaks({
      kinds: ['bearer token'],
      place: 'an HTTP request',
      because: 'the client puts its own where it does not belong',
    });
    const { issuer, send, post } = await startGuarded();
    const token = await issuer.token({ accounts: '*' });
    const query = encodeURIComponent(QUESTION.query);
    const path = `/graphql?query=${query}&access_token=${token}&authorization=Bearer%20${token}`;
    expect((await send({ path, headers: { 'x-graphql-client': 'a' } })).status).toBe(401);
    expect((await post({ ...QUESTION, extensions: { authorization: `Bearer ${token}` } })).status).toBe(401);
    expect(
      (await post(QUESTION, { cookie: `authorization=Bearer ${token}; access_token=${token}` })).status,
    ).toBe(401);
    expect((await post(QUESTION, { 'proxy-authorization': `Bearer ${token}` })).status).toBe(401);
  });

  it('is refused before its question is looked at', async () => {
    const { post, send } = await startGuarded();
    for (const body of ['{', '[]', { query: '{ nonsense' }, { query: '{ nonsense }' }, 'x'.repeat(300_000)]) {
      expect((await post(body)).codes).toEqual(['UNAUTHENTICATED']);
    }
    const headers = { 'x-graphql-client': 'a' };
    expect((await send({ path: '/graphql?query={&variables={', headers })).status).toBe(401);
    expect((await post(QUESTION, { 'x-timeout-ms': 'soon' })).status).toBe(401);
  });

  it('may look at /health and /ready, which name no account', async () => {
    const { send } = await startGuarded();
    expect((await send({ path: '/health' })).status).toBe(200);
    expect((await send({ path: '/ready' })).status).toBe(200);
  });

  it('gets no answer that was given to somebody before', async () => {
    const { issuer, post, ask } = await startGuarded();
    const token = await issuer.token();
    for (let times = 0; times < 3; times += 1) {
      expect((await ask(token)).status).toBe(200);
      expect((await post(QUESTION)).status).toBe(401);
    }
  });
});

/** Sends the head of a request, and gives what comes back within a second. */
async function raw(url: string, lines: readonly string[]): Promise<string> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const ended = setTimeout(() => socket.destroy(), 1_000);
  const answer = await textOf(socket).catch(() => '');
  clearTimeout(ended);
  return answer;
}

describe('a request', () => {
  const START = ['POST /graphql HTTP/1.1', 'host: gateway.test', 'connection: close'];
  const HEADERS = Object.entries(JSON_HEADERS).map(([name, value]) => `${name}: ${value}`);

  it('is refused before its body has come', async () => {
    const { url } = await startGuarded();
    const answer = await raw(url, [...START, ...HEADERS, 'content-length: 1000']);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer).toContain('UNAUTHENTICATED');
  });

  it.each([
    ['two good ones', (token: string) => [token, token]],
    ['a good one first', (token: string) => [token, 'bad']],
    ['a good one last', (token: string) => ['bad', token]],
  ])('with two Authorization headers is refused: %s', async (_name, tokensOf) => {
    const { url, issuer, reasons } = await startGuarded();
    const tokens = tokensOf(await issuer.token()).map((token) => `authorization: Bearer ${token}`);
    const body = JSON.stringify(QUESTION);
    const answer = await raw(url, [
      ...START,
      ...HEADERS,
      ...tokens,
      `content-length: ${body.length}`,
      '',
      body,
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(reasons).toEqual(['malformed']);
  });

  it('with two tokens in one header is refused', async () => {
    const { ask, issuer, reasons } = await startGuarded();
    const token = await issuer.token();
    expectRefused(await ask(`${token}, Bearer ${token}`));
    expectRefused(await ask(`${token} ${token}`));
    expect(reasons).toEqual(['malformed', 'malformed']);
  });
});

describe('an issuer whose keys cannot be read', () => {
  it('leaves undecided whether a token is good: 503, and the same token is let in as soon as they can', async () => {
    const gateway = await startGuarded({ jwksRetryMs: 1 });
    const { issuer, reasons } = gateway;
    const token = await issuer.token();
    await issuer.down();
    const { status, headers, codes, text: body } = await gateway.ask(token);
    expect([status, codes]).toEqual([503, ['UPSTREAM_UNAVAILABLE']]);
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['www-authenticate']).toBeUndefined();
    expect(body).not.toContain('127.0.0.1');
    expect(reasons).toEqual(['keys-unavailable']);
    expect((await gateway.send({ path: '/ready' })).status).toBe(200);
    // What needs no key is decided all the same.
    expect((await gateway.post(QUESTION)).status).toBe(401);
    await issuer.up();
    await expect.poll(async () => (await gateway.ask(token)).status).toBe(200);
    await issuer.down();
    expect((await gateway.ask(token)).status).toBe(200);
  });

  it('is not waited for longer than it may take', async () => {
    const { ask, issuer } = await startGuarded({ jwksTimeoutMs: 200 });
    issuer.answer(() => undefined);
    const token = await issuer.token();
    const beganAtMs = performance.now();
    const replies = await Promise.all(Array.from({ length: 20 }, () => ask(token)));
    expect(performance.now() - beganAtMs).toBeLessThan(5_000);
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([503]));
    expect(issuer.requests()).toBe(1);
  });

  it('is asked once when many tokens name keys that it does not have', async () => {
    const { ask, issuer } = await startGuarded();
    await ask(await issuer.token());
    const tokens = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => issuer.token({}, { header: { kid: `invented-${index}` } })),
    );
    for (let at = 0; at < tokens.length; at += 50) {
      const replies = await Promise.all(tokens.slice(at, at + 50).map(ask));
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([401]));
    }
    expect(issuer.requests()).toBe(1);
  });

  it('may change its key: the new one is found with one request', async () => {
    const { ask, issuer } = await startGuarded({ jwksCooldownMs: 1 });
    const old = await issuer.token();
    expect((await ask(old)).status).toBe(200);
    await issuer.rotate();
    await expect.poll(async () => (await ask(await issuer.token())).status).toBe(200);
    expect(issuer.requests()).toBe(2);
    expectRefused(await ask(old));
  });
});

describe('a router with its secret', () => {
  const SECRET = 'only-the-router-knows-this';
  const start = async (): Promise<Guarded> => {
    const issuer = await startIssuer();
    const federation = { routerSecrets: [new Secret(SECRET)], relayNode: true };
    const gateway = await startGateway({ introspection: true }, { auth: issuer.auth(), federation });
    const reasons: string[] = [];
    onTestFinished(refusedCallers.subscribe(({ reason }) => reasons.push(reason)));
    const ask = (token: string): Promise<Reply> =>
      gateway.post(QUESTION, { authorization: `Bearer ${token}` });
    return { ...gateway, issuer, reasons, ask };
  };
  const ROUTER = { 'router-authorization': SECRET };
  const SERVICE = { query: '{ _service { sdl } }' };
  const ENTITIES = {
    query: '{ _entities(representations: [{ __typename: "Job", id: "x" }]) { __typename } }',
  };

  it('composes its supergraph without a user', async () => {
    const { post } = await start();
    const { status, text: body } = await post(SERVICE, ROUTER);
    expect(status).toBe(200);
    expect(body).toContain('@key');
    expect((await post({ query: '{ __schema { queryType { name } } }' }, ROUTER)).status).toBe(200);
  });

  it.each([
    ENTITIES,
    { query: '{ jobs { nodes { id } } }' },
    { query: '{ __typename node(id: "x") { id } }' },
  ])('asks for nothing that is read without saying for whom: %o', async (question) => {
    const { post, reasons } = await start();
    const { status, codes, headers } = await post(question, ROUTER);
    expect([status, codes]).toEqual([401, ['UNAUTHENTICATED']]);
    expect(headers['www-authenticate']).toBe('Bearer realm="jobs-gateway"');
    expect(reasons).toEqual(['router-without-user']);
  });

  it('asks as the user whose token it passes on, and as nobody with a bad one', async () => {
    const { post, issuer } = await start();
    const authorization = `Bearer ${await issuer.token()}`;
    const { status, codes } = await post(ENTITIES, { ...ROUTER, authorization });
    expect([status, codes]).toEqual([200, ['INVALID_REPRESENTATION']]);
    expect((await post(SERVICE, { ...ROUTER, authorization: 'Bearer bad' })).status).toBe(401);
  });

  it('is not what a user is', async () => {
    const { post, issuer } = await start();
    const authorization = `Bearer ${await issuer.token()}`;
    expect((await post(SERVICE, { authorization })).codes).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    expect((await post(SERVICE, { authorization, 'router-authorization': 'wrong' })).status).toBe(401);
    expect((await post(SERVICE)).status).toBe(401);
  });
});
