import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type KeptValues, startKeptValues, valueOf } from './kept-values.ts';

const A = valueOf('a');
const ANSWER_A = '{"data":{"value":"A"}}';

/** How many requests the gateway ran while this was done: one that was answered by a replay is not run. */
async function runsOf({ run }: KeptValues, deed: () => Promise<unknown>): Promise<number> {
  const before = run.length;
  await deed();
  return run.length - before;
}

/** A gateway with a value that was answered once, so that a replay of it is there. */
async function withReplayOfA(): Promise<KeptValues> {
  const gateway = await startKeptValues();
  gateway.keep('a', 'A');
  await gateway.post(A);
  return gateway;
}

function socketTo({ port }: KeptValues): Socket {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  return socket;
}

function rawPost(body: string, headers: readonly string[] = []): string {
  return [
    'POST /graphql HTTP/1.1',
    'Host: test',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n');
}

/** The bodies of pipelined answers, in their order. */
function bodiesIn(raw: string): string[] {
  return [...raw.matchAll(/HTTP\/1\.1 200 OK\r\n[^]*?\r\n\r\n(\{.*?\}\})(?=HTTP|$)/g)].map(
    ([, body = '']) => body,
  );
}

describe('an answer of kept values', () => {
  it('is given again to the same question, byte for byte and with its age as it is now', async () => {
    const gateway = await startKeptValues();
    const { keep, post, clock } = gateway;
    keep('ä', 'Ünicode 作业 \u{1f9ea}', { agoMs: 1_000 });
    const question = valueOf('ä');
    const first = await post(question);
    await clock.advance(2_500);
    const runs = await runsOf(gateway, async () => {
      const again = await post(question);
      expect([again.status, again.text]).toEqual([200, first.text]);
      expect(first.headers).toMatchObject({ age: '1', 'cache-control': 'public, max-age=10' });
      const { date: _date, ...headers } = again.headers;
      const { date: _other, ...asBefore } = first.headers;
      expect(headers).toEqual({ ...asBefore, age: '4' });
    });
    expect(runs).toBe(0);
  });

  it('is given again as long as it lives, and not a millisecond longer', async () => {
    const gateway = await withReplayOfA();
    const { clock, post } = gateway;
    await clock.advance(9_998);
    expect(await runsOf(gateway, () => post(A))).toBe(0);
    await clock.advance(1);
    expect(await runsOf(gateway, () => post(A))).toBe(1);
    // What is past its time is not kept anew.
    expect(await runsOf(gateway, () => post(A))).toBe(1);
  });

  it('ends with the first of its values', async () => {
    const gateway = await startKeptValues();
    const { clock, keep, post } = gateway;
    keep('long', 'L', { lifeMs: 60_000 });
    keep('brief', 'B', { lifeMs: 2_000 });
    const question = { query: '{ long: value(key: "long") brief: value(key: "brief") }' };
    await post(question);
    expect(await runsOf(gateway, () => post(question))).toBe(0);
    await clock.advance(2_000);
    expect(await runsOf(gateway, () => post(question))).toBe(1);
  });

  it('is kept once all that it is made of was there before it was asked for', async () => {
    const gateway = await startKeptValues();
    const { clock, post } = gateway;
    const question = valueOf('new');
    expect(await runsOf(gateway, () => post(question))).toBe(1);
    // Asked at the very moment at which the value was read: it is not said to have been there.
    expect(await runsOf(gateway, () => post(question))).toBe(1);
    await clock.advance(1);
    expect(await runsOf(gateway, () => post(question))).toBe(1);
    expect(await runsOf(gateway, () => post(question))).toBe(0);
  });

  it('is not given again once a value was replaced or forgotten', async () => {
    const gateway = await withReplayOfA();
    const { keep, forget, post } = gateway;
    expect(await runsOf(gateway, () => post(A))).toBe(0);
    keep('a', 'B');
    expect((await post(A)).text).toBe('{"data":{"value":"B"}}');
    expect(await runsOf(gateway, () => post(A))).toBe(0);
    forget('a');
    expect((await post(A)).text).toBe('{"data":{"value":"read a"}}');
  });

  it('is not kept when a value was replaced while it was made', async () => {
    const gateway = await startKeptValues();
    const { keep, post, hold, run } = gateway;
    keep('a', 'A');
    const release = hold();
    const first = post(A);
    await expect.poll(() => run.length).toBe(1);
    keep('a', 'B');
    release();
    expect((await first).text).toBe(ANSWER_A);
    expect((await post(A)).text).toBe('{"data":{"value":"B"}}');
  });

  it('is given again to whoever asks it in whatever name, way and language', async () => {
    const gateway = await withReplayOfA();
    for (const headers of [
      { 'user-agent': 'x' },
      { 'x-graphql-client': 'console' },
      { 'apollographql-client-name': 'ios', 'apollographql-client-version': '2' },
      { traceparent: '00-x', 'x-request-id': '1' },
      { 'accept-encoding': 'br', 'accept-language': 'de', referer: 'http://a/', 'sec-fetch-mode': 'cors' },
      { 'x-forwarded-for': '10.0.0.1', 'x-real-ip': '10.0.0.1', via: '1.1 x' },
    ]) {
      expect(await runsOf(gateway, () => gateway.post(A, headers))).toBe(0);
    }
  });
});

