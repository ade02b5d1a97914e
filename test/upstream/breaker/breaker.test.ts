import { createServer } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { InvalidCursorError, InvalidIdError, UpstreamError } from '../../../src/model/errors.ts';
import type { UpstreamErrorCode, UpstreamFacts } from '../../../src/model/errors.ts';
import { breakerChanges } from '../../../src/telemetry/channels.ts';
import { attemptTimeout } from '../../../src/upstream/attempt-timeout.ts';
import { type Breaker, type BreakerSettings, createBreaker } from '../../../src/upstream/breaker/breaker.ts';
import { createBulkhead } from '../../../src/upstream/turns/bulkhead.ts';
import { createHttp } from '../../../src/upstream/http.ts';
import { join } from '../../../src/upstream/join.ts';
import { limit, type Readiness } from '../../../src/upstream/turns/limiter.ts';
import { createLocalSlots } from '../../../src/upstream/slots/local-slots.ts';
import { createPacer } from '../../../src/upstream/turns/pacer.ts';
import { compose, type Send } from '../../../src/upstream/send.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { aRequest, aScope, BATCH_ORIGIN, COS_ORIGIN, listen, upstreamErrorOf } from '../support.ts';
import { TLS_CERTIFICATE, TLS_HOST, TLS_KEY } from '../tls-fixture.ts';

const failing = (code: UpstreamErrorCode, facts: UpstreamFacts = { retryable: true }): UpstreamError =>
  new UpstreamError(code, COS_ORIGIN, 'as told', facts);
const UNAVAILABLE = failing('UPSTREAM_UNAVAILABLE');
const READY: Readiness = { isReady: () => true, makeReady: () => Promise.resolve() };
const REFUSED = { code: 'UPSTREAM_UNAVAILABLE', retryable: true, isLocal: true };

type Outcome = 'ok' | Error;

/** A breaker before an upstream that ends each call as told, or not before it is told. */
class Setup {
  readonly clock = new FakeClock();
  readonly breaker: Breaker;
  readonly send: Send;
  /** The calls that are at the upstream, each to be ended. */
  readonly open: { end(outcome: Outcome): void }[] = [];
  arrivals = 0;

