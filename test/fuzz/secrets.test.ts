/**
 * Secrets that can be found again go through everything that a gateway does, before upstreams that give them back in every place
 * that an answer has; then everything that came out is searched for them (reliability S12).
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApp } from '../../src/app.ts';
import { ConfigError, readConfig } from '../../src/config.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { configFile, run, Running } from '../commands/support.ts';
import { adminOf, keysOf } from '../e2e/kept.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { CANARIES } from '../support/secrets-kept/canaries.ts';
import { formsOf } from '../support/secrets-kept/forms.ts';
import { letAnswerWithSecrets } from '../support/secrets-kept/watch.ts';

const { secretId, secretKey, sessionToken, routerSecret, clientToken, variable, redisPassword, appId, uin } =
  CANARIES;
/** What nobody is to see; the numbers of the account are not among them, for a bucket's name holds one. */
const SECRETS = {
  secretId,
  secretKey,
  sessionToken,
  routerSecret,
  clientToken,
  variable,
  redisPassword,
};

/** Which secret is where, and how it is written there. */
function leaksIn(outputs: Readonly<Record<string, string>>): string[] {
  return Object.entries(outputs).flatMap(([output, text]) =>
    Object.entries(SECRETS).flatMap(([name, secret]) =>
      Object.entries(formsOf(secret))
        .filter(([, form]) => text.includes(form))
        .map(([form]) => `${name} (${form}) in ${output}`),
    ),
  );
}

