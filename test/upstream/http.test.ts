import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { UpstreamError } from '../../src/model/errors.ts';
import { createHttp } from '../../src/upstream/http.ts';
import type { HttpLimits, HttpSend } from '../../src/upstream/http.ts';
import type { UpstreamResponse } from '../../src/upstream/send.ts';
import { settle } from '../support/fake-clock.ts';
import { aRequest, aScope, closed, COS_ORIGIN, httpServer, rawServer, upstreamErrorOf } from './support.ts';

const KIB = 1_024;

function httpTo(endpoint: string, limits: Partial<HttpLimits> = {}): HttpSend {
  const http = createHttp({
    origin: COS_ORIGIN,
    endpoint,
    clock: systemClock,
    limits: { connectTimeoutMs: 1_000, maxBodyBytes: 64 * KIB, connections: 2, ...limits },
  });
  onTestFinished(() => http.close());
  return http;
}

function fetchFrom(endpoint: string): Promise<UpstreamResponse> {
  return httpTo(endpoint).send(aRequest(), aScope());
}

describe('an exchange', () => {
  it('gives decode the whole answer and returns what decode made of it', async () => {
    const server = await httpServer((_, response) => {
      response.writeHead(503, { 'content-type': 'application/xml', 'x-cos-request-id': 'abc' });
      response.end('<Error>é☕</Error>');
    });
    const before = Date.now();
    const decode = ({ status, headers, body, receivedAtMs }: UpstreamResponse): unknown => {
      expect(receivedAtMs).toBeGreaterThanOrEqual(before);
      return [status, headers['x-cos-request-id'], body];
    };
    const result = await httpTo(server.endpoint).send({ ...aRequest(), decode }, aScope());
    expect(result).toEqual([503, 'abc', '<Error>é☕</Error>']);
  });

  it('sends the Host header that it was given although it connects to loopback', async () => {
    const server = await httpServer((_, response) => response.end());
    const headers = { host: '1.cos-control.ap-guangzhou.myqcloud.com', 'x-cos-appid': '125' };
    await httpTo(server.endpoint).send(aRequest({ headers }), aScope());
    expect(server.requests[0]!.headers).toMatchObject(headers);
    expect(server.requests[0]!.rawHeaders.filter((name) => name.toLowerCase() === 'host')).toHaveLength(1);
  });

  it('encodes the query the way it is signed, in the order given', async () => {
    const server = await httpServer((_, response) => response.end());
    const query = [
      ['z', "a b+c,d!'()*~"],
      ['empty', ''],
      ['名', '取消&='],
    ] as const;
    await httpTo(server.endpoint).send(aRequest({ query }), aScope());
    expect(server.requests[0]!.url).toBe(
      '/jobs?z=a%20b%2Bc%2Cd%21%27%28%29%2A~&empty=&%E5%90%8D=%E5%8F%96%E6%B6%88%26%3D',
    );
  });

  it('sends a body as the bytes of UTF-8', async () => {
    const server = await httpServer((request, response) => {
      request.pipe(response);
    });
    const headers = { 'content-type': 'application/json' };
    const request = aRequest({ method: 'POST', path: '/', headers, body: '{"name":"基因 ☕"}' });
    const answer = await httpTo(server.endpoint).send(request, aScope());
    expect(answer.body).toBe('{"name":"基因 ☕"}');
    expect(server.requests[0]!.headers).toMatchObject({
      'content-length': '21',
      'content-type': 'application/json',
    });
  });

  it('asks for no compression', async () => {
    const server = await httpServer((_, response) => response.end());
    await fetchFrom(server.endpoint);
    expect(server.requests[0]!.headers['accept-encoding']).toBe('identity');
  });

  it('joins the values of a repeated header', async () => {
    const server = await httpServer((_, response) => {
      response.setHeader('x-many', ['a', 'b']);
      response.end();
    });
    expect((await fetchFrom(server.endpoint)).headers['x-many']).toBe('a, b');
  });

  it('keeps its connection for the next call', async () => {
    const server = await httpServer((_, response) => response.end('x'));
    const { send } = httpTo(server.endpoint);
    await send(aRequest(), aScope());
    // undici takes a connection back one turn after its answer has ended, and opens another until then.
    await settle();
    await send(aRequest(), aScope());
    expect(server.requests).toHaveLength(2);
    expect(server.sockets).toHaveLength(1);
  });

  it('opens no more connections than allowed', async () => {
    const server = await httpServer((_, response) => {
      setTimeout(() => response.end('x'), 20);
    });
    const { send } = httpTo(server.endpoint, { connections: 2 });
    await Promise.all(Array.from({ length: 6 }, () => send(aRequest(), aScope())));
    expect(server.requests).toHaveLength(6);
    expect(server.sockets).toHaveLength(2);
  });

  it('lets an error of decode through as it is', async () => {
    const server = await httpServer((_, response) => response.end());
    const fault = new TypeError('a decoder with a fault');
    const decode = (): never => {
      throw fault;
    };
    await expect(httpTo(server.endpoint).send(aRequest({ decode }), aScope())).rejects.toBe(fault);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('of status %i is an error and never followed', async (status) => {
    const elsewhere = await httpServer((_, response) => response.end('stolen'));
    const server = await httpServer((_, response) => {
      response.writeHead(status, { location: `${elsewhere.endpoint}/jobs`, 'x-cos-request-id': 'R1' });
      response.end();
    });
    const headers = { 'x-cos-security-token': 'token' };
    const error = await upstreamErrorOf(httpTo(server.endpoint).send(aRequest({ headers }), aScope()));
    expect(error).toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE', httpStatus: status, requestId: 'R1' });
    expect(server.requests).toHaveLength(1);
    expect(elsewhere.requests).toHaveLength(0);
  });
});

describe('a body that is refused', () => {
  it('is cut at the cap, and its connection closed', async () => {
    const server = await httpServer((_, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(16 * KIB))) {
          // As much as the socket takes.
        }
      };
      response.on('drain', more).on('error', () => undefined);
      more();
    });
    const error = await upstreamErrorOf(fetchFrom(server.endpoint));
    expect(error).toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE', retryable: true });
    await closed(server.sockets[0]!, 500);
  });

  it('is accepted at the cap and refused one byte above', async () => {
    let bytes = 64 * KIB;
    const server = await httpServer((_, response) => response.end('x'.repeat(bytes)));
    expect((await fetchFrom(server.endpoint)).body).toHaveLength(64 * KIB);
    bytes += 1;
    expect((await upstreamErrorOf(fetchFrom(server.endpoint))).code).toBe('UPSTREAM_BAD_RESPONSE');
  });

  it.each(['gzip', 'br', 'gzip, identity', 'GZIP'])(
    'is left unread when its content-encoding is %s',
    async (encoding) => {
      const server = await httpServer((_, response) => {
        response.writeHead(200, { 'content-encoding': encoding });
        // Never ended: whoever reads it all would wait for ever.
        response.write(gzipSync('<ListJobsResult/>'));
      });
      const error = await upstreamErrorOf(fetchFrom(server.endpoint));
      expect(error.code).toBe('UPSTREAM_BAD_RESPONSE');
      expect(error.message).toContain('compressed');
      await closed(server.sockets[0]!, 500);
    },
  );

  it('is not refused for the content-encoding identity', async () => {
    const server = await httpServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'Identity' });
      response.end('plain');
    });
    expect((await fetchFrom(server.endpoint)).body).toBe('plain');
  });

  it('is refused when it is not UTF-8', async () => {
    const server = await httpServer((_, response) => response.end(Buffer.from([0x3c, 0xff, 0x3e])));
    const error = await upstreamErrorOf(fetchFrom(server.endpoint));
    expect(error).toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE', httpStatus: 200 });
  });
});

