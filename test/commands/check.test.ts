import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { accountOf, cli, configFile, run } from './support.ts';

const ORIGINS = [
  'COS/media/ap-guangzhou',
  'COS/media/ap-shanghai',
  'BATCH_COMPUTE/media/ap-guangzhou',
  'BATCH_COMPUTE/media/ap-shanghai',
  'CI/media/ap-beijing/bucket-1250000000',
  'CI/media/ap-shanghai/media-1250000000',
];

/** The rows of a printed table, each as its cells. */
function tableIn(stdout: string): string[][] {
  const lines = stdout.trimEnd().split('\n');
  return lines.slice(lines.findIndex((line) => line.startsWith('ORIGIN'))).map((line) => line.split(/ {2,}/));
}

/** What is told of each failure, without the hint below it. */
function adviceIn(stderr: string): string[] {
  return stderr
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('  Hint: '));
}

describe('check', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ batchComputeRequestsPerSecond: null, strictSignedHeaders: true });
  });
  afterAll(() => sandbox.close());
  beforeEach(() => sandbox.clearCalls());

  it('asks each origin once and prints how it answered', async () => {
    const { code, stdout, stderr } = await run(['check'], configFile(accountOf(sandbox)));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('6 origins');
    const [header, ...rows] = tableIn(stdout);
    expect(header).toEqual(['ORIGIN', 'OUTCOME', 'REQUEST ID', 'MS']);
    expect(rows.map(([origin, outcome]) => [origin, outcome])).toEqual(
      ORIGINS.map((origin) => [origin, 'ok']),
    );
    rows.forEach(([, , , ms]) => expect(ms).toMatch(/^\d+$/));
    expect(sandbox.calls).toHaveLength(6);
  });

  it('tells the upstream’s request id of each answer', async () => {
    const { stdout } = await cli(['check'], configFile(accountOf(sandbox)));
    const requestIds = tableIn(stdout)
      .slice(1)
      .map(([, , requestId]) => requestId);
    requestIds.forEach((requestId) => expect(requestId).toMatch(/^[A-Za-z0-9_=-]{8,}$/));
    expect(new Set(requestIds).size).toBe(6);
  });

  it('checks the simulated upstreams when nothing is configured', async () => {
    const { code, stdout } = await cli(['check']);
    expect(code).toBe(0);
    expect(stdout).toContain('simulated');
    expect(
      tableIn(stdout)
        .slice(1)
        .map(([origin]) => origin),
    ).toEqual(ORIGINS.map((origin) => origin.replace('media', 'sandbox')));
  });

  it('fails with advice for each origin whose key is wrong, and prints no secret', async () => {
    const file = accountOf(sandbox, { secretKey: 'CANARYkeyofnobody' });
    const { code, stdout, stderr } = await cli(['check'], configFile(file));
    expect(code).toBe(1);
    const rows = tableIn(stdout).slice(1);
    expect(rows).toHaveLength(6);
    rows.forEach(([, outcome]) => expect(outcome).toMatch(/^UPSTREAM_AUTH_FAILED \(\S+\)$/));
    const advice = adviceIn(stderr);
    expect(advice.map((line) => line.slice(0, line.indexOf(': ')))).toEqual(ORIGINS);
    advice.forEach((line) => expect(line).toMatch(/: .*check secretId/));
    expect(stdout + stderr).not.toMatch(/CANARY|127\.0\.0\.1|q-signature/);
    expect(sandbox.calls).toHaveLength(6);
  });

  it('fails for the origins that do not answer, and still tells of the others', async () => {
    const dead = await startSandbox({ world: 'empty' });
    await dead.close();
    const file = accountOf(sandbox, { cos: dead.endpoints.cos });
    const { code, stdout, stderr } = await cli(['check'], configFile(file));
    expect(code).toBe(1);
    expect(
      tableIn(stdout)
        .slice(1)
        .map(([origin, outcome]) => [origin, outcome]),
    ).toEqual(ORIGINS.map((origin, index) => [origin, index < 2 ? 'UPSTREAM_UNAVAILABLE' : 'ok']));
    expect(adviceIn(stderr).map((line) => line.split(': ')[0])).toEqual(ORIGINS.slice(0, 2));
    expect(stdout + stderr).not.toContain(dead.endpoints.cos.slice('http://'.length));
  });

  it('calls nobody when it is told to stay offline', async () => {
    const file = configFile(accountOf(sandbox, { secretKey: 'keyofnobody' }));
    const { code, stdout, stderr } = await cli(['check', '--offline'], file);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('The configuration is sound: 6 origins');
    expect(stdout).not.toContain('ORIGIN ');
    expect(sandbox.calls).toEqual([]);
  });

  it('tells every fault of the configuration and gives 78', async () => {
    const file = accountOf(sandbox).replace('ap-guangzhou', 'Mars').replace('drainMs: 500', 'drainMs: 0');
    const { code, stdout, stderr } = await cli(['check'], configFile(file));
    expect([code, stdout]).toEqual([78, '']);
    expect(stderr).toMatch(/accounts\[0\]\.cos\.regions\[0\]: [^]*deadlines\.drainMs: /);
    expect(sandbox.calls).toEqual([]);
  });
});
