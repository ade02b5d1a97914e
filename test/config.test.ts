import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Config, ConfigError, readConfig } from '../src/config.ts';

/** The environment of one real account. */
const ACCOUNT = {
  TENCENTCLOUD_SECRET_ID: 'AKIDcanaryid',
  TENCENTCLOUD_SECRET_KEY: 'canarykey',
  TENCENTCLOUD_APP_ID: '1250000000',
  TENCENTCLOUD_UIN: '100000000001',
  TENCENTCLOUD_REGION: 'ap-guangzhou,ap-shanghai',
  CI_BUCKETS: 'media-1250000000@ap-beijing',
};

/** The file of two accounts, as the contract shows it. */
const FILE = `
accounts:
  - name: media
    appId: "1250000000"
    uin: "100000000001"
    secretId: \${MEDIA_SECRET_ID}
    secretKey: \${MEDIA_SECRET_KEY}
    sessionToken: \${MEDIA_TOKEN}
    cos: { regions: [ap-guangzhou, ap-shanghai], endpoint: http://127.0.0.1:9001 }
    batchCompute: { regions: [ap-guangzhou], requestsPerSecond: 5 }
    ci: { buckets: [ { name: examplebucket-1250000000, region: ap-beijing } ] }
  - name: archive
    secretId: AKIDarchive
    secretKey: archivekey
    ci: { buckets: [ { name: archive-1250000001, region: ap-shanghai } ], endpoint: https://proxy.internal:8443 }
`;
const FILE_ENVIRONMENT = {
  GATEWAY_CONFIG: 'gateway.yaml',
  MEDIA_SECRET_ID: 'AKIDmedia',
  MEDIA_SECRET_KEY: 'mediakey',
  MEDIA_TOKEN: 'mediatoken',
};

type Environment = Readonly<Record<string, string>>;

/** What the environment, and the file that it names, give. */
function read(environment: Environment, file = ''): Config {
  return readConfig(environment, (path) => {
    expect(path).toBe(environment['GATEWAY_CONFIG']);
    return file;
  });
}

function readFileText(file: string, environment: Environment = {}): Config {
  return read({ ...FILE_ENVIRONMENT, ...environment }, file);
}

/** The faults of a configuration that must not be accepted. */
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
  throw new Error('expected a ConfigError, got a configuration');
}

/** The file of one account with other lines in it. */
function oneAccount(...lines: readonly string[]): string {
  return [
    'accounts:',
    '  - name: media',
    '    secretId: AKIDmedia',
    '    secretKey: mediakey',
    ...lines,
  ].join('\n');
}
const BATCH_COMPUTE = '    batchCompute: { regions: [ap-guangzhou] }';

describe('without any setting', () => {
  it('means the sandbox, listening on this machine only, open to whoever explores it', () => {
    const { deadlines, breaker, limits, ...config } = read({});
    expect(config).toMatchObject({
      isSandbox: true,
      accounts: [],
      server: {
        host: '127.0.0.1',
        port: 4_000,
        introspection: true,
        graphiql: true,
        maxBodyBytes: 262_144,
      },
      redisUrl: null,
      fleet: null,
      log: { level: 'info' },
      sandboxRequestsPerSecond: 2,
    });
    expect(deadlines).toMatchObject({ requestMs: 10_000, drainMs: 20_000 });
    expect(breaker).toEqual({
      consecutiveFailures: 5,
      failurePercent: 50,
      minimumAttempts: 20,
      windowMs: 10_000,
      openMs: 10_000,
    });
    expect(limits).toMatchObject({ defaultPageSize: 20, maxPageSize: 500 });
  });

  it('reads no file', () => {
    expect(() => readConfig({}, () => expect.fail('a file was read'))).not.toThrow();
  });

  it('pays no heed to the rest of an environment', () => {
    expect(read({ PATH: '/bin', HOME: '/', npm_config_port: '1', LANG: 'C' })).toEqual(read({}));
  });
});