  constructor(settings: Partial<BreakerSettings> = {}) {
    this.breaker = createBreaker({
      origin: COS_ORIGIN,
      clock: this.clock,
      attemptTimeoutMs: 2_500,
      settings,
    });
    this.send = compose([this.breaker.admission, this.breaker.departure], this.#upstream);
  }

  readonly #upstream: Send = (request, { signal }) =>
    new Promise((resolve, reject) => {
      this.arrivals += 1;
      const call = {
        end: (outcome: Outcome): void => {
          this.open.splice(this.open.indexOf(call), 1);
          if (outcome === 'ok') {
            resolve(request.decode({ status: 200, headers: {}, body: 'ok', receivedAtMs: 0 }));
          } else {
            reject(outcome);
          }
        },
      };
      this.open.push(call);
      signal.addEventListener('abort', () => {
        call.end(signal.reason);
      });
    });

  /** Starts a call; what becomes of it. */
  async start(signal?: AbortSignal): Promise<string | Error> {
    return this.send(aRequest(), aScope(60_000, this.clock, signal)).then(
      ({ body }) => body,
      (error: unknown) => error as Error,
    );
  }

  /** One call to its end. */
  async call(outcome: Outcome): Promise<string | Error> {
    const result = this.start();
    this.open.at(-1)?.end(outcome);
    return await result;
  }

  async fail(times: number, error: Error = UNAVAILABLE): Promise<void> {
    for (let count = 0; count < times; count += 1) {
      await this.call(error);
    }
  }

  async opened(): Promise<this> {
    await this.fail(5);
    expect(this.breaker.state()).toBe('open');
    return this;
  }

  /** The refusal of a call that must not reach the upstream. */
  async refused(): Promise<UpstreamError> {
    const before = this.arrivals;
    const error = await upstreamErrorOf(this.send(aRequest(), aScope(60_000, this.clock)));
    expect(error).toMatchObject(REFUSED);
    expect(this.arrivals).toBe(before);
    return error;
  }
}

describe('a breaker', () => {
  it('opens after five failures in a row', async () => {
    const setup = new Setup();
    await setup.fail(4);
    expect(await setup.call('ok')).toBe('ok');
    await setup.fail(4);
    expect(setup.breaker.state()).toBe('closed');
    expect(await setup.call(UNAVAILABLE)).toBe(UNAVAILABLE);
    expect(setup.breaker.state()).toBe('open');
  });

  it('opens when half of twenty attempts within ten seconds failed', async () => {
    const setup = new Setup();
    const failEverySecond = async (pairs: number): Promise<void> => {
      for (let pair = 0; pair < pairs; pair += 1) {
        await setup.call('ok');
        await setup.call(UNAVAILABLE);
      }
    };
    await failEverySecond(9);
    await setup.clock.advance(10_000);
    await failEverySecond(9);
    expect(setup.breaker.state()).toBe('closed');
    await failEverySecond(1);
    expect(setup.breaker.state()).toBe('open');
  });

  it('stays closed when less than half failed', async () => {
    const setup = new Setup();
    await setup.call('ok');
    for (let pair = 0; pair < 50; pair += 1) {
      await setup.call('ok');
      await setup.call(UNAVAILABLE);
    }
    expect(setup.breaker.state()).toBe('closed');
  });

  it('refuses at once while open, and says when to ask again', async () => {
    const setup = await new Setup().opened();
    const error = await setup.refused();
    expect(error.retryAfterMs).toBe(10_000);
    expect(error.message).toBe(
      'COS keeps failing for account media in ap-guangzhou and is left alone for the moment: ask again in 10 s',
    );
    await setup.clock.advance(9_999);
    expect((await setup.refused()).retryAfterMs).toBe(1);
  });

  describe('of a call that fails', () => {
    const failedWith = async (setup: Setup, error: UpstreamError): Promise<UpstreamError> => {
      const send = compose([setup.breaker.advice], setup.send);
      const failed = upstreamErrorOf(send(aRequest(), aScope(60_000, setup.clock)));
      setup.open[0]!.end(error);
      return await failed;
    };

    it('says when to ask again from when it is open, by that failure too, and not before', async () => {
      const setup = new Setup({ consecutiveFailures: 3 });
      const facts = { retryable: true, requestId: 'id', httpStatus: 503, upstreamCode: 'InternalError' };
      const [plain, slower] = [{}, { retryAfterMs: 700 }].map((more) =>
        failing('UPSTREAM_UNAVAILABLE', { ...facts, ...more }),
      );
      expect(await failedWith(setup, plain!)).toBe(plain);
      expect(await failedWith(setup, slower!)).toBe(slower);
      const opening = await failedWith(setup, slower!);
      expect(opening).toMatchObject({ ...facts, isLocal: false, retryAfterMs: 10_000, message: 'as told' });
      await setup.clock.advance(10_000);
      expect((await failedWith(setup, plain!)).retryAfterMs).toBe(10_000);
    });

    it('promises nothing where asking again will not help', async () => {
      const setup = new Setup();
      const broken = failing('UPSTREAM_UNAVAILABLE', { retryable: false });
      expect(await failedWith(setup, broken)).toBe(broken);
      expect(setup.breaker.state()).toBe('open');
    });
  });

  it('lets exactly one call find out after ten seconds, and goes on when it is good', async () => {
    const setup = await new Setup().opened();
    await setup.clock.advance(10_000);
    const probe = setup.start();
    expect([setup.open.length, setup.breaker.state()]).toEqual([1, 'half-open']);
    const refusals = await Promise.all([setup.refused(), setup.refused()]);
    expect(refusals.map(({ retryAfterMs }) => retryAfterMs)).toEqual([2_500, 2_500]);
    setup.open[0]!.end('ok');
    expect(await probe).toBe('ok');
    expect(setup.breaker.state()).toBe('closed');
    expect(await Promise.all([setup.call('ok'), setup.call('ok')])).toEqual(['ok', 'ok']);
  });

  it('starts counting anew when it has closed', async () => {
    const setup = await new Setup().opened();
    await setup.clock.advance(10_000);
    await setup.call('ok');
    await setup.fail(4);
    expect(setup.breaker.state()).toBe('closed');
    await setup.fail(1);
    expect(setup.breaker.state()).toBe('open');
  });

  it('opens for another ten seconds when the probe fails', async () => {
    const setup = await new Setup().opened();
    await setup.clock.advance(10_000);
    expect(await setup.call(UNAVAILABLE)).toBe(UNAVAILABLE);
    expect((await setup.refused()).retryAfterMs).toBe(10_000);
    await setup.clock.advance(9_999);
    await setup.refused();
    await setup.clock.advance(1);
    expect(await setup.call('ok')).toBe('ok');
  });

  it('is not moved by calls that began before it opened', async () => {
    const setup = new Setup();
    const late = [setup.start(), setup.start(), setup.start()];
    await setup.opened();
    setup.open[0]!.end('ok');
    await settle();
    expect(setup.breaker.state()).toBe('open');
    await setup.clock.advance(10_000);
    const probe = setup.start();
    setup.open[0]!.end('ok');
    await settle();
    expect(setup.breaker.state()).toBe('half-open');
    setup.open[1]!.end(UNAVAILABLE);
    await probe;
    await setup.clock.advance(5_000);
    setup.open[0]!.end(UNAVAILABLE);
    await Promise.all(late);
    await setup.clock.advance(5_000);
    expect(await setup.call('ok')).toBe('ok');
  });

  it('is not held open by a wall clock that is set back', async () => {
    const setup = await new Setup().opened();
    setup.clock.jump(-3_600_000);
    expect((await setup.refused()).retryAfterMs).toBe(10_000);
    await setup.clock.advance(10_000);
    expect(await setup.call('ok')).toBe('ok');
  });

  it('tells each change, and where', async () => {
    const told: unknown[] = [];
    onTestFinished(breakerChanges.subscribe((change) => told.push(change)));
    const setup = await new Setup().opened();
    await setup.refused();
    await setup.clock.advance(10_000);
    await setup.call(UNAVAILABLE);
    await setup.clock.advance(10_000);
    await setup.call('ok');
    expect(told).toEqual(
      ['open', 'half-open', 'open', 'half-open', 'closed'].map((state) => ({ origin: COS_ORIGIN, state })),
    );
  });

  it('takes the numbers that it is given', async () => {
    const setup = new Setup({ consecutiveFailures: 2, openMs: 300 });
    await setup.fail(2);
    expect((await setup.refused()).retryAfterMs).toBe(300);
    await setup.clock.advance(300);
    expect(await setup.call('ok')).toBe('ok');
  });
});

describe('what counts', () => {
  const FAILURES: readonly [string, Error][] = [
    ['no connection', UNAVAILABLE],
    ['a 503', failing('UPSTREAM_UNAVAILABLE', { retryable: true, httpStatus: 503 })],
    [
      'an operation that failed over there',
      failing('UPSTREAM_UNAVAILABLE', { httpStatus: 200, upstreamCode: 'FailedOperation' }),
    ],
    ['an unusable answer', failing('UPSTREAM_BAD_RESPONSE')],
    ['time that ran out over there', failing('UPSTREAM_TIMEOUT', { retryable: true, httpStatus: 400 })],
  ];
  const GOOD: readonly [string, Outcome][] = [
    ['a result', 'ok'],
    ['a rejected request', failing('UPSTREAM_REJECTED', {})],
    ['a missing permission', failing('UPSTREAM_FORBIDDEN', {})],
    ['refused credentials', failing('UPSTREAM_AUTH_FAILED', {})],
    ['throttling by the upstream', failing('UPSTREAM_RATE_LIMITED')],
    ['a cursor that it does not take', new InvalidCursorError('its place is gone')],
    ['an id that it does not take', new InvalidIdError('not an id')],
  ];
  const NOTHING: readonly [string, Error][] = [
    [
      'a refusal of the gateway’s own, for want of turns',
      failing('UPSTREAM_RATE_LIMITED', { retryable: true, isLocal: true }),
    ],
    [
      'a refusal of the gateway’s own, for want of room',
      failing('UPSTREAM_UNAVAILABLE', { retryable: true, isLocal: true }),
    ],
    ['a bug', new TypeError('x is not a function')],
  ];

  it.each(FAILURES)('as a failure: %s', async (_, error) => {
    const setup = new Setup();
    await setup.fail(4, error);
    expect(setup.breaker.state()).toBe('closed');
    expect(await setup.call(error)).toBe(error);
    expect(setup.breaker.state()).toBe('open');
    await setup.clock.advance(10_000);
    await setup.call(error);
    expect(setup.breaker.state()).toBe('open');
  });

  it.each(GOOD)('as a sign of life: %s', async (_, outcome) => {
    const setup = new Setup();
    await setup.fail(4);
    expect(await setup.call(outcome)).toBe(outcome);
    await setup.fail(4);
    expect(setup.breaker.state()).toBe('closed');
    await setup.fail(1);
    await setup.clock.advance(10_000);
    await setup.call(outcome);
    expect(setup.breaker.state()).toBe('closed');
  });

  it.each(NOTHING)('as nothing, and a probe’s place is free again: %s', async (_, error) => {
    const setup = new Setup();
    await setup.fail(4);
    await setup.call(error);
    expect(setup.breaker.state()).toBe('closed');
    await setup.fail(1);
    await setup.clock.advance(10_000);
    expect(await setup.call(error)).toBe(error);
    expect(setup.breaker.state()).toBe('half-open');
    expect(await setup.call('ok')).toBe('ok');
    expect(setup.breaker.state()).toBe('closed');
  });

  it.each<[string, unknown]>([
    ['as clients do', new DOMException('left', 'AbortError')],
    ['with an error that would be a sign of life', new InvalidCursorError('not needed any more')],
  ])('as nothing: a caller that leaves %s', async (_, reason) => {
    const setup = new Setup();
    await setup.fail(4);
    const leaves = async (): Promise<void> => {
      const caller = new AbortController();
      const gone = setup.start(caller.signal);
      await setup.clock.advance(2_000);
      caller.abort(reason);
      expect(await gone).toBe(reason);
    };
    await leaves();
    expect(setup.breaker.state()).toBe('closed');
    await setup.fail(1);
    await setup.clock.advance(10_000);
    await leaves();
    await leaves();
    expect(setup.breaker.state()).toBe('half-open');
    expect(await setup.call('ok')).toBe('ok');
  });

  it('as enough by itself: a peer that cannot prove who it is', async () => {
    const server = createServer({ key: TLS_KEY, cert: TLS_CERTIFICATE }, (socket) => {
      socket.on('error', () => undefined);
    });
    const { endpoint } = await listen(server, 'https');
    const http = createHttp({
      origin: COS_ORIGIN,
      endpoint,
      clock: systemClock,
      limits: { connectTimeoutMs: 1_000, maxBodyBytes: 1_000, connections: 1 },
    });
    onTestFinished(() => http.close());
    const breaker = createBreaker({ origin: COS_ORIGIN, clock: systemClock, attemptTimeoutMs: 2_500 });
    const send = compose([breaker.admission, breaker.departure], http.send);
    const request = aRequest({ headers: { host: TLS_HOST } });
    const first = await upstreamErrorOf(send(request, aScope()));
    expect(first).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: false, isLocal: false });
    expect(await upstreamErrorOf(send(request, aScope()))).toMatchObject(REFUSED);
  });
});