describe('an answer is not kept', () => {
  it.each([
    ['an error', { query: '{ value(key: "a") broken }' }, 3],
    ['a part that could not be read', { query: '{ value(key: "a") failing }' }, 3],
    ['no value', { query: '{ origins }' }, 3],
    ['nothing that is known', { query: '{ untold }' }, 3],
    ['a question that is too long', { ...A, variables: { x: 'x'.repeat(8_192) } }, 3],
    ['a question that is invalid', { query: '{ nothing }' }, 0],
    ['no JSON', '{', 0],
  ])('that has %s', async (_, question, runs) => {
    const gateway = await startKeptValues();
    gateway.keep('a', 'A');
    const first = await gateway.post(question);
    for (let time = 0; time < 2; time += 1) {
      const { status, text: body, headers } = await gateway.post(question);
      expect([status, body, headers['cache-control']]).toEqual([
        first.status,
        first.text,
        first.headers['cache-control'],
      ]);
    }
    expect(gateway.run).toHaveLength(runs);
  });

  it.each<Record<string, string>>([
    { authorization: 'Bearer x' },
    { authorization: '' },
    { cookie: 'a=b' },
    { 'cache-control': 'no-cache' },
    { 'cache-control': 'max-age=5' },
    { pragma: 'no-cache' },
  ])('nor given to a client that sends %j', async (headers) => {
    const gateway = await withReplayOfA();
    for (let time = 0; time < 2; time += 1) {
      expect(await runsOf(gateway, () => gateway.post(A, headers))).toBe(1);
    }
    expect(await runsOf(gateway, () => gateway.post(A))).toBe(0);
  });

  it('by a GET, whose client has other means', async () => {
    const gateway = await withReplayOfA();
    for (let time = 0; time < 2; time += 1) {
      expect(await runsOf(gateway, () => gateway.get(A.query))).toBe(1);
    }
  });

  it('nor given at another address', async () => {
    const gateway = await withReplayOfA();
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(A);
    for (const [path, status] of [
      ['/graphql?x=1', 200],
      ['/graphql/', 404],
      ['/x/graphql', 404],
    ] as const) {
      const reply = await gateway.send({ method: 'POST', path, headers, body });
      expect([path, reply.status]).toEqual([path, status]);
    }
    const put = await gateway.send({ method: 'PUT', headers, body });
    expect([put.status, put.codes]).toEqual([405, ['METHOD_NOT_ALLOWED']]);
  });

  it('when replays are switched off', async () => {
    const gateway = await startKeptValues({ replayBytes: 0 });
    gateway.keep('a', 'A');
    for (let time = 0; time < 3; time += 1) {
      expect(await runsOf(gateway, () => gateway.post(A))).toBe(1);
    }
  });
});

