/** The layers together: real sockets where time is real, a fake clock where it is counted. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { UpstreamError } from '../../src/model/errors.ts';
import { upstreamCalls } from '../../src/telemetry/channels.ts';
import { upstreamErrorFor } from '../../src/upstream/error-table.ts';
import type { Limiter, Turn, TurnRequest } from '../../src/upstream/turns/limiter.ts';
import { createLocalSlots, spacingOf } from '../../src/upstream/slots/local-slots.ts';
import { createSend } from '../../src/upstream/onion.ts';
import type { SendOptions } from '../../src/upstream/onion.ts';
import { createPacer } from '../../src/upstream/turns/pacer.ts';
import type { Send, UpstreamResponse } from '../../src/upstream/send.ts';
import type { Signer } from '../../src/upstream/signing/sign.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  BATCH_ORIGIN,
  aRequest,
  aScope,
  closed,
  COS_ORIGIN,
  httpServer,
  upstreamErrorOf,
} from './support.ts';

const HOST = '1.cos-control.ap-guangzhou.myqcloud.com';
const signer: Signer = (request, atMs) => ({
  ...request.headers,
  host: HOST,
  authorization: `at ${String(atMs)}`,
});

function sendTo(endpoint: string, options: Partial<SendOptions> = {}): Send {
  const { send, close } = createSend({
    origin: COS_ORIGIN,
    endpoint,
    signer,
    clock: systemClock,
    random: () => 0.5,
    ...options,
  });
  onTestFinished(() => close());
  return send;
}

/** Calls of the origin wait for this limiter's turns. */
function paced(limiter: Limiter): Pick<SendOptions, 'pacing'> {
  return { pacing: { limiterFor: () => limiter, host: HOST } };
}

/** A limiter that does with each question what it is told. */
function limiterThat(acquire: (request: TurnRequest) => Promise<void>): Limiter {
  const turn: Turn = { release: () => undefined };
  return {
    acquire: async (request) => {
      await request.makeReady(request.scope.signal);
      await acquire(request);
      return turn;
    },
    pushBack: () => undefined,
  };
}

const twoPerSecond = (clock: FakeClock): Limiter => createPacer(createLocalSlots(spacingOf(2), clock), clock);

/** As a source's client does it: an error of the upstream, or the body. */
function decode(response: UpstreamResponse): UpstreamResponse {
  if (response.status !== 200) {
    throw upstreamErrorFor(COS_ORIGIN, { httpStatus: response.status, upstreamCode: null, requestId: null });
  }
  return response;
}

/** Moves the clock in small steps, with real time for the sockets in between, until the promise settles. */
async function advanceUntil<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const watched = promise.finally(() => {
    ended.abort();
  });
  watched.catch(() => undefined);
  for (let step = 0; step < 2_000 && !ended.signal.aborted; step += 1) {
    await clock.advance(5);
  }
  return watched;
}

/** Fails `times` times with 503 before it answers. */
const failingFirst = (times: number) => {
  let calls = 0;
  return httpServer((_, response) => {
    calls += 1;
    response.statusCode = calls <= times ? 503 : 200;
    response.end('ok');
  });
};