describe('an origin that hangs', () => {
  /** The layers of the onion that have to do with time: a caller’s own, and 2.5 s for an attempt. */
  function hanging(): { readonly clock: FakeClock; readonly breaker: Breaker; readonly send: Send } {
    const clock = new FakeClock();
    const breaker = createBreaker({ origin: COS_ORIGIN, clock, attemptTimeoutMs: 2_500 });
    const bulkhead = createBulkhead({ origin: COS_ORIGIN, clock, calls: 8 });
    const send = compose(
      [
        join(COS_ORIGIN, clock),
        breaker.admission,
        limit({
          origin: COS_ORIGIN,
          limiterFor: () => bulkhead,
          readiness: breaker.readiness(READY),
          clock,
          onWaited: () => undefined,
        }),
        breaker.departure,
        attemptTimeout({ origin: COS_ORIGIN, clock, attemptTimeoutMs: 2_500 }),
      ],
      () => new Promise(() => undefined),
    );
    return { clock, breaker, send };
  }

  it.each([
    ['opens it when the attempts’ time has run out', 10_000, 'open'],
    ['opens it when all callers have less time than an attempt', 2_000, 'open'],
    ['does not when no caller waits for a fair time', 900, 'closed'],
  ])('%s', async (_, leftMs, state) => {
    const { clock, breaker, send } = hanging();
    const calls = [1, 2, 3, 4, 5].map((number) =>
      upstreamErrorOf(send(aRequest({ path: `/jobs/${number}` }), aScope(leftMs, clock))),
    );
    await clock.advance(Math.min(leftMs, 2_500) - 1);
    expect(breaker.state()).toBe('closed');
    await clock.advance(1);
    const codes = (await Promise.all(calls)).map(({ code }) => code);
    expect(codes).toEqual(Array(5).fill('UPSTREAM_TIMEOUT'));
    expect(breaker.state()).toBe(state);
    expect(clock.sleeping).toBe(0);
  });
});