describe('a question', () => {
  it.each<[Record<string, string>, number]>([
    [{ accept: 'image/png' }, 406],
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'content-type': 'application/json; charset=utf-16' }, 415],
    [{ 'content-encoding': 'gzip' }, 415],
    [{ 'x-timeout-ms': 'soon' }, 400],
    [{ 'x-timeout-ms': '' }, 400],
  ])('with the same body and %j is refused all the same', async (headers, status) => {
    const { post } = await withReplayOfA();
    expect((await post(A, headers)).status).toBe(status);
    expect((await post(A, headers)).status).toBe(status);
    expect((await post(A)).text).toBe(ANSWER_A);
  });

  it('is answered in the form that it accepts', async () => {
    const gateway = await withReplayOfA();
    const types = ['application/json', 'application/graphql-response+json'];
    for (const accept of [...types, ...types]) {
      const { headers, text: body } = await gateway.post(A, { accept });
      expect([headers['content-type'], body]).toEqual([`${accept}; charset=utf-8`, ANSWER_A]);
    }
    // Once in each form, and once by who does not say.
    expect(gateway.run).toHaveLength(3);
  });

  it('of which any header is another that may mean something is another question', async () => {
    const gateway = await withReplayOfA();
    for (const headers of [
      { 'x-timeout-ms': '500' },
      { origin: 'http://a' },
      { 'x-new': '1' },
      { host: 'other' },
    ]) {
      expect(await runsOf(gateway, () => gateway.post(A, headers))).toBe(1);
      expect(await runsOf(gateway, () => gateway.post(A, headers))).toBe(0);
    }
  });

  it('with one byte of another is another question', async () => {
    const gateway = await withReplayOfA();
    const body = JSON.stringify(A);
    expect(await runsOf(gateway, () => gateway.post(`${body} `))).toBe(1);
    // Bytes that no UTF-8 has would become the same character: they are no question at all.
    const [one, other] = ['\u00fe', '\u00ff'].map(
      (byte) =>
        rawPost('', ['Connection: close']).replace('Length: 0', 'Length: 42') +
        `{"query":"{value(key:\\"${byte}\\")}"}`.padEnd(42),
    );
    for (const raw of [one!, other!]) {
      const runs = await runsOf(gateway, async () => {
        const socket = socketTo(gateway);
        socket.write(Buffer.from(raw, 'latin1'));
        expect(await text(socket)).toContain('BAD_REQUEST');
      });
      expect(runs).toBe(0);
    }
  });

  it('pushes out the one that was asked least recently, and never is too large alone', async () => {
    const gateway = await startKeptValues({ replayBytes: 64_000 });
    const { keep, post } = gateway;
    keep('large', 'x'.repeat(5_000));
    await post(valueOf('large'));
    expect(await runsOf(gateway, () => post(valueOf('large')))).toBe(1);
    const names = Array.from({ length: 60 }, (_, index) => `n${index}`);
    for (const name of names) {
      keep(name, 'x'.repeat(1_000));
      await post(valueOf(name));
      await post(valueOf('n0'));
    }
    expect(await runsOf(gateway, () => post(valueOf('n0')))).toBe(0);
    expect(await runsOf(gateway, () => post(valueOf('n59')))).toBe(0);
    expect(await runsOf(gateway, () => post(valueOf('n1')))).toBe(1);
  });

  it('always gets its own answer, whatever is asked, replaced and forgotten in between', async () => {
    const gateway = await startKeptValues();
    const { keep, forget, post, clock } = gateway;
    const key = fc.constantFrom('a', 'b');
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('ask' as const),
          key,
          times: fc.integer({ min: 1, max: 3 }),
        }),
      },
      fc.record({ kind: fc.constant('keep' as const), key, lifeMs: fc.integer({ min: 1, max: 5_000 }) }),
      fc.record({ kind: fc.constant('forget' as const), key }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3_000 }) }),
    );
    let replayed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const kept = new Map<string, string>();
        forget('a');
        forget('b');
        for (const [index, one] of steps.entries()) {
          if (one.kind === 'ask') {
            const expected = kept.get(one.key) ?? `read ${one.key}`;
            kept.set(one.key, expected);
            const before = gateway.run.length;
            const replies = await Promise.all(
              Array.from({ length: one.times }, () => post(valueOf(one.key))),
            );
            replayed += before + one.times - gateway.run.length;
            expect(new Set(replies.map((reply) => reply.text))).toEqual(
              new Set([JSON.stringify({ data: { value: expected } })]),
            );
          } else if (one.kind === 'keep') {
            keep(one.key, `${one.key}${index}`, { lifeMs: one.lifeMs });
            kept.set(one.key, `${one.key}${index}`);
          } else if (one.kind === 'forget') {
            forget(one.key);
            kept.delete(one.key);
          } else {
            await clock.advance(one.ms);
          }
        }
      }),
      { numRuns: 60 },
    );
    expect(replayed).toBeGreaterThan(20);
  });
});