describe('one account from the environment', () => {
  it('is named default and reads all three products', () => {
    const { isSandbox, accounts } = read(ACCOUNT);
    expect(isSandbox).toBe(false);
    expect(accounts).toHaveLength(1);
    expect(accounts[0]).toMatchObject({
      name: 'default',
      cos: {
        appId: '1250000000',
        uin: '100000000001',
        regions: ['ap-guangzhou', 'ap-shanghai'],
        endpoint: null,
      },
      batchCompute: { regions: ['ap-guangzhou', 'ap-shanghai'], endpoint: null, requestsPerSecond: 2 },
      ci: { buckets: [{ name: 'media-1250000000', region: 'ap-beijing' }], endpoint: null },
    });
  });

  it('has its credential as it was written', () => {
    const { credential } = read({ ...ACCOUNT, TENCENTCLOUD_SESSION_TOKEN: 'token+/=%~' }).accounts[0]!;
    expect(credential.secretId.reveal()).toBe('AKIDcanaryid');
    expect(credential.secretKey.reveal()).toBe('canarykey');
    expect(credential.sessionToken?.reveal()).toBe('token+/=%~');
    expect(read(ACCOUNT).accounts[0]?.credential.sessionToken).toBeNull();
  });

  it('closes introspection and GraphiQL unless they are opened', () => {
    expect(read(ACCOUNT).server).toMatchObject({ introspection: false, graphiql: false });
    expect(read({ ...ACCOUNT, INTROSPECTION: 'true', GRAPHIQL: 'true' }).server).toMatchObject({
      introspection: true,
      graphiql: true,
    });
    expect(read({ INTROSPECTION: 'false', GRAPHIQL: 'false' }).server).toMatchObject({
      introspection: false,
      graphiql: false,
    });
  });

  it('reads BatchCompute alone when it has a region and no APPID', () => {
    const { TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY } = ACCOUNT;
    const environment = {
      TENCENTCLOUD_SECRET_ID,
      TENCENTCLOUD_SECRET_KEY,
      TENCENTCLOUD_REGION: 'ap-beijing',
    };
    expect(read(environment).accounts[0]).toMatchObject({
      cos: null,
      batchCompute: { regions: ['ap-beijing'] },
      ci: null,
    });
  });

  it('reads CI alone when it has buckets and no region', () => {
    const { TENCENTCLOUD_REGION, ...environment } = ACCOUNT;
    expect(TENCENTCLOUD_REGION).not.toBe('');
    expect(read(environment).accounts[0]).toMatchObject({
      cos: null,
      batchCompute: null,
      ci: { buckets: [{ name: 'media-1250000000' }] },
    });
  });

  it('takes lists with blanks around their commas', () => {
    const { accounts } = read({
      ...ACCOUNT,
      TENCENTCLOUD_REGION: ' ap-guangzhou , ap-beijing ',
      CI_BUCKETS: 'a-1250000000@ap-beijing , b-1250000000@ap-shanghai',
    });
    expect(accounts[0]?.cos?.regions).toEqual(['ap-guangzhou', 'ap-beijing']);
    expect(accounts[0]?.ci?.buckets).toEqual([
      { name: 'a-1250000000', region: 'ap-beijing' },
      { name: 'b-1250000000', region: 'ap-shanghai' },
    ]);
  });

  it('connects elsewhere where it is told to', () => {
    const { accounts } = read({
      ...ACCOUNT,
      COS_ENDPOINT: 'http://127.0.0.1:9001',
      BATCHCOMPUTE_ENDPOINT: 'https://proxy.internal:8443',
      CI_ENDPOINT: 'http://localhost:9003',
    });
    expect([
      accounts[0]?.cos?.endpoint,
      accounts[0]?.batchCompute?.endpoint,
      accounts[0]?.ci?.endpoint,
    ]).toEqual(['http://127.0.0.1:9001', 'https://proxy.internal:8443', 'http://localhost:9003']);
  });

  it('takes a rate of its own, also below one a second', () => {
    const rateOf = (text: string): number | undefined =>
      read({ ...ACCOUNT, BATCHCOMPUTE_REQUESTS_PER_SECOND: text }).accounts[0]?.batchCompute
        ?.requestsPerSecond;
    expect([rateOf('20'), rateOf('0.5')]).toEqual([20, 0.5]);
    expect(read({ BATCHCOMPUTE_REQUESTS_PER_SECOND: '50' }).sandboxRequestsPerSecond).toBe(50);
  });

  it('is not complete with half a credential', () => {
    const { TENCENTCLOUD_SECRET_ID: id, TENCENTCLOUD_SECRET_KEY: key, ...rest } = ACCOUNT;
    expect(faultsOf(() => read({ ...rest, TENCENTCLOUD_SECRET_ID: id }))).toEqual([
      expect.stringMatching(/^TENCENTCLOUD_SECRET_KEY: expected/),
    ]);
    expect(faultsOf(() => read({ ...rest, TENCENTCLOUD_SECRET_KEY: key }))).toEqual([
      expect.stringMatching(/^TENCENTCLOUD_SECRET_ID: expected/),
    ]);
  });

  it('is not the sandbox when a session token is all that is left of a credential', () => {
    const faults = faultsOf(() =>
      read({ TENCENTCLOUD_SESSION_TOKEN: 'token', TENCENTCLOUD_REGION: 'ap-beijing' }),
    );
    expect(faults.join('\n')).toContain('TENCENTCLOUD_SECRET_ID');
    expect(faults.join('\n')).toContain('TENCENTCLOUD_SECRET_KEY');
  });

  it('needs something to read', () => {
    const { TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY } = ACCOUNT;
    expect(faultsOf(() => read({ TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY }))).toEqual([
      expect.stringMatching(/^TENCENTCLOUD_REGION, CI_BUCKETS: expected at least one/),
    ]);
  });

  it('needs both numbers for COS', () => {
    const { TENCENTCLOUD_UIN, ...noUin } = ACCOUNT;
    const { TENCENTCLOUD_APP_ID, ...noAppId } = ACCOUNT;
    expect([TENCENTCLOUD_UIN, TENCENTCLOUD_APP_ID]).not.toContain('');
    expect(faultsOf(() => read(noUin))).toEqual([expect.stringContaining('TENCENTCLOUD_UIN')]);
    expect(faultsOf(() => read(noAppId))).toEqual([expect.stringContaining('TENCENTCLOUD_APP_ID')]);
  });
});

