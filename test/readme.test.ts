import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { configSchema } from '../src/config-schema.ts';
import { REQUEST_LEVEL_CODES } from './support/error-codes.ts';
import { schema } from '../src/graphql/schema.ts';

const ROOT = join(import.meta.dirname, '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const OPERATIONS = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
const run = promisify(execFile);

/** The fenced blocks of one language, in order. */
function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text,
  );
}

/** A document between one heading and the next. */
function section(heading: string, document = README): string {
  const [, text = ''] = new RegExp(`## ${heading}\\n([\\s\\S]*?)(?=\\n## |$)`).exec(document) ?? [];
  expect(text, `there is a section ${heading}`).not.toBe('');
  return text;
}

/** The paths of all that is no mapping. */
function keysIn(value: object, above = ''): string[] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === 'object' && inner !== null && Object.getPrototypeOf(inner) === Object.prototype
      ? keysIn(inner, `${above}${name}.`)
      : [`${above}${name}`],
  );
}

/** What stands in backticks in the first column of the tables of a text. */
function firstColumn(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

const environment = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };

describe('the first minute of the README', () => {
  let gateway: ChildProcess;
  let url = '';

  beforeAll(async () => {
    gateway = spawn('npm', ['start'], { cwd: ROOT, env: { ...environment, PORT: '0' }, detached: true });
    if (gateway.stdout === null) {
      throw new Error('npm start has no output');
    }
    for await (const line of createInterface({ input: gateway.stdout })) {
      const [address] = /http:\/\/[\d.]+:\d+/.exec(line) ?? [];
      if (address !== undefined) {
        url = address;
        break;
      }
    }
  });

  afterAll(() => {
    // npm does not always pass a signal on; the whole group is told.
    process.kill(-(gateway.pid ?? 0), 'SIGTERM');
  });

  it('gives for the pasted curl exactly the answer that it shows', async () => {
    const command = blocks('sh').find((block) => block.startsWith('curl')) ?? '';
    const { stdout } = await run('sh', ['-c', command.replace('http://127.0.0.1:4000', url)], {
      env: environment,
    });
    const [shown = ''] = blocks('json');
    expect(JSON.parse(stdout)).toEqual(JSON.parse(shown));
  });

  it('answers each query that it shows', async () => {
    const queries = blocks('graphql');
    expect(queries.length).toBeGreaterThan(0);
    for (const query of queries) {
      expect(validate(schema, parse(query))).toEqual([]);
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      expect(await answer.json()).not.toHaveProperty('errors');
    }
  });

  it('serves GraphiQL where it says', async () => {
    const page = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
    expect(page.headers.get('content-type')).toContain('text/html');
    await page.body?.cancel();
  });
});

describe('what the page for operators says of settings', () => {
  it('is a configuration file that can be used', () => {
    const [yaml = ''] = blocks('yaml');
    const config = readConfig(
      { GATEWAY_CONFIG: 'file', MEDIA_SECRET_ID: 'id', MEDIA_SECRET_KEY: 'key' },
      () => yaml,
    );
    expect(config.accounts.map(({ name }) => name)).toEqual(['media']);
  });

  it('is an environment that can be used', () => {
    const exports = blocks('sh').find((block) => block.includes('export TENCENTCLOUD_SECRET_ID')) ?? '';
    const variables = Object.fromEntries(
      [...exports.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [
        name,
        value.replace('...', 'abc'),
      ]),
    );
    const [account] = readConfig(variables).accounts;
    expect(account).toMatchObject({
      cos: { regions: ['ap-guangzhou', 'ap-shanghai'] },
      ci: { buckets: [{ name: 'examplebucket-1250000000', region: 'ap-beijing' }] },
    });
  });

  it('names every variable that the code reads, and no other', () => {
    const draft =
      readFileSync(join(ROOT, 'src/config-draft.ts'), 'utf8') +
      readFileSync(join(ROOT, 'src/config.ts'), 'utf8');
    const read = new Set([...draft.matchAll(/'([A-Z]+(?:_[A-Z]+)*)'/g)].map(([, name = '']) => name));
    const named = new Set(
      firstColumn(section('Configuration', OPERATIONS)).filter((name) => /^[A-Z_]+$/.test(name)),
    );
    expect([...named].toSorted()).toEqual([...read].toSorted());
  });

  it('names every key of the file besides the accounts, and no other', () => {
    // With all that has no default, so that it has every key.
    const complete = configSchema.parse({
      auth: {
        jwksUrl: 'https://login.example.com/keys',
        issuer: 'https://login.example.com/',
        audience: 'a',
      },
      redis: { url: 'redis://127.0.0.1' },
      fleet: { replicaIndex: 0, replicaCount: 1 },
      federation: { routerSecret: '0123456789abcdef' },
      server: { introspection: true, graphiql: true, metricsPort: 0, upstreamTrace: true },
      tracing: { otlpUrl: 'http://127.0.0.1:4318' },
    });
    const { accounts: _, ...settings } = complete;
    const named = firstColumn(section('Configuration', OPERATIONS)).filter((name) => name.includes('.'));
    expect(named.toSorted()).toEqual(keysIn(settings).toSorted());
  });

  it('tells the defaults that the code has', () => {
    const flat = JSON.stringify(configSchema.parse({}));
    for (const value of ['262144', '10000', '2500', '1000', '20000', '4194304']) {
      expect(section('Configuration', OPERATIONS)).toContain(value);
      expect(flat).toContain(value);
    }
  });
});

