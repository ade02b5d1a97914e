import { execFile } from 'node:child_process';
import { constants, globSync } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where a Redis server is, and what it must be told to run from there. */
export interface RedisBinary {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

const NAMES_ON_PATH = ['redis-server', 'valkey-server'];

/** What Debian's server consists of, besides what a system has that can run Node at all. */
const PACKAGES = ['redis-tools', 'redis-server', 'libjemalloc2', 'liblzf1', 'libatomic1'];

const CACHE = join(import.meta.dirname, '..', '..', '.tmp', 'redis-server');

/**
 * A `redis-server` or `valkey-server` on PATH; else Debian's, which is downloaded once (1.5 MB) and unpacked below the
 * ignored `.tmp/`, without being root. Rejects, saying what to install, when neither can be had: a test that needs a Redis
 * fails without one, it is never skipped.
 */
export async function redisBinary(cache = CACHE): Promise<RedisBinary> {
  const installed = await onPath();
  if (installed !== undefined) {
    return { path: installed, environment: {} };
  }
  try {
    return (await unpackedIn(cache)) ?? (await downloadedTo(cache));
  } catch (error) {
    throw new Error(
      `This test needs a Redis, and there is neither redis-server nor valkey-server on PATH. Install redis-server (apt-get install redis-server, brew install redis). Debian's package could not be downloaded either: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

async function onPath(): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = NAMES_ON_PATH.flatMap((name) => folders.map((folder) => join(folder, name)));
  const isThere = await Promise.all(places.map(isExecutable));
  return places.find((_place, index) => isThere[index]);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function unpackedIn(folder: string): Promise<RedisBinary | null> {
  const path = join(folder, 'usr', 'bin', 'redis-server');
  const libraries = globSync('usr/lib/*-linux-gnu*', { cwd: folder });
  return (await isExecutable(path))
    ? {
        path,
        environment: { LD_LIBRARY_PATH: libraries.map((library) => join(folder, library)).join(delimiter) },
      }
    : null;
}

/** Test files that start at once each unpack their own; the first to be done gives its folder the name, whole. */
async function downloadedTo(cache: string): Promise<RedisBinary> {
  await mkdir(dirname(cache), { recursive: true });
  const folder = await mkdtemp(`${cache}-`);
  const archives = join(folder, 'archives');
  const root = join(folder, 'root');
  try {
    await mkdir(archives);
    await download(archives);
    for (const archive of globSync('*.deb', { cwd: archives })) {
      await run('dpkg-deb', ['-x', join(archives, archive), root]);
    }
    await rename(root, cache).catch(() => undefined);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const unpacked = await unpackedIn(cache);
  if (unpacked === null) {
    throw new Error(`${PACKAGES.join(', ')} hold no redis-server`);
  }
  return unpacked;
}

/** With the lists of packages that the system has; where it has none, with own ones, which need no root either. */
async function download(folder: string): Promise<void> {
  const get = (...args: string[]): Promise<unknown> => run('apt-get', ['-q', ...args], { cwd: folder });
  try {
    await get('download', ...PACKAGES);
  } catch {
    const state = join(folder, 'apt');
    await mkdir(join(state, 'lists', 'partial'), { recursive: true });
    await mkdir(join(state, 'cache', 'archives', 'partial'), { recursive: true });
    const own = ['-o', `Dir::State::Lists=${state}/lists`, '-o', `Dir::Cache=${state}/cache`];
    await get(...own, 'update');
    await get(...own, 'download', ...PACKAGES);
  }
}
