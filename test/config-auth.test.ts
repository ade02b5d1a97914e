import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Config, ConfigError, readConfig } from '../src/config.ts';

const ACCOUNT = {
  TENCENTCLOUD_SECRET_ID: 'AKIDid',
  TENCENTCLOUD_SECRET_KEY: 'key',
  TENCENTCLOUD_REGION: 'ap-guangzhou',
};
const AUTH = {
  AUTH_JWKS_URL: 'https://issuer.test/.well-known/jwks.json?for=jobs',
  AUTH_JWT_ISSUER: 'https://issuer.test/',
  AUTH_JWT_AUDIENCE: 'jobs-gateway',
};
const FILE = `
accounts:
  - { name: media, secretId: AKIDid, secretKey: key, batchCompute: { regions: [ap-guangzhou] } }
`;

type Environment = Readonly<Record<string, string>>;

const readFile = (yaml: string, environment: Environment = {}): Config =>
  readConfig({ GATEWAY_CONFIG: 'gateway.yaml', ...environment }, () => FILE + yaml);

function faultsOf(run: () => Config): readonly string[] {
  return errorOf(run).faults;
}

function errorOf(run: () => Config): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) {
      return error;
    }
    throw error;
  }
  throw new Error('expected faults, got none');
}

/** The parts that must be there, and others. */
const auth = (parts: string): string =>
  `auth: { jwksUrl: https://issuer.test/jwks, issuer: https://issuer.test/, audience: jobs, ${parts} }`;

