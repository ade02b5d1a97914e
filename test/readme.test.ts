import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { configSchema } from '../src/config-schema.ts';
import { schema } from '../src/graphql/schema.ts';

const ROOT = join(import.meta.dirname, '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const run = promisify(execFile);

/** The fenced blocks of one language, in order. */
function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, text = '']) => text,
  );
}

/** The README between one heading and the next. */
function section(heading: string): string {
  const [, text = ''] = new RegExp(`## ${heading}\\n([\\s\\S]*?)(?=\\n## |$)`).exec(README) ?? [];
  expect(text, `the README has a section ${heading}`).not.toBe('');
  return text;
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

describe('what the README says of settings', () => {
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
    const named = new Set(firstColumn(section('Configuration')).filter((name) => /^[A-Z_]+$/.test(name)));
    expect([...named].toSorted()).toEqual([...read].toSorted());
  });

  it('names every key of the file besides the accounts, and no other', () => {
    const keys = Object.entries(configSchema.parse({})).flatMap(([name, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.keys(value).map((key) => `${name}.${key}`)
        : [],
    );
    const optional = [
      'server.introspection',
      'server.graphiql',
      'federation.routerSecret',
      'redis.url',
      'fleet.replicaIndex',
      'fleet.replicaCount',
    ];
    const named = firstColumn(section('Configuration')).filter((name) => name.includes('.'));
    expect(named.toSorted()).toEqual([...new Set([...keys, ...optional])].toSorted());
  });

  it('tells the defaults that the code has', () => {
    const flat = JSON.stringify(configSchema.parse({}));
    for (const value of ['262144', '10000', '2500', '1000', '20000', '4194304']) {
      expect(section('Configuration')).toContain(value);
      expect(flat).toContain(value);
    }
  });
});

describe('what the README says of errors', () => {
  it('explains every field-level code that the code knows, and no other', () => {
    const source = readFileSync(join(ROOT, 'src/model/errors.ts'), 'utf8');
    const [union = ''] = /type FieldErrorCode =([\s\S]*?);/.exec(source) ?? [];
    const known = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
    expect(firstColumn(section('Errors')).toSorted()).toEqual([...known, 'INTERNAL_SERVER_ERROR'].toSorted());
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
    'docs/supergraph.md',
    'docs/trusted-documents.md',
    'docs/decisions/0010-persisted-documents.md',
    'docs/decisions/0011-own-subgraph-module.md',
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
