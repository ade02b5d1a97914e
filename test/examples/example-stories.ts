import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Example } from '../../examples/tooling/vite.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import type { Fault } from '../../src/sandbox/faults.ts';
import { lifeOf } from '../../src/sandbox/life.ts';
import { BUCKET, inEmptyWorld, REGION } from '../e2e/support.ts';
import { MovedClock } from '../support/moved-clock.ts';
import type { World } from '../support/world.ts';
import { buildExample, type ExamplePage } from './example-page.ts';

const PAGE_SIZE = 10;
/** With a cache, as in life. The breaker stays closed, but where a story is about it: each try is a call then. */
const BREAKER = readConfig({}).breaker;
const NEVER_OPEN = { ...BREAKER, consecutiveFailures: 1_000, minimumAttempts: 1_000 };
const CACHE = { memoryBytes: 16_777_216 };
const BROKEN: Fault = { kind: 'empty', status: 503 };
const NO_ANSWER = 'Cannot be read just now, try again (NO_ANSWER)';
const SOON = { timeout: 10_000, interval: 50 };

/** Adds jobs of all products by turns, each a second older than the one before, and gives their names. */
function addJobsByTurns({ sandbox }: World, count: number, newestMs = Date.now() - 3_600_000): string[] {
  return Array.from({ length: count }, (_, index) => {
    const createdAtMs = newestMs - index * 1_000;
    const name = `job ${String(newestMs)} ${String(index)}`;
    const add = [
      () => sandbox.cos.add(REGION, { createdAtMs, description: name }),
      () => sandbox.batchCompute.add(REGION, { createdAtMs, jobName: name }),
      () => sandbox.ci.add(BUCKET, { createdAtMs, name }),
    ][index % 3];
    add?.();
    return name;
  });
}

/** The jobs of a product among those that were added by turns. */
function every(third: number, names: readonly string[]): string[] {
  return names.filter((_, index) => index % 3 === third);
}

