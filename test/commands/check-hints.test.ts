import { beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../src/sandbox/faults.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { freePort } from '../support/free-port.ts';
import { accountOf, cli, configFile, type Outcome } from './support.ts';

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({ batchComputeRequestsPerSecond: null });
  return () => sandbox.close();
});

/** Has every upstream misbehave in one way. */
function all(faults: { readonly cos: Fault; readonly batchCompute: Fault; readonly ci: Fault }): void {
  (['cos', 'batchCompute', 'ci'] as const).forEach((upstream) =>
    sandbox.faults.add({ upstream, fault: faults[upstream] }),
  );
}

async function check(yaml = accountOf(sandbox)): Promise<Outcome> {
  const outcome = await cli(['check'], configFile(yaml));
  expect(outcome.stdout + outcome.stderr).not.toMatch(/CANARY|SANDBOXKEY|q-signature|127\.0\.0\.1/);
  return outcome;
}

/** The hint below each origin of a source. */
function hints({ stderr }: Outcome, source: string): string[] {
  const lines = stderr.split('\n');
  return lines.flatMap((line, index) =>
    line.startsWith(`${source}/`) ? [(lines[index + 1] ?? '').replace(/^ {2}Hint: /, '')] : [],
  );
}

const error = (code: string, status: number): Fault => ({ kind: 'error', code, status });

describe('check tells what to look at first', () => {
  it('when the secretKey is wrong', async () => {
    const outcome = await check(accountOf(sandbox, { secretKey: 'CANARYkeyofnobody' }));
    expect(outcome.code).toBe(1);
    expect(hints(outcome, 'COS')[0]).toMatch(/secretKey does not belong/);
    expect(hints(outcome, 'BATCH_COMPUTE')[0]).toMatch(/secretKey does not belong/);
    expect(hints(outcome, 'CI')[0]).toMatch(/key pair is not accepted|secretKey does not belong/);
  });

  it('when nobody knows the secretId', async () => {
    const outcome = await check(accountOf(sandbox).replace(/secretId: .*/, 'secretId: AKIDNOBODY'));
    expect(hints(outcome, 'COS')[0]).toMatch(/secretId is unknown/);
    expect(hints(outcome, 'BATCH_COMPUTE')[0]).toMatch(/secretId is unknown/);
  });

  it('when a grant is missing: the actions by their names', async () => {
    all({
      cos: error('AccessDenied', 403),
      batchCompute: error('AuthFailure.UnauthorizedOperation', 200),
      ci: error('AccessDenied', 403),
    });
    const outcome = await check();
    expect(hints(outcome, 'COS')[0]).toMatch(/cos:ListJobs and cos:DescribeJob .* CAM/);
    expect(hints(outcome, 'BATCH_COMPUTE')[0]).toMatch(
      /name\/batch:DescribeJobs .*QcloudBatchReadOnlyAccess/,
    );
    expect(hints(outcome, 'CI')[0]).toMatch(/ci:DescribeInventoryTriggerJobs/);
  });

  it.each([
    ['behind', 7_200_000],
    ['ahead of', -7_200_000],
  ])('when this machine’s clock is two hours %s the upstreams’', async (direction, offsetMs) => {
    const fault: Fault = { kind: 'clock-skew', offsetMs };
    all({ cos: fault, batchCompute: fault, ci: fault });
    const outcome = await check();
    expect(outcome.code).toBe(1);
    for (const source of ['COS', 'BATCH_COMPUTE']) {
      expect(hints(outcome, source)[0]).toBe(
        `this machine's clock is 120 minutes ${direction} the upstream's: set it, and let it follow a time server.`,
      );
    }
  });

  it('when the clock is off by so little that the gateway corrects it: all is well, and it is told', async () => {
    const fault: Fault = { kind: 'clock-skew', offsetMs: 600_000 };
    all({ cos: fault, batchCompute: fault, ci: fault });
    const { code, stderr } = await check();
    expect(code).toBe(0);
    expect(stderr).toBe(
      "Warning: this machine's clock is 10 minutes behind the upstream's: let it follow a time server.\n",
    );
  });

  it('when the region has no such product', async () => {
    all({
      cos: error('PermanentRedirect', 400),
      batchCompute: error('UnsupportedRegion', 200),
      ci: error('NoSuchBucket', 404),
    });
    const outcome = await check();
    expect(hints(outcome, 'BATCH_COMPUTE')[0]).toMatch(/not there in ap-guangzhou/);
    expect(hints(outcome, 'COS')[0]).toMatch(/not there in ap-guangzhou/);
    expect(hints(outcome, 'CI')[0]).toMatch(/no such bucket in ap-beijing/);
  });

  it('when a bucket or an appId is another account’s', async () => {
    all({
      cos: error('InvalidArgument', 400),
      batchCompute: error('InternalError', 200),
      ci: error('NoSuchBucket', 404),
    });
    const outcome = await check(accountOf(sandbox).replace('appId: "1250000000"', 'appId: "1299999999"'));
    expect(hints(outcome, 'COS')[0]).toMatch(/appId or uin/);
    expect(hints(outcome, 'CI')[0]).toMatch(/ends in 1250000000 and the account's appId is 1299999999/);
  });

  it('when nothing answers at an endpoint, and when a host name is not found', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const refused = await check(accountOf(sandbox, { cos: nobody }));
    expect(hints(refused, 'COS')[0]).toMatch(/nothing answers at the endpoint/);
    const unknown = await check(accountOf(sandbox, { cos: 'https://cos.invalid' }));
    expect(hints(unknown, 'COS')[0]).toMatch(/host name is not found: see whether ap-guangzhou is a region/);
    expect(hints(unknown, 'CI')).toEqual([]);
  });

  it('when others use the budget', async () => {
    const throttled = error('RequestLimitExceeded', 200);
    sandbox.faults.add({ upstream: 'batchCompute', fault: throttled });
    const outcome = await check();
    expect(hints(outcome, 'BATCH_COMPUTE')[0]).toMatch(/others use the same budget/);
  });
});
