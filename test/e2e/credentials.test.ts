/** Temporary credentials end while the gateway runs, and the configuration names new ones (reliability U38 and K15). */
import { rmSync, writeFileSync } from 'node:fs';
import { request } from 'undici';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import type { SandboxCall } from '../../src/sandbox/call-log.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { configFile, Running } from '../commands/support.ts';

const UPSTREAMS = ['cos', 'batchCompute', 'ci'] as const;
const FIELDS = { cos: 'cosJobs', batchCompute: 'batchComputeJobs', ci: 'ciJobs' } as const;
const QUERY = `{ ${Object.values(FIELDS)
  .map((field) => `${field}(first: 1) { nodes { jobId } }`)
  .join(' ')} }`;
/** What the upstreams call a session that is over; CI has no word of its own for it. */
const OVER = { cos: 'ExpiredToken', batchCompute: 'AuthFailure.TokenFailure', ci: 'AccessDenied' };

interface Key {
  readonly secretId: string;
  readonly secretKey: string;
  readonly sessionToken: string;
}

const OLD: Key = {
  secretId: 'AKIDCANARYOLD00000000000000000000001',
  secretKey: 'CANARYOLDKEY',
  sessionToken: 'CANARYOLDTOKEN',
};

let sandbox: Sandbox;
/** The only key that the upstreams accept. */
let fresh: Key;
beforeEach(async () => {
  sandbox = await startSandbox({ world: 'empty', sessionToken: 'CANARYNEWTOKEN', strictSignedHeaders: true });
  const { secretId, secretKey } = sandbox.account;
  fresh = { secretId, secretKey, sessionToken: 'CANARYNEWTOKEN' };
  return () => sandbox.close();
});

/** A file of one account that reads one place of each source. */
function yaml({ secretId, secretKey, sessionToken }: Key, name = 'media'): string {
  const { account, endpoints } = sandbox;
  return `
cache: { memoryBytes: 0 }
accounts:
  - name: ${name}
    appId: "${account.appId}"
    uin: "${account.uin}"
    secretId: ${secretId}
    secretKey: ${secretKey}
    sessionToken: ${sessionToken}
    cos: { regions: [ap-guangzhou], endpoint: "${endpoints.cos}" }
    batchCompute: { regions: [ap-guangzhou], endpoint: "${endpoints.batchCompute}", requestsPerSecond: 100 }
    ci: { buckets: [{ name: bucket-1250000000, region: ap-beijing }], endpoint: "${endpoints.ci}" }
`;
}

/** The session of the old key is over: each upstream says so, as often as told. */
function endSession(times?: number): void {
  for (const upstream of UPSTREAMS) {
    sandbox.faults.add({
      upstream,
      ...(times === undefined ? {} : { times }),
      fault: { kind: 'expired-token' },
    });
  }
}

interface Gateway {
  readonly app: App;
  readonly file: string;
  readonly warnings: string[];
}

/** A gateway from a configuration file, which at its start holds the old key. */
function startGateway(): Gateway {
  const { GATEWAY_CONFIG: file } = configFile(yaml(OLD));
  const read = () => readConfig({ GATEWAY_CONFIG: file });
  const warnings: string[] = [];
  const app = createApp(read(), { rereadConfig: read, onWarning: (message) => warnings.push(message) });
  onTestFinished(() => app.close());
  return { app, file, warnings };
}

interface Answer {
  readonly data: Record<string, { readonly nodes: readonly unknown[] } | null>;
  readonly errors?: readonly {
    readonly message: string;
    readonly path: readonly string[];
    readonly extensions: Record<string, unknown>;
  }[];
}

async function ask({ app }: Gateway): Promise<Answer> {
  const answer = await app.fetch(
    new Request('http://gateway/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY }),
    }),
  );
  const text = await answer.text();
  expect(text).not.toContain('CANARY');
  return JSON.parse(text) as Answer;
}

const EMPTY = { nodes: [] };
const WHOLE: Answer = { data: { cosJobs: EMPTY, batchComputeJobs: EMPTY, ciJobs: EMPTY } };

/** What an upstream saw: who asked, and what it said. */
function callsTo(upstream: (typeof UPSTREAMS)[number]): (readonly [SandboxCall['secretId'], string])[] {
  return sandbox.calls
    .filter((call) => call.upstream === upstream)
    .map(({ secretId, outcome }) => [secretId, outcome]);
}

function expectRefused({ data, errors = [] }: Answer): void {
  expect(data).toEqual({ cosJobs: null, batchComputeJobs: null, ciJobs: null });
  expect(errors).toHaveLength(3);
  for (const { message, extensions } of errors) {
    expect(extensions).toMatchObject({ code: 'UPSTREAM_AUTH_FAILED', retryable: false });
    expect(extensions['requestId']).toEqual(expect.any(String));
    expect(message).toContain('renew');
  }
}

