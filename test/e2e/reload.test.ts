/** The configuration changes while the gateway serves: real processes, real files, real signatures. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { Running } from '../commands/support.ts';
import { openLoop } from '../support/open-loop.ts';

const QUERY = JSON.stringify({ query: '{ ciJobs(first: 3) { nodes { jobId status } } }' });
const HOLDS = 'The new configuration holds.\n';

/** Upstreams that accept the one key, and others that accept the other. */
let before: Sandbox;
let after: Sandbox;
let folder: string;
let file: string;

beforeEach(async () => {
  before = await startSandbox({ batchComputeRequestsPerSecond: null });
  after = await startSandbox({
    batchComputeRequestsPerSecond: null,
    account: { secretId: 'AKIDCANARYNEW0000000000000000000001', secretKey: 'CANARYNEWKEY' },
  });
  folder = mkdtempSync(join(tmpdir(), 'gateway-reload-'));
  file = join(folder, 'gateway.yaml');
  return async () => {
    await Promise.all([before.close(), after.close()]);
    rmSync(folder, { recursive: true });
  };
});

function yaml({ account, endpoints }: Sandbox, more = '', server = ''): string {
  return `
server: { maxEventLoopDelayMs: 60000, ${server} }
accounts:
  - name: media
    secretId: ${account.secretId}
    secretKey: ${account.secretKey}
    ci: { buckets: [{ name: bucket-1250000000, region: ap-beijing }], endpoint: "${endpoints.ci}" }
cache: { memoryBytes: 0, replayBytes: 0 }
${more}`;
}

/** A gateway that runs from the file as it is. */
async function start(): Promise<{ readonly url: string; readonly process: Running }> {
  const running = new Running(['serve'], { PORT: '0', GATEWAY_CONFIG: file });
  const [, url = ''] = /serves (\S+)\/graphql/.exec(await running.printed('/graphql\n')) ?? [];
  return { url, process: running };
}

async function ask(
  url: string,
  body = QUERY,
): Promise<{ readonly data?: unknown; readonly errors?: unknown }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await request(`${url}/graphql`, { method: 'POST', headers, body });
  return (await answer.body.json()) as { data?: unknown; errors?: unknown };
}

/** Who signed the calls that an upstream saw, and what it said to them. */
function callers({ calls }: Sandbox): ReadonlySet<string> {
  return new Set(calls.map(({ secretId, outcome }) => `${secretId} ${outcome}`));
}

const ways = {
  'SIGHUP, with the watch switched off': {
    server: 'watchConfig: false',
    change: (running: Running, text: string) => {
      writeFileSync(file, text);
      running.signal('SIGHUP');
    },
  },
  'a file that is written over': {
    server: '',
    change: (_running: Running, text: string) => {
      writeFileSync(file, text);
    },
  },
  'a file that is renamed into place': {
    server: '',
    change: (_running: Running, text: string) => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    },
  },
  'a link that a cluster swaps': {
    server: '',
    change: (_running: Running, text: string) => {
      mkdirSync(join(folder, '..second'));
      writeFileSync(join(folder, '..second', 'gateway.yaml'), text);
      symlinkSync('..second', join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    },
  },
} as const;

describe('a credential that is changed', () => {
  it.each(Object.entries(ways))(
    'by %s holds from then on, and no request fails',
    async (way, { server, change }) => {
      if (way.includes('link')) {
        mkdirSync(join(folder, '..first'));
        writeFileSync(join(folder, '..first', 'gateway.yaml'), yaml(before, '', server));
        symlinkSync('..first', join(folder, '..data'));
        symlinkSync('..data/gateway.yaml', file);
      } else {
        writeFileSync(file, yaml(before, '', server));
      }
      const { url, process: running } = await start();
      await ask(url);
      const load = openLoop({ url, perSecond: 60, lastsMs: 3_000, bodyOf: () => QUERY });
      await sleep(600);
      change(running, yaml(after, '', server));
      await running.printed(HOLDS);
      // Requests that came before may still be under way by the old one.
      await sleep(500);
      before.clearCalls();
      const sent = await load;
      expect(sent.length).toBeGreaterThanOrEqual(180);
      expect(sent.filter(({ status, text }) => status !== 200 || text.includes('"errors"'))).toEqual([]);
      expect(callers(before)).toEqual(new Set());
      expect(callers(after)).toEqual(new Set([`${after.account.secretId} OK`]));
      const { code, stdout, stderr } = await running.end('SIGTERM');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout.split(HOLDS)).toHaveLength(2);
      expect(stdout).not.toContain('CANARY');
    },
  );
});

