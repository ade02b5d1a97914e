import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Config, ConfigError, readConfig } from '../src/config.ts';

type Files = Readonly<Record<string, unknown>>;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The documents' part of a configuration, with these files; what is no text is written as JSON. */
function read(environment: Readonly<Record<string, string>>, files: Files = {}): Config['documents'] {
  return readConfig(environment, (path) => {
    if (!(path in files)) {
      throw Object.assign(new Error('no such file, and a secret'), { code: 'ENOENT' });
    }
    const file = files[path];
    return typeof file === 'string' ? file : JSON.stringify(file);
  }).documents;
}

function faultsOf(environment: Readonly<Record<string, string>>, files: Files = {}): readonly string[] {
  try {
    read(environment, files);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.faults;
    }
    throw error;
  }
  throw new Error('expected a ConfigError, got a configuration');
}

const apollo = (...operations: readonly object[]): object => ({
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations,
});

const IN_FILE = 'documents.manifests[0]: "a.json"';
const BY_VARIABLE = 'DOCUMENTS_MANIFESTS: "a.json"';

describe('documents', () => {
  it('run as they come unless it is said otherwise', () => {
    expect(read({})).toEqual({
      mode: 'off',
      list: [],
      automatic: true,
      automaticTtlMs: 86_400_000,
      automaticMemoryBytes: 4_194_304,
      maxAutomaticBytes: 8_192,
      maxAutomaticInRedis: 10_000,
      maxAutomaticPerMinute: 600,
    });
  });

  it('are listed by the manifests that the environment names', () => {
    const { mode, list } = read(
      { DOCUMENTS_MODE: 'enforce', DOCUMENTS_MANIFESTS: 'a.json, b.json' },
      {
        'a.json': { one: '{ a }' },
        'b.json': apollo({ id: 'two', body: '{ b }', name: 'B', type: 'query' }),
      },
    );
    expect(mode).toBe('enforce');
    expect(list).toEqual([
      { id: 'one', text: '{ a }', manifest: BY_VARIABLE },
      { id: 'two', text: '{ b }', manifest: 'DOCUMENTS_MANIFESTS: "b.json"' },
    ]);
  });

  it('are listed by the manifests that the file names, whose mode is a word', () => {
    const gateway = `
accounts: [{ name: a, secretId: AKIDa, secretKey: b, batchCompute: { regions: [ap-guangzhou] } }]
documents: { mode: off, manifests: [a.json], automatic: false, maxAutomaticBytes: 4096 }
`;
    const documents = read(
      { GATEWAY_CONFIG: 'gateway.yaml' },
      { 'gateway.yaml': gateway, 'a.json': { one: '{ a }' } },
    );
    expect(documents).toMatchObject({ mode: 'off', automatic: false, maxAutomaticBytes: 4_096 });
    expect(documents.list).toEqual([{ id: 'one', text: '{ a }', manifest: IN_FILE }]);
  });

  it('may be listed more than once', () => {
    const { list } = read(
      { DOCUMENTS_MANIFESTS: 'a.json,b.json' },
      { 'a.json': { one: '{ a }', two: '{ a }' }, 'b.json': { one: '{ a }' } },
    );
    expect(list.map(({ id }) => id)).toEqual(['one', 'two']);
  });

  it('may hold anything that a text holds', () => {
    const text = '{ a(b: "\\"\\\\\\" \\u00e4 {[,:") # "quoted"\n}';
    expect(read({ DOCUMENTS_MANIFESTS: 'a.json' }, { 'a.json': { [`x-a:b`]: text } }).list[0]?.text).toBe(
      text,
    );
  });
});

describe('a fault is told', () => {
  it.each([
    ['a file that is not there', undefined, 'expected a readable file, got ENOENT'],
    ['no JSON', 'secret: yes', 'expected JSON, got a syntax error'],
    ['a list', [], /^expected a manifest of .*, got something else$/],
    ['other JSON', { one: 1 }, /^expected a manifest of .*, got something else$/],
    ['nested texts', { one: { two: '{ a }' } }, /^expected a manifest of .*, got something else$/],
    ['nothing in it', {}, 'expected at least one document, got none'],
    ['no operation in it', apollo(), 'expected at least one document, got none'],
    ['another version', { ...apollo(), version: 2 }, /^expected the format .* of version 1, got another$/],
    ['another format', { format: 'other' }, /^expected the format .*, got another$/],
    ['operations without a body', apollo({ id: 'a' }), /^expected operations, each with an id and a body/],
    [
      'an id twice',
      '{"a": "{ a }", "a": "{ b }"}',
      `expected the document "a" once, got it with another text in ${BY_VARIABLE}`,
    ],
    [
      'an id twice, of Apollo',
      apollo({ id: 'a', body: '{ a }' }, { id: 'a', body: '{ b }' }),
      `expected the document "a" once, got it with another text in ${BY_VARIABLE}`,
    ],
    ['an id that cannot be sent', { 'a b': '{ a }' }, /^expected ids of .*, got "a b"$/],
    [
      'a hash of another text',
      { [`sha256:${sha256('{ b }')}`]: '{ a }' },
      /^expected an id that begins with sha256: to be/,
    ],
    [
      'an id that is the hash of another document',
      { [sha256('{ b }')]: '{ a }', b: '{ b }' },
      /^expected no id that is the SHA-256 of another document \("b"\), got "/,
    ],
  ])('of a manifest: %s', (_what, file, fault) => {
    const files = file === undefined ? {} : { 'a.json': file };
    const faults = faultsOf({ DOCUMENTS_MANIFESTS: 'a.json' }, files);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.startsWith(`${BY_VARIABLE}: `)).toBe(true);
    expect(faults[0]?.slice(`${BY_VARIABLE}: `.length)).toMatch(fault);
    expect(faults[0]).not.toContain('secret');
  });

  it('of a mode, of numbers, and of all manifests at once', () => {
    const gateway = `
accounts: [{ name: a, secretId: AKIDa, secretKey: b, batchCompute: { regions: [ap-guangzhou] } }]
documents: { mode: on, manifests: [a.json, "", 5, b.json, "\${CANARY}"], automatic: 1, maxAutomaticBytes: 0, extra: 1 }
`;
    expect(
      faultsOf(
        { GATEWAY_CONFIG: 'gateway.yaml', CANARY: 'canary' },
        { 'gateway.yaml': gateway, 'a.json': 'x', 'b.json': { 'a b': '{ a }' } },
      ).toSorted(),
    ).toEqual([
      'documents.automatic: expected true or false, got 1',
      'documents.extra: unknown key',
      'documents.manifests[0]: "a.json": expected JSON, got a syntax error',
      'documents.manifests[1]: expected the path of a file, got an empty value',
      'documents.manifests[2]: expected the path of a file, got 5',
      'documents.manifests[3]: "b.json": expected ids of up to 256 letters, digits and "-._~", with a prefix and a colon or without, got "a b"',
      'documents.manifests[4]: what the environment filled in: expected a readable file, got ENOENT',
      'documents.maxAutomaticBytes: expected a whole number from 1 to 262144, got 0',
      'documents.mode: expected off, log or enforce, got "on"',
    ]);
  });

  it('of a list that is enforced and not there', () => {
    expect(faultsOf({ DOCUMENTS_MODE: 'enforce' })).toEqual([
      'documents.manifests: expected at least one file, as DOCUMENTS_MODE is enforce, got none',
    ]);
  });
});
