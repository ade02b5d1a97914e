import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sandboxAccount } from '../../src/commands/sandbox-account.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { createLiveApp } from '../../src/live-app.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { listen } from '../../src/server/connections/listen.ts';

/** What BatchCompute grants, and what the simulated one refuses to exceed. */
const PER_SECOND = 2;
const DETAILS_AT_ONCE = 4;

describe('a new configuration in the middle of a burst', () => {
  it('leaves BatchCompute its two calls a second: none too many, and every request is answered', async () => {
    const sandbox = await startSandbox({ world: 'empty', batchComputeRequestsPerSecond: PER_SECOND });
    const place = 'ap-guangzhou';
    const jobIds = Array.from({ length: 3 * DETAILS_AT_ONCE }, () => sandbox.batchCompute.add(place, {}));
    const { server, cache, ...settings } = readConfig({});
    const config: Config = {
      ...settings,
      accounts: [{ ...sandboxAccount(sandbox, PER_SECOND), cos: null, ci: null }],
      // A machine that is busy with other tests makes no overload of a few requests.
      server: { ...server, maxEventLoopDelayMs: 60_000 },
      cache: { ...cache, memoryBytes: 0, replayBytes: 0 },
      deadlines: { ...settings.deadlines, requestMs: 30_000 },
    };
    const live = createLiveApp(config);
    const { url, close } = await listen(live.listener, { host: '127.0.0.1', port: 0 });
    onTestFinished(async () => {
      await close(0);
      await live.close();
      await sandbox.close();
    });
    /** A call of its own for each. */
    const askDetail = async (jobId: string): Promise<unknown> => {
      const { body } = await request(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: `{ batchComputeJob(jobId: "${jobId}") { tasks { name } } }` }),
      });
      return body.json();
    };

    const answers: Promise<unknown>[] = [];
    for (const [index, maxNodeIds] of [100, 101, 102].entries()) {
      expect(live.replace({ ...config, limits: { ...config.limits, maxNodeIds } }).isNew).toBe(true);
      const from = index * DETAILS_AT_ONCE;
      answers.push(...jobIds.slice(from, from + DETAILS_AT_ONCE).map(askDetail));
      // Turns are given out by then, and most of them still to come.
      await sleep(700);
    }
    const whole = { data: { batchComputeJob: { tasks: expect.any(Array) } } };
    expect(await Promise.all(answers)).toEqual(jobIds.map(() => whole));

    const details = sandbox.calls.filter(({ action }) => action === 'DescribeJob');
    expect(details).toHaveLength(jobIds.length);
    expect(new Set(sandbox.calls.map(({ outcome }) => outcome))).toEqual(new Set(['OK']));
    const arrivals = details.map(({ arrivedAtMs }) => arrivedAtMs);
    const thirds = arrivals.slice(PER_SECOND).map((atMs, index) => atMs - (arrivals[index] ?? 0));
    expect(Math.min(...thirds)).toBeGreaterThanOrEqual(1_000);
  }, 60_000);
});
