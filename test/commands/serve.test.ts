import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { freePort } from '../support/free-port.ts';
import { accountOf, cli, configFile, run, Running } from './support.ts';

/** The request that a printed curl line would send. */
function curlIn(printed: string): { readonly url: string; readonly type: string; readonly body: string } {
  const [, url = '', type = '', body = ''] =
    /curl -s (\S+) -H 'content-type: (\S+)' -d '([^']+)'/.exec(printed) ?? [];
  return { url, type, body };
}

async function post(url: string, type: string, body: string): Promise<{ data: unknown; errors?: unknown }> {
  const answer = await request(url, { method: 'POST', headers: { 'content-type': type }, body });
  return (await answer.body.json()) as { data: unknown; errors?: unknown };
}

describe('serve without a configuration', () => {
  it('prints its address, says that the data is simulated, and a curl line that works; ends on SIGTERM', async () => {
    const gateway = new Running(['serve'], { PORT: '0' });
    const printed = await gateway.printed('curl');
    expect(printed).toMatch(/^jobs-gateway serves http:\/\/127\.0\.0\.1:\d+\/graphql$/m);
    expect(printed).not.toContain(':0/');
    expect(printed).toContain('simulated');
    const { url, type, body } = curlIn(await gateway.printed("}'"));
    const { data, errors } = await post(url, type, body);
    expect(errors).toBeUndefined();
    const twoJobs = { nodes: [{ jobId: expect.any(String) }, { jobId: expect.any(String) }] };
    expect(data).toMatchObject({ cosJobs: twoJobs, batchComputeJobs: twoJobs, ciJobs: twoJobs });
    const introspected = await post(
      url,
      type,
      JSON.stringify({ query: '{ __schema { queryType { name } } }' }),
    );
    expect(introspected).toEqual({ data: { __schema: { queryType: { name: 'Query' } } } });
    expect(await gateway.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    await expect(post(url, type, body)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('serve with an account', () => {
  it('reads it, starts no sandbox, closes what only explorers need; ends on SIGINT, though clients stay', async () => {
    const sandbox = await startSandbox();
    onTestFinished(() => sandbox.close());
    const gateway = new Running(['serve'], { PORT: '0', ...configFile(accountOf(sandbox)) });
    const printed = await gateway.printed("}'");
    expect(printed).not.toMatch(/simulated|GraphiQL/);
    const { url, type, body } = curlIn(printed);
    expect((await post(url, type, body)).errors).toBeUndefined();
    expect(sandbox.calls.length).toBeGreaterThanOrEqual(3);
    const { errors } = await post(
      url,
      type,
      JSON.stringify({ query: '{ __schema { queryType { name } } }' }),
    );
    expect(errors).toMatchObject([
      { extensions: { code: 'INTROSPECTION_DISABLED' } },
      { extensions: { code: 'INTROSPECTION_DISABLED' } },
    ]);
    const page = await request(url, { headers: { accept: 'text/html' } });
    expect([page.statusCode, page.headers['content-type']]).toEqual([406, 'application/json; charset=utf-8']);
    expect(await page.body.text()).not.toContain('<');
    const { code, stdout, stderr } = await gateway.end('SIGINT');
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain(sandbox.account.secretKey);
  });
});

describe('what serve tells of itself', () => {
  it('is a line of JSON for each request, on the output, all of them there when it has ended', async () => {
    const gateway = new Running(['serve'], { PORT: '0' });
    const { url, type, body } = curlIn(await gateway.printed("}'"));
    for (let sent = 0; sent < 5; sent += 1) {
      await post(url, type, body);
    }
    const { code, stdout, stderr } = await gateway.end('SIGTERM');
    expect([code, stderr]).toEqual([0, '']);
    const lines = [...stdout.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line) as unknown);
    const line = { level: 'info', event: 'request', method: 'POST', path: '/graphql', status: 200 };
    expect(lines).toMatchObject([line, line, line, line, line]);
  });

  it('has its metrics on a port of its own where it is told to, and only there', async () => {
    const sandbox = await startSandbox();
    onTestFinished(() => sandbox.close());
    const file = accountOf(sandbox).replace(/^server: \{/m, 'server: { metricsPort: 0,');
    const gateway = new Running(['serve'], { PORT: '0', ...configFile(file) });
    const printed = await gateway.printed('/metrics.\n');
    const [metricsUrl = ''] = /http:\S+\/metrics/.exec(printed) ?? [];
    const metrics = await request(metricsUrl);
    expect([metrics.statusCode, await metrics.body.text()]).toEqual([
      200,
      expect.stringContaining('jobs_gateway_requests_in_flight 0'),
    ]);
    const { url } = curlIn(printed);
    const statuses = await Promise.all(
      [url.replace('/graphql', '/metrics'), metricsUrl.replace('/metrics', '/graphql')].map(async (other) => {
        const { statusCode, body } = await request(other);
        await body.dump();
        return statusCode;
      }),
    );
    expect(statuses).toEqual([404, 404]);
    expect(await gateway.end('SIGTERM')).toMatchObject({ code: 0 });
  });
});

describe('serve while nobody else is there', () => {
  it('starts without its upstreams and without its Redis, and is ready', async () => {
    const away = await startSandbox({ world: 'empty' });
    await away.close();
    const gateway = new Running(['serve'], {
      PORT: '0',
      REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
      ...configFile(accountOf(away)),
    });
    const { url, type, body } = curlIn(await gateway.printed("}'"));
    const ready = await request(url.replace('/graphql', '/ready'));
    expect(ready.statusCode).toBe(200);
    expect(await ready.body.json()).toMatchObject({ status: 'ready', redis: 'away' });
    const { data, errors } = await post(url, type, body);
    expect(data).toEqual({ cosJobs: null, batchComputeJobs: null, ciJobs: null });
    expect(errors).toHaveLength(3);
    expect((await gateway.end('SIGTERM')).code).toBe(0);
  });
});

describe('serve does not start', () => {
  it('with a faulty configuration: it tells every fault and no secret at once, and gives 78', async () => {
    const { code, stdout, stderr, durationMs } = await run(['serve'], {
      TENCENTCLOUD_SECRET_ID: 'CANARY id',
      TENCENTCLOUD_SECRET_KEY: 'CANARY\nkey',
      TENCENTCLOUD_REGION: 'Mars',
      PORT: 'http',
    });
    expect([code, stdout]).toEqual([78, '']);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'The configuration has 4 faults:',
      expect.stringMatching(/^ {2}\w+: /),
      expect.stringMatching(/^ {2}\w+: /),
      expect.stringMatching(/^ {2}\w+: /),
      expect.stringMatching(/^ {2}\w+: /),
    ]);
    expect(stderr).toMatch(/TENCENTCLOUD_REGION: .*"Mars"/);
    expect(stderr).toMatch(/PORT: .*"http"/);
    expect(stderr).not.toContain('CANARY');
    expect(durationMs).toBeLessThan(10_000);
  });

  it('with a file that is not there', async () => {
    const { code, stderr } = await cli(['serve'], { GATEWAY_CONFIG: '/nowhere/gateway.yaml' });
    expect(code).toBe(78);
    expect(stderr).toMatch(/GATEWAY_CONFIG: .*ENOENT/);
  });

  it('on a port that is taken: it says so in one line and gives 1', async () => {
    const holder = createServer();
    await once(holder.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void holder.close());
    const { port } = holder.address() as AddressInfo;
    const { code, stdout, stderr } = await run(['serve'], { PORT: String(port) });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`Cannot listen on 127.0.0.1:${port}: EADDRINUSE. Set PORT or HOST.\n`);
  });

  it('on a port for its metrics that is taken: it names that one, and ends', async () => {
    const sandbox = await startSandbox({ world: 'empty' });
    onTestFinished(() => sandbox.close());
    const holder = createServer();
    await once(holder.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void holder.close());
    const { port } = holder.address() as AddressInfo;
    const file = accountOf(sandbox).replace(/^server: \{/m, `server: { metricsPort: ${port},`);
    const { code, stdout, stderr } = await run(['serve'], { PORT: '0', ...configFile(file) });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(`Cannot listen on 127.0.0.1:${port}: EADDRINUSE. Set server.metricsPort.\n`);
  });

  it('on a host that nobody knows', async () => {
    const { code, stderr } = await run(['serve'], { HOST: 'localhost', PORT: '70000' });
    expect([code, stderr]).toEqual([78, expect.stringContaining('PORT: ')]);
    const unknown = await run(['serve'], { HOST: 'gateway.invalid', PORT: '0' });
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toMatch(
      /^Cannot listen on gateway\.invalid:0: (ENOTFOUND|EAI_AGAIN)\. Set PORT or HOST\.\n$/,
    );
  });
});