describe('the onion', () => {
  it('signs each attempt anew, at the time of that attempt', async () => {
    const clock = new FakeClock(1_000_000);
    const server = await failingFirst(2);
    const call = sendTo(server.endpoint, { clock })(aRequest({ decode }), aScope(60_000, clock));
    expect((await advanceUntil(clock, call)).body).toBe('ok');
    const signedAtMs = server.requests.map(({ headers }) => Number(headers.authorization!.slice(3)));
    expect(signedAtMs).toHaveLength(3);
    expect(signedAtMs[0]).toBe(1_000_000);
    expect(signedAtMs[1]! - signedAtMs[0]!).toBeGreaterThanOrEqual(25);
    expect(signedAtMs[2]! - signedAtMs[1]!).toBeGreaterThanOrEqual(50);
    expect(server.requests.map(({ headers }) => headers.host)).toEqual([HOST, HOST, HOST]);
  });

  it('signs after the wait for a turn, not before it', async () => {
    const clock = new FakeClock(0);
    const server = await failingFirst(0);
    const send = sendTo(server.endpoint, { clock, ...paced(twoPerSecond(clock)) });
    const calls = ['/1', '/2'].map((path) => send(aRequest({ decode, path }), aScope(60_000, clock)));
    await advanceUntil(clock, Promise.all(calls));
    const [first, second] = server.requests.map(({ headers }) => Number(headers.authorization!.slice(3)));
    expect(second! - first!).toBe(550);
  });

  it('says when an upstream that keeps failing is asked again, and does not wait for that', async () => {
    const { endpoint, requests } = await httpServer((_request, response) => {
      response.writeHead(500).end('<Error><Code>InternalError</Code></Error>');
    });
    const send = sendTo(endpoint, { limits: { attempts: 3 } });
    const failing = aRequest({
      decode: ({ status }) => {
        throw upstreamErrorFor(COS_ORIGIN, {
          httpStatus: status,
          upstreamCode: 'InternalError',
          requestId: 'id',
        });
      },
    });
    const first = await upstreamErrorOf(send(failing, aScope(60_000)));
    const opening = await upstreamErrorOf(send(failing, aScope(60_000)));
    // The fifth attempt opened the breaker, and the sixth was not made.
    expect(requests).toHaveLength(5);
    expect([first.retryAfterMs, opening.requestId, opening.isLocal]).toEqual([null, 'id', false]);
    expect(opening.retryAfterMs).toBeGreaterThan(5_000);
    expect(opening.retryAfterMs).toBeLessThanOrEqual(10_000);
  });

  it('takes a turn for each attempt', async () => {
    const clock = new FakeClock(0);
    const server = await failingFirst(2);
    const turns: string[] = [];
    const limiter = limiterThat(() => {
      turns.push('turn');
      return Promise.resolve();
    });
    const limiterFor = (action: string): Limiter => {
      turns.push(action);
      return limiter;
    };
    const send = sendTo(server.endpoint, { clock, pacing: { limiterFor, host: HOST } });
    const call = send(aRequest({ decode }), aScope(60_000, clock));
    await advanceUntil(clock, call);
    expect(turns).toEqual(['ListJobs', 'turn', 'ListJobs', 'turn', 'ListJobs', 'turn']);
  });

  it('does not count the wait for a turn as time of the attempt', async () => {
    const clock = new FakeClock(0);
    const server = await failingFirst(0);
    const durationsMs: Record<string, number> = {};
    onTestFinished(
      upstreamCalls.subscribe((event) => {
        durationsMs[event.kind] = event.kind === 'wait' ? event.waitedMs : event.durationMs;
      }),
    );
    const send = sendTo(server.endpoint, {
      clock,
      ...paced(limiterThat(({ scope }) => clock.sleep(4_000, scope.signal))),
      limits: { attemptTimeoutMs: 2_500, attempts: 1 },
    });
    const answer = await advanceUntil(clock, send(aRequest({ decode }), aScope(60_000, clock)));
    expect(answer.body).toBe('ok');
    expect(durationsMs['attempt']).toBeLessThan(2_500);
    expect(durationsMs['wait']).toBeGreaterThanOrEqual(4_000);
    expect(durationsMs['call']).toBeGreaterThanOrEqual(4_000);
  });

  it('ends at the deadline while it waits for a turn, and sends nothing', async () => {
    const clock = new FakeClock(0);
    const server = await failingFirst(0);
    const limiter = limiterThat(({ scope }) => clock.sleep(4_000, scope.signal));
    const send = sendTo(server.endpoint, { clock, ...paced(limiter) });
    const failure = upstreamErrorOf(send(aRequest({ decode }), aScope(1_000, clock)));
    await clock.advance(1_000);
    expect((await failure).code).toBe('UPSTREAM_TIMEOUT');
    expect(clock.sleeping).toBe(0);
    expect(server.requests).toHaveLength(0);
  });

  it('does not retry a call that the limiter refuses for want of time', async () => {
    const clock = new FakeClock(0);
    const server = await failingFirst(0);
    const send = sendTo(server.endpoint, { clock, ...paced(twoPerSecond(clock)) });
    await advanceUntil(clock, send(aRequest({ decode }), aScope(60_000, clock)));
    const error = await upstreamErrorOf(send(aRequest({ decode }), aScope(300, clock)));
    expect(error.code).toBe('UPSTREAM_RATE_LIMITED');
    expect(error.retryAfterMs).toBeGreaterThan(300);
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    [COS_ORIGIN, 3],
    [BATCH_ORIGIN, 2],
  ])('tries $source as often as its default says', async (origin, attempts) => {
    const server = await failingFirst(9);
    const send = sendTo(server.endpoint, { origin, random: () => 0 });
    await upstreamErrorOf(send(aRequest({ decode }), aScope()));
    expect(server.requests).toHaveLength(attempts);
  });
});