describe('on the wire', () => {
  it('pipelined requests are answered in their order, replayed or not', async () => {
    const gateway = await withReplayOfA();
    gateway.keep('b', 'B');
    const [a, b] = [JSON.stringify(A), JSON.stringify(valueOf('b'))];
    const socket = socketTo(gateway);
    const release = gateway.hold();
    socket.write(
      [rawPost(b), rawPost(a), rawPost(b), rawPost(a), rawPost(a, ['Connection: close'])].join(''),
    );
    await expect.poll(() => gateway.run.length).toBeGreaterThan(1);
    release();
    const answerB = '{"data":{"value":"B"}}';
    expect(bodiesIn(await text(socket))).toEqual([answerB, ANSWER_A, answerB, ANSWER_A, ANSWER_A]);
  });

  it('a connection serves replays and others in turn, for ever', async () => {
    const gateway = await withReplayOfA();
    gateway.keep('b', 'B');
    const socket = socketTo(gateway);
    socket.setEncoding('latin1');
    let received = '';
    socket.on('data', (chunk: string) => (received += chunk));
    for (let turn = 1; turn <= 50; turn += 1) {
      socket.write(rawPost(JSON.stringify(turn % 3 === 0 ? valueOf('b') : A)));
      await expect.poll(() => bodiesIn(received).length, { interval: 1 }).toBe(turn);
    }
    expect(new Set(bodiesIn(received))).toEqual(new Set([ANSWER_A, '{"data":{"value":"B"}}']));
    // Before this, and each question once by this host.
    expect(gateway.run).toHaveLength(3);
  });

  it.each([1, 7, 30])(
    'a body in packets of %d bytes is answered, and what came is not lost',
    async (size) => {
      const gateway = await withReplayOfA();
      for (const [key, answer] of [
        ['a', ANSWER_A],
        ['b', '{"data":{"value":"read b"}}'],
      ] as const) {
        const socket = socketTo(gateway);
        socket.setNoDelay(true);
        const raw = rawPost(JSON.stringify(valueOf(key)), ['Connection: close']);
        const bodyAt = raw.indexOf('\r\n\r\n') + 4;
        socket.write(raw.slice(0, bodyAt));
        for (let at = bodyAt; at < raw.length; at += size) {
          await sleep(2);
          socket.write(raw.slice(at, at + size));
        }
        expect(bodiesIn(await text(socket))).toEqual([answer]);
      }
    },
  );

  it('a body in one packet of its own can be answered by a replay', async () => {
    const gateway = await withReplayOfA();
    const socket = socketTo(gateway);
    const raw = rawPost(JSON.stringify(A), ['Connection: close']).replace(
      'Host: test',
      `Host: 127.0.0.1:${gateway.port}`,
    );
    const bodyAt = raw.indexOf('\r\n\r\n') + 4;
    const runs = await runsOf(gateway, async () => {
      socket.write(raw.slice(0, bodyAt));
      await sleep(20);
      socket.write(raw.slice(bodyAt));
      expect(bodiesIn(await text(socket))).toEqual([ANSWER_A]);
    });
    expect(runs).toBe(0);
    const { readableEnded, closed } = gateway.came.at(-1)!;
    expect([readableEnded, closed]).toEqual([true, true]);
  });

  it('a client that asks first whether to send a body learns at once that it need not', async () => {
    const gateway = await withReplayOfA();
    const socket = socketTo(gateway);
    const raw = rawPost(JSON.stringify(A), ['Expect: 100-continue', 'X-Timeout-Ms: soon']);
    socket.write(raw.slice(0, raw.indexOf('\r\n\r\n') + 4));
    let received = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk));
    await expect.poll(() => received).toContain('HTTP/1.1 400 ');
  });

  it.each([0, 1, 20])('a client that sends %d bytes of its body and waits is cut', async (length) => {
    const limits = { headersTimeout: 150, requestTimeout: 300, connectionsCheckingInterval: 25 };
    const gateway = await startKeptValues({ limits });
    const socket = socketTo(gateway);
    const raw = rawPost(JSON.stringify(A));
    socket.write(raw.slice(0, raw.indexOf('\r\n\r\n') + 4 + length));
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
    expect(gateway.run).toEqual([]);
  });

  it('a client that leaves before its body, in it or behind it harms nobody', async () => {
    const gateway = await withReplayOfA();
    gateway.keep('b', 'B');
    for (const key of ['a', 'b']) {
      const raw = rawPost(JSON.stringify(valueOf(key)));
      for (const length of [raw.length - 30, raw.length - 3, raw.length, raw.indexOf('\r\n\r\n') + 4]) {
        const socket = socketTo(gateway);
        await new Promise<void>((resolve) => socket.write(raw.slice(0, length), () => resolve()));
        await sleep(5);
        socket.resetAndDestroy();
      }
    }
    expect((await gateway.post(A)).text).toBe(ANSWER_A);
    expect((await gateway.post(valueOf('b'))).text).toBe('{"data":{"value":"B"}}');
  });

  it('a client that leaves while its answer is made is noticed as ever', async () => {
    const gateway = await withReplayOfA();
    gateway.keep('b', 'B');
    const release = gateway.hold();
    const socket = socketTo(gateway);
    socket.write(rawPost(JSON.stringify(valueOf('b'))));
    await expect.poll(() => gateway.run.length).toBe(2);
    const { signal } = gateway.run[1]!;
    expect(signal.aborted).toBe(false);
    socket.destroy();
    await expect.poll(() => signal.aborted).toBe(true);
    release();
    expect((await gateway.post(A)).text).toBe(ANSWER_A);
  });

  it('a client that asks first whether to send a body, or sends it in chunks, is answered', async () => {
    const gateway = await withReplayOfA();
    const body = JSON.stringify(A);
    const socket = socketTo(gateway);
    const raw = rawPost(body, ['Expect: 100-continue', 'Connection: close']).replace(
      'Host: test',
      `Host: 127.0.0.1:${gateway.port}`,
    );
    socket.write(raw.slice(0, raw.length - body.length));
    await sleep(20);
    socket.write(body);
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n/);
    expect(bodiesIn(answer)).toEqual([ANSWER_A]);
    expect(gateway.run).toHaveLength(2);
    const chunked = socketTo(gateway);
    chunked.write(
      rawPost('', ['Transfer-Encoding: chunked', 'Connection: close']).replace('Content-Length: 0\r\n', '') +
        `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    );
    expect(bodiesIn(await text(chunked))).toEqual([ANSWER_A]);
    expect(gateway.run).toHaveLength(3);
  });

  it('a request without a body is refused as ever', async () => {
    const { send } = await withReplayOfA();
    const reply = await send({ method: 'POST', headers: { 'content-type': 'application/json' } });
    expect([reply.status, reply.codes]).toEqual([400, ['BAD_REQUEST']]);
  });
});