describe('several accounts from a file', () => {
  it('have what the file says, with references filled in', () => {
    const { isSandbox, accounts } = readFileText(FILE);
    expect(isSandbox).toBe(false);
    expect(accounts.map(({ name }) => name)).toEqual(['media', 'archive']);
    const [media, archive] = accounts;
    expect(media?.credential.secretKey.reveal()).toBe('mediakey');
    expect(media?.credential.sessionToken?.reveal()).toBe('mediatoken');
    expect(media).toMatchObject({
      cos: {
        appId: '1250000000',
        uin: '100000000001',
        regions: ['ap-guangzhou', 'ap-shanghai'],
        endpoint: 'http://127.0.0.1:9001',
      },
      batchCompute: { regions: ['ap-guangzhou'], endpoint: null, requestsPerSecond: 5 },
      ci: { buckets: [{ name: 'examplebucket-1250000000', region: 'ap-beijing' }], endpoint: null },
    });
    expect(archive).toMatchObject({
      cos: null,
      batchCompute: null,
      ci: { endpoint: 'https://proxy.internal:8443' },
    });
    expect(archive?.credential.sessionToken).toBeNull();
  });

  it('stand apart from the account of the environment', () => {
    expect(readFileText(FILE, ACCOUNT).accounts.map(({ name }) => name)).toEqual(['media', 'archive']);
  });

  it('come with the file’s other settings', () => {
    const config = readFileText(`${FILE}
server: { host: 0.0.0.0, port: 8080, introspection: true, graphiql: true, allowAnonymous: true }
redis: { url: "redis://127.0.0.1:6379" }
log: { level: warn }
deadlines: { requestMs: 9000 }
breaker: { consecutiveFailures: 3 }
limits: { defaultPageSize: 10, maxPageSize: 50 }
`);
    expect(config.server).toMatchObject({
      host: '0.0.0.0',
      port: 8_080,
      introspection: true,
      graphiql: true,
    });
    expect(config.redisUrl?.reveal()).toBe('redis://127.0.0.1:6379');
    expect(config.log.level).toBe('warn');
    expect(config.deadlines.requestMs).toBe(9_000);
    expect(config.breaker).toMatchObject({ consecutiveFailures: 3, openMs: 10_000 });
    expect(config.limits).toMatchObject({ defaultPageSize: 10, maxPageSize: 50 });
  });

  it('fills in references within texts, several in one too', () => {
    const { accounts } = readFileText(
      oneAccount('    ci: { buckets: [ { name: "${A}-${B}", region: "${C}" } ] }'),
      {
        A: 'media',
        B: '1250000000',
        C: 'ap-beijing',
      },
    );
    expect(accounts[0]?.ci?.buckets).toEqual([{ name: 'media-1250000000', region: 'ap-beijing' }]);
  });

  it('takes no reference for a reference that came out of one', () => {
    const file = oneAccount(BATCH_COMPUTE).replace('mediakey', '${KEY}');
    const { accounts } = readFileText(file, { KEY: '${MEDIA_SECRET_KEY}$&$1' });
    expect(accounts[0]?.credential.secretKey.reveal()).toBe('${MEDIA_SECRET_KEY}$&$1');
  });

  it('are refused when a reference is not set, each by its key and its name', () => {
    const { MEDIA_SECRET_KEY, MEDIA_TOKEN, ...environment } = FILE_ENVIRONMENT;
    const faults = faultsOf(() => read(environment, FILE)).join('\n');
    expect([MEDIA_SECRET_KEY, MEDIA_TOKEN]).not.toContain('');
    expect(faults).toContain('accounts[0].secretKey: expected the variable MEDIA_SECRET_KEY to be set');
    expect(faults).toContain('accounts[0].sessionToken: expected the variable MEDIA_TOKEN to be set');
    expect(faults).not.toContain('MEDIA_SECRET_ID');
  });

  it('are refused when a reference is set to nothing', () => {
    expect(faultsOf(() => readFileText(FILE, { MEDIA_SECRET_KEY: '' }))).toEqual([
      expect.stringMatching(/^accounts\[0\]\.secretKey: expected/),
    ]);
  });

  it('need distinct names', () => {
    expect(faultsOf(() => readFileText(FILE.replace('archive\n', 'media\n')))).toEqual([
      expect.stringContaining('each account name once, got "media"'),
    ]);
  });

  it('need distinct buckets, in one account and over all', () => {
    const again = FILE.replace('archive-1250000001', 'examplebucket-1250000000');
    expect(faultsOf(() => readFileText(again))).toEqual([
      expect.stringContaining('"examplebucket-1250000000"'),
    ]);
    const twice = oneAccount(
      '    ci: { buckets: [ { name: a-1250000000, region: ap-beijing }, { name: a-1250000000, region: ap-shanghai } ] }',
    );
    expect(faultsOf(() => readFileText(twice)).join('\n')).toContain('a-1250000000');
  });

  it('need each region once', () => {
    expect(
      faultsOf(() => readFileText(oneAccount('    batchCompute: { regions: [ap-beijing, ap-beijing] }'))),
    ).toEqual([expect.stringMatching(/^accounts\[0\]\.batchCompute\.regions: expected each region once/)]);
  });

  it('need something to read, each of them', () => {
    expect(faultsOf(() => readFileText(oneAccount()))).toEqual([
      expect.stringMatching(/cos\b.*batchCompute\b.*ci\b.*expected at least one/),
    ]);
  });

  it.each([
    ['appId', '    uin: "100000000001"', '    cos: { regions: [ap-guangzhou] }'],
    ['uin', '    appId: "1250000000"', '    cos: { regions: [ap-guangzhou] }'],
  ])('need their %s to read COS', (key, ...lines) => {
    expect(faultsOf(() => readFileText(oneAccount(...lines)))).toEqual([expect.stringContaining(key)]);
  });

  it('are named by their keys also when one is called default', () => {
    const file = oneAccount('    cos: { regions: [ap-guangzhou] }').replace('name: media', 'name: default');
    const [fault] = faultsOf(() => readFileText(file));
    expect(fault).toContain('appId');
    expect(fault).not.toContain('TENCENTCLOUD_');
  });
});

describe('the environment over the file', () => {
  it.each<[string, string, (config: Config) => unknown, unknown]>([
    ['PORT', '5000', ({ server }) => server.port, 5_000],
    ['PORT', '0', ({ server }) => server.port, 0],
    ['HOST', '::1', ({ server }) => server.host, '::1'],
    ['REDIS_URL', 'rediss://elsewhere:6380', ({ redisUrl }) => redisUrl?.reveal(), 'rediss://elsewhere:6380'],
    ['REPLICA_INDEX', '1', ({ fleet }) => fleet, { replicaIndex: 1, replicaCount: 4 }],
    ['REPLICA_COUNT', '8', ({ fleet }) => fleet, { replicaIndex: 3, replicaCount: 8 }],
    ['LOG_LEVEL', 'error', ({ log }) => log.level, 'error'],
    ['INTROSPECTION', 'false', ({ server }) => server.introspection, false],
    ['GRAPHIQL', 'false', ({ server }) => server.graphiql, false],
  ])('%s=%s wins', (variable, text, pick, expected) => {
    const file = `${oneAccount(BATCH_COMPUTE)}
server: { host: 127.0.0.1, port: 8080, introspection: true, graphiql: true }
redis: { url: "redis://127.0.0.1:6379" }
fleet: { replicaIndex: 3, replicaCount: 4 }
log: { level: warn }
`;
    expect(pick(readFileText(file))).not.toEqual(expected);
    expect(pick(readFileText(file, { [variable]: text }))).toEqual(expected);
  });

  it('does not hide a fault of another key in the file', () => {
    const file = `${oneAccount(BATCH_COMPUTE)}\nserver: { port: 8080, hots: x }\n`;
    expect(faultsOf(() => readFileText(file, { PORT: '5000' }))).toEqual(['server.hots: unknown key']);
  });
});

