import { createServer } from 'node:net';
import { generateKeyPairSync } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { freePort } from '../support/free-port.ts';
import { AUDIENCE, ISSUER, newKey, startIssuer, type TestIssuer } from '../support/issuer.ts';
import { accountOf, cli, configFile, type Outcome, run } from './support.ts';

const SUBJECT = "The keys of the tokens' issuer";

async function check(jwksUrl: string, auth = '', args: readonly string[] = []): Promise<Outcome> {
  const outcome = await cli(['check', ...args], {
    ...configFile(
      `${await account()}\nauth: { jwksUrl: "${jwksUrl}", issuer: "${ISSUER}", audience: ${AUDIENCE}, ${auth} }`,
    ),
  });
  expect(outcome.stdout + outcome.stderr).not.toMatch(/127\.0\.0\.1|SANDBOXKEY|CANARY/);
  return outcome;
}

/** An account whose upstreams answer. */
async function account(): Promise<string> {
  const sandbox = await startSandbox({ batchComputeRequestsPerSecond: null });
  onTestFinished(() => sandbox.close());
  return accountOf(sandbox);
}

async function answering(how: (response: ServerResponse) => void): Promise<TestIssuer> {
  const issuer = await startIssuer();
  issuer.answer(how);
  return issuer;
}

/** A key in the form in which issuers publish them. */
function rsaKey(bits: number): object {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return { ...publicKey.export({ format: 'jwk' }), kid: `rsa-${bits}` };
}

describe('check, where tokens are asked for', () => {
  it('reads the keys of their issuer once, and tells how many can be used and for what', async () => {
    const issuer = await startIssuer();
    const encrypting = { ...(await newKey()).publicJwk, use: 'enc' };
    issuer.answer((response) =>
      response.end(JSON.stringify({ keys: [issuer.key().publicJwk, encrypting, rsaKey(2_048)] })),
    );
    const { code, stdout, stderr } = await check(issuer.jwksUrl, 'algorithms: [RS256, ES256, EdDSA]');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(`${SUBJECT}: 2 of 3 can be used (RS256, ES256).`);
    expect(issuer.requests()).toBe(1);
  });

  it('gives 1 when they cannot be read, though all origins answer, and still tells of these', async () => {
    const { code, stdout, stderr } = await check(`http://127.0.0.1:${await freePort()}/jwks`);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^COS\/media\/ap-guangzhou +ok /m);
    expect(stderr.trimEnd().split('\n')).toEqual([
      `${SUBJECT} cannot be read: no-connection (ECONNREFUSED).`,
      '  Hint: nothing answers at auth.jwksUrl: see its host and port, and the firewall of this machine.',
    ]);
  });

  it('says that a host name is not found', async () => {
    const { code, stderr } = await check('https://issuer.invalid/jwks');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /no-connection \((ENOTFOUND|EAI_AGAIN)\)\.\n {2}Hint: the host name in auth\.jwksUrl is not found/,
    );
  });

  it('waits no longer than it is told to', async () => {
    const issuer = await answering(() => undefined);
    const { code, stderr } = await check(issuer.jwksUrl, 'jwksTimeoutMs: 300');
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot be read: timeout\.\n {2}Hint: it takes longer than auth\.jwksTimeoutMs/);
  });

  it('says that somebody talks who is no web server', async () => {
    const server = createServer((socket) =>
      socket.on('error', () => undefined).end('220 mail.example.test ESMTP\r\n'),
    );
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { code, stderr } = await check(`http://127.0.0.1:${port}/jwks`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot be read: bad-answer \(no HTTP\)\.\n {2}Hint: /);
    expect(stderr).not.toContain('mail.example.test');
  });

  it.each([
    [
      'a redirect',
      302,
      { location: 'https://elsewhere.test/CANARY' },
      '',
      'status 302',
      /redirects are not followed/,
    ],
    ['no such page', 404, {}, 'CANARY', 'status 404', /openid-configuration/],
    ['a page', 200, {}, '<html>CANARY</html>', 'no JSON', /openid-configuration/],
    ['another document', 200, {}, '{"issuer":"CANARY"}', 'no set of keys', /openid-configuration/],
    ['an empty set', 200, {}, '{"keys":[]}', '0 keys', /openid-configuration/],
    ['a set of words', 200, {}, '{"keys":["CANARY"]}', 'keys that are no objects', /openid-configuration/],
    ['a huge answer', 200, {}, ' '.repeat(200_000), 'more than 131072 bytes', /openid-configuration/],
    [
      'a compressed answer',
      200,
      { 'content-encoding': 'gzip' },
      'CANARY',
      'compressed',
      /openid-configuration/,
    ],
  ] as const)(
    'says what it found in place of keys: %s',
    async (_name, status, headers, body, detail, hint) => {
      const issuer = await answering((response) => response.writeHead(status, headers).end(body));
      const { code, stderr } = await check(issuer.jwksUrl);
      expect(code).toBe(1);
      const [line, advice, ...others] = stderr.trimEnd().split('\n');
      expect(line).toBe(`${SUBJECT} cannot be read: bad-answer (${detail}).`);
      expect(advice).toMatch(hint);
      expect(others).toEqual([]);
    },
  );

  it.each([
    ['another algorithm', async () => (await newKey('ES384')).publicJwk],
    ['encryption', async () => ({ ...(await newKey()).publicJwk, use: 'enc' })],
    ['shared secrets', async () => ({ kty: 'oct', k: 'CANARYsecret', kid: 'a' })],
    ['too little safety', async () => rsaKey(1_024)],
    ['nothing, being broken', async () => ({ ...(await newKey()).publicJwk, x: 'CANARY' })],
  ])('says that no key can be used, when all are for %s', async (_name, makeKey) => {
    const key = await makeKey();
    const issuer = await answering((response) => response.end(JSON.stringify({ keys: [key] })));
    const { code, stderr } = await check(issuer.jwksUrl, 'algorithms: [ES256, RS256]');
    expect(code).toBe(1);
    expect(stderr).toMatch(/: 0 of 1 can be used\.\n {2}Hint: auth\.algorithms has ES256, RS256: /);
  });

  it('asks nobody when it is told to stay offline', async () => {
    const issuer = await startIssuer();
    const { code, stderr } = await check(issuer.jwksUrl, '', ['--offline']);
    expect([code, stderr, issuer.requests()]).toEqual([0, '', 0]);
  });

  it('leaves nothing behind that keeps the process', async () => {
    const issuer = await answering(() => undefined);
    const { code, durationMs } = await run(['check'], {
      AUTH_JWKS_URL: issuer.jwksUrl,
      AUTH_JWT_ISSUER: ISSUER,
      AUTH_JWT_AUDIENCE: AUDIENCE,
    });
    expect(code).toBe(1);
    expect(durationMs).toBeLessThan(20_000);
  });
});
