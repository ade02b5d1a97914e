import { getIntrospectionQuery, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { schema } from '../../../src/graphql/schema.ts';
import { operationFaults } from '../../../src/server/limits/document-limits.ts';
import { operationSize } from '../../../src/server/limits/operation-size.ts';
import { textSize } from '../../../src/server/limits/text-size.ts';
import { startGateway } from '../support.ts';

const DEFAULTS = readConfig({}).limits;

interface Fault {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

const faultsIn = (text: string): readonly Fault[] =>
  (JSON.parse(text) as { errors?: readonly Fault[] }).errors ?? [];

const times = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(' ');

/** `a` within `a`: parsed, and unknown to the graph. */
const deep = (levels: number): string => `${'{ a '.repeat(levels)}${'}'.repeat(levels)}`;

/** Each fragment spreads the next one twice. */
const fanOut = (levels: number, last: string): string =>
  `{ ...F0 } ${times(levels, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F${levels} on Query { ${last} }`;

describe('a document', () => {
  it.each<[what: string, code: string, within: string, beyond: string, limit: number, actual: number]>([
    [
      'tokens',
      'MAX_TOKENS_LIMIT',
      `{ ${times(1_998, () => '__typename')} }`,
      `{ ${times(1_999, () => '__typename')} }`,
      2_000,
      2_001,
    ],
    ['brackets in selections', 'MAX_NESTING_LIMIT', deep(50), deep(51), 50, 51],
    [
      'brackets in a list',
      'MAX_NESTING_LIMIT',
      `{ nodes(ids: ${'['.repeat(48)}${']'.repeat(48)}) { id } }`,
      `{ nodes(ids: ${'['.repeat(49)}${']'.repeat(49)}) { id } }`,
      50,
      51,
    ],
    [
      'brackets in an object',
      'MAX_NESTING_LIMIT',
      `{ jobs(filter: ${'{ a: '.repeat(48)}1${'}'.repeat(48)}) { totalCount } }`,
      `{ jobs(filter: ${'{ a: '.repeat(49)}1${'}'.repeat(49)}) { totalCount } }`,
      50,
      51,
    ],
    [
      'brackets in a type',
      'MAX_NESTING_LIMIT',
      `query ($a: ${'['.repeat(49)}ID${']'.repeat(49)}) { __typename }`,
      `query ($a: ${'['.repeat(50)}ID${']'.repeat(50)}) { __typename }`,
      50,
      51,
    ],
    [
      'brackets in an argument of a directive',
      'MAX_NESTING_LIMIT',
      `{ __typename @include(if: ${'['.repeat(48)}${']'.repeat(48)}) }`,
      `{ __typename @include(if: ${'['.repeat(49)}${']'.repeat(49)}) }`,
      50,
      51,
    ],
    ['fields in one another', 'MAX_DEPTH_LIMIT', deep(12), deep(13), 12, 13],
    [
      'fields in one another, through fragments',
      'MAX_DEPTH_LIMIT',
      `{ a { ...F } } fragment F on X { b { ... { ${'c {'.repeat(9)} d ${'}'.repeat(9)} } } }`,
      `{ a { ...F } } fragment F on X { b { ... { ${'c {'.repeat(10)} d ${'}'.repeat(10)} } } }`,
      12,
      13,
    ],
    [
      'aliases',
      'MAX_ALIASES_LIMIT',
      `{ origins { ${times(30, (index) => `a${index}: __typename`)} } }`,
      `{ origins { ${times(31, (index) => `a${index}: __typename`)} } }`,
      30,
      31,
    ],
    [
      'aliases that mean nothing',
      'MAX_ALIASES_LIMIT',
      `{ origins { ${times(30, () => 'account: account')} } }`,
      `{ origins { ${times(31, () => 'account: account')} } }`,
      30,
      31,
    ],
    [
      'aliases in fragments, as often as they are spread',
      'MAX_ALIASES_LIMIT',
      `{ origins { ${times(10, () => '...F')} } } fragment F on JobOrigin { a: account b: region c: bucket }`,
      `{ origins { ${times(11, () => '...F')} } } fragment F on JobOrigin { a: account b: region c: bucket }`,
      30,
      33,
    ],
    [
      'fields at the root',
      'MAX_ROOT_FIELDS_LIMIT',
      `{ ${times(20, (index) => `a${index}: origins { source }`)} }`,
      `{ ${times(20, (index) => `a${index}: origins { source }`)} ...F } fragment F on Query { origins { source } }`,
      20,
      21,
    ],
    [
      'directives',
      'MAX_DIRECTIVES_LIMIT',
      `{ ${times(20, () => '__typename @include(if: true)')} }`,
      `{ ${times(21, () => '__typename @include(if: true)')} }`,
      20,
      21,
    ],
    [
      'directives on all that can have them',
      'MAX_DIRECTIVES_LIMIT',
      `query ($v: Int @a @a @a) @b @b @b { ${times(3, () => '...F @c ... @d { __typename }')} } fragment F on Query @e { __typename @f }`,
      `query ($v: Int @a @a @a) @b @b @b { ${times(4, () => '...F @c ... @d { __typename }')} } fragment F on Query @e { __typename @f }`,
      20,
      22,
    ],
  ])(
    'with more %s than may be is refused with %s, what may be and what was found',
    async (_what, code, within, beyond, limit, actual) => {
      const { post, bugs } = await startGateway();
      const strict = await post({ query: beyond });
      expect(strict.status).toBe(400);
      expect(faultsIn(strict.text).map(({ extensions }) => extensions)).toEqual([{ code, limit, actual }]);
      expect(faultsIn(strict.text)[0]?.message).toMatch(
        new RegExp(`^Expected .*\\b${limit}\\b.*, got ${actual}\\. (Put|Ask|Read) `),
      );
      expect(JSON.parse(strict.text)).not.toHaveProperty('data');
      const lenient = await post({ query: beyond }, { accept: 'application/json' });
      expect([lenient.status, lenient.codes]).toEqual([200, [code]]);
      expect((await post({ query: within })).codes).not.toContain(code);
      expect(bugs).toEqual([]);
    },
  );

  it('is measured for the operation that is asked, again and again', async () => {
    const query = `query Small { origins { source } } query Large { ${times(21, (index) => `a${index}: __typename`)} }`;
    const { post } = await startGateway();
    for (let time = 0; time < 2; time += 1) {
      expect((await post({ query, operationName: 'Small' })).status).toBe(200);
      expect((await post({ query, operationName: 'Large' })).codes).toEqual(['MAX_ROOT_FIELDS_LIMIT']);
    }
    expect((await post({ query })).codes).toEqual(['OPERATION_RESOLUTION_FAILURE']);
  });

  it('is told everything that is too much of it, each thing once', async () => {
    const { post } = await startGateway();
    const query = `{ ${times(101, (index) => `a${index}: __typename`)} }`;
    expect((await post({ query })).codes).toEqual(['MAX_ALIASES_LIMIT', 'MAX_ROOT_FIELDS_LIMIT']);
  });

  it('may ask for the same 500 times: it is there once', async () => {
    const { post } = await startGateway();
    const { status, text } = await post({ query: `{ ${times(500, () => '__typename')} }` });
    expect([status, text]).toEqual([200, '{"data":{"__typename":"Query"}}']);
  });

  it.each([
    ['100,000 fields', `{ ${'a '.repeat(100_000)} }`],
    [
      '3,000 fragments that overlap',
      `{ ${times(3_000, (index) => `...F${index}`)} } ${times(3_000, (index) => `fragment F${index} on Query { a }`)}`,
    ],
  ])('is refused for its tokens before anything else: %s', async (_what, query) => {
    const { post } = await startGateway({ maxBodyBytes: 1_000_000 });
    expect((await post({ query })).codes).toEqual(['MAX_TOKENS_LIMIT']);
  });

  it.each(['{', '[', '(', '{ a ', 'query ($a: ', '{a(x:[', '{a(x:{x:'])(
    'is refused however deep it goes, and never as a failure of the gateway: %s 20,000 times',
    async (bracket) => {
      const { post, bugs } = await startGateway();
      const { status, codes } = await post({ query: bracket.repeat(20_000) });
      expect([status, codes]).toEqual([400, ['MAX_NESTING_LIMIT']]);
      expect(bugs).toEqual([]);
    },
  );

  it('is refused where limits are higher than the stack', async () => {
    const limits = { ...DEFAULTS, maxNesting: 1_000_000, maxTokens: 1_000_000 };
    const { post, bugs } = await startGateway({ maxBodyBytes: 1_000_000 }, { limits });
    const chain = times(9_000, (index) => `fragment F${index} on Query { ...F${index + 1} }`);
    const last = 'fragment F9000 on Query { __typename }';
    for (const query of [`{ nodes(ids: ${'['.repeat(100_000)}`, `{ ...F0 } ${chain} ${last}`]) {
      const { status, codes } = await post({ query });
      expect([status, codes]).toEqual([400, ['MAX_NESTING_LIMIT']]);
    }
    expect(bugs).toEqual([]);
  });

  it('does not cost more when its fragments double 20 times, and is counted as what they expand to', async () => {
    const document = parse(fanOut(20, 'x: __typename @include(if: true)'));
    const [operation] = document.definitions;
    const startMs = performance.now();
    const size = operationSize(document, operation as never);
    expect(performance.now() - startMs).toBeLessThan(20);
    expect(size).toEqual({ depth: 1, aliases: 2 ** 20, rootFields: 1, directives: 2 ** 20 });
    const { post } = await startGateway();
    expect((await post({ query: fanOut(20, 'x: __typename') })).codes).toEqual(['MAX_ALIASES_LIMIT']);
    expect((await post({ query: fanOut(180, 'x: __typename') })).codes).toEqual(['MAX_ALIASES_LIMIT']);
    const plain = await post({ query: fanOut(180, '__typename') });
    expect([plain.status, plain.text]).toEqual([200, '{"data":{"__typename":"Query"}}']);
  });

  it.each([
    '{ ...A } fragment A on Query { ...A }',
    '{ ...A } fragment A on Query { __typename ...B } fragment B on Query { ...A }',
    '{ ...Missing }',
  ])('with fragments that are none is refused by validation: %s', async (query) => {
    const { post } = await startGateway();
    const { status, codes } = await post({ query });
    expect([status, new Set(codes)]).toEqual([400, new Set(['GRAPHQL_VALIDATION_FAILED'])]);
  });
});

describe('the limits', () => {
  it('are the contract’s unless they are set', () => {
    expect(DEFAULTS).toMatchObject({
      maxTokens: 2_000,
      maxNesting: 50,
      maxDepth: 12,
      maxAliases: 30,
      maxRootFields: 20,
      maxDirectives: 20,
      maxRepresentations: 500,
      maxUpstreamCalls: 600,
      maxErrors: 100,
    });
    expect(readConfig({}).server).toMatchObject({
      maxBodyBytes: 262_144,
      maxConcurrentRequests: 256,
      maxConnections: 1_000,
      maxHeaders: 100,
      maxHeaderBytes: 16_384,
      headersTimeoutMs: 10_000,
      bodyTimeoutMs: 10_000,
      keepAliveTimeoutMs: 65_000,
      cors: { origins: [] },
    });
  });

  it('are read from the file, and faults of it when they cannot hold', () => {
    const read = (file: string) => readConfig({ GATEWAY_CONFIG: 'x.yaml' }, () => file);
    const faulty =
      'limits: { maxTokens: 0, maxDepth: 1.5, maxAliases: -1, maxUpstreamCalls: none }\nserver: { headersTimeoutMs: 20000, maxHeaders: 1 }';
    for (const key of [
      'limits.maxTokens',
      'limits.maxDepth',
      'limits.maxAliases',
      'limits.maxUpstreamCalls',
      'server.maxHeaders',
    ]) {
      expect(() => read(faulty)).toThrow(`${key}: expected a whole number from`);
    }
    expect(() => read(faulty)).toThrow(
      'server.headersTimeoutMs: expected at most server.bodyTimeoutMs (10000), got 20000',
    );
  });

  it('hold for routers as for all others', async () => {
    const { limits, federation } = readConfig({ FEDERATION_ROUTER_SECRET: 'a-secret-of-routers' });
    const { post } = await startGateway({}, { limits: { ...limits, maxAliases: 0 }, federation });
    const query = '{ a: _entities(representations: []) { __typename } }';
    const headers = { 'router-authorization': 'a-secret-of-routers' };
    expect((await post({ query }, headers)).codes).toEqual(['MAX_ALIASES_LIMIT']);
    expect((await post({ query: query.replace('a:', '') }, headers)).status).toBe(200);
  });
});

describe('the question of graphql-js about the graph', () => {
  const query = getIntrospectionQuery({
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  });

  it('is answered where it may be asked, within all limits', async () => {
    const { post } = await startGateway({ introspection: true });
    const { status, codes } = await post({ query });
    expect([status, codes]).toEqual([200, []]);
    expect(textSize(query).tokens).toBeLessThan(DEFAULTS.maxTokens / 2);
  });

  it('is refused as such where it may not', async () => {
    const { post } = await startGateway();
    const { status, codes } = await post({ query });
    expect([status, new Set(codes)]).toEqual([400, new Set(['INTROSPECTION_DISABLED'])]);
  });
});

describe('the worst documents that may be asked', () => {
  const fill = (make: (count: number) => string): string => {
    let count = 1;
    while (textSize(make(count + 1)).tokens <= DEFAULTS.maxTokens) {
      count += 1;
    }
    return make(count);
  };
  const SHAPES: readonly [what: string, query: string][] = [
    ['the same field again and again', fill((count) => `{ ${'__typename '.repeat(count)} }`)],
    [
      'fragments that overlap, each with each',
      fill(
        (count) =>
          `{ ${times(count, (index) => `...F${index}`)} } ${times(count, (index) => `fragment F${index} on Query { jobs { totalCount } }`)}`,
      ),
    ],
    [
      'a chain of fragments',
      fill(
        (count) =>
          `{ ...F0 } ${times(count, (index) => `fragment F${index} on Query { __typename ...F${index + 1} }`)} fragment F${count} on Query { __typename }`,
      ),
    ],
    ['fragments that double', fill((count) => fanOut(count, '__typename'))],
    ['inline fragments', fill((count) => `{ node(id: "x") { ${'... on Job { id } '.repeat(count)} } }`)],
    [
      'a page selected again and again',
      fill((count) => `{ ${'jobs(first: 1) { nodes { id } } '.repeat(count)} }`),
    ],
    ['variables', fill((count) => `query (${times(count, (index) => `$v${index}: Int`)}) { __typename }`)],
    ['arguments', fill((count) => `{ nodes(ids: [${'"x" '.repeat(count)}]) { id } }`)],
    ['fields that are not there', fill((count) => `{ ${times(count, (index) => `x${index}`)} }`)],
  ];

  it.each(SHAPES)('are parsed, measured and validated in a moment: %s', (_what, query) => {
    const once = (): number => {
      const start = process.cpuUsage();
      const size = textSize(query);
      const document = parse(query);
      const [operation] = document.definitions;
      operationFaults(operationSize(document, operation as never), DEFAULTS);
      validate(schema, document);
      expect(size.tokens).toBeGreaterThan(DEFAULTS.maxTokens * 0.98);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1_000;
    };
    // The first time is spent on compiling; a busy machine may take its time once.
    expect(Math.min(once(), once(), once())).toBeLessThan(100);
  });
});
