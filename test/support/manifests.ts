/** Manifests as the tools of three worlds of clients make them, of the same operations. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');

/** Where a tool works: its configuration and sources, from which it writes the manifest. */
interface Workshop {
  readonly command: string;
  readonly args: readonly string[];
  readonly manifest: string;
  readonly files: Readonly<Record<string, string>>;
}

const PLACES = 'query Places { origins { source account region bucket } }';
const NEWEST = `query Newest($first: Int!, $sources: [JobSource!]) {
  jobs(first: $first, filter: { sources: $sources }) { nodes { ...Line } }
}`;
const LINE = 'fragment Line on Job { id displayName account }';

const OPERATIONS = { 'src/places.graphql': PLACES, 'src/newest.graphql': `${NEWEST}\n${LINE}` };

/** Relay reads code, and wants its names to begin with the file's. */
function relaySource(): string {
  const [places, newest, line] = [PLACES, NEWEST, LINE].map((text) =>
    text
      .replace(/Line\b/g, 'jobs_line')
      .replace('query Places', 'query jobsPlacesQuery')
      .replace('query Newest', 'query jobsNewestQuery'),
  );
  return `import { graphql } from 'react-relay';
export const places = graphql\`${places ?? ''}\`;
export const newest = graphql\`${newest ?? ''}\`;
export const line = graphql\`${line ?? ''}\`;
`;
}

function codegen(hashAlgorithm: string): Workshop {
  const preset = { preset: 'client', presetConfig: { persistedDocuments: { hashAlgorithm } } };
  return {
    command: 'graphql-codegen',
    args: ['--config', 'codegen.json'],
    manifest: 'generated/persisted-documents.json',
    files: {
      ...OPERATIONS,
      'codegen.json': JSON.stringify({
        schema: 'api.graphql',
        documents: 'src/*.graphql',
        generates: { 'generated/': preset },
      }),
    },
  };
}

const WORKSHOPS = {
  apollo: {
    command: 'generate-persisted-query-manifest',
    args: [],
    manifest: 'manifest.json',
    files: {
      ...OPERATIONS,
      'persisted-query-manifest.config.json': JSON.stringify({
        documents: ['src/*.graphql'],
        output: 'manifest.json',
      }),
    },
  },
  relay: {
    command: 'relay-compiler',
    args: ['relay.config.json'],
    manifest: 'persisted.json',
    files: {
      'src/jobs.ts': relaySource(),
      'generated/.keep': '',
      'persisted.json': '{}',
      'relay.config.json': JSON.stringify({
        src: 'src',
        schema: 'api.graphql',
        language: 'typescript',
        artifactDirectory: 'generated',
        persistConfig: { file: 'persisted.json', algorithm: 'MD5' },
      }),
    },
  },
  'codegen, SHA-1': codegen('sha1'),
  'codegen, SHA-256': codegen('sha256'),
} satisfies Record<string, Workshop>;

export type Tool = keyof typeof WORKSHOPS;

export const TOOLS = Object.keys(WORKSHOPS) as Tool[];

export interface MadeManifest {
  readonly path: string;
  /** As the tool wrote it. */
  readonly json: unknown;
}

/** Runs a tool in a folder of its own that goes with the test. */
export async function makeManifest(tool: Tool): Promise<MadeManifest> {
  const { command, args, manifest, files }: Workshop = WORKSHOPS[tool];
  const folder = await mkdtemp(join(tmpdir(), 'manifest-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await Promise.all([
    symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules')),
    copyFile(join(ROOT, 'schema', 'api.graphql'), join(folder, 'api.graphql')),
    ...Object.entries(files).map(async ([name, text]) => {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }),
  ]);
  await run(join(ROOT, 'node_modules', '.bin', command), args, { cwd: folder });
  const path = join(folder, manifest);
  return { path, json: JSON.parse(await readFile(path, 'utf8')) };
}

/** A file of the test's own with what is not made by a tool. */
export async function writeManifest(json: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'manifest-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'manifest.json');
  await writeFile(path, typeof json === 'string' ? json : JSON.stringify(json));
  return path;
}
