/** The search that the whole suite is under finds what it is to find. Every leak here is planted, and taken away again. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { Counter, Registry } from 'prom-client';
import { Agent, request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../../src/lib/secret.ts';
import { metricsListener } from '../../../src/server/seeing/metrics-listener.ts';
import { unmappedCodes } from '../../../src/telemetry/channels.ts';
import { cli, run } from '../../commands/support.ts';
import { TLS_CERTIFICATE, TLS_HOST, TLS_KEY } from '../../upstream/tls-fixture.ts';
import { startCollector } from '../collector.ts';
import { startRedis } from '../redis.ts';
import { CANARIES } from './canaries.ts';
import { lookThroughError, lookThroughLog } from './gateway.ts';
import { learnSecret, learnSettings } from './known-secrets.ts';
import { allowLeaks, failOnLeaks, lookThrough, takeLeaks } from './leaks.ts';
import { letAnswerWithSecrets } from './watch.ts';

const { secretId, secretKey, sessionToken, routerSecret, clientToken, redisPassword } = CANARIES;
/** As a signed token begins. */
const JWT = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`;

/** What got out up to now: which secret, in which form, and where. */
function found(): string[] {
  return takeLeaks().map(({ kind, form, place }) => `${kind} (${form}) in ${place}`);
}

async function listening(server: Server, protocol = 'http'): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serverOf = (answer: RequestListener): Promise<string> => listening(createServer(answer));

async function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  await (await request(url, { headers })).body.dump();
}

describe('a secret is found in the output', () => {
  it('of this process, by whichever way it is printed', () => {
    // oxlint-disable-next-line no-console -- what is tested
    console.log('planted %s', Buffer.from(secretKey).toString('hex'));
    expect(found()).toEqual(['SecretKey (hex) in the output of this process']);
    // oxlint-disable-next-line no-console -- what is tested
    console.error({ planted: [Buffer.from(sessionToken).toString('base64')] });
    expect(found()).toEqual(['session token (base64 at 0) in the output of this process']);
    process.stdout.write(`planted ${Buffer.from(secretKey).toString('hex')}\n`);
    expect(found()).toEqual(['SecretKey (hex) in the output of this process']);
    writeSync(2, `planted ${Buffer.from(secretId).toString('hex')}\n`);
    expect(found()).toEqual(['SecretId (hex) in the output of this process']);
  });

  it.each(['log', 'error'])('of a child process, by console.%s', async (method) => {
    const code = `console.${method}("planted", process.env.PLANTED)`;
    await new Promise((resolve) => {
      execFile(process.execPath, ['--eval', code], { env: { PLANTED: secretKey } }, resolve);
    });
    expect(found()).toEqual(['SecretKey (raw) in a stream read']);
  });

  it('of a command, in this process and in its own', async () => {
    learnSecret('no-such-command', 'secret');
    await cli(['no-such-command']);
    expect(found()).toEqual(['secret (raw) in what a command complains of']);
    await run(['no-such-command']);
    expect(found()).toEqual(['secret (raw) in a stream read']);
  });
});

describe('a secret is found in an HTTP answer', () => {
  it.each<readonly [where: string, answer: RequestListener]>([
    ['head', (_request, response) => response.setHeader('x-planted', secretKey).end()],
    ['body', (_request, response) => response.end(`planted ${secretKey}`)],
    [
      'body, written in two parts',
      (_request, response) => {
        response.writeHead(200, { 'content-length': secretKey.length });
        response.write(secretKey.slice(0, 9), () => response.end(secretKey.slice(9)));
      },
    ],
  ])('in its %s', async (_where, answer) => {
    await get(await serverOf(answer));
    expect(found()).toEqual([
      'SecretKey (raw) in an HTTP answer written',
      'SecretKey (raw) in an HTTP answer read',
    ]);
  });

  it('that is encrypted on its way', async () => {
    const options = { cert: TLS_CERTIFICATE, key: TLS_KEY };
    const url = await listening(
      createSecureServer(options, (_request, response) => response.end(secretKey)),
      'https',
    );
    const dispatcher = new Agent({ connect: { ca: TLS_CERTIFICATE, servername: TLS_HOST } });
    onTestFinished(() => dispatcher.close());
    await (await request(url, { dispatcher })).body.dump();
    expect(found()).toEqual([
      'SecretKey (raw) in an HTTP answer written',
      'SecretKey (raw) in an HTTP answer read',
    ]);
  });

  it('that tells metrics', async () => {
    const register = new Registry();
    new Counter({ name: 'planted', help: 'planted', labelNames: ['key'], registers: [register] }).inc({
      key: secretKey,
    });
    const text = async (): Promise<{ type: string; body: string }> => ({
      type: register.contentType,
      body: await register.metrics(),
    });
    await get(`${await serverOf(metricsListener(() => undefined, text))}/metrics`);
    expect(found()).toContain('SecretKey (raw) in an HTTP answer written');
  });

  it('that a signed token is in', async () => {
    await get(await serverOf((_request, response) => response.end(`planted ${JWT}`)));
    expect(found()).toContain('bearer token (raw) in an HTTP answer written');
  });

  it('unless it is given by an upstream of which that is known', async () => {
    const url = await serverOf((_request, response) => response.end(secretKey));
    letAnswerWithSecrets(url);
    await get(url);
    expect(found()).toEqual([]);
    await get(url, { 'x-planted': secretKey });
    expect(found()).toEqual(['SecretKey (raw) in an HTTP request written']);
  });
});

describe('an HTTP request', () => {
  const silent: RequestListener = (_request, response) => response.end();

  it('may prove who asks', async () => {
    await get(await serverOf(silent), {
      'router-authorization': routerSecret,
      'x-cos-security-token': sessionToken,
      authorization: `q-ak=${secretId} Bearer ${clientToken} ${JWT}`,
      cookie: `session=${clientToken}`,
    });
    expect(found()).toEqual([]);
  });

  it.each<readonly [what: string, secret: string, headers: Readonly<Record<string, string>>]>([
    ['a SecretKey, which never travels', 'SecretKey (raw)', { authorization: secretKey }],
    ['a router’s secret for something else', 'router secret (raw)', { authorization: routerSecret }],
    ['a token in another line', 'session token (raw)', { 'x-planted': sessionToken }],
  ])('must not hold %s', async (_what, secret, headers) => {
    await get(await serverOf(silent), headers);
    expect(found()).toEqual([`${secret} in an HTTP request written`]);
  });

  it('must hold none in its address or its body', async () => {
    const url = await serverOf(silent);
    await get(`${url}/?id=${secretId}`);
    expect(found()).toEqual(['SecretId (raw) in an HTTP request written']);
    await (await request(url, { method: 'POST', body: `authorization ${sessionToken}` })).body.dump();
    expect(found()).toEqual(['session token (raw) in an HTTP request written']);
  });

  it('of another process is looked through where it brings spans', async () => {
    const { url } = await startCollector();
    const body = JSON.stringify({ resourceSpans: [], planted: secretKey });
    const code = `fetch(process.env.URL, { method: 'POST', body: process.env.BODY })`;
    await new Promise((resolve) => {
      execFile(process.execPath, ['--eval', code], { env: { URL: url, BODY: body } }, resolve);
    });
    expect(found()).toEqual(['SecretKey (raw) in a span']);
  });
});

describe('a secret is found in Redis', () => {
  it('on its way there, unless it logs in', async () => {
    const server = await startRedis('--requirepass', redisPassword);
    const client = new Redis(server.url, { password: redisPassword });
    onTestFinished(() => client.disconnect());
    await client.ping();
    expect(found()).toEqual([]);
    await client.set('planted', redisPassword);
    expect(found()).toEqual(['Redis password (raw) in a command to Redis written']);
    await client.del('planted');
    await server.close();
    expect(found()).toEqual([]);
  });

  it('when it is closed, in keys and values of each type and in every database', async () => {
    const server = await startRedis();
    const client = new Redis(server.url);
    onTestFinished(() => client.disconnect());
    // No command holds the whole of it.
    const parts = [secretKey.slice(0, 9), secretKey.slice(9)] as const;
    const join = `local secret = ARGV[1] .. ARGV[2]
      redis.call('SET', secret, 'planted')
      redis.call('SET', 'string', secret .. string.rep('x', 1000))
      redis.call('HSET', 'hash', 'planted', secret)
      redis.call('RPUSH', 'list', secret)
      redis.call('SADD', 'set', secret)
      redis.call('ZADD', 'zset', 1, secret)`;
    await client.select(3);
    await client.eval(join, 0, ...parts);
    expect(found()).toEqual([]);
    await server.close();
    expect(found().toSorted()).toEqual([
      'SecretKey (raw) in a command to Redis written',
      'SecretKey (raw) in a hash in Redis',
      'SecretKey (raw) in a key in Redis',
      'SecretKey (raw) in a list in Redis',
      'SecretKey (raw) in a set in Redis',
      'SecretKey (raw) in a stream read',
      'SecretKey (raw) in a string in Redis',
      'SecretKey (raw) in a zset in Redis',
    ]);
  });
});

describe('a secret is found in what a gateway tells', () => {
  it('in its log', () => {
    lookThroughLog();
    const origin = { source: 'COS', account: secretKey, region: 'ap-guangzhou', bucket: null };
    unmappedCodes.publish({ origin, upstreamCode: 'Planted', httpStatus: 500 });
    expect(found()).toEqual(['SecretKey (raw) in the log']);
  });

  it('in an error, its cause and its properties', () => {
    for (const error of [
      new Error(`planted ${secretKey}`),
      new Error('planted', { cause: new Error(secretKey) }),
      Object.assign(new Error('planted'), { request: { headers: [secretKey] } }),
    ]) {
      lookThroughError(error);
      expect(found()).toEqual(['SecretKey (raw) in an error']);
    }
  });

  it('in a stream of any other language', async () => {
    const url = await listening(createTcpServer((socket) => socket.end(`planted ${secretKey}`)));
    await request(url).catch(() => undefined);
    expect(found()).toEqual(['SecretKey (raw) in a stream written', 'SecretKey (raw) in a stream read']);
  });
});

describe('a secret is', () => {
  it('whatever a Secret reveals', () => {
    const text = 'planted-d2f7a1';
    lookThrough(text, 'a place');
    expect(found()).toEqual([]);
    new Secret(text).reveal();
    lookThrough(text, 'a place');
    expect(found()).toEqual(['secret (raw) in a place']);
  });

  it('of the address of a Redis the password alone', () => {
    new Secret('redis://user:planted%2Fd2f7a2@redis.test:6379').reveal();
    lookThrough('redis.test:6379', 'a place');
    expect(found()).toEqual([]);
    lookThrough('planted/d2f7a2', 'a place');
    expect(found()).toEqual(['Redis password (raw) in a place']);
  });

  it('what a program is started with as one', () => {
    learnSettings(`secretKey: planted-d2f7a3\nrouterSecret: ["planted-d2f7a4"]\nname: planted-d2f7a5`);
    learnSettings('TENCENTCLOUD_SESSION_TOKEN=planted-d2f7a6');
    lookThrough('planted-d2f7a3 planted-d2f7a4 planted-d2f7a5 planted-d2f7a6', 'a place');
    expect(found()).toEqual([
      'SecretKey (raw) in a place',
      'router secret (raw) in a place',
      'session token (raw) in a place',
    ]);
  });

  it('none where a test says that it gives it out, and why', () => {
    allowLeaks({ kinds: ['SecretKey'], place: 'a place', because: 'it is planted' });
    lookThrough(secretKey, 'a place');
    expect(found()).toEqual([]);
    lookThrough(secretKey, 'another one');
    expect(found()).toEqual(['SecretKey (raw) in another one']);
  });
});

describe('a test in which a secret gets out', () => {
  it('fails with what, where and in which form, and without the secret', () => {
    lookThrough(`before ${secretKey} after`, 'a place');
    expect(failOnLeaks).toThrow(
      /SecretKey \(raw\) in a place, while .* fails with what.*"before \*\*\* after"/,
    );
    expect(failOnLeaks).not.toThrow();
  });

  it('fails as the suite is run, and so does a file after its tests', async () => {
    const code = `
      import { startVitest } from 'vitest/node';
      const vitest = await startVitest('test', [], { run: true, reporters: ['default'], include: ['test/support/secrets-kept/leaking.ts'] });
      await vitest.close();`;
    const root = fileURLToPath(new URL('../../..', import.meta.url));
    const [error, printed] = await new Promise<readonly [unknown, string]>((resolve) => {
      execFile(
        process.execPath,
        ['--input-type=module', '--eval', code],
        { cwd: root, env: { PATH: process.env['PATH'], NO_COLOR: '1' } },
        (fault, stdout, stderr) => resolve([fault, stdout + stderr]),
      );
    });
    expect(error).toMatchObject({ code: 1 });
    expect(printed).toContain('1 passed');
    expect(printed).toMatch(
      /Secrets got out[^]*SecretKey \(raw\) in an HTTP answer written, while [^:]*answers with a secret/,
    );
    expect(printed.match(/Secrets got out/g)?.length).toBeGreaterThanOrEqual(2);
  }, 60_000);
});