describe('a faulty configuration', () => {
  it('reports all its faults at once, each by its variable and with the value found', () => {
    const error = errorOf(() =>
      read({
        TENCENTCLOUD_SECRET_ID: 'with space',
        TENCENTCLOUD_SECRET_KEY: '',
        TENCENTCLOUD_SESSION_TOKEN: 'line\nbreak',
        TENCENTCLOUD_APP_ID: '12a',
        TENCENTCLOUD_UIN: 'uin',
        TENCENTCLOUD_REGION: 'ap-guangzhou,Mars',
        CI_BUCKETS: 'media@ap-beijing',
        COS_ENDPOINT: 'ftp://cos',
        BATCHCOMPUTE_ENDPOINT: 'http://remote',
        CI_ENDPOINT: 'https://ci/path',
        BATCHCOMPUTE_REQUESTS_PER_SECOND: 'many',
        PORT: '70000',
        HOST: 'a b',
        INTROSPECTION: 'yes',
        GRAPHIQL: '1',
        REDIS_URL: 'http://redis',
        REPLICA_INDEX: 'first',
        REPLICA_COUNT: '0',
        LOG_LEVEL: 'loud',
        AUTH_JWKS_URL: 'https://issuer/jwks',
      }),
    );
    const found = (variable: string): readonly string[] =>
      error.faults.filter((fault) => fault.startsWith(`${variable}: `));
    for (const [variable, value] of [
      ['TENCENTCLOUD_APP_ID', '"12a"'],
      ['TENCENTCLOUD_UIN', '"uin"'],
      ['TENCENTCLOUD_REGION', '"Mars"'],
      ['CI_BUCKETS', '"media"'],
      ['COS_ENDPOINT', '"ftp://cos"'],
      ['BATCHCOMPUTE_ENDPOINT', '"http://remote"'],
      ['CI_ENDPOINT', '"https://ci/path"'],
      ['BATCHCOMPUTE_REQUESTS_PER_SECOND', '"many"'],
      ['PORT', '70000'],
      ['HOST', '"a b"'],
      ['INTROSPECTION', '"yes"'],
      ['REPLICA_INDEX', '"first"'],
      ['REPLICA_COUNT', '0'],
      ['LOG_LEVEL', '"loud"'],
    ] as const) {
      expect(found(variable).join('\n'), variable).toContain(`got ${value}`);
    }
    for (const variable of [
      'TENCENTCLOUD_SECRET_ID',
      'TENCENTCLOUD_SECRET_KEY',
      'TENCENTCLOUD_SESSION_TOKEN',
      'GRAPHIQL',
      'REDIS_URL',
    ]) {
      expect(found(variable), variable).toHaveLength(1);
    }
    expect(error.faults.join('\n')).toContain('AUTH_JWKS_URL');
    expect(error.message).toContain(`${error.faults.length} faults`);
    error.faults.forEach((fault) => expect(error.message).toContain(fault));
  });

  it('reports faults of the whole beside faults of single keys', () => {
    const faults = faultsOf(() => read({ ...ACCOUNT, HOST: '0.0.0.0', PORT: 'x' })).join('\n');
    expect(faults).toContain('PORT: expected');
    expect(faults).toMatch(/HOST: .*"0\.0\.0\.0"/);
  });

  it('reports a fault of a variable once, though two products read it', () => {
    expect(faultsOf(() => read({ ...ACCOUNT, TENCENTCLOUD_REGION: 'Mars' }))).toHaveLength(1);
  });

  it('says the key’s path in the file', () => {
    const file = `
accounts:
  - name: "no blanks, please"
    appId: 1250000000
    uin: "1"
    secretId: AKIDmedia
    secretKey: mediakey
    cos: { regions: [] }
    ci: { buckets: [ { name: media, region: ap-beijing }, { name: a-1250000000 } ] }
server: { port: -1, introspection: "true" }
limits: { maxPageSize: 1000 }
`;
    const faults = faultsOf(() => readFileText(file));
    expect(faults.map((fault) => fault.slice(0, fault.indexOf(':'))).toSorted()).toEqual([
      'accounts[0].appId',
      'accounts[0].ci.buckets[0].name',
      'accounts[0].ci.buckets[1].region',
      'accounts[0].cos.regions',
      'accounts[0].name',
      'accounts[0].uin',
      'limits.maxPageSize',
      'server.introspection',
      'server.port',
    ]);
    faults.forEach((fault) => expect(fault).toMatch(/: expected .+, got .+/));
  });

  it.each([
    ['at the top', `${oneAccount(BATCH_COMPUTE)}\nacounts: []`, 'acounts'],
    ['in an account', oneAccount(BATCH_COMPUTE, '    secretkey: other'), 'accounts[0].secretkey'],
    [
      'in a source',
      oneAccount('    batchCompute: { regions: [ap-beijing], rps: 2 }'),
      'accounts[0].batchCompute.rps',
    ],
    [
      'in a bucket',
      oneAccount('    ci: { buckets: [ { name: a-1250000000, region: ap-beijing, x: 1 } ] }'),
      'accounts[0].ci.buckets[0].x',
    ],
    ['in the server', `${oneAccount(BATCH_COMPUTE)}\nserver: { prot: 4000 }`, 'server.prot'],
    ['named __proto__', `${oneAccount(BATCH_COMPUTE)}\n__proto__: { log: { level: error } }`, '__proto__'],
    ['named constructor', `${oneAccount(BATCH_COMPUTE)}\nconstructor: 1`, 'constructor'],
  ])('is one with an unknown key %s', (_, file, key) => {
    expect(faultsOf(() => readFileText(file))).toEqual([`${key}: unknown key`]);
  });

  it.each([
    ['an empty file', ''],
    ['a text', 'accounts'],
    ['a list', '- accounts'],
    ['no accounts', 'accounts: []'],
    ['other settings only', 'server: { port: 4000 }'],
  ])('is %s', (_, file) => {
    expect(faultsOf(() => readFileText(file))).not.toEqual([]);
  });

  it('is a file that cannot be read, told by its kind', () => {
    const missing = (): string => {
      throw Object.assign(new Error("ENOENT: no such file, open '/secret/place'"), { code: 'ENOENT' });
    };
    expect(faultsOf(() => readConfig({ GATEWAY_CONFIG: 'x.yaml' }, missing))).toEqual([
      expect.stringMatching(/^GATEWAY_CONFIG: expected a readable YAML file, got ENOENT/),
    ]);
    expect(faultsOf(() => readConfig({ GATEWAY_CONFIG: '' }))[0]).toMatch(/^GATEWAY_CONFIG: expected/);
  });

  it('is a file with a syntax error, told by its place', () => {
    expect(faultsOf(() => readFileText('accounts:\n  - name: [media\n'))[0]).toMatch(
      /^GATEWAY_CONFIG: expected .*line \d+/,
    );
  });

  it('is a file that says a key twice', () => {
    expect(faultsOf(() => readFileText(oneAccount(BATCH_COMPUTE, BATCH_COMPUTE)))[0]).toMatch(
      /^GATEWAY_CONFIG: /,
    );
  });
});