describe('limits that are changed', () => {
  it('hold from then on, and what only a start can change is told', async () => {
    writeFileSync(file, yaml(before));
    const { url, process: running } = await start();
    expect((await ask(url)).errors).toBeUndefined();
    writeFileSync(file, yaml(before, 'limits: { maxPageSize: 2, defaultPageSize: 2 }', 'port: 1'));
    await running.printed(HOLDS);
    expect(await ask(url)).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    const { code, stderr } = await running.end('SIGTERM');
    expect(code).toBe(0);
    // PORT overrides the file.
    expect(stderr).toBe('');
  });

  it('that only a start can change are told once', async () => {
    writeFileSync(file, yaml(before));
    const { process: running } = await start();
    writeFileSync(
      file,
      yaml(before, 'limits: { maxNodeIds: 7 }\nfleet: { replicaIndex: 0, replicaCount: 2 }'),
    );
    await running.printed(HOLDS);
    writeFileSync(
      file,
      yaml(before, 'limits: { maxNodeIds: 7 }\nfleet: { replicaIndex: 1, replicaCount: 2 }'),
    );
    await sleep(1_000);
    const { stdout, stderr } = await running.end('SIGTERM');
    expect(stdout.split(HOLDS)).toHaveLength(2);
    expect(stderr).toBe('Warning: fleet changes only with the next start.\n');
  });
});

describe('a configuration with faults', () => {
  it('changes nothing: every fault is told, without a secret, and the next sound one holds', async () => {
    writeFileSync(file, yaml(before));
    const { url, process: running } = await start();
    writeFileSync(file, yaml(after, 'limits: { maxPageSize: CANARYSIZE }').replace('ap-beijing', 'Mars'));
    await running.complained('Mars');
    expect((await ask(url)).errors).toBeUndefined();
    expect(callers(before)).toEqual(new Set([`${before.account.secretId} OK`]));
    expect(callers(after)).toEqual(new Set());
    writeFileSync(file, 'accounts: [');
    await running.complained('syntax error');
    writeFileSync(file, yaml(after));
    await running.printed(HOLDS);
    expect((await ask(url)).errors).toBeUndefined();
    expect(callers(after)).toEqual(new Set([`${after.account.secretId} OK`]));
    const { code, stderr } = await running.end('SIGTERM');
    expect(code).toBe(0);
    expect(stderr).not.toContain('CANARYNEWKEY');
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      'The new configuration has 2 faults, and the one before stays:',
      expect.stringMatching(/^ {2}accounts\[0\]\.ci\.buckets\[0\]\.region: .*"Mars"$/),
      expect.stringMatching(/^ {2}limits\.maxPageSize: /),
    ]);
  });
});

describe('SIGHUP', () => {
  it('without a change says so, and changes nothing', async () => {
    writeFileSync(file, yaml(before));
    const { process: running } = await start();
    running.signal('SIGHUP');
    expect(await running.printed('as it was')).not.toContain(HOLDS);
  });

  it('many times at once is answered each time, one after the other, and the last word holds', async () => {
    writeFileSync(file, yaml(before, '', 'watchConfig: false'));
    const { url, process: running } = await start();
    const change = (text: string): void => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
      running.signal('SIGHUP');
    };
    for (let maxNodeIds = 1; maxNodeIds <= 5; maxNodeIds += 1) {
      change(yaml(before, `limits: { maxNodeIds: ${maxNodeIds} }`, 'watchConfig: false'));
    }
    change(yaml(after, '', 'watchConfig: false'));
    await expect
      .poll(async () => {
        await ask(url);
        return callers(after).size;
      })
      .toBe(1);
    expect((await ask(url)).errors).toBeUndefined();
    const { code, stderr } = await running.end('SIGTERM');
    expect([code, stderr]).toEqual([0, '']);
  });

  it('while it drains, takes nothing back: it ends with 0, and answers by the new configuration until then', async () => {
    writeFileSync(
      file,
      yaml(before, 'deadlines: { drainMs: 20000, drainDelayMs: 6000 }', 'watchConfig: false'),
    );
    const { url, process: running } = await start();
    const ended = running.end('SIGTERM');
    await expect.poll(async () => (await request(`${url}/ready`)).statusCode).toBe(503);
    writeFileSync(file, yaml(after, '', 'watchConfig: false'));
    running.signal('SIGHUP');
    await running.printed(HOLDS);
    expect((await request(`${url}/ready`)).statusCode).toBe(503);
    expect((await ask(url)).errors).toBeUndefined();
    expect(callers(after)).toEqual(new Set([`${after.account.secretId} OK`]));
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([0, '']);
  }, 40_000);

  it('in its last moments, when nothing can be reloaded any more, does not kill it', async () => {
    const collector = createServer(() => undefined);
    await once(collector.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => {
      collector.close();
      collector.closeAllConnections();
    });
    const otlpUrl = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    const more = `deadlines: { drainDelayMs: 0 }\ntracing: { otlpUrl: "${otlpUrl}" }`;
    writeFileSync(file, yaml(before, more));
    const { url, process: running } = await start();
    await ask(url);
    const ended = running.end('SIGTERM');
    // What is left is to wait for the collector, which does not answer.
    await expect.poll(() => ask(url).then(() => 'answers', String), { interval: 10 }).toMatch('ECONNREFUSED');
    await sleep(200);
    running.signal('SIGHUP');
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([0, '']);
  });

  it.each([0, 3, 30])('%i ms before the end is no reason not to end', async (beforeMs) => {
    writeFileSync(file, yaml(before, 'deadlines: { drainDelayMs: 0 }', 'watchConfig: false'));
    const { process: running } = await start();
    writeFileSync(file, yaml(after, 'deadlines: { drainDelayMs: 0 }', 'watchConfig: false'));
    running.signal('SIGHUP');
    await sleep(beforeMs);
    const { code, stderr } = await running.end('SIGTERM');
    expect([code, stderr]).toEqual([0, '']);
  });
});

