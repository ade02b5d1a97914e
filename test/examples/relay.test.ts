import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { describeExample } from './example-stories.ts';

const ROOT = join(import.meta.dirname, '../..');

describeExample('relay');

describe('relay-compiler', () => {
  const run = promisify(execFile);

  /** What it says of these documents, and which operations and fragments it wrote. */
  async function compile(documents: readonly string[]): Promise<{ said: string; written: string[] }> {
    const folder = await mkdtemp(join(tmpdir(), 'relay-compiler-'));
    try {
      await writeFile(join(folder, 'all.ts'), documents.map((text) => `graphql\`${text}\`;\n`).join(''));
      const config = { src: '.', schema: 'api.graphql', language: 'typescript', noSourceControl: true };
      await writeFile(join(folder, 'relay.config.json'), JSON.stringify(config));
      await run('cp', [join(ROOT, 'schema/api.graphql'), folder]);
      const { stdout, stderr } = await run(join(ROOT, 'node_modules/.bin/relay-compiler'), [], {
        cwd: folder,
      });
      const written = await readdir(join(folder, '__generated__'));
      return { said: stdout + stderr, written: written.map((name) => name.replace('.graphql.ts', '')) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  it.each(['Node', 'Job', 'CosJob', 'BatchComputeJob', 'CiJob'])(
    'can write the query that reads a fragment on %s anew, by `node`',
    async (type) => {
      const { written } = await compile([
        `fragment all_job on ${type} @refetchable(queryName: "allAgain") { id }`,
      ]);
      expect(written.toSorted()).toEqual(['allAgain', 'all_job']);
    },
  );

  it.each([
    ['jobs', 'first', 'after'],
    ['jobs', 'last', 'before'],
    ['cosJobs', 'first', 'after'],
    ['batchComputeJobs', 'first', 'after'],
    ['batchComputeJobs', 'last', 'before'],
    ['ciJobs', 'first', 'after'],
  ])('can write the query for the next page of %s, by `%s` and `%s`', async (field, count, cursor) => {
    const { written } = await compile([
      `fragment all_jobs on Query
       @argumentDefinitions(count: { type: "Int" }, cursor: { type: "String" })
       @refetchable(queryName: "allPage") {
         ${field}(${count}: $count, ${cursor}: $cursor) @connection(key: "all_${field}") {
           edges { node { id displayName } }
           origins { outcome }
         }
       }`,
    ]);
    expect(written.toSorted()).toEqual(['allPage', 'all_jobs']);
  });

  it('takes a fragment on Job in `job` as it is, and in `node` with @alias', async () => {
    const fragment = 'fragment all_job on Job { displayName }';
    const query = (selection: string): string => `query allQuery($id: ID!) { ${selection} }`;
    await compile([fragment, query('job(id: $id) { ...all_job }')]);
    await compile([fragment, query('node(id: $id) { ...all_job @alias }')]);
    await expect(compile([fragment, query('node(id: $id) { ...all_job }')])).rejects.toThrow(/@alias/);
  });

  it('refuses a page backwards where the product goes forwards only', async () => {
    const document = `query allBackwards { cosJobs(last: 5) @connection(key: "all_cosJobs") { edges { node { id } } } }`;
    await expect(compile([document])).rejects.toThrow(/last/);
  });
});