describe('the settings of auth', () => {
  it('come from the environment, with or without accounts of one’s own', () => {
    const expected = {
      jwksUrl: AUTH.AUTH_JWKS_URL,
      issuer: AUTH.AUTH_JWT_ISSUER,
      audience: [AUTH.AUTH_JWT_AUDIENCE],
      accountsClaim: 'accounts',
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      clockToleranceSeconds: 5,
      maxTokenLength: 8_192,
      maxKnownTokens: 10_000,
      jwksCooldownMs: 30_000,
      jwksRetryMs: 2_000,
      jwksMaxAgeMs: 600_000,
      jwksKeepMs: 3_600_000,
      jwksTimeoutMs: 2_500,
    };
    expect(readConfig({ ...ACCOUNT, ...AUTH }).auth).toEqual(expected);
    expect(readConfig({ ...AUTH }).auth).toEqual(expected);
    expect(readConfig({}).auth).toBeNull();
    expect(readConfig(ACCOUNT).auth).toBeNull();
  });

  it('come from the file, where the environment stands before it', () => {
    const yaml = auth(
      'accountsClaim: https://issuer.test/accounts, algorithms: [ES512], clockToleranceSeconds: 0, jwksCooldownMs: 5000',
    ).replace('audience: jobs', 'audience: [jobs, old-jobs]');
    expect(readFile(yaml).auth).toMatchObject({
      jwksUrl: 'https://issuer.test/jwks',
      audience: ['jobs', 'old-jobs'],
      accountsClaim: 'https://issuer.test/accounts',
      algorithms: ['ES512'],
      clockToleranceSeconds: 0,
      jwksCooldownMs: 5_000,
    });
    expect(readFile(yaml, { AUTH_JWT_AUDIENCE: 'new-jobs' }).auth).toMatchObject({
      audience: ['new-jobs'],
      issuer: 'https://issuer.test/',
    });
  });

  it.each(Object.keys(AUTH))(
    'are all there or none: %s alone is a fault that names the others',
    (variable) => {
      const others = Object.keys(AUTH).filter((name) => name !== variable);
      const value = AUTH[variable as keyof typeof AUTH];
      expect(faultsOf(() => readConfig({ ...ACCOUNT, [variable]: value }))).toEqual(
        others.map((name) => `${name}: expected a value, as ${variable} has one, got nothing`),
      );
      const { [variable as keyof typeof AUTH]: _left, ...rest } = AUTH;
      expect(faultsOf(() => readConfig({ ...ACCOUNT, ...rest }))).toEqual([
        `${variable}: expected a value, as ${others.join(' and ')} has one, got nothing`,
      ]);
    },
  );

  it.each(['auth: {}', 'auth: { clockToleranceSeconds: 5 }'])('are never nothing by mistake: %s', (yaml) => {
    expect(faultsOf(() => readFile(yaml))).toEqual(
      ['jwksUrl', 'issuer', 'audience'].map(
        (key) => `auth.${key}: expected a value, as auth has one, got nothing`,
      ),
    );
  });

  it.each(['auth:', 'auth: on', 'auth: []', 'auth: false'])('are a mapping: %s', (yaml) => {
    expect(faultsOf(() => readFile(yaml))).toEqual([expect.stringMatching(/^auth: expected /)]);
  });

  it.each([
    'http://127.0.0.1:8080/jwks',
    'http://localhost/jwks',
    'http://[::1]:8080/jwks',
    'https://a/b?c=d',
  ])('may read keys at %s', (url) => {
    expect(readConfig({ ...ACCOUNT, ...AUTH, AUTH_JWKS_URL: url }).auth?.jwksUrl).toBe(url);
  });

  it.each([
    'http://issuer.test/jwks',
    'http://127.0.0.1.evil.test/jwks',
    'http://127.0.0.1@evil.test/jwks',
    'https://user:CANARY@issuer.test/jwks',
    'https://issuer.test/jwks#CANARY',
    'https://issuer.test\\@evil.test',
    'file:///etc/CANARY',
    'data:application/json,{}',
    'issuer.test/jwks',
    'https://',
    'https://issuer.test/a b',
    '',
  ])('read no keys at %j', (url) => {
    const error = errorOf(() => readConfig({ ...ACCOUNT, ...AUTH, AUTH_JWKS_URL: url }));
    expect(error.faults).toEqual([expect.stringMatching(/^AUTH_JWKS_URL: expected /)]);
    expect(inspect(error, { depth: null })).not.toContain('CANARY');
  });

  it.each(['HS256', 'HS384', 'HS512', 'none', 'None', 'rs256', 'RSA-OAEP', 'dir', ''])(
    'take no token of the algorithm %j',
    (algorithm) => {
      expect(faultsOf(() => readFile(auth(`algorithms: [ES256, "${algorithm}"]`)))).toEqual([
        expect.stringMatching(/^auth\.algorithms\[1\]: expected some of RS256, .*, got /),
      ]);
    },
  );

  it.each([
    ['audience: [jobs]', 'audience: []', 'auth.audience'],
    ['audience: [jobs]', 'audience: ""', 'auth.audience'],
    ['audience: [jobs]', 'audience: "a b"', 'auth.audience'],
    ['audience: [jobs]', 'audience: [jobs, jobs]', 'auth.audience'],
    ['issuer: https://issuer.test/', 'issuer: ""', 'auth.issuer'],
    ['issuer: https://issuer.test/', 'issuer: 7', 'auth.issuer'],
    ['x: 1', 'algorithms: []', 'auth.algorithms'],
    ['x: 1', 'algorithms: [ES256, ES256]', 'auth.algorithms'],
    ['x: 1', 'clockToleranceSeconds: 301', 'auth.clockToleranceSeconds'],
    ['x: 1', 'clockToleranceSeconds: -1', 'auth.clockToleranceSeconds'],
    ['x: 1', 'jwksCooldownMs: 0', 'auth.jwksCooldownMs'],
    ['x: 1', 'jwksTimeoutMs: 5s', 'auth.jwksTimeoutMs'],
    ['x: 1', 'accountsClaim: ""', 'auth.accountsClaim'],
    ['x: 1', 'jwksMaxAgeMs: 3600001', 'auth.jwksMaxAgeMs'],
    ['x: 1', 'secret: CANARY', 'auth.secret'],
  ])('have one fault where %s is %s', (good, bad, key) => {
    const yaml = auth('x: 1')
      .replace('audience: jobs', 'audience: [jobs]')
      .replace(good, bad)
      .replace(', x: 1', '');
    const error = errorOf(() => readFile(yaml));
    expect(error.faults).toEqual([expect.stringMatching(`^${key.replaceAll('.', String.raw`\.`)}`)]);
    expect(inspect(error, { depth: null })).not.toContain('CANARY');
  });
});

describe('with auth', () => {
  it.each(['0.0.0.0', '::', 'gateway.internal'])('real accounts may be served at %s', (host) => {
    expect(readConfig({ ...ACCOUNT, ...AUTH, HOST: host }).server.host).toBe(host);
    expect(faultsOf(() => readConfig({ ...ACCOUNT, HOST: host }))).toEqual([
      expect.stringMatching(/^HOST: .*Configure auth, .*allowAnonymous/),
    ]);
  });

  it('nobody is let in without a token, so nobody can want that too', () => {
    const yaml = `${auth('')}\nserver: { allowAnonymous: true }`;
    expect(faultsOf(() => readFile(yaml))).toEqual([
      expect.stringMatching(/^server\.allowAnonymous: expected false/),
    ]);
    expect(readFile(yaml.replace('true', 'false')).auth?.issuer).toBe('https://issuer.test/');
  });
});