describe('a file that is taken away', () => {
  it('changes nothing, and holds once it is back', async () => {
    writeFileSync(file, yaml(before));
    const { url, process: running } = await start();
    rmSync(file);
    await running.complained('ENOENT');
    expect((await ask(url)).errors).toBeUndefined();
    writeFileSync(file, yaml(after));
    await running.printed(HOLDS);
    expect((await ask(url)).errors).toBeUndefined();
    expect(callers(after)).toEqual(new Set([`${after.account.secretId} OK`]));
    expect((await running.end('SIGTERM')).code).toBe(0);
  });

  it('with its folder holds as soon as another folder is there, which is watched from then on', async () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    file = join(inner, 'gateway.yaml');
    writeFileSync(file, yaml(before));
    const { process: running } = await start();
    const held = async (times: number): Promise<void> => {
      await expect
        .poll(async () => (await running.printed(HOLDS)).split(HOLDS).length - 1, { timeout: 8_000 })
        .toBe(times);
    };
    const change = (maxNodeIds: number): void =>
      writeFileSync(file, yaml(before, `limits: { maxNodeIds: ${maxNodeIds} }`));

    const next = join(folder, 'next');
    mkdirSync(next);
    writeFileSync(join(next, 'gateway.yaml'), yaml(before, 'limits: { maxNodeIds: 7 }'));
    renameSync(inner, join(folder, 'old'));
    renameSync(next, inner);
    await held(1);
    change(8);
    await held(2);

    rmSync(inner, { recursive: true });
    await running.complained('cannot be watched');
    mkdirSync(inner);
    change(9);
    running.signal('SIGHUP');
    await held(3);
    change(10);
    await held(4);
    expect((await running.end('SIGTERM')).code).toBe(0);
  }, 40_000);
});

describe('files that the configuration names', () => {
  it('are read anew when they change', async () => {
    const { query } = JSON.parse(QUERY) as { query: string };
    const listing = join(folder, 'documents.json');
    writeFileSync(listing, JSON.stringify({ one: query }));
    writeFileSync(file, yaml(before, `documents: { mode: enforce, manifests: ["${listing}"] }`));
    const { url, process: running } = await start();
    const byId = (id: string): string => JSON.stringify({ documentId: id });
    expect((await ask(url, byId('one'))).errors).toBeUndefined();
    expect((await ask(url, byId('two'))).errors).toBeDefined();
    writeFileSync(listing, JSON.stringify({ two: query }));
    await running.printed(HOLDS);
    expect((await ask(url, byId('two'))).errors).toBeUndefined();
    expect((await ask(url, byId('one'))).errors).toBeDefined();
  });

  it('may come with a later configuration; a fault is told once, and again to who asks by SIGHUP', async () => {
    const { query } = JSON.parse(QUERY) as { query: string };
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    const listing = join(elsewhere, 'documents.json');
    const documents = `documents: { mode: enforce, manifests: ["${listing}"] }`;
    writeFileSync(listing, JSON.stringify({ one: query }));
    writeFileSync(file, yaml(before));
    const { process: running } = await start();
    writeFileSync(file, yaml(before, documents));
    await running.printed(HOLDS);
    await sleep(1_000);
    writeFileSync(file, 'accounts: [');
    const told = async (): Promise<number> =>
      (await running.complained('syntax error')).split('syntax error').length - 1;
    await told();
    await sleep(1_000);
    expect(await told()).toBe(1);
    writeFileSync(listing, JSON.stringify({ two: query }));
    await sleep(1_000);
    expect(await told()).toBe(1);
    running.signal('SIGHUP');
    await expect.poll(told).toBe(2);
    writeFileSync(file, yaml(before, documents));
    await expect.poll(async () => (await running.printed(HOLDS)).split(HOLDS).length).toBe(3);
    expect((await running.end('SIGTERM')).code).toBe(0);
  });
});