/** What a front end of this gateway has to get right, told of the page that each example is. */
export function describeExample(example: Example): void {
  describe(`the page made with ${example}`, () => {
    let page: ExamplePage;
    beforeAll(async () => {
      page = await buildExample(example);
    });
    afterAll(() => page?.close());

    const inPage = (
      story: (world: World) => Promise<void>,
      { breaker = NEVER_OPEN, clock = systemClock }: { breaker?: Config['breaker']; clock?: Clock } = {},
    ): Promise<void> =>
      inEmptyWorld(
        async (world) => {
          await story(world);
          expect(page.complaints).toEqual([]);
        },
        { cache: CACHE, config: { breaker }, sandbox: { clock } },
      );
    const seesJobs = async (names: readonly string[]): Promise<void> => {
      await expect.poll(() => page.names(), SOON).toEqual(names);
    };
    const walksToTheEnd = async (): Promise<void> => {
      while ((await page.more.count()) > 0) {
        const before = (await page.names()).length;
        await page.more.click();
        await expect
          .poll(async () => (await page.names()).length > before || (await page.more.count()) === 0, SOON)
          .toBe(true);
      }
    };

    it('pages to the end with nothing lost or repeated, while jobs arrive', () =>
      inPage(async (world) => {
        const names = addJobsByTurns(world, 34);
        await page.open(world.url);
        await seesJobs(names.slice(0, PAGE_SIZE));
        addJobsByTurns(world, 9, Date.now());
        await page.more.click();
        await seesJobs(names.slice(0, 2 * PAGE_SIZE));
        addJobsByTurns(world, 9, Date.now() - 60_000);
        await walksToTheEnd();
        expect(await page.names()).toEqual(names);
      }));

    it('keeps a list for each filter, and shows one that it knows at once', () =>
      inPage(async (world) => {
        const names = addJobsByTurns(world, 12);
        const createdAtMs = Date.now() - 7_200_000;
        world.sandbox.batchCompute.add(REGION, { createdAtMs, jobName: 'runs', state: 'RUNNING' });
        await page.open(world.url);
        await page.more.click();
        await seesJobs([...names, 'runs']);
        await page.show('running jobs');
        await seesJobs(['runs']);
        world.sandbox.faults.add({ upstream: 'batchCompute', fault: { kind: 'hang' } });
        await page.show('all jobs');
        await expect
          .poll(() => page.names(), SOON)
          .toEqual(expect.arrayContaining(names.slice(0, PAGE_SIZE)));
      }));

    it('reads one job anew by its id with one call, and shows what came wherever the job is shown', () => {
      const clock = new MovedClock();
      return inPage(
        async (world) => {
          const createdAtMs = Date.now() - 3_600_000;
          const life = lifeOf([{ status: 'Active', forMs: 3_630_000 }], 'Complete');
          const jobId = world.sandbox.cos.add(REGION, { description: 'copy', createdAtMs, life });
          addJobsByTurns(world, 5);
          await page.open(world.url);
          await page.lookUp(jobId);
          await expect.poll(() => page.lookedUp.innerText(), SOON).toContain('running');
          await expect.poll(() => page.line('copy').innerText(), SOON).toContain('running');

          clock.movedMs = 60_000;
          world.sandbox.clearCalls();
          await page.line('copy').getByRole('button', { name: 'Refresh' }).click();
          await expect.poll(() => page.line('copy').innerText(), SOON).toContain('completed');
          expect(await page.lookedUp.innerText()).toContain('completed');
          expect(world.calls().map(({ action, outcome }) => [action, outcome])).toEqual([
            ['DescribeJob', 'OK'],
          ]);
        },
        { clock },
      );
    });

    it('leaves a job as it was when it cannot be read anew, and says why', () =>
      inPage(async (world) => {
        const [name = ''] = addJobsByTurns(world, 4).slice(1);
        await page.open(world.url);
        await expect.poll(() => page.line(name).innerText(), SOON).toContain('completed');
        world.sandbox.faults.add({
          upstream: 'batchCompute',
          fault: { kind: 'error', code: 'UnauthorizedOperation.NoPermission' },
        });
        await page.line(name).getByRole('button', { name: 'Refresh' }).click();
        await expect
          .poll(() => page.line(name).innerText(), SOON)
          .toContain('Cannot be read (UPSTREAM_FORBIDDEN)');
        expect(await page.line(name).innerText()).toContain('completed');
      }));

    it('shows the others’ jobs while an origin fails, and misses none when it answers again', () =>
      inPage(async (world) => {
        const names = addJobsByTurns(world, 34);
        const others = names.filter((_, index) => index % 3 > 0);
        world.sandbox.faults.add({ upstream: 'cos', region: REGION, fault: BROKEN });
        await page.open(world.url);
        await seesJobs(others.slice(0, PAGE_SIZE));
        expect(await page.banner.innerText()).toContain(`COS sandbox ${REGION}: UPSTREAM_UNAVAILABLE`);
        await page.more.click();
        await seesJobs(others.slice(0, 2 * PAGE_SIZE));
        expect(await page.banner.count()).toBe(1);

        world.sandbox.faults.clear();
        await page.tryAgain.click();
        // Those that are owed come first, in their order, and from then on all in theirs.
        await seesJobs([...others.slice(0, 2 * PAGE_SIZE), ...every(0, names).slice(0, PAGE_SIZE)]);
        expect(await page.banner.count()).toBe(0);
        await walksToTheEnd();
        const seen = await page.names();
        expect(seen).toHaveLength(names.length);
        expect(new Set(seen)).toEqual(new Set(names));
      }));

    it.each([
      ['first', 0],
      ['last', PAGE_SIZE],
    ])('goes on from an empty page, here the %s, until the origin that failed answers', (_, count) =>
      inPage(async (world) => {
        const createdAtMs = Date.now() - 3_600_000;
        const present = Array.from({ length: count }, (__, index) => `here ${String(index)}`);
        for (const [index, name] of present.entries()) {
          world.sandbox.ci.add(BUCKET, { name, createdAtMs: createdAtMs - index * 1_000 });
        }
        world.sandbox.cos.add(REGION, { description: 'missing', createdAtMs });
        world.sandbox.faults.add({ upstream: 'cos', region: REGION, fault: BROKEN });
        await page.open(world.url);
        await seesJobs(present);
        for (const attempt of [1, 2]) {
          const calls = world.calls('ListJobs').length;
          await page.tryAgain.click();
          await expect.poll(() => world.calls('ListJobs').length, SOON).toBeGreaterThan(calls);
          await expect.poll(() => page.tryAgain.isEnabled(), SOON).toBe(true);
          expect(await page.names(), `after attempt ${String(attempt)}`).toEqual(present);
        }
        world.sandbox.faults.clear();
        await page.tryAgain.click();
        await seesJobs([...present, 'missing']);
        expect(await page.more.count()).toBe(0);
        expect(await page.banner.count()).toBe(0);
      }),
    );

    it('does not ask an origin that is left alone before `retryAfterMs` has passed', () =>
      inPage(
        async (world) => {
          const names = addJobsByTurns(world, 6);
          const others = names.filter((_, index) => index % 3 > 0);
          world.sandbox.faults.add({ upstream: 'cos', region: REGION, fault: BROKEN });
          await page.open(world.url);
          await seesJobs(others);
          // The breaker is open by now: the answer to this says for how long.
          await page.tryAgain.click();
          await expect.poll(() => page.more.isEnabled(), SOON).toBe(true);
          world.sandbox.faults.clear();
          // Clicks as soon as it can be clicked. Earlier, the gateway would refuse, and the jobs would not come.
          await page.tryAgain.click();
          await seesJobs([...others, ...every(0, names)]);
        },
        { breaker: { ...BREAKER, consecutiveFailures: 1, openMs: 4_500 } },
      ));

    it('does not offer to try again what asking again cannot mend', () =>
      inPage(async (world) => {
        const names = addJobsByTurns(world, 6);
        world.sandbox.faults.add({
          upstream: 'ci',
          fault: { kind: 'error', code: 'AccessDenied', status: 403 },
        });
        await page.open(world.url);
        await seesJobs(names.filter((_, index) => index % 3 < 2));
        expect(await page.banner.innerText()).toContain(`CI sandbox ${BUCKET}: UPSTREAM_FORBIDDEN`);
        expect(await page.tryAgain.count()).toBe(0);
      }));

    it('keeps what it shows while the network is away, says so wherever it asks, and goes on afterwards', () =>
      inPage(async (world) => {
        const names = addJobsByTurns(world, 14);
        const [jobId = ''] = world.sandbox.cos.jobIds(REGION);
        await page.open(world.url);
        await seesJobs(names.slice(0, PAGE_SIZE));
        await page.setOffline(true);
        await page.more.click();
        await expect.poll(() => page.alerts.allInnerTexts(), SOON).toEqual([NO_ANSWER]);
        await page
          .line(names[3] ?? '')
          .getByRole('button', { name: 'Refresh' })
          .click();
        await expect.poll(() => page.alerts.count(), SOON).toBe(2);
        await page.lookUp(jobId);
        await expect.poll(() => page.alerts.allInnerTexts(), SOON).toEqual(Array(3).fill(NO_ANSWER));
        expect(await page.names()).toEqual(names.slice(0, PAGE_SIZE));

        await page.setOffline(false);
        await page.lookUp(jobId);
        await expect.poll(() => page.lookedUp.innerText(), SOON).toContain('completed');
        await page
          .line(names[3] ?? '')
          .getByRole('button', { name: 'Refresh' })
          .click();
        await page.more.click();
        await seesJobs(names);
        await expect.poll(() => page.alerts.count(), SOON).toBe(0);
      }));

    it('tells a job that is not there from one that cannot be read just now', () =>
      inPage(async (world) => {
        const names = addJobsByTurns(world, 6);
        const [jobId = ''] = world.sandbox.cos.jobIds(REGION);
        await page.open(world.url);
        await seesJobs(names);
        await page.lookUp('00000000-0000-4000-8000-000000000000');
        await expect.poll(() => page.lookedUp.innerText(), SOON).toBe('There is no such job.');

        world.sandbox.faults.add({ upstream: 'cos', fault: BROKEN });
        await page.lookUp('00000000-0000-4000-8000-000000000001');
        await expect
          .poll(() => page.lookedUp.innerText(), SOON)
          .toBe('Cannot be read just now, try again (UPSTREAM_UNAVAILABLE)');
        await seesJobs(names);

        world.sandbox.faults.clear();
        await page.lookUp(jobId);
        await expect.poll(() => page.lookedUp.innerText(), SOON).toContain('completed');
      }));

    // After the stories above, which sent every kind of request.
    it('says who asks, each time', () => {
      expect([...page.clientNames]).toEqual([`jobs-example-${example}`]);
    });
  });
}