describe('unset, empty and zero', () => {
  const VARIABLES = [
    'GATEWAY_CONFIG',
    'PORT',
    'HOST',
    'TENCENTCLOUD_SECRET_ID',
    'TENCENTCLOUD_SECRET_KEY',
    'TENCENTCLOUD_SESSION_TOKEN',
    'TENCENTCLOUD_APP_ID',
    'TENCENTCLOUD_UIN',
    'TENCENTCLOUD_REGION',
    'CI_BUCKETS',
    'COS_ENDPOINT',
    'BATCHCOMPUTE_ENDPOINT',
    'CI_ENDPOINT',
    'BATCHCOMPUTE_REQUESTS_PER_SECOND',
    'INTROSPECTION',
    'GRAPHIQL',
    'REDIS_URL',
    'REPLICA_INDEX',
    'REPLICA_COUNT',
    'AUTH_JWKS_URL',
    'AUTH_JWT_ISSUER',
    'AUTH_JWT_AUDIENCE',
    'LOG_LEVEL',
  ];

  it.each(VARIABLES)('are three things: an empty %s is a fault that names it', (variable) => {
    const faults = faultsOf(() => readConfig({ ...ACCOUNT, [variable]: '' }));
    expect(faults.every((fault) => fault.includes(variable))).toBe(true);
  });

  it('are three things for a number', () => {
    expect(read({}).server.port).toBe(4_000);
    expect(read({ PORT: '0' }).server.port).toBe(0);
    expect(faultsOf(() => read({ PORT: '' }))).toEqual([
      expect.stringMatching(/^PORT: .*got an empty value/),
    ]);
  });

  it('never let zero mean "no limit"', () => {
    for (const key of ['limits: { maxPageSize', 'deadlines: { requestMs', 'server: { maxBodyBytes']) {
      const [fault] = faultsOf(() => readFileText(`${oneAccount(BATCH_COMPUTE)}\n${key}: 0 }`));
      expect(fault).toMatch(/: expected a whole number from \d+ to \d+, got 0$/);
    }
    expect(faultsOf(() => read({ ...ACCOUNT, BATCHCOMPUTE_REQUESTS_PER_SECOND: '0' }))).toEqual([
      expect.stringMatching(/^BATCHCOMPUTE_REQUESTS_PER_SECOND: .*got 0$/),
    ]);
  });
});

describe('the number of a replica', () => {
  it('is known when both of its settings are', () => {
    expect(read({ REPLICA_INDEX: '0', REPLICA_COUNT: '1' }).fleet).toEqual({
      replicaIndex: 0,
      replicaCount: 1,
    });
    const file = `${oneAccount(BATCH_COMPUTE)}\nfleet: { replicaCount: 4 }`;
    expect(readFileText(file, { REPLICA_INDEX: '3' }).fleet).toEqual({ replicaIndex: 3, replicaCount: 4 });
    expect(readFileText(`${oneAccount(BATCH_COMPUTE)}\nfleet: {}`).fleet).toBeNull();
  });

  it('is not known by halves', () => {
    expect(faultsOf(() => read({ REPLICA_INDEX: '0' }))).toEqual([
      'REPLICA_COUNT: expected a value, as REPLICA_INDEX has one, got nothing',
    ]);
    expect(faultsOf(() => read({ REPLICA_COUNT: '2' }))).toEqual([
      'REPLICA_INDEX: expected a value, as REPLICA_COUNT has one, got nothing',
    ]);
    expect(faultsOf(() => readFileText(`${oneAccount(BATCH_COMPUTE)}\nfleet: { replicaIndex: 0 }`))).toEqual([
      'fleet.replicaCount: expected a value, as fleet.replicaIndex has one, got nothing',
    ]);
  });

  it('is less than how many there are', () => {
    expect(faultsOf(() => read({ REPLICA_INDEX: '4', REPLICA_COUNT: '4' }))).toEqual([
      'REPLICA_INDEX: expected less than REPLICA_COUNT (4), as the first replica is 0, got 4',
    ]);
  });
});

