/** What the socket itself takes: written byte by byte, as no client library would. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { readConfig } from '../../../src/config.ts';
import { type ConnectionLimits, listenLimits } from '../../../src/server/connections/connection-limits.ts';
import { listen } from '../../../src/server/connections/listen.ts';
import { ask, type Reply } from '../support.ts';

const BODY = JSON.stringify({ query: '{ origins { source } }' });

interface Served {
  readonly url: string;
  readonly port: number;
  readonly bugs: unknown[];
}

async function serve(limits: Partial<ConnectionLimits> = {}): Promise<Served> {
  const config = readConfig({});
  const bugs: unknown[] = [];
  // Whether the machine is busy otherwise is not the question here.
  const server = { ...config.server, maxEventLoopDelayMs: 60_000 };
  const app = createApp({ ...config, server }, { onBug: (error) => bugs.push(error) });
  const address = { host: '127.0.0.1', port: 0 };
  const { url, close } = await listen(app.listener, address, listenLimits({ ...config.server, ...limits }));
  onTestFinished(async () => {
    await close(0);
    await app.close();
  });
  return { url, port: Number(new URL(url).port), bugs };
}

function post(url: string): Promise<Reply> {
  return ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: BODY });
}

/** Sends bytes as they are; gives all that comes back until the connection ends. */
async function raw(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  socket.write(bytes);
  return text(socket);
}