describe('what the README says of errors', () => {
  it('explains every field-level code that the code knows, and no other', () => {
    const source = readFileSync(join(ROOT, 'src/model/errors.ts'), 'utf8');
    const [union = ''] = /type FieldErrorCode =([\s\S]*?);/.exec(source) ?? [];
    const known = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
    const [ofFields = ''] = section('Errors').split('Request level');
    expect(firstColumn(ofFields).toSorted()).toEqual([...known, 'INTERNAL_SERVER_ERROR'].toSorted());
  });

  it('explains every request-level code of the contract that the code gives, and no other', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.startsWith('sandbox/'))
      .map((path) => readFileSync(join(ROOT, 'src', path), 'utf8'))
      .join('\n');
    // The executor and the parser give theirs by themselves; fields give the other one too.
    const byLibraries = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'OPERATION_RESOLUTION_FAILURE'];
    const given = REQUEST_LEVEL_CODES.filter(
      (code) => byLibraries.includes(code) || sources.includes(`'${code}'`),
    );
    const [, ofRequests = ''] = section('Errors').split('Request level');
    expect(firstColumn(ofRequests).toSorted()).toEqual([...given, 'UPSTREAM_UNAVAILABLE'].toSorted());
    expect(REQUEST_LEVEL_CODES.filter((code) => !given.includes(code))).toEqual([
      'FORBIDDEN',
      'REQUEST_RATE_LIMITED',
      'GATEWAY_TIMEOUT',
    ]);
  });
});

describe('the commands of the README', () => {
  const scripts = Object.keys(
    (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
      .scripts,
  );

  it('are scripts that exist', () => {
    const named = [...README.matchAll(/npm (?:run )?(start|test|[a-z]+(?::[a-z]+)?)\b/g)].flatMap(
      ([, name]) => (name === undefined || name === 'ci' || name === 'run' ? [] : [name]),
    );
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
  });

  it.each([
    ['npm', ['run', 'check'], /6 origins, simulated/],
    ['npm', ['run', 'check', '--', '--offline'], /6 origins, simulated/],
    ['npm', ['run', 'schema', '--', '--api'], /interface Job implements Node/],
    ['npm', ['run', 'schema', '--', '--check'], /schema/],
  ])('work: %s %j', async (command, args, output) => {
    const { stdout } = await run(command, args, { cwd: ROOT, env: environment, maxBuffer: 4_000_000 });
    expect(stdout).toMatch(output);
  });
});

describe('the links of the documents', () => {
  const documents = [
    'README.md',
    'docs/flow.md',
    'docs/add-a-source.md',
    'docs/operations.md',
    'docs/supergraph.md',
    'docs/trusted-documents.md',
    'docs/decisions/0010-persisted-documents.md',
    'docs/decisions/0011-own-subgraph-module.md',
    'docs/decisions/0012-who-may-ask.md',
    'docs/decisions/0013-seeing.md',
    'docs/decisions/0014-reload-and-drain.md',
    'deploy/README.md',
    'examples/README.md',
    'schema/CHANGELOG.md',
    'schema/README.md',
    'bench/README.md',
  ];

  it.each(documents)('lead somewhere: %s', (document) => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
    const dead = links.filter((link) => !existsSync(join(ROOT, dirname(document), link)));
    expect(dead).toEqual([]);
  });

  it.each(documents)('name files that exist: %s', (document) => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    const files = [...text.matchAll(/`((?:src|test|bench|schema|docs)\/[\w./-]+\.\w+)`/g)].map(
      ([, file = '']) => file,
    );
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});