describe('values that are refused', () => {
  it.each([
    'abc',
    '-1',
    '65536',
    '1e3',
    '0x10',
    '5s',
    '4000.5',
    ' 4000',
    '4000 ',
    'NaN',
    'Infinity',
    '+5',
    '4_000',
  ])('the port %j', (text) => {
    expect(faultsOf(() => read({ PORT: text }))).toEqual([expect.stringMatching(/^PORT: expected/)]);
  });

  it.each(['many', '-1', '0', '1e9', '0x10', '5s', 'NaN', '1001', '2/s'])(
    'the rate %j, in the sandbox too',
    (text) => {
      for (const environment of [ACCOUNT, {}]) {
        expect(faultsOf(() => read({ ...environment, BATCHCOMPUTE_REQUESTS_PER_SECOND: text }))).toEqual([
          expect.stringMatching(/^BATCHCOMPUTE_REQUESTS_PER_SECOND: expected/),
        ]);
      }
    },
  );

  it.each(['', 'TRUE', 'yes', '1', '0', 'on', ' true'])('the switch %j', (text) => {
    for (const variable of ['INTROSPECTION', 'GRAPHIQL']) {
      expect(faultsOf(() => read({ [variable]: text }))).toEqual([
        expect.stringMatching(new RegExp(`^${variable}: expected true or false`)),
      ]);
    }
  });

  it.each([
    '',
    ' key',
    'key ',
    'key\n',
    'two words',
    '\tkey',
    'schlüssel',
    'k\u0000',
    '\uff0e',
    '<SECRET_KEY>',
    'xxxxxxxx',
    '********',
    'changeme',
    'change-me',
    'your-secret-key',
    'YOUR_SECRET_ID',
    'k'.repeat(5_000),
  ])('the secret %j', (text) => {
    for (const variable of [
      'TENCENTCLOUD_SECRET_ID',
      'TENCENTCLOUD_SECRET_KEY',
      'TENCENTCLOUD_SESSION_TOKEN',
    ]) {
      const [fault, ...others] = faultsOf(() => read({ ...ACCOUNT, [variable]: text }));
      expect(fault).toMatch(new RegExp(`^${variable}: expected`));
      expect(others).toEqual([]);
    }
  });

  const HOSTILE = [
    '',
    '.',
    '..',
    'evil.com/',
    'a@evil.com/',
    'ap-guangzhou@evil.com',
    'evil.com:80#',
    'ap-guangzhou.evil.com',
    'ap-guangzhou/..',
    'ap-guangzhou?x',
    'ap-guangzhou#',
    'ap-guangzhou:80',
    'ap-guangzhou\n',
    'ap-guang\tzhou',
    'ap-guangzhou\u0000',
    'ap-guangzhou ',
    'AP-GUANGZHOU',
    'ap_guangzhou',
    'ap-guangzhou．evil',
    'ap-\u0430bc',
    '[::1]',
    '-ap',
    'ap-',
    'guangzhou',
    '__proto__',
    `ap-${'a'.repeat(80)}`,
  ];

  it.each(HOSTILE)('the region %j', (text) => {
    const lines = [
      `    appId: "1250000000"`,
      `    uin: "100000000001"`,
      `    cos: { regions: [ ${JSON.stringify(text)} ] }`,
      `    batchCompute: { regions: [ ${JSON.stringify(text)} ] }`,
      `    ci: { buckets: [ { name: a-1250000000, region: ${JSON.stringify(text)} } ] }`,
    ];
    expect(faultsOf(() => readFileText(oneAccount(...lines)))).toEqual([
      expect.stringMatching(/^accounts\[0\]\.cos\.regions\[0\]: expected a region/),
      expect.stringMatching(/^accounts\[0\]\.batchCompute\.regions\[0\]: expected a region/),
      expect.stringMatching(/^accounts\[0\]\.ci\.buckets\[0\]\.region: expected a region/),
    ]);
  });

  it.each([
    ...HOSTILE,
    'media',
    'media-1',
    'media-1234567',
    'media-1234567890123',
    'Media-1250000000',
    '-media-1250000000',
    'me.dia-1250000000',
    'media-1250000000.evil',
    'media-1250000000@ap-beijing',
    'media-125000000x',
    `${'m'.repeat(60)}-1250000000`,
  ])('the bucket %j', (text) => {
    const line = `    ci: { buckets: [ { name: ${JSON.stringify(text)}, region: ap-beijing } ] }`;
    expect(faultsOf(() => readFileText(oneAccount(line)))).toEqual([
      expect.stringMatching(/^accounts\[0\]\.ci\.buckets\[0\]\.name: expected a bucket/),
    ]);
  });

  it.each([
    'media-1250000000',
    '@ap-beijing',
    'media-1250000000@',
    'media-1250000000@ap-beijing@ap-shanghai',
    ',media-1250000000@ap-beijing',
  ])('the list of buckets %j', (text) => {
    const faults = faultsOf(() => read({ ...ACCOUNT, CI_BUCKETS: text }));
    expect(faults.every((fault) => fault.startsWith('CI_BUCKETS: expected'))).toBe(true);
  });

  it.each([
    '',
    '1250',
    '12500000001234',
    '+1250000000',
    '-1250000000',
    ' 1250000000',
    '1250000000\n',
    '1.25e9',
    '0x4a817c80',
    '１２５０００００００',
    '1250000000.evil.com/',
  ])('the APPID %j', (text) => {
    expect(faultsOf(() => read({ ...ACCOUNT, TENCENTCLOUD_APP_ID: text }))).toEqual([
      expect.stringMatching(/^TENCENTCLOUD_APP_ID: expected/),
    ]);
  });

  it.each([
    '',
    '1',
    '1'.repeat(21),
    '10000000000a',
    '100000000001\r\nx: y',
    '100000000001.evil.com/',
    '１００００００',
  ])('the UIN %j', (text) => {
    expect(faultsOf(() => read({ ...ACCOUNT, TENCENTCLOUD_UIN: text }))).toEqual([
      expect.stringMatching(/^TENCENTCLOUD_UIN: expected/),
    ]);
  });

  it.each(['', 'a b', 'a:b', '../x', 'a/b', 'é', '-a', 'a'.repeat(33)])('the account name %j', (text) => {
    const file = oneAccount(BATCH_COMPUTE).replace('name: media', `name: ${JSON.stringify(text)}`);
    expect(faultsOf(() => readFileText(file))).toEqual([
      expect.stringMatching(/^accounts\[0\]\.name: expected/),
    ]);
  });

  it.each([
    '',
    'remote:443',
    'remote',
    '//remote',
    'http://remote',
    'http://10.0.0.1:9001',
    'http://127.0.0.1.evil.com',
    'http://localhost.evil.com',
    'http://0.0.0.0:9001',
    'https://remote/path',
    'https://remote/?query',
    'https://remote?query',
    'https://remote#fragment',
    'https://user@remote',
    'https://user:word@remote',
    'https://@remote',
    'https://remote\\path',
    'https://remote\\@evil.com',
    'https://re mote',
    'https://remote ',
    ' https://remote',
    'https://remote\n',
    'https://re\tmote',
    'https://remote:99999',
    'https://',
    'https://:443',
    'ftp://127.0.0.1',
    'file:///etc/passwd',
    'unix:/tmp/socket',
    'javascript:alert(1)',
    'https://％65vil',
  ])('the endpoint %j', (text) => {
    for (const variable of ['COS_ENDPOINT', 'BATCHCOMPUTE_ENDPOINT', 'CI_ENDPOINT']) {
      expect(faultsOf(() => read({ ...ACCOUNT, [variable]: text }))).toEqual([
        expect.stringMatching(new RegExp(`^${variable}: expected`)),
      ]);
    }
  });

  it.each([
    '',
    'http://127.0.0.1',
    'redis:',
    'redis://',
    'redis://a b',
    'redis://a,',
    'redis://a,http://b',
    'redis://a,rediss://b',
    'redis://:6379',
    'redis://:100%@a',
    '/tmp/redis/socket',
    'localhost:6379',
    'redis+sentinel://a',
    'redis+sentinel://a,/the-master',
    'redis+sentinel://a/the-master,redis://b',
    'redis://a,redis+sentinel://b/the-master',
    'redis+sentinel://a/the-master?enableOfflineQueue=true',
  ])('the Redis address %j', (text) => {
    const faults = faultsOf(() => read({ REDIS_URL: text }));
    expect(faults).toEqual([expect.stringMatching(/^REDIS_URL: expected/)]);
    if (text !== '') {
      expect(faults[0]).toMatch(
        /redis:\/\/.*Cluster.*redis\+sentinel:\/\/.*rediss.*, got a value that is not shown$/,
      );
    }
  });

  it('switched-off verification of certificates', () => {
    expect(faultsOf(() => read({ ...ACCOUNT, NODE_TLS_REJECT_UNAUTHORIZED: '0' }))).toEqual([
      expect.stringMatching(/^NODE_TLS_REJECT_UNAUTHORIZED: expected/),
    ]);
    expect(read({ ...ACCOUNT, NODE_TLS_REJECT_UNAUTHORIZED: '1' }).accounts).toHaveLength(1);
  });

  it('an attempt that may take as long as the request, and a page that is larger than the largest', () => {
    const file = `${oneAccount(BATCH_COMPUTE)}
deadlines: { requestMs: 1000, attemptMs: 1000 }
limits: { defaultPageSize: 30, maxPageSize: 20 }
`;
    const faults = faultsOf(() => readFileText(file));
    expect(faults).toHaveLength(2);
    expect(faults.join('\n')).toMatch(/deadlines\.attemptMs: .*1000[^]*limits\.defaultPageSize: .*30/);
  });

  it.each([
    'redis+sentinel://:CANARY@a',
    'redis+sentinel://a?sentinelPassword=CANARY',
    'redis://:CANARY@a,rediss://b',
    'redis://:CANARY#@a',
  ])('the Redis address %j, without telling its password', (text) => {
    const error = errorOf(() => read({ REDIS_URL: text }));
    expect(inspect(error, { depth: null })).not.toContain('CANARY');
  });
});

