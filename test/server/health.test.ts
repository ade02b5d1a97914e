import { connect } from 'node:net';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen } from '../../src/server/connections/listen.ts';
import { Secret } from '../../src/lib/secret.ts';
import { startRedis } from '../support/redis.ts';
import { startGateway } from './support.ts';

describe('/health', () => {
  it('is 200 while the process lives, drained or not', async () => {
    const { app, send } = await startGateway();
    for (const drain of [() => undefined, app.drain]) {
      drain();
      const { status, text: body, headers } = await send({ path: '/health' });
      expect([status, JSON.parse(body)]).toEqual([200, { status: 'ok' }]);
      expect(headers['cache-control']).toBe('no-store');
    }
  });
});

describe('/ready', () => {
  it('is 200 with what is configured, and 503 once the process drains', async () => {
    const { app, send, post } = await startGateway();
    const before = await send({ path: '/ready' });
    expect([before.status, JSON.parse(before.text)]).toEqual([
      200,
      { status: 'ready', origins: [], redis: null },
    ]);
    app.drain();
    const after = await send({ path: '/ready' });
    expect([after.status, JSON.parse(after.text)]).toEqual([
      503,
      { status: 'draining', origins: [], redis: null },
    ]);
    expect((await post({ query: '{ origins { source } }' })).status).toBe(200);
  });

  it('is 200 whether Redis is there or not, and tells', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const { send } = await startGateway({}, { redisUrl: new Secret(redis.url) });
    const told = async (): Promise<unknown> => {
      const { status, text: body } = await send({ path: '/ready' });
      return [status, (JSON.parse(body) as { redis: unknown }).redis];
    };
    await expect.poll(told, { timeout: 10_000 }).toEqual([200, 'connected']);
    await redis.kill9();
    await expect.poll(told, { timeout: 10_000 }).toEqual([200, 'away']);
    await redis.restart();
    await expect.poll(told, { timeout: 10_000 }).toEqual([200, 'connected']);
  });

  it('keeps a query behind its path', async () => {
    const { send } = await startGateway();
    expect((await send({ path: '/ready?from=balancer' })).status).toBe(200);
    expect((await send({ path: '/health?from=balancer' })).status).toBe(200);
  });

  it.each(['/health', '/ready'])(
    'like %s answers HEAD, and refuses what would change something',
    async (path) => {
      const { send } = await startGateway();
      const { status, text: body } = await send({ path, method: 'HEAD' });
      expect([status, body]).toEqual([200, '']);
      const refused = await send({ path, method: 'POST', body: '{}' });
      expect([refused.status, refused.headers['allow']]).toEqual([405, 'GET, HEAD']);
    },
  );
});

describe('a server', () => {
  const LIMITS = { headersTimeout: 150, requestTimeout: 300, connectionsCheckingInterval: 25 };

  it.each([
    ['headers', 'POST /graphql HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    [
      'a body',
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"query"',
    ],
  ])('cuts a client that sends half of %s and waits', async (_, half) => {
    const { url, close } = await listen(
      (request, response) => {
        request.resume().on('end', () => response.end());
      },
      { host: '127.0.0.1', port: 0 },
      LIMITS,
    );
    onTestFinished(() => close(0));
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const startedAtMs = performance.now();
    socket.write(half);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });

  it('waits for an answer under way when it closes, takes nothing new, and cuts what takes too long', async () => {
    let finish = (): void => undefined;
    const { url, close } = await listen(
      (request, response) => {
        if (request.url === '/slow') {
          finish = () => response.end('done');
        }
      },
      { host: '127.0.0.1', port: 0 },
    );
    const [slow, never] = [fetch(`${url}/slow`), fetch(`${url}/never`)];
    const cut = expect(never).rejects.toThrow('fetch failed');
    await expect.poll(() => finish.toString()).toContain('done');
    const closed = close(200);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    finish();
    expect(await (await slow).text()).toBe('done');
    await closed;
    await cut;
  });

  it('tells the address that it really took, of either kind', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const { url, close } = await listen((_, response) => void response.end('here'), { host, port: 0 });
      expect(new URL(url).port).not.toBe('0');
      expect(await (await fetch(url)).text()).toBe('here');
      await close(0);
    }
  });

  it('rejects when its port is taken', async () => {
    const holder = createServer();
    await once(holder.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void holder.close());
    const { port } = holder.address() as AddressInfo;
    await expect(listen(() => undefined, { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});