async function text(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // Not by `once`, which rejects when the connection is cut.
  await new Promise((resolve) => socket.on('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

const request = (headers: readonly string[], body = ''): string =>
  ['POST /graphql HTTP/1.1', 'Host: x', 'Connection: close', ...headers, '', body].join('\r\n');

const JSON_BODY = ['Content-Type: application/json', `Content-Length: ${BODY.length}`];

describe('a connection', () => {
  it('is kept for 65 s after an answer, longer than balancers keep theirs, and its client is told', async () => {
    const { url } = await serve();
    expect((await post(url)).headers['keep-alive']).toBe('timeout=65');
  });

  it('is let go when it has been idle for as long as is configured', async () => {
    const { port } = await serve({ keepAliveTimeoutMs: 50 });
    const kept = request(JSON_BODY, BODY).replace('Connection: close', 'Connection: keep-alive');
    expect(await raw(port, kept)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('headers', () => {
  it('are 431 when there are more than 100, and answered when there are not', async () => {
    const { port } = await serve();
    const surplus = (count: number): string[] => Array.from({ length: count }, (_, index) => `X-${index}: 1`);
    const most = 100 - 2 - JSON_BODY.length;
    expect(await raw(port, request([...JSON_BODY, ...surplus(most)], BODY))).toMatch(/^HTTP\/1\.1 200 /);
    const answer = await raw(port, request([...JSON_BODY, ...surplus(most + 1)], BODY));
    expect(answer).toMatch(/^HTTP\/1\.1 431 [^]*connection: close/i);
  });

  it('are 431 when they are longer than 16 KiB', async () => {
    const { port } = await serve();
    expect(await raw(port, request([...JSON_BODY, `X: ${'x'.repeat(15_000)}`], BODY))).toMatch(
      /^HTTP\/1\.1 200 /,
    );
    expect(await raw(port, request([...JSON_BODY, `X: ${'x'.repeat(17_000)}`], BODY))).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  it.each<[string, readonly string[], string]>([
    ['say the length twice, in two ways', [...JSON_BODY, 'Transfer-Encoding: chunked'], BODY],
    [
      'announce chunks that are none',
      ['Content-Type: application/json', 'Transfer-Encoding: chunked'],
      'zz\r\n{}\r\n0\r\n\r\n',
    ],
    ['go on in a second line', [...JSON_BODY, 'X-Folded: a\r\n b'], BODY],
    ['name nothing', [...JSON_BODY, ': nothing'], BODY],
  ])('are 400 when they %s, and the connection ends', async (_what, headers, body) => {
    const { port, url, bugs } = await serve();
    expect(await raw(port, request(headers, body))).toMatch(/^HTTP\/1\.1 400 /);
    expect((await post(url)).status).toBe(200);
    expect(bugs).toEqual([]);
  });
});

describe('the header Host', () => {
  const withHost = (line: string): string => request(JSON_BODY, BODY).replace(/Host: .*\r\n/, line);

  it.each(['[::', 'a b', 'x:99999', '%', 'x/health?', 'x/graphql?', 'user@x', '1.2.3.4.5', 'x\\y'])(
    'is refused when it is none: %s',
    async (host) => {
      const { port, bugs } = await serve();
      const answer = await raw(port, withHost(`Host: ${host}\r\n`));
      expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*x-request-id: [^]*"code":"BAD_REQUEST"/);
      // Neither a stack nor a path of the machine.
      expect(answer).not.toMatch(/\.js|node:|TypeError/);
      expect(bugs).toEqual([]);
    },
  );

  it.each(['', 'x', 'X.Example.com:4000', 'my_service.jobs.svc:80', '127.0.0.1:1', '[::1]:4000'])(
    'is of no meaning otherwise: "%s"',
    async (host) => {
      const { port } = await serve();
      expect(await raw(port, withHost(`Host: ${host}\r\n`))).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it('need not be there before HTTP/1.1', async () => {
    const { port } = await serve();
    const old = withHost('').replace('HTTP/1.1', 'HTTP/1.0');
    expect(await raw(port, old)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a body', () => {
  it.each<[string, Buffer]>([
    ['has bytes that are no UTF-8', Buffer.from(`{"query":"{ job(id: \\"\xff\\") { id } }"}`, 'latin1')],
    ['has half a character', Buffer.from(`{"query":"{ __typename } # \xc3"}`, 'latin1')],
    [
      'has half of a pair',
      Buffer.from([...Buffer.from('{"query":"{ __typename } # '), 0xed, 0xa0, 0x80, ...Buffer.from('"}')]),
    ],
    ['is UTF-16', Buffer.from(BODY, 'utf16le')],
    ['is UTF-16 with a mark', Buffer.from(`\ufeff${BODY}`, 'utf16le')],
    ['begins with a mark', Buffer.from(`\ufeff${BODY}`)],
  ])('is 400 BAD_REQUEST when it %s', async (_what, body) => {
    const { port, bugs } = await serve();
    for (const length of [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked']) {
      const isChunked = length.startsWith('T');
      const bytes = Buffer.concat([
        Buffer.from(request(['Content-Type: application/json', length])),
        ...(isChunked
          ? [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]
          : [body]),
      ]);
      const answer = await raw(port, bytes);
      expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"code":"BAD_REQUEST"/);
    }
    expect(bugs).toEqual([]);
  });

  it('may hold any character', async () => {
    const { url } = await serve();
    const body = JSON.stringify({ query: '{ __typename } # \ufffd \u{1F3CA} é \\' });
    const answer = await ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect([answer.status, answer.text]).toEqual([200, '{"data":{"__typename":"Query"}}']);
  });
});

describe('an answer', () => {
  const LARGE = Buffer.alloc(32 * 1_024 * 1_024, 'x');

  /** What listens, with a client that has asked and does not read. */
  async function asked(limits: Partial<ConnectionLimits>, listener: RequestListener): Promise<Socket> {
    const all = { ...readConfig({}).server, ...limits };
    const { url, close } = await listen(listener, { host: '127.0.0.1', port: 0 }, listenLimits(all));
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined).pause();
    onTestFinished(async () => {
      socket.destroy();
      await close(0);
    });
    socket.write(request(JSON_BODY, BODY));
    return socket;
  }

  it('that its client does not take is given up, with the connection', async () => {
    let isClosed = false;
    await asked({ keepAliveTimeoutMs: 300 }, (incoming, outgoing) => {
      incoming.resume();
      outgoing.once('close', () => {
        isClosed = true;
      });
      outgoing.end(LARGE);
    });
    await expect.poll(() => isClosed, { timeout: 10_000 }).toBe(true);
  });

  it('may come as late as it does, and be taken as slowly as it is', async () => {
    const socket = await asked({ keepAliveTimeoutMs: 1_500 }, (incoming, outgoing) => {
      incoming.resume();
      setTimeout(() => outgoing.end(LARGE), 3_000);
    });
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), bytes < 1_000_000 ? 20 : 0);
    });
    socket.resume();
    await new Promise((resolve) => socket.on('close', resolve));
    expect(bytes).toBeGreaterThan(LARGE.length);
  });
});

describe('connections', () => {
  it('beyond the most that may be are cut at once, and taken again when others have gone', async () => {
    const { port } = await serve({ maxConnections: 5 });
    const open = Array.from({ length: 5 }, () => connect(port, '127.0.0.1'));
    await Promise.all(open.map((socket) => once(socket, 'connect')));
    expect(await raw(port, request(JSON_BODY, BODY))).toBe('');
    const [first] = open;
    first?.destroy();
    await sleep(100);
    expect(await raw(port, request(JSON_BODY, BODY))).toMatch(/^HTTP\/1\.1 200 /);
    open.forEach((socket) => socket.destroy());
  });
});

describe('500 requests that are never sent to their end', () => {
  it('are 408 within 12 s, and others are served meanwhile as ever', { timeout: 60_000 }, async () => {
    const { port, url, bugs } = await serve();
    const latencyMs = async (): Promise<number> => {
      const startMs = performance.now();
      expect((await post(url)).status).toBe(200);
      return performance.now() - startMs;
    };
    const before = await median(latencyMs);
    const startMs = performance.now();
    const halves = Array.from({ length: 500 }, async (_, index) => {
      const half =
        index % 2 === 0
          ? 'POST /graphql HTTP/1.1\r\nHost: x\r\nX-Half'
          : request([...JSON_BODY], BODY.slice(0, 10));
      const answer = await raw(port, half);
      return { answer: answer.slice(0, 12), tookMs: performance.now() - startMs };
    });
    await sleep(500);
    const meanwhile = await median(latencyMs);
    const ends = await Promise.all(halves);
    expect(new Set(ends.map(({ answer }) => answer))).toEqual(new Set(['HTTP/1.1 408']));
    expect(Math.max(...ends.map(({ tookMs }) => tookMs))).toBeLessThan(12_500);
    // Twice as long is the bar; a busy machine is forgiven 20 ms.
    expect(meanwhile).toBeLessThan(before * 2 + 20);
    expect((await post(url)).status).toBe(200);
    expect(bugs).toEqual([]);
  });

  async function median(measure: () => Promise<number>): Promise<number> {
    const measured: number[] = [];
    for (let time = 0; time < 51; time += 1) {
      measured.push(await measure());
    }
    return measured.toSorted((one, other) => one - other)[25] ?? Number.NaN;
  }
});
