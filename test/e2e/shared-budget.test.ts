import { describe, expect, it } from 'vitest';
import { sandboxAccount } from '../../src/commands/sandbox-account.ts';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';

describe('the BatchCompute budget of one credential', () => {
  it('is shared by its regions and by accounts that use the same key pair, so the upstream refuses nothing', async () => {
    const sandbox = await startSandbox({ world: 'empty', batchComputeRequestsPerSecond: 4 });
    const account = { ...sandboxAccount(sandbox, 4), cos: null, ci: null };
    const accounts = [
      { ...account, name: 'a' },
      { ...account, name: 'b' },
    ];
    const app = createApp({ ...readConfig({}), accounts });
    try {
      const query = `{ ${['a', 'b']
        .flatMap((name) =>
          sandbox.regions.map(
            (region, index) =>
              `${name}${index}: batchComputeJobs(account: "${name}", region: "${region}") { totalCount }`,
          ),
        )
        .join(' ')} }`;
      const answer = await app.fetch(
        new Request('http://gateway/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query }),
        }),
      );
      const empty = { totalCount: 0 };
      expect(await answer.json()).toEqual({ data: { a0: empty, a1: empty, b0: empty, b1: empty } });
      const arrivals = sandbox.calls.map(({ arrivedAtMs }) => arrivedAtMs);
      expect(sandbox.calls.map(({ outcome }) => outcome)).toEqual(['OK', 'OK', 'OK', 'OK']);
      // Three pauses of 1,100 / 4 ms; separate budgets would let two calls leave at once.
      expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThanOrEqual(3 * 260);
    } finally {
      await app.close();
      await sandbox.close();
    }
  });
});