describe('calls that wait for their turn', () => {
  it('do not leave once it is open, are told so at the next turn, and use up one slot at most', async () => {
    const clock = new FakeClock();
    const breaker = createBreaker({ origin: BATCH_ORIGIN, clock, attemptTimeoutMs: 2_500 });
    const slots = createLocalSlots(550, clock);
    const leftAtMs: number[] = [];
    const startedAtMs = clock.now();
    const pacer = createPacer(slots, clock);
    const turns = (inner: Breaker | null): ReturnType<typeof limit> => {
      return limit({
        origin: BATCH_ORIGIN,
        limiterFor: () => pacer,
        readiness: inner?.readiness(READY) ?? READY,
        clock,
        onWaited: () => undefined,
      });
    };
    const failingSend: Send = () => {
      leftAtMs.push(clock.now() - startedAtMs);
      return Promise.reject(UNAVAILABLE);
    };
    const send = compose([breaker.admission, turns(breaker), breaker.departure], failingSend);
    const neighbour = compose([turns(null)], (request) =>
      Promise.resolve(request.decode({ status: 200, headers: {}, body: 'ok', receivedAtMs: 0 })),
    );
    const calls = Array.from({ length: 20 }, () =>
      upstreamErrorOf(send(aRequest(), aScope(60_000, clock))).then((error) => ({
        isLocal: error.isLocal,
        atMs: clock.now() - startedAtMs,
      })),
    );
    await clock.advance(4 * 550);
    expect(breaker.state()).toBe('open');
    let neighbourAtMs = 0;
    const other = neighbour(aRequest(), aScope(60_000, clock)).then(() => {
      neighbourAtMs = clock.now() - startedAtMs;
    });
    await clock.advance(60_000);
    await other;
    const outcomes = await Promise.all(calls);
    expect(leftAtMs).toEqual([0, 550, 1_100, 1_650, 2_200]);
    const refusedAtMs = outcomes.filter(({ isLocal }) => isLocal).map(({ atMs }) => atMs);
    expect(refusedAtMs).toEqual(Array(15).fill(5 * 550));
    expect(neighbourAtMs).toBe(5 * 550);
  });

  it('do not leave once it is open, whatever grants the turns', async () => {
    const clock = new FakeClock();
    const breaker = createBreaker({ origin: COS_ORIGIN, clock, attemptTimeoutMs: 2_500 });
    const { promise: turn, resolve: giveTurn } = Promise.withResolvers<void>();
    let arrivals = 0;
    let holds = true;
    const send = compose(
      [
        breaker.admission,
        (next) => async (request, scope) => {
          await (holds ? turn : null);
          return await next(request, scope);
        },
        breaker.departure,
      ],
      () => {
        arrivals += 1;
        return Promise.reject(UNAVAILABLE);
      },
    );
    // The same request object each time, as a client may send it.
    const request = aRequest();
    const ask = (): Promise<UpstreamError> => upstreamErrorOf(send(request, aScope(60_000, clock)));
    const waiting = [ask(), ask(), ask()];
    holds = false;
    for (let count = 0; count < 5; count += 1) {
      expect(await ask()).toBe(UNAVAILABLE);
    }
    holds = true;
    await clock.advance(10_000);
    const probe = ask();
    giveTurn();
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject(REFUSED);
    }
    expect(await probe).toBe(UNAVAILABLE);
    expect(arrivals).toBe(6);
  });

  it('count when no connection could be made for them', async () => {
    const clock = new FakeClock();
    const breaker = createBreaker({ origin: BATCH_ORIGIN, clock, attemptTimeoutMs: 2_500 });
    const send = compose(
      [
        breaker.admission,
        limit({
          origin: BATCH_ORIGIN,
          limiterFor: () => createPacer(createLocalSlots(550, clock), clock),
          readiness: breaker.readiness({
            isReady: () => false,
            makeReady: () => Promise.reject(UNAVAILABLE),
          }),
          clock,
          onWaited: () => undefined,
        }),
        breaker.departure,
      ],
      () => expect.fail('left without a connection'),
    );
    for (let count = 0; count < 5; count += 1) {
      expect(await upstreamErrorOf(send(aRequest(), aScope(60_000, clock)))).toBe(UNAVAILABLE);
    }
    expect(await upstreamErrorOf(send(aRequest(), aScope(60_000, clock)))).toMatchObject(REFUSED);
  });
});

