import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { encodeGlobalId } from '../../src/model/global-id.ts';
import { SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID } from '../../src/sandbox/sample-jobs.ts';
import { launchBrowser, type TestBrowser } from '../support/browser.ts';
import { startWorld, type World } from '../support/world.ts';

describe('GraphiQL in a browser', () => {
  let world: World;
  let browser: TestBrowser;
  const requested: string[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    const jobId = SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID;
    world = await startWorld({
      parts: {
        exampleJobId: encodeGlobalId({
          source: 'BATCH_COMPUTE',
          account: 'sandbox',
          place: 'ap-guangzhou',
          jobId,
        }),
      },
      config: { server: { ...readConfig({}).server, graphiql: true, introspection: true } },
    });
    browser = await launchBrowser();
    browser.page.on('request', (request) => requested.push(request.url()));
    browser.page.on('pageerror', (error) => complaints.push(error.message));
    await browser.page.goto(`${world.url}/graphql`);
    await browser.page.getByRole('button', { name: /execute query/i }).waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  /** By keyboard: tabs can be dragged, and a mouse that is as quick as a test's does not always click them. */
  const openTab = async (index: number): Promise<void> => {
    await browser.page.locator('.graphiql-tab-button').nth(index).focus();
    await browser.page.keyboard.press('Enter');
  };

  /** Runs the query of the open tab as a person does: again, where the page had not caught up with the tab yet. */
  const run = async (operation: string, field: string): Promise<string> => {
    const { page } = browser;
    await expect
      .poll(() => page.locator('.graphiql-query-editor').innerText(), { timeout: 10_000 })
      .toContain(operation);
    const answer = page.locator('.graphiql-response');
    await expect
      .poll(
        async () => {
          await page.getByRole('button', { name: /execute query/i }).click();
          await page.waitForTimeout(500);
          return plain(await answer.innerText());
        },
        { timeout: 15_000, interval: 500 },
      )
      .toContain(`"data": { "${field}"`);
    return plain(await answer.innerText());
  };

  it('opens with its tabs and runs the first: a job of each source is on the page', async () => {
    const tabs = browser.page.locator('.graphiql-tab');
    await expect.poll(() => tabs.count()).toBe(4);
    // The whole answer has to be in view: Monaco renders no line that nobody sees.
    await browser.page.setViewportSize({ width: 1_600, height: 4_000 });
    const text = await run('NewestJobs', 'jobs');
    await browser.page.screenshot({ path: '.tmp/graphiql.png' });
    for (const source of ['COS', 'BATCH_COMPUTE', 'CI']) {
      expect(text).toContain(`"source": "${source}"`);
    }
    expect(text).not.toContain('"errors"');
  });

  it('runs the tab of one job by id with the id it opens with', async () => {
    await openTab(1);
    const text = await run('OneJob', 'job');
    expect(text).toContain(SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID);
    expect(text).toContain('hello-test-job');
  });

  it.each([
    [2, 'PagedListing', 'batchComputeJobs'],
    [3, 'Details', 'cosJobs'],
  ])('runs tab %i, %s, without an error', async (tab, operation, field) => {
    await openTab(tab);
    expect(await run(operation, field)).not.toContain('"errors"');
  });

  it('fetches everything from the gateway itself and throws nothing', () => {
    const foreign = requested.filter((url) => !url.startsWith(world.url) && !/^(data|blob):/.test(url));
    expect(foreign).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

/** What an editor shows, with its line breaks and its no-break spaces folded. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
