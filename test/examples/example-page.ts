import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { build, preview } from 'vite';
import { type Example, exampleConfig } from '../../examples/tooling/vite.ts';
import { launchBrowser } from '../support/browser.ts';

/** An example, built once, in a browser that opens it before one gateway after the other. */
export interface ExamplePage {
  readonly lines: Locator;
  readonly lookedUp: Locator;
  readonly more: Locator;
  readonly tryAgain: Locator;
  readonly banner: Locator;
  /** Opens the page anew, with nothing known, served beside this gateway. */
  open(gatewayUrl: string): Promise<void>;
  /** The names of the jobs in the list, in order. */
  names(): Promise<string[]>;
  /** The line of a job in the list. */
  line(name: string): Locator;
  lookUp(cosJobId: string): Promise<void>;
  /** Takes the network away, or gives it back. */
  setOffline(isOffline: boolean): Promise<void>;
  readonly alerts: Locator;
  show(status: string): Promise<void>;
  /** What the page threw or complained of since it was opened: the caches warn of much that is wrong with them. */
  readonly complaints: readonly string[];
  /** Who it told the gateway that it is. */
  readonly clientNames: ReadonlySet<string | undefined>;
  /** Ends all that was started. */
  close(): Promise<void>;
}

/** What the browser, and React of Relay’s errors, say by themselves of a request while the network is away. */
const OFFLINE = /net::ERR_INTERNET_DISCONNECTED|TypeError: Failed to fetch/;

export async function buildExample(example: Example): Promise<ExamplePage> {
  const folder = await mkdtemp(join(tmpdir(), `example-${example}-`));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  const [browser] = await Promise.all([launchBrowser(), buildInto(folder, example)]);
  undo.defer(() => browser.close());
  const { page } = browser;
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type()) && !OFFLINE.test(message.text())) {
      complaints.push(message.text());
    }
  });
  const clientNames = new Set<string | undefined>();
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/graphql') {
      const headers = request.headers();
      clientNames.add(headers['x-graphql-client'] ?? headers['apollographql-client-name']);
    }
  });
  let stopServing = (): Promise<void> => Promise.resolve();
  undo.defer(() => stopServing());
  const lines = page.locator('ul .job');
  const lived = undo.move();
  return {
    lines,
    lookedUp: page.locator('output'),
    more: page.getByRole('button', { name: 'More' }),
    tryAgain: page.getByRole('button', { name: 'Try again' }),
    banner: page.locator('aside'),
    complaints,
    clientNames,
    open: async (gatewayUrl) => {
      await stopServing();
      const { preview: served, ...config } = exampleConfig(example, gatewayUrl);
      const server = await preview({
        ...config,
        logLevel: 'silent',
        build: { outDir: folder },
        preview: { ...served, host: '127.0.0.1', port: 0 },
      });
      stopServing = () => server.close();
      complaints.length = 0;
      await page.goto(server.resolvedUrls?.local[0] ?? 'the preview has no address');
    },
    names: () => lines.locator('strong').allInnerTexts(),
    line: (name) => lines.filter({ has: page.getByText(name, { exact: true }) }),
    lookUp: async (cosJobId) => {
      await page.getByLabel('COS job').fill(cosJobId);
      await page.getByRole('button', { name: 'Look up' }).click();
    },
    setOffline: (isOffline) => page.context().setOffline(isOffline),
    alerts: page.getByRole('alert'),
    show: async (status) => {
      await page.getByLabel('Show').selectOption(status);
    },
    close: () => lived.disposeAsync(),
  };
}

/** As while developing: the libraries check themselves and complain in the console. */
async function buildInto(outDir: string, example: Example): Promise<void> {
  await build({
    ...exampleConfig(example, ''),
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': JSON.stringify('development') },
    build: { outDir, emptyOutDir: true, minify: false },
  });
}
