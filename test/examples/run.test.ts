import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { startWorld } from '../support/world.ts';

const RUN = join(import.meta.dirname, '../../examples/tooling/run.ts');

/** Runs it until `use`, which gets the address that it prints, is done. */
async function whileServed(gatewayUrl: string, use: (address: string) => Promise<void>): Promise<void> {
  const served = spawn(process.execPath, [RUN, 'relay', gatewayUrl], {
    env: { ...process.env, NO_COLOR: '1' },
  });
  const ended = once(served, 'exit');
  try {
    for await (const line of createInterface({ input: served.stdout })) {
      const [address] = /http:\/\/localhost:\d+\//.exec(line) ?? [];
      if (address !== undefined) {
        await use(address);
        return;
      }
    }
    throw new Error('it ended without an address');
  } finally {
    served.kill();
    await ended;
  }
}

describe('npm run example', () => {
  it('serves an example from its sources, beside the gateway', async () => {
    const world = await startWorld();
    const browser = await launchBrowser();
    try {
      await whileServed(world.url, async (address) => {
        await browser.page.goto(address);
        // What a first start takes longest for is packing the libraries for the browser.
        await expect.poll(() => browser.page.locator('ul .job').count(), { timeout: 30_000 }).toBe(10);
      });
    } finally {
      await browser.close();
      await world.close();
    }
  }, 60_000);

  it('tells what there is when asked for another', async () => {
    const child = spawn(process.execPath, [RUN, 'jquery'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    const [code] = await once(child, 'close');
    expect(code).toBe(64);
    expect(Buffer.concat(said).toString()).toContain('relay|apollo-client|urql');
  });
});