describe('values that are accepted', () => {
  it.each([
    'https://remote',
    'https://remote/',
    'https://remote.example:8443',
    'https://10.0.0.1',
    'http://127.0.0.1:9001',
    'http://127.8.8.8:9001',
    'http://localhost:9001',
    'http://[::1]:9001',
  ])('the endpoint %s', (text) => {
    expect(read({ ...ACCOUNT, COS_ENDPOINT: text }).accounts[0]?.cos?.endpoint).toBe(text);
  });

  it.each([
    'ap-guangzhou',
    'na-siliconvalley',
    'eu-frankfurt',
    'ap-shanghai-fsi',
    'sa-saopaulo',
    'ap-shanghai-2',
  ])('the region %s', (text) => {
    expect(read({ ...ACCOUNT, TENCENTCLOUD_REGION: text }).accounts[0]?.cos?.regions).toEqual([text]);
  });

  it.each([
    'redis://user:word@127.0.0.1:6379/1',
    'rediss://redis.test',
    'redis://:word@a:7000, redis://b:7000,redis://c:7000',
    'redis+sentinel://a,b:26380,[::1]:26381/the-master',
    'rediss+sentinel://user:word@a/the-master/1?sentinelPassword=another',
  ])('the Redis address %s', (text) => {
    expect(read({ REDIS_URL: text }).redisUrl?.reveal()).toBe(text);
  });
});

describe('who can reach the gateway', () => {
  it.each(['0.0.0.0', '::', '10.0.0.1', 'gateway.internal', '127.0.0.1.evil', '1270.0.0.1'])(
    'HOST=%s is refused for a real account unless anonymous callers are allowed',
    (host) => {
      expect(faultsOf(() => read({ ...ACCOUNT, HOST: host }))).toEqual([
        expect.stringMatching(/^HOST: .*allowAnonymous/),
      ]);
      const open = `${oneAccount(BATCH_COMPUTE)}\nserver: { allowAnonymous: true }`;
      expect(readFileText(open, { HOST: host }).server.host).toBe(host);
      expect(faultsOf(() => readFileText(open.replace('true', 'false'), { HOST: host }))).toHaveLength(1);
    },
  );

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('HOST=%s is this machine', (host) => {
    expect(read({ ...ACCOUNT, HOST: host }).server.host).toBe(host);
  });

  it('the sandbox may listen anywhere', () => {
    expect(read({ HOST: '0.0.0.0' }).server.host).toBe('0.0.0.0');
  });
});