describe('a session that is over', () => {
  it('is renewed from the file: the query that met its end succeeds, and the next knows of nothing', async () => {
    const gateway = startGateway();
    endSession(1);
    writeFileSync(gateway.file, yaml(fresh));
    expect(await ask(gateway)).toEqual(WHOLE);
    for (const upstream of UPSTREAMS) {
      expect(callsTo(upstream)).toEqual([
        [OLD.secretId, OVER[upstream]],
        [fresh.secretId, 'OK'],
      ]);
    }
    sandbox.clearCalls();
    expect(await ask(gateway)).toEqual(WHOLE);
    for (const upstream of UPSTREAMS) {
      expect(callsTo(upstream)).toEqual([[fresh.secretId, 'OK']]);
    }
    expect(gateway.warnings).toEqual([]);
  });

  it('stays over while the file is the same: one attempt, and no warning', async () => {
    const gateway = startGateway();
    endSession();
    expectRefused(await ask(gateway));
    for (const upstream of UPSTREAMS) {
      expect(callsTo(upstream)).toEqual([[OLD.secretId, OVER[upstream]]]);
    }
    expect(gateway.warnings).toEqual([]);
  });

  it('is told of after one renewal when the new one is over as well', async () => {
    const gateway = startGateway();
    endSession();
    writeFileSync(gateway.file, yaml(fresh));
    expectRefused(await ask(gateway));
    for (const upstream of UPSTREAMS) {
      expect(callsTo(upstream)).toEqual([
        [OLD.secretId, OVER[upstream]],
        [fresh.secretId, OVER[upstream]],
      ]);
    }
  });

  it.each<readonly [string, (file: string) => void, RegExp]>([
    ['half written', (file) => writeFileSync(file, yaml(fresh).slice(0, 150)), /./],
    [
      'cut within a line',
      (file) => writeFileSync(file, yaml(fresh).replace(/cos: .*/s, 'cos: { regions: [')),
      /syntax error at line/,
    ],
    ['empty', (file) => writeFileSync(file, ''), /mapping/],
    ['gone', (file) => rmSync(file), /ENOENT/],
    [
      'of another account',
      (file) => writeFileSync(file, yaml(fresh, 'other')),
      /expected one of the name media/,
    ],
    [
      'faulty elsewhere',
      (file) => writeFileSync(file, `${yaml(fresh)}\nserver: { port: CANARYPORT1 }`),
      /server\.port/,
    ],
  ])(
    'stays over while the file is %s, and a warning says why; then it is renewed',
    async (_, spoil, reason) => {
      const gateway = startGateway();
      spoil(gateway.file);
      endSession();
      expectRefused(await ask(gateway));
      for (const upstream of UPSTREAMS) {
        expect(callsTo(upstream)).toEqual([[OLD.secretId, OVER[upstream]]]);
      }
      expect(gateway.warnings.length).toBeGreaterThanOrEqual(1);
      expect(gateway.warnings.length).toBeLessThanOrEqual(3);
      for (const warning of gateway.warnings) {
        expect(warning).toMatch(
          /^The credential of account media could not be read anew, and the old one stays: /,
        );
        expect(warning).toMatch(reason);
        expect(warning).not.toMatch(/CANARY[A-Z]*(KEY|TOKEN)|AKID|SANDBOXKEY|\n/);
      }
      sandbox.faults.clear();
      sandbox.clearCalls();
      endSession(1);
      writeFileSync(gateway.file, yaml(fresh));
      expect(await ask(gateway)).toEqual(WHOLE);
    },
  );

  it('takes nothing but the credential from the file', async () => {
    const gateway = startGateway();
    endSession(1);
    const elsewhere = yaml(fresh)
      .replaceAll('ap-guangzhou', 'ap-shanghai')
      .replace('bucket-1250000000, region: ap-beijing', 'media-1250000000, region: ap-shanghai');
    writeFileSync(
      gateway.file,
      `${elsewhere}\ndeadlines: { requestMs: 4, originMs: 3, attemptMs: 2, connectMs: 1 }`,
    );
    expect(await ask(gateway)).toEqual(WHOLE);
    expect(new Set(sandbox.calls.map(({ region, bucket }) => `${region} ${bucket}`))).toEqual(
      new Set(['ap-guangzhou null', 'ap-beijing bucket-1250000000']),
    );
  });
});

it('the server that runs from a file reads it anew, warns on its error output, and shows no secret', async () => {
  const { GATEWAY_CONFIG: file } = configFile(yaml(OLD));
  const gateway = new Running(['serve'], { PORT: '0', GATEWAY_CONFIG: file });
  const [, url = ''] = /serves (\S+)/.exec(await gateway.printed('/graphql'))!;
  const post = async (): Promise<unknown> => {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY }),
    });
    return answer.body.json();
  };
  endSession();
  writeFileSync(file, 'accounts:\n  - name: [media\n    secretKey: CANARY');
  expectRefused((await post()) as Answer);
  sandbox.faults.clear();
  endSession(1);
  writeFileSync(file, yaml(fresh));
  expect(await post()).toEqual(WHOLE);
  const { code, stdout, stderr } = await gateway.end('SIGTERM');
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^Warning: The credential of account media could not be read anew, .*syntax error at line/,
  );
  expect(stdout + stderr).not.toMatch(/CANARY|AKIDSANDBOX|SANDBOXKEY/);
});
