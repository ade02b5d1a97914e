import { once } from 'node:events';
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { launchBrowser } from './browser.ts';

const PAGE = `<!doctype html>
<title>counter</title>
<button onclick="document.querySelector('output').value = 'pressed'">press</button>
<output>not yet</output>`;

// Unpacking a browser takes its time on a machine that has other tests to run.
describe('launchBrowser', { timeout: 60_000 }, () => {
  let folder: string;

  // Everything that is left behind, by the browser or by what drives it, is left behind here.
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'launch-browser-'));
    mkdirSync(join(folder, 'tmp'));
    vi.stubEnv('TMPDIR', join(folder, 'tmp'));
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  it('opens a page, clicks, reads, and leaves neither a process nor a file', async () => {
    const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(PAGE));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { page, close } = await launchBrowser();
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.getByRole('button', { name: 'press' }).click();
      expect(await page.locator('output').textContent()).toBe('pressed');
      expect(processesUsing(folder)).not.toEqual([]);
    } finally {
      await close();
      server.close();
    }
    // The kernel may need a moment to bury the last helper.
    await expect.poll(() => processesUsing(folder)).toEqual([]);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  it('goes on to the next browser when the first on PATH does not start', async () => {
    putOnPath('chromium', 'echo this is only an advertisement for a package; exit 1');
    const { page, close } = await launchBrowser();
    try {
      expect(await page.evaluate('6 * 7')).toBe(42);
    } finally {
      await close();
    }
  });

  it('rejects, telling what was tried, when no browser starts', async () => {
    putOnPath('chromium', 'echo this is only an advertisement for a package; exit 1');
    vi.stubEnv('PATH', join(folder, 'bin') + delimiter + '/bin');
    // Node itself refuses to start with this, so nothing can be unpacked.
    vi.stubEnv('NODE_OPTIONS', '--no-such-option');

    const failure = await launchBrowser().catch(String);

    expect(failure).toContain('This test needs a Chromium, and none starts.');
    expect(failure).toContain('only an advertisement');
    expect(failure).toContain('@sparticuz/chromium did not unpack');
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  function putOnPath(name: string, script: string): void {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
    vi.stubEnv('PATH', bin + delimiter + (process.env['PATH'] ?? ''));
  }
});

/** Ids of the processes, other than this one, that were started with the folder in their arguments or environment. */
function processesUsing(folder: string): string[] {
  const knows = (path: string): boolean => {
    try {
      return readFileSync(path, 'latin1').includes(folder);
    } catch {
      return false; // It ended meanwhile, or is not ours to look at.
    }
  };
  return globSync('[0-9]*', { cwd: '/proc' }).filter(
    (id) => id !== String(process.pid) && (knows(`/proc/${id}/cmdline`) || knows(`/proc/${id}/environ`)),
  );
}