describe('a connection that breaks', () => {
  it.each([
    ['before the answer', ''],
    ['within the headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['within the body', 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n<ListJobs'],
    ['within a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n<ListJobs'],
  ])('by a reset %s is UPSTREAM_UNAVAILABLE', async (_, start) => {
    const server = await rawServer((socket) => {
      socket.write(start, () => {
        setTimeout(() => socket.resetAndDestroy(), 20);
      });
    });
    const error = await upstreamErrorOf(fetchFrom(server.endpoint));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
  });

  it('before its content-length is reached is UPSTREAM_UNAVAILABLE', async () => {
    const server = await rawServer((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n<ListJobsResult>'),
    );
    const error = await upstreamErrorOf(fetchFrom(server.endpoint));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
  });

  it('cannot be noticed without a length, so that the decoder has to', async () => {
    const server = await rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n<ListJobsResult>'));
    expect((await fetchFrom(server.endpoint)).body).toBe('<ListJobsResult>');
  });

  it('before it is made is UPSTREAM_UNAVAILABLE', async () => {
    const error = await upstreamErrorOf(fetchFrom('http://127.0.0.1:1'));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('because the name is unknown is UPSTREAM_UNAVAILABLE', async () => {
    const error = await upstreamErrorOf(fetchFrom('http://no-such-host.invalid'));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
  });
});

describe('what is not HTTP', () => {
  const big = 'x'.repeat(17 * KIB);
  const many = Array.from({ length: 3_000 }, (_, index) => `h${String(index)}: v\r\n`).join('');

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a bad chunk size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n<a/>\r\n'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n4\r\n<a/>\r\n0\r\n\r\n',
    ],
    [
      'an upgrade that nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ],
    ['a continue that nobody asked for', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['one header of 17 KiB', `HTTP/1.1 200 OK\r\nx: ${big}\r\n\r\n`],
    ['3,000 headers', `HTTP/1.1 200 OK\r\n${many}\r\n`],
  ])('%s is UPSTREAM_BAD_RESPONSE and costs the connection', async (_, answer) => {
    const server = await rawServer((socket) => socket.write(answer));
    const error = await upstreamErrorOf(fetchFrom(server.endpoint));
    expect(error).toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE', retryable: true });
    await closed(server.sockets[0]!, 500);
  });

  it('a second answer that nobody asked for never reaches another call', async () => {
    let answers = 0;
    const server = await rawServer((socket) => {
      answers += 1;
      const own = `HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${String(answers)}`;
      socket.write(`${own}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsurplus`.slice(0, -1));
    });
    const { send } = httpTo(server.endpoint);
    const bodies: string[] = [];
    for (let call = 0; call < 3; call += 1) {
      bodies.push((await send(aRequest(), aScope())).body);
    }
    expect(bodies).toEqual(['1', '2', '3']);
  });
});

describe('an abort by the caller', () => {
  it('rejects with its reason and closes the socket within 100 ms', async () => {
    const server = await httpServer(() => undefined);
    const caller = new AbortController();
    const pending = httpTo(server.endpoint).send(aRequest(), aScope(5_000, systemClock, caller.signal));
    const outcome = expect(pending).rejects.toThrow('the client left');
    await expect.poll(() => server.requests.length).toBe(1);
    const startedAtMs = Date.now();
    caller.abort(new Error('the client left'));
    await outcome;
    await closed(server.sockets[0]!, 500);
    expect(Date.now() - startedAtMs).toBeLessThan(100);
  });

  it('within the body rejects with its reason, not with an UpstreamError', async () => {
    const server = await httpServer((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('<List');
    });
    const caller = new AbortController();
    const reason = new Error('the client left');
    setTimeout(() => {
      caller.abort(reason);
    }, 50);
    const pending = httpTo(server.endpoint).send(aRequest(), aScope(5_000, systemClock, caller.signal));
    await expect(pending).rejects.toBe(reason);
    await closed(server.sockets[0]!, 500);
  });

  it('before the call leaves the upstream alone', async () => {
    const server = await httpServer((_, response) => response.end());
    const reason = new Error('the client left');
    const scope = aScope(5_000, systemClock, AbortSignal.abort(reason));
    await expect(httpTo(server.endpoint).send(aRequest(), scope)).rejects.toBe(reason);
    expect(server.sockets).toHaveLength(0);
  });
});

describe('closing', () => {
  it('does not wait for an upstream that hangs, and ends the call in flight', async () => {
    const server = await httpServer(() => undefined);
    const http = httpTo(server.endpoint);
    const failure = upstreamErrorOf(http.send(aRequest(), aScope()));
    await expect.poll(() => server.requests.length).toBe(1);
    const startedAtMs = Date.now();
    await http.close();
    expect(Date.now() - startedAtMs).toBeLessThan(200);
    expect(await failure).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: false });
    await closed(server.sockets[0]!, 500);
  });

  it('refuses later calls, and may be done twice', async () => {
    const server = await httpServer((_, response) => response.end());
    const http = httpTo(server.endpoint);
    await http.close();
    await http.close();
    const error = await upstreamErrorOf(http.send(aRequest(), aScope()));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: false });
  });
});