describe('secrets', () => {
  const CANARIES = {
    TENCENTCLOUD_SECRET_ID: 'CANARY-id',
    TENCENTCLOUD_SECRET_KEY: 'CANARY-key',
    TENCENTCLOUD_SESSION_TOKEN: 'CANARY-token',
    REDIS_URL: 'redis://:CANARY-password@127.0.0.1:6379',
  };

  it('are not printed with a configuration', () => {
    const config = read({ ...ACCOUNT, ...CANARIES });
    const shown = [
      inspect(config, { depth: null, showHidden: true }),
      inspect(config, { depth: null, customInspect: false }),
      JSON.stringify(config),
      `${String(config.redisUrl)} ${String(config.accounts[0]?.credential.secretKey)}`,
    ].join('\n');
    expect(shown).toContain('ap-guangzhou');
    expect(shown).not.toContain('CANARY');
  });

  it.each(Object.keys(CANARIES))('are not told by a fault of %s', (variable) => {
    const error = errorOf(() => read({ ...ACCOUNT, ...CANARIES, [variable]: 'CANARY with a blank' }));
    expect(error.message).toContain(variable);
    expect(inspect(error, { depth: null })).not.toContain('CANARY');
  });

  it.each<[string, string]>([
    ['a syntax error in a secret', 'accounts:\n  - secretKey: "CANARY\n    name: x'],
    ['a syntax error after one', 'accounts:\n  - { secretKey: CANARY, name: [ }'],
    ['a tab before one', 'accounts:\n  - name: media\n\tsecretKey: CANARY'],
    ['a key that is there twice', oneAccount(BATCH_COMPUTE, '    secretKey: CANARY')],
    ['an alias of one', 'accounts:\n  - secretKey: *CANARY'],
    ['a tag', 'accounts:\n  - secretKey: !CANARY x\n    name: ['],
    ['a secret that is a mapping', oneAccount(BATCH_COMPUTE, '    sessionToken: { value: CANARY }')],
    ['a secret that is a list', oneAccount(BATCH_COMPUTE, '    sessionToken: [CANARY]')],
    ['accounts that are a mapping', 'accounts: { name: media, secretKey: CANARY }'],
    ['accounts that are a text', 'accounts: CANARY'],
    ['an account that is a text', 'accounts: [ "media:CANARY" ]'],
    ['an account that is a list', 'accounts: [ [ { secretKey: CANARY } ] ]'],
    ['Redis as a text', `${oneAccount(BATCH_COMPUTE)}\nredis: "redis://:CANARY@127.0.0.1"`],
    ['Redis as a list', `${oneAccount(BATCH_COMPUTE)}\nredis: [ { url: "redis://:CANARY@127.0.0.1" } ]`],
    [
      'a Redis address of another kind',
      `${oneAccount(BATCH_COMPUTE)}\nredis: { url: "http://:CANARY@127.0.0.1" }`,
    ],
    [
      'an endpoint with a password',
      oneAccount('    batchCompute: { regions: [ap-beijing], endpoint: "https://user:CANARY@proxy" }'),
    ],
    ['auth', `${oneAccount(BATCH_COMPUTE)}\nauth: { jwksUrl: CANARY, secret: CANARY }`],
  ])('are not told by %s', (_, file) => {
    const error = errorOf(() => readFileText(file));
    expect(error.faults).not.toEqual([]);
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('CANARY');
  });

  it.each([
    ['a key that is no secret', oneAccount(BATCH_COMPUTE, '    appId: ${LEAK}')],
    ['the middle of a text', oneAccount(BATCH_COMPUTE, '    appId: "1${LEAK}2"')],
    ['a list', oneAccount('    batchCompute: { regions: [ "${LEAK}" ] }')],
    [
      'an endpoint',
      oneAccount('    batchCompute: { regions: [ap-beijing], endpoint: "https://${LEAK}@proxy" }'),
    ],
    ['a place where a mapping belongs', `${oneAccount(BATCH_COMPUTE)}\nserver: "\${LEAK}"`],
    ['an account', 'accounts: [ "${LEAK}" ]'],
    ['a secret that it does not fit', oneAccount(BATCH_COMPUTE, '    sessionToken: "${LEAK} x"')],
  ])('are not told when a reference puts one into %s', (_, file) => {
    const error = errorOf(() => readFileText(file, { LEAK: 'CANARY' }));
    expect(error.faults).not.toEqual([]);
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('CANARY');
  });

  it('are not told in a fault of an endpoint of the environment', () => {
    const error = errorOf(() => read({ ...ACCOUNT, COS_ENDPOINT: 'https://user:CANARY@proxy' }));
    expect(error.faults).toEqual([expect.stringMatching(/^COS_ENDPOINT: expected/)]);
    expect(error.message).not.toContain('CANARY');
  });
});

describe('a configuration', () => {
  it('is frozen all the way down', () => {
    const config = readFileText(FILE);
    const loose: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (
        typeof value !== 'object' ||
        value === null ||
        path.endsWith('Url') ||
        /\.(secret|session)\w+$/.test(path)
      ) {
        return;
      }
      if (!Object.isFrozen(value)) {
        loose.push(path);
      }
      Object.entries(value).forEach(([key, child]) => visit(child, `${path}.${key}`));
    };
    visit(config, 'config');
    expect(loose).toEqual([]);
    expect(() => Object.assign(config.server, { port: 1 })).toThrow(TypeError);
  });

  it('is the same for the same settings, and shares nothing with another', () => {
    expect(readFileText(FILE)).toEqual(readFileText(FILE));
    expect(readFileText(FILE).accounts).not.toBe(readFileText(FILE).accounts);
  });

  it('leaves the environment as it is', () => {
    const environment = Object.freeze({ ...ACCOUNT });
    expect(read(environment).accounts).toHaveLength(1);
    expect(environment).toEqual(ACCOUNT);
  });
});