/** An upstream that gives back what it was sent, and what it cannot know, wherever an answer to a fault has room for it. */
async function startEcho(): Promise<string> {
  let number = 0;
  const server = createServer((request, response) => {
    number += 1;
    answerWithSecrets(request, response, number);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  letAnswerWithSecrets(url);
  return url;
}

function answerWithSecrets(
  { headers, url }: IncomingMessage,
  response: ServerResponse,
  number: number,
): void {
  const said = `${headers.authorization ?? ''} ${JSON.stringify(headers)} ${url ?? ''} ${secretKey} ${sessionToken} ${secretId}`;
  const xml = said.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const error = (code: string): string =>
    `<Error><Code>${code}</Code><Message>${xml}</Message><StringToSign>${xml}</StringToSign><Resource>${xml}</Resource><RequestId>${xml}</RequestId></Error>`;
  const echoed = {
    'x-cos-request-id': said.slice(0, 4_000),
    'x-ci-request-id': said.slice(0, 4_000),
    'retry-after': secretKey,
    server: said.slice(0, 4_000),
    'set-cookie': `a=${sessionToken}`,
  };
  const answers: readonly [status: number, headers: Record<string, string>, body: string][] = [
    [403, echoed, error('SignatureDoesNotMatch')],
    [500, echoed, error(`Odd ${secretId}`)],
    [400, echoed, error('InvalidArgument')],
    [200, echoed, `<html>${xml}</html>`],
    [200, echoed, said],
    [
      200,
      echoed,
      `<ListJobsResult><Jobs><member><JobId>${xml}</JobId><Status>${secretKey}</Status></member></Jobs></ListJobsResult>`,
    ],
    [
      200,
      { ...echoed, 'content-type': 'application/json' },
      JSON.stringify({ Response: { Error: { Code: said, Message: said }, RequestId: said } }),
    ],
    [
      200,
      echoed,
      JSON.stringify({
        Response: { Error: { Code: 'AuthFailure.SignatureFailure', Message: said }, RequestId: said },
      }),
    ],
    [302, { ...echoed, location: `http://127.0.0.1:1/${encodeURIComponent(said).slice(0, 2_000)}` }, said],
    [418, { ...echoed, 'content-encoding': secretKey }, said],
  ];
  const [status, more, body] = answers[number % answers.length] ?? [500, {}, ''];
  response.writeHead(status, more).end(body);
}

/** Two accounts with the same secrets: one with upstreams that work, one with upstreams that give everything back. */
function yamlOf({ endpoints, regions }: Sandbox, echo: string, redisUrl: string): string {
  const account = (name: string, { cos, batchCompute, ci }: Sandbox['endpoints']): string => `
  - name: ${name}
    appId: "${appId}"
    uin: "${uin}"
    secretId: ${secretId}
    secretKey: ${secretKey}
    sessionToken: ${sessionToken}
    cos: { regions: [${regions.join()}], endpoint: "${cos}" }
    batchCompute: { regions: [${regions.join()}], endpoint: "${batchCompute}", requestsPerSecond: 1000 }
    ci: { buckets: [{ name: ${name}-${appId}, region: ap-beijing }], endpoint: "${ci}" }`;
  return `
accounts:${account('media', endpoints)}${account('echo', { cos: echo, batchCompute: echo, ci: echo })}
redis: { url: "${redisUrl}" }
federation: { routerSecret: ${routerSecret} }
server: { upstreamTrace: true, introspection: true }
deadlines: { requestMs: 4000, attemptMs: 1000, drainMs: 500, drainDelayMs: 0 }
breaker: { consecutiveFailures: 1000, failurePercent: 100, minimumAttempts: 100000 }
`;
}

const FACTS =
  'nodes { jobId displayName failures { code reason } } origins { outcome error { code message upstreamCode requestId } }';
const ROUTER_HEADERS = { 'router-authorization': routerSecret };

/** What is sent by all kinds of clients; each text is sent as it is. */
function requestsOf(times: number): readonly (readonly [body: string, headers?: Record<string, string>])[] {
  const query = (text: string, variables: object = {}): string => JSON.stringify({ query: text, variables });
  const everywhere = ['media', 'echo'].flatMap((account) => [
    query(`{ jobs(filter: { accounts: ["${account}"] }) { ${FACTS} } }`),
    query(`{ cosJobs(account: "${account}") { ${FACTS} } }`),
    query(`{ batchComputeJobs(account: "${account}") { ${FACTS} } }`),
    query(`{ cosJob(jobId: "nothing-0", account: "${account}") { roleArn } }`),
    query(`{ batchComputeJob(jobId: "job-00000000", account: "${account}") { stateReason } }`),
  ]);
  return [
    ...Array.from({ length: times }, () => everywhere.map((body) => [body] as const)).flat(),
    [query(`{ jobs { ${FACTS} } ciJobs { ${FACTS} } }`), { 'cache-control': 'no-cache' }],
    [query('query ($text: String) { jobs(filter: { text: $text }) { totalCount } }', { text: variable })],
    [
      query('query ($a: Int) { cosJobs(first: $a) { totalCount } }', { a: 1 }),
      { authorization: `Bearer ${clientToken}` },
    ],
    [query('{ _service { sdl } }'), ROUTER_HEADERS],
    [query('{ _service { sdl } }'), { cookie: `session=${clientToken}` }],
    [query('{ _entities(representations: [{ __typename: "CosJob" }]) { __typename } }'), ROUTER_HEADERS],
    ['{"query": ', { authorization: clientToken }],
    [query('{ nothing }')],
    [query('{ jobs { ')],
  ];
}

/** Sends everything; gives what came, heads and bodies. */
async function exchange(url: string, times = 3): Promise<string> {
  const seen: string[] = [];
  const note = async (response: Response): Promise<void> => {
    seen.push(`${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`);
  };
  for (const [body, headers = {}] of requestsOf(times)) {
    const more = { 'content-type': 'application/json', 'x-upstream-trace': '1', 'x-graphql-client': 'test' };
    await note(await fetch(`${url}/graphql`, { method: 'POST', headers: { ...more, ...headers }, body }));
  }
  for (const path of [
    '/health',
    '/ready',
    '/metrics',
    `/graphql?query=${encodeURIComponent('{ origins { region } }')}`,
    '/other',
  ]) {
    await note(await fetch(`${url}${path}`, { headers: { 'x-graphql-client': 'test' } }));
  }
  return seen.join('\n');
}

async function contentsOf({ url }: TestRedis): Promise<string> {
  const admin = adminOf(`${url}?password=${redisPassword}`);
  const keys = await keysOf(admin);
  const values = await Promise.all(keys.map((key) => admin.dumpBuffer(key)));
  const texts = await Promise.all(
    keys.map((key) => admin.get(key).catch(async () => JSON.stringify(await admin.hgetall(key)))),
  );
  return [...keys, ...values.map((value) => value.toString('latin1')), ...texts].join('\n');
}

describe('of its secrets a gateway shows none', () => {
  it('in its output, its answers, its metrics and its Redis, whatever upstreams give back to it', async () => {
    const sandbox = await startSandbox({
      account: { secretId, secretKey, appId, uin },
      sessionToken,
      buckets: [{ name: `media-${appId}`, region: 'ap-beijing' }],
      batchComputeRequestsPerSecond: null,
    });
    onTestFinished(() => sandbox.close());
    // It answers with faults whose messages hold a secret.
    letAnswerWithSecrets(...Object.values(sandbox.endpoints));
    const port = await freePort();
    const redis = await startRedis('--port', String(port), '--requirepass', redisPassword);
    onTestFinished(() => redis.close());
    const redisUrl = `redis://:${redisPassword}@127.0.0.1:${port}`;
    const file = configFile(yamlOf(sandbox, await startEcho(), redisUrl));
    const serving = new Running(['serve'], { ...file, PORT: '0', LOG_LEVEL: 'debug' });
    const [, url = ''] = /serves (\S+)\/graphql/.exec(await serving.printed('/graphql')) ?? [];
    const answers = await exchange(url);
    sandbox.faults.add({ upstream: 'ci', times: 3, fault: { kind: 'drop', when: 'within-body' } });
    sandbox.faults.add({ upstream: 'cos', times: 3, fault: { kind: 'expired-token' } });
    sandbox.faults.add({
      upstream: 'batchCompute',
      times: 3,
      fault: { kind: 'error', code: 'InternalError', message: secretKey },
    });
    const answersToFaults = await exchange(url);
    const contents = await contentsOf(redis);
    await redis.close();
    const withoutRedis = await exchange(url, 1);
    const { stdout, stderr, code } = await serving.end('SIGTERM');
    const checked = await run(['check'], file);
    const outputs = {
      stdout,
      stderr,
      answers,
      answersToFaults,
      withoutRedis,
      contents,
      'what check prints': checked.stdout + checked.stderr,
    };
    expect(leaksIn(outputs)).toEqual([]);
    // It was a gateway at work, and a Redis in use.
    expect(code).toBe(0);
    expect(stdout).toContain('"event":"upstream-call"');
    expect(answers).toContain('UPSTREAM_AUTH_FAILED');
    expect(answers).toContain('UPSTREAM_BAD_RESPONSE');
    expect(answers).toContain('"jobId"');
    expect(contents.length).toBeGreaterThan(2_000);
    expect(checked.stdout).toContain('UPSTREAM_');
  }, 120_000);

  it('in what it says of faults of its configuration', async () => {
    const wrong = {
      TENCENTCLOUD_SECRET_ID: secretId,
      TENCENTCLOUD_SECRET_KEY: `${secretKey} x`,
      TENCENTCLOUD_SESSION_TOKEN: `${sessionToken}\n`,
    };
    const faulty = [
      {
        ...wrong,
        TENCENTCLOUD_REGION: 'Ä',
        TENCENTCLOUD_APP_ID: 'x',
        FEDERATION_ROUTER_SECRET: routerSecret.slice(0, 9),
      },
      { ...wrong, REDIS_URL: `redis://:${redisPassword}@not a host` },
      { ...wrong, REDIS_URL: `http://:${redisPassword}@host` },
      configFile(
        `accounts: [{ name: a, secretId: "${secretId} ", secretKey: [${secretKey}], sessionToken: { a: ${sessionToken} } }]`,
      ),
      configFile(`accounts: { secretKey: ${secretKey}, ${secretId}`),
      configFile(
        `redis: { url: "redis://:${redisPassword}@" }\nfederation: { routerSecret: [ "${routerSecret} a" ] }`,
      ),
    ];
    const printed: Record<string, string> = {};
    for (const [index, environment] of faulty.entries()) {
      const { code, stdout, stderr } = await run(['serve'], environment);
      expect(code, stderr).toBe(78);
      printed[`configuration ${index}`] = stdout + stderr;
    }
    expect(leaksIn(printed)).toEqual([]);
  }, 60_000);

  it('when its parts are printed by whoever looks into them', async () => {
    const environment = {
      TENCENTCLOUD_SECRET_ID: secretId,
      TENCENTCLOUD_SECRET_KEY: secretKey,
      TENCENTCLOUD_SESSION_TOKEN: sessionToken,
      TENCENTCLOUD_APP_ID: appId,
      TENCENTCLOUD_UIN: uin,
      TENCENTCLOUD_REGION: 'ap-guangzhou',
      REDIS_URL: `redis://:${redisPassword}@127.0.0.1:1`,
      FEDERATION_ROUTER_SECRET: routerSecret,
      COS_ENDPOINT: await startEcho(),
    };
    const config = readConfig(environment);
    const app = createApp(config, {});
    onTestFinished(() => app.close());
    const scope = { signal: new AbortController().signal, deadlineMs: Date.now() + 3_000 };
    const [source] = app.origins.sources.cos;
    const errors = await Promise.all(
      Array.from({ length: 10 }, async () =>
        source?.detail('nothing-0', scope).then(
          () => null,
          (error: unknown) => error,
        ),
      ),
    );
    expect(errors.filter((error) => error instanceof Error).length).toBeGreaterThan(0);
    const fault = ((): unknown => {
      try {
        return readConfig({ ...environment, TENCENTCLOUD_SECRET_KEY: `${secretKey} x` });
      } catch (error) {
        return error;
      }
    })();
    expect(fault).toBeInstanceOf(ConfigError);
    const deep = { depth: 12, showHidden: true, getters: false } as const;
    const shown = Object.fromEntries(
      Object.entries({ config, app, errors, fault }).flatMap(([name, value]) => [
        [`inspected ${name}`, inspect(value, deep)],
        [`${name} as JSON`, JSON.stringify(value, withoutCycles()) ?? ''],
        [`${name} as text`, String(value)],
      ]),
    );
    expect(leaksIn(shown)).toEqual([]);
  }, 60_000);

  it('and each is found in every form, wherever it stands', () => {
    for (const [name, secret] of Object.entries(SECRETS)) {
      const forms = {
        raw: `x${secret}y`,
        base64: Buffer.from(secret).toString('base64'),
        'base64 of a pair': Buffer.from(`user:${secret}`).toString('base64'),
        'base64url of a member': Buffer.from(JSON.stringify({ a: 1, b: secret })).toString('base64url'),
        hex: Buffer.from(secret).toString('hex'),
        'a URL': `https://host/?a=${encodeURIComponent(secret)}`,
        JSON: JSON.stringify([secret]),
      };
      for (const [form, text] of Object.entries(forms)) {
        expect(
          leaksIn({ [form]: `before ${text} after` }).some((leak) => leak.startsWith(name)),
          `${name} ${form}`,
        ).toBe(true);
      }
    }
    expect(leaksIn({ nothing: 'AKID canary7secret' })).toEqual([]);
  });
});

/** Leaves out what was there before. */
function withoutCycles(): (key: string, value: unknown) => unknown {
  const seen = new Set<unknown>();
  return (_key, value) => {
    if (typeof value !== 'object' || value === null) {
      return typeof value === 'bigint' ? String(value) : value;
    }
    if (seen.has(value)) {
      return undefined;
    }
    seen.add(value);
    return value;
  };
}