describe('a fault of our own', () => {
  it('is a plain Error, so that it is seen as a bug', async () => {
    const server = await httpServer((_, response) => response.end());
    const pending = httpTo(server.endpoint).send(aRequest({ headers: { 'bad name': 'x' } }), aScope());
    const error: unknown = await pending.catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(UpstreamError);
  });

  it.each([
    '/jobs/../x',
    '/jobs/./x',
    '/..',
    '/.',
    '/jobs//x',
    '/jobs/',
    'jobs',
    '/a b',
    '/a?b',
    '/a#b',
    '/é',
    '',
  ])('is a path such as %j, which never leaves', async (path) => {
    const server = await httpServer((_, response) => response.end());
    await expect(httpTo(server.endpoint).send(aRequest({ path }), aScope())).rejects.toThrow('path');
    expect(server.sockets).toHaveLength(0);
  });

  it.each(['/', '/jobs', '/jobs/021140d8-67ca-4e89-8089-0de9a1e40943', '/a/..b/.c/d.'])(
    'is not a path such as %s',
    async (path) => {
      const server = await httpServer((_, response) => response.end());
      await httpTo(server.endpoint).send(aRequest({ path }), aScope());
      expect(server.requests[0]!.url).toBe(path);
    },
  );
});

it('says nothing in a message of host, path or what the upstream wrote', async () => {
  const server = await httpServer((_, response) => {
    response.writeHead(302, { location: 'http://evil.example/', 'x-cos-request-id': 'bad id\u00e9' });
    response.end('upstream text');
  });
  const error = await upstreamErrorOf(fetchFrom(server.endpoint));
  expect(error.message).toMatch(/^COS .*account media in ap-guangzhou/);
  expect(error.message).not.toMatch(/127\.0\.0\.1|evil|jobs|upstream text/);
  expect(error.requestId).toBeNull();
  const refused = await upstreamErrorOf(fetchFrom('http://127.0.0.1:1'));
  expect(refused.message).not.toContain('127.0.0.1');
  expect(refused.cause).toBeUndefined();
});
