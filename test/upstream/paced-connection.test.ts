/** Calls that are paced leave only over a connection that was made before: real sockets, real TLS elsewhere. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createHttp, type HttpSend } from '../../src/upstream/http.ts';
import { aRequest, aScope, BATCH_ORIGIN, closed, httpServer, rawServer, upstreamErrorOf } from './support.ts';

function open(endpoint: string): HttpSend {
  const http = createHttp({
    origin: BATCH_ORIGIN,
    endpoint,
    clock: systemClock,
    limits: { connectTimeoutMs: 500, maxBodyBytes: 10_000, connections: 4 },
    pacedHost: 'batch.tencentcloudapi.com',
  });
  onTestFinished(() => http.close());
  return http;
}

const never = new AbortController().signal;

describe('a way to the upstream for paced calls', () => {
  it('is made ready, used, and ready again while the connection lives', async () => {
    const server = await httpServer((_, response) => response.end('ok'));
    const { send, readiness } = open(server.endpoint);
    expect(readiness.isReady()).toBe(false);
    await readiness.makeReady(never);
    expect(readiness.isReady()).toBe(true);
    expect(server.requests).toHaveLength(0);
    for (let call = 0; call < 3; call += 1) {
      expect((await send(aRequest(), aScope())).body).toBe('ok');
      await expect.poll(() => readiness.isReady()).toBe(true);
    }
    expect(server.sockets).toHaveLength(1);
  });

  it('sends nothing over a connection that would have to be made first', async () => {
    const server = await httpServer((_, response) => response.end('ok'));
    const { send, readiness } = open(server.endpoint);
    expect(await upstreamErrorOf(send(aRequest(), aScope()))).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      retryable: true,
    });
    expect(server.sockets).toHaveLength(0);
    await readiness.makeReady(never);
    expect((await send(aRequest(), aScope())).body).toBe('ok');
  });

  it('is no longer ready when the other side closes, before the first call and after it', async () => {
    const server = await httpServer((_, response) => response.end('ok'));
    const { send, readiness } = open(server.endpoint);
    await readiness.makeReady(never);
    await expect.poll(() => server.sockets.length).toBe(1);
    server.sockets[0]!.resetAndDestroy();
    await expect.poll(() => readiness.isReady()).toBe(false);
    await readiness.makeReady(never);
    await send(aRequest(), aScope());
    server.sockets[1]!.end();
    await expect.poll(() => readiness.isReady()).toBe(false);
    await readiness.makeReady(never);
    expect((await send(aRequest(), aScope())).body).toBe('ok');
  });

  it('is ready for a second call only with a second connection', async () => {
    const server = await httpServer((request, response) => {
      if (request.url === '/quick') {
        response.end('ok');
      }
    });
    const { send, readiness } = open(server.endpoint);
    await readiness.makeReady(never);
    const caller = new AbortController();
    const slow = send(aRequest({ path: '/slow' }), aScope(5_000, systemClock, caller.signal));
    const left = expect(slow).rejects.toThrow('left');
    await expect.poll(() => server.requests.length).toBe(1);
    expect(readiness.isReady()).toBe(false);
    await Promise.all([readiness.makeReady(never), readiness.makeReady(never)]);
    expect((await send(aRequest({ path: '/quick' }), aScope())).body).toBe('ok');
    expect(server.sockets).toHaveLength(2);
    caller.abort(new Error('left'));
    await left;
  });

  it('tells why it cannot be made ready', async () => {
    const { readiness } = open('http://127.0.0.1:1');
    expect(await upstreamErrorOf(readiness.makeReady(never))).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      retryable: true,
      origin: BATCH_ORIGIN,
    });
    expect(readiness.isReady()).toBe(false);
  });

  it('is not waited for by who leaves', async () => {
    const server = await rawServer(() => undefined);
    const { readiness } = open(server.endpoint);
    await expect(readiness.makeReady(AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
  });

  it('closes a connection that no call has used', async () => {
    const server = await rawServer(() => undefined);
    const http = open(server.endpoint);
    await http.readiness.makeReady(never);
    await expect.poll(() => server.sockets.length).toBe(1);
    await http.close();
    await closed(server.sockets[0]!, 500);
    await sleep(1);
    expect(http.readiness.isReady()).toBe(false);
  });
});