describe('whatever happens', () => {
  const OPEN_MS = 1_000;
  const index = fc.nat({ max: 30 });
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('call' as const) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('give turn' as const), index }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('end' as const),
        index,
        outcome: fc.constantFrom<Outcome>(
          UNAVAILABLE,
          UNAVAILABLE,
          UNAVAILABLE,
          'ok',
          failing('UPSTREAM_RATE_LIMITED'),
          failing('UPSTREAM_UNAVAILABLE', {}),
          new TypeError('a bug'),
        ),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), index }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat({ max: 1_200 }) }) },
  );

  /** One call: it waits for a turn, then it is at the upstream, and may leave at any time. */
  interface Walker {
    readonly caller: AbortController;
    readonly result: Promise<unknown>;
    giveTurn: (() => void) | null;
    end: ((outcome: Outcome) => void) | null;
  }

  it('nothing passes while it is open, probes go one at a time, and it recovers when the upstream has', async () => {
    let probes = 0;
    let openings = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 80, size: 'max' }), async (actions) => {
        const clock = new FakeClock(0);
        const breaker = createBreaker({
          origin: COS_ORIGIN,
          clock,
          attemptTimeoutMs: 2_500,
          settings: { consecutiveFailures: 2, minimumAttempts: 6, windowMs: 1_000, openMs: OPEN_MS },
        });
        // What the breaker says of itself is one thing; these are judged by when it said so.
        let told = 'closed';
        let openedAtMs = Number.NEGATIVE_INFINITY;
        const stop = breakerChanges.subscribe(({ state }) => {
          told = state;
          openedAtMs = state === 'open' ? clock.now() : openedAtMs;
          openings += state === 'open' ? 1 : 0;
        });
        const walkers = new Set<Walker>();
        let current: Walker | null = null;
        let probesThere = 0;
        const send = compose(
          [
            breaker.admission,
            (next) => async (request, scope) => {
              const { promise, resolve, reject } = Promise.withResolvers<void>();
              const walker = current!;
              walker.giveTurn = resolve;
              scope.signal.addEventListener('abort', () => {
                reject(scope.signal.reason);
              });
              await promise.finally(() => {
                walker.giveTurn = null;
              });
              current = walker;
              return await next(request, scope);
            },
            breaker.departure,
          ],
          (request, { signal }) => {
            const walker = current!;
            const isProbe = told !== 'closed';
            expect(told).not.toBe('open');
            expect(isProbe && clock.now() < openedAtMs + OPEN_MS).toBe(false);
            expect(isProbe ? probesThere : 0).toBe(0);
            probesThere += isProbe ? 1 : 0;
            probes += isProbe ? 1 : 0;
            return new Promise((resolve, reject) => {
              walker.end = (outcome) => {
                walker.end = null;
                probesThere -= isProbe ? 1 : 0;
                if (outcome === 'ok') {
                  resolve(request.decode({ status: 200, headers: {}, body: 'ok', receivedAtMs: 0 }));
                } else {
                  reject(outcome);
                }
              };
              signal.addEventListener('abort', () => walker.end?.(signal.reason));
            });
          },
        );
        const violations: unknown[] = [];
        const start = (): Walker => {
          const caller = new AbortController();
          const walker: Walker = { caller, result: Promise.resolve(), giveTurn: null, end: null };
          current = walker;
          const result = send(aRequest(), aScope(1_000_000, clock, caller.signal)).catch((error: unknown) => {
            if (error instanceof Error && error.name === 'AssertionError') {
              violations.push(error);
            }
            return error;
          });
          return Object.assign(walker, { result });
        };
        const oneOf = (which: number, has: (walker: Walker) => boolean): Walker | undefined => {
          const fitting = [...walkers].filter(has);
          return fitting[which % fitting.length];
        };
        try {
          for (const step of actions) {
            switch (step.kind) {
              case 'call':
                walkers.add(start());
                break;
              case 'give turn':
                oneOf(step.index, ({ giveTurn }) => giveTurn !== null)?.giveTurn?.();
                break;
              case 'end':
                oneOf(step.index, ({ end }) => end !== null)?.end?.(step.outcome);
                break;
              case 'leave':
                oneOf(step.index, ({ caller }) => !caller.signal.aborted)?.caller.abort(new Error('left'));
                break;
              case 'wait':
                await clock.advance(step.ms);
                break;
            }
            await settle();
          }
          walkers.forEach(({ caller }) => {
            caller.abort(new Error('left'));
          });
          await settle();
          await clock.advance(OPEN_MS);
          const last = start();
          await settle();
          last.giveTurn?.();
          await settle();
          last.end?.('ok');
          expect(await last.result).toMatchObject({ body: 'ok' });
          expect(breaker.state()).toBe('closed');
          expect(violations).toEqual([]);
        } finally {
          stop();
        }
      }),
      { numRuns: 200 },
    );
    // Else nothing above was put to the test.
    expect(openings).toBeGreaterThan(50);
    expect(probes).toBeGreaterThan(50);
  });
});
