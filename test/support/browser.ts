import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Browser, chromium, type Page } from 'playwright-core';

/** A headless Chromium of one test's own. */
export interface TestBrowser {
  readonly page: Page;
  /** Ends the browser and removes everything it put on the disk. Always call it. */
  close(): Promise<void>;
}

/** Where a Chromium is, and what it must be told to run from there. */
interface Executable {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

const NAMES_ON_PATH = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'chrome-headless-shell',
];

/** Tests run as root in containers and look at pages of our own: no sandbox. And nothing that calls home. */
const ARGUMENTS = [
  '--no-sandbox',
  '--headless=shell',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/**
 * Starts the first Chromium that does start: one on PATH, else the one that comes with `@sparticuz/chromium`, which needs
 * about three seconds to unpack. Rejects, telling how each of them failed, when there is none: a test that needs a
 * browser fails without one, it is never skipped.
 */
export async function launchBrowser(): Promise<TestBrowser> {
  const folder = await mkdtemp(join(tmpdir(), 'test-browser-'));
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const browser = await firstToStart(folder);
    const close = async (): Promise<void> => {
      await browser.close();
      await removeFolder();
    };
    try {
      return { page: await browser.newPage(), close };
    } catch (error) {
      await browser.close();
      throw error;
    }
  } catch (error) {
    await removeFolder();
    throw error;
  }
}

async function firstToStart(folder: string): Promise<Browser> {
  const failures: unknown[] = [];
  for (const find of [...onPath().map((found) => () => found), () => unpacked(folder)]) {
    try {
      const { path, environment } = await find();
      // The browser's own files go where they are removed with the rest; it sees nothing else of this environment.
      const env = { PATH: process.env['PATH'] ?? '', HOME: folder, TMPDIR: folder, ...environment };
      return await chromium.launch({ executablePath: path, args: ARGUMENTS, env });
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(
    failures,
    `This test needs a Chromium, and none starts. Install one (apt-get install chromium) or make the bundled one run:\n` +
      failures.map((failure) => (failure instanceof Error ? failure.message : String(failure))).join('\n'),
  );
}

function onPath(): readonly Executable[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return NAMES_ON_PATH.flatMap((name) => folders.map((folder) => join(folder, name)))
    .filter((path) => existsSync(path))
    .map((path) => ({ path, environment: {} }));
}

/**
 * The packaged Chromium with the shared libraries and fonts that a bare machine lacks, below `folder`.
 *
 * The package reads TMPDIR and AWS_LAMBDA_JS_RUNTIME (without which it leaves the libraries out) from the environment and
 * writes LD_LIBRARY_PATH into it, so it is given a process of its own: this one's environment stays as it is, and two
 * test files that unpack at once do not meet in one folder.
 */
async function unpacked(folder: string): Promise<Executable> {
  const unpack = `import chromium from '@sparticuz/chromium'; process.stdout.write(await chromium.executablePath());`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', unpack], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [path, complaint, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (code !== 0) {
    throw new Error(`@sparticuz/chromium did not unpack (exit ${String(code)}):\n${complaint}`);
  }
  await writeFile(join(folder, 'fonts', 'fonts.conf'), fontsConfiguration(folder));
  return {
    path,
    environment: {
      LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'),
      FONTCONFIG_PATH: join(folder, 'fonts'),
    },
  };
}

/** The packaged one names only /tmp/fonts; a browser that finds no font at all crashes on the first page with text. */
function fontsConfiguration(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts')}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(folder, 'fonts-cache')}</cachedir>
</fontconfig>
`;
}