describe('an upstream that hangs', () => {
  it('costs no more than the time of its attempts', async () => {
    const server = await httpServer(() => undefined);
    const send = sendTo(server.endpoint, { limits: { attemptTimeoutMs: 300, attempts: 2 } });
    const startedAtMs = Date.now();
    const error = await upstreamErrorOf(send(aRequest(), aScope()));
    expect(error).toMatchObject({ code: 'UPSTREAM_TIMEOUT', retryable: true });
    expect(Date.now() - startedAtMs).toBeLessThan(1_200);
    expect(server.requests).toHaveLength(2);
    await Promise.all(server.sockets.map((socket) => closed(socket, 500)));
  });

  it('is cut off also when its body drips', async () => {
    const server = await httpServer((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => {
        clearInterval(drip);
      });
    });
    const send = sendTo(server.endpoint, { limits: { attemptTimeoutMs: 400, attempts: 1 } });
    const error = await upstreamErrorOf(send(aRequest(), aScope()));
    expect(error.code).toBe('UPSTREAM_TIMEOUT');
    await closed(server.sockets[0]!, 500);
  });

  it('ends at the deadline when that comes first', async () => {
    const server = await httpServer(() => undefined);
    const startedAtMs = Date.now();
    const error = await upstreamErrorOf(sendTo(server.endpoint)(aRequest(), aScope(300)));
    expect(error.code).toBe('UPSTREAM_TIMEOUT');
    expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(295);
    expect(Date.now() - startedAtMs).toBeLessThan(600);
    await closed(server.sockets[0]!, 500);
  });

  it('does not hold a call that still waits for a connection', async () => {
    const server = await httpServer(() => undefined);
    const send = sendTo(server.endpoint, {
      limits: { connections: 1, attemptTimeoutMs: 2_000, attempts: 1 },
    });
    const caller = new AbortController();
    const first = upstreamErrorOf(send(aRequest({ path: '/1' }), aScope(800)));
    const leaving = send(aRequest({ path: '/2' }), aScope(5_000, systemClock, caller.signal));
    const aborted = expect(leaving).rejects.toThrow('left');
    const late = upstreamErrorOf(send(aRequest({ path: '/3' }), aScope(200)));
    await expect.poll(() => server.requests.length).toBe(1);
    const startedAtMs = Date.now();
    caller.abort(new Error('left'));
    await aborted;
    expect(Date.now() - startedAtMs).toBeLessThan(100);
    expect((await late).code).toBe('UPSTREAM_TIMEOUT');
    expect(Date.now() - startedAtMs).toBeLessThan(500);
    await first;
    expect(server.requests).toHaveLength(1);
  });

  it('lets go of its socket within 100 ms when the caller leaves', async () => {
    const server = await httpServer(() => undefined);
    const caller = new AbortController();
    const reason = new Error('left');
    const outcome = sendTo(server.endpoint)(aRequest(), aScope(5_000, systemClock, caller.signal)).catch(
      (error: unknown) => error,
    );
    await expect.poll(() => server.requests.length).toBe(1);
    const startedAtMs = Date.now();
    caller.abort(reason);
    expect(await outcome).toBe(reason);
    await closed(server.sockets[0]!, 500);
    expect(Date.now() - startedAtMs).toBeLessThan(100);
    expect(server.requests).toHaveLength(1);
  });
});

it("rejects with the caller's very reason when it leaves during a pause", async () => {
  const server = await httpServer((_, response) => {
    response.statusCode = 429;
    response.end();
  });
  const caller = new AbortController();
  const scope = aScope(5_000, systemClock, caller.signal);
  const outcome = sendTo(server.endpoint)(aRequest({ decode }), scope).catch((error: unknown) => error);
  await expect.poll(() => server.requests.length).toBe(1);
  setTimeout(() => {
    caller.abort('a reason that is no Error');
  }, 100);
  expect(await outcome).toBe('a reason that is no Error');
  expect(server.requests).toHaveLength(1);
});

it('recovers from a reset by a second attempt', async () => {
  let calls = 0;
  const server = await httpServer((request, response) => {
    calls += 1;
    if (calls === 1) {
      request.socket.resetAndDestroy();
    } else {
      response.end('ok');
    }
  });
  const answer = await sendTo(server.endpoint)(aRequest({ decode }), aScope());
  expect(answer.body).toBe('ok');
});

it('asks an unusable upstream twice and then gives its error', async () => {
  const server = await httpServer((_, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/' });
    response.end();
  });
  const failure = sendTo(server.endpoint, { limits: { attempts: 5 } })(aRequest(), aScope());
  await expect(failure).rejects.toBeInstanceOf(UpstreamError);
  expect(server.requests).toHaveLength(2);
});
