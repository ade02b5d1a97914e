import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { ObservedCall } from '../../src/lib/observed-call.ts';
import { UpstreamError } from '../../src/model/errors.ts';
import { upstreamCalls } from '../../src/telemetry/channels.ts';
import type { UpstreamEvent } from '../../src/telemetry/channels.ts';
import { limit, waitTooLong } from '../../src/upstream/turns/limiter.ts';
import type { Limiter } from '../../src/upstream/turns/limiter.ts';
import { observe } from '../../src/upstream/observe.ts';
import { compose } from '../../src/upstream/send.ts';
import type { Send } from '../../src/upstream/send.ts';
import { retry } from '../../src/upstream/retry.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aRequest, aScope, COS_ORIGIN } from './support.ts';

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});

function listen(): UpstreamEvent[] {
  const events: UpstreamEvent[] = [];
  onTestFinished(upstreamCalls.subscribe((event) => events.push(event)));
  return events;
}

/** Observed as in the onion, around an inner layer that takes 10 ms and then does as each outcome says. */
function observed(...outcomes: (Error | Record<string, string>)[]): Send {
  const observers = observe(COS_ORIGIN, clock);
  const inner: Send = async (request, scope) => {
    await clock.sleep(10, scope.signal);
    const outcome = outcomes.shift()!;
    if (outcome instanceof Error) {
      throw outcome;
    }
    return request.decode({ status: 200, headers: outcome, body: 'ok', receivedAtMs: 0 });
  };
  return compose(
    [observers.call, retry({ attempts: 3, clock, random: () => 0.5 }), observers.attempt],
    inner,
  );
}

async function run(send: Send, signal = new AbortController().signal): Promise<unknown> {
  const outcome = send(aRequest(), aScope(60_000, clock, signal)).then(
    ({ body }) => body,
    (error: unknown) => error,
  );
  await clock.advance(10_000);
  return outcome;
}

const busy = new UpstreamError('UPSTREAM_UNAVAILABLE', COS_ORIGIN, 'busy', {
  retryable: true,
  upstreamCode: 'ServiceUnavailable',
  requestId: 'R1',
});

const busyWithoutId = new UpstreamError('UPSTREAM_UNAVAILABLE', COS_ORIGIN, 'busy', { retryable: true });

describe('the channel of upstream calls', () => {
  it('tells of each attempt and then of the call', async () => {
    const events = listen();
    const startMs = clock.now();
    expect(await run(observed(busy, { 'x-cos-request-id': 'R2' }))).toBe('ok');
    const common = { origin: COS_ORIGIN, action: 'ListJobs' };
    expect(events).toEqual([
      {
        ...common,
        kind: 'attempt',
        attempt: 1,
        outcome: 'UPSTREAM_UNAVAILABLE',
        durationMs: 10,
        requestId: 'R1',
        upstreamCode: 'ServiceUnavailable',
      },
      {
        ...common,
        kind: 'attempt',
        attempt: 2,
        outcome: 'ok',
        durationMs: 10,
        requestId: 'R2',
        upstreamCode: null,
      },
      {
        ...common,
        kind: 'call',
        attempts: 2,
        waitedMs: 0,
        joined: 1,
        batchSize: null,
        outcome: 'ok',
        durationMs: 45,
        requestId: 'R2',
        upstreamCode: null,
        call: expect.objectContaining({
          attempts: 2,
          requestId: 'R2',
          ending: { outcome: 'ok', durationMs: 45, requestId: 'R2', upstreamCode: null },
          steps: [
            { kind: 'attempt', startedAtMs: startMs, durationMs: 10, outcome: 'UPSTREAM_UNAVAILABLE' },
            { kind: 'attempt', startedAtMs: startMs + 35, durationMs: 10, outcome: 'ok' },
          ],
        }) as unknown,
      },
    ]);
  });

  it('tells whoever waits for a call of it as it begins, and all along, with or without a listener', async () => {
    expect(upstreamCalls.hasSubscribers).toBe(false);
    const told: ObservedCall[] = [];
    const scope = { ...aScope(60_000, clock), onCall: (call: ObservedCall) => void told.push(call) };
    const startMs = clock.now();
    const answer = observed(busy, { 'x-cos-request-id': 'R2' })(aRequest(), scope);
    await clock.advance(5);
    expect(told).toMatchObject([{ action: 'ListJobs', startedAtMs: startMs, attempts: 1, ending: null }]);
    await clock.advance(10_000);
    await answer;
    expect(told).toMatchObject([{ attempts: 2, requestId: 'R2', ending: { outcome: 'ok' } }]);
  });

  it('does not give an attempt the request id of the one before', async () => {
    const events = listen();
    const observers = observe(COS_ORIGIN, clock);
    let attempts = 0;
    const inner: Send = async (request) => {
      attempts += 1;
      if (attempts === 1) {
        await request.decode({
          status: 503,
          headers: { 'x-cos-request-id': 'R1' },
          body: '',
          receivedAtMs: 0,
        });
      }
      throw busyWithoutId;
    };
    await run(
      compose([observers.call, retry({ attempts: 2, clock, random: () => 0 }), observers.attempt], inner),
    );
    expect(events.map((event) => 'requestId' in event && event.requestId)).toEqual(['R1', null, null]);
  });

  it('tells the caller who left from a fault of our own', async () => {
    const events = listen();
    await run(observed(new TypeError('a bug')));
    await run(observed({}), AbortSignal.abort(new Error('left')));
    expect(events.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ['attempt', 'bug'],
      ['call', 'bug'],
      ['attempt', 'aborted'],
      ['call', 'aborted'],
    ]);
  });

  it('counts two calls of one request object apart', async () => {
    const events = listen();
    const send = observed(busy, {}, {});
    const request = aRequest();
    const both = Promise.all([send(request, aScope(60_000, clock)), send(request, aScope(60_000, clock))]);
    await clock.advance(10_000);
    await both;
    const attempts = events.flatMap((event) => (event.kind === 'call' ? [event.attempts] : []));
    expect(new Set(attempts)).toEqual(new Set([1, 2]));
  });

  it('tells of each wait for a turn, and what of a call that several share', async () => {
    const events = listen();
    const observers = observe(COS_ORIGIN, clock);
    let turns = 0;
    const limiter: Limiter = {
      acquire: async ({ scope }) => {
        await clock.sleep(300, scope.signal);
        turns += 1;
        if (turns === 2) {
          throw waitTooLong(COS_ORIGIN, 700);
        }
        return { release: () => undefined };
      },
      pushBack: () => undefined,
    };
    const readiness = { isReady: () => true, makeReady: () => Promise.resolve() };
    const send = compose(
      [
        observers.call,
        retry({ attempts: 3, clock, random: () => 0 }),
        limit({
          origin: COS_ORIGIN,
          limiterFor: () => limiter,
          readiness,
          clock,
          onWaited: observers.onWaited,
        }),
        observers.attempt,
      ],
      () => Promise.reject(busy),
    );
    const scope = { ...aScope(60_000, clock), joined: 7 };
    const refused = send(aRequest({ batchSize: () => 20 }), scope).catch(() => undefined);
    const caller = new AbortController();
    const left = send(aRequest(), aScope(60_000, clock, caller.signal)).catch(() => undefined);
    await clock.advance(100);
    caller.abort(new Error('left'));
    await clock.advance(10_000);
    await Promise.all([refused, left]);
    const common = { origin: COS_ORIGIN, action: 'ListJobs' };
    expect(events).toEqual([
      { ...common, kind: 'wait', waitedMs: 100, outcome: 'left' },
      expect.objectContaining({ kind: 'call', outcome: 'aborted', waitedMs: 100, attempts: 0 }),
      { ...common, kind: 'wait', waitedMs: 300, outcome: 'turn' },
      expect.objectContaining({ kind: 'attempt', attempt: 1, durationMs: 0 }),
      { ...common, kind: 'wait', waitedMs: 300, outcome: 'refused' },
      expect.objectContaining({ kind: 'call', waitedMs: 600, attempts: 1, joined: 7, batchSize: 20 }),
    ]);
  });

  it('does nothing while nobody listens', async () => {
    expect(upstreamCalls.hasSubscribers).toBe(false);
    const requests: unknown[] = [];
    const inner: Send = (request) => {
      requests.push(request);
      return Promise.resolve(request.decode({ status: 200, headers: {}, body: 'ok', receivedAtMs: 0 }));
    };
    const observers = observe(COS_ORIGIN, clock);
    const request = aRequest();
    await compose([observers.call, observers.attempt], inner)(request, aScope(1_000, clock));
    expect(requests[0]).toBe(request);
  });

  it('stops telling whoever stops listening', async () => {
    const events: unknown[] = [];
    const stop = upstreamCalls.subscribe((event) => events.push(event));
    stop();
    await run(observed({}));
    expect(events).toEqual([]);
    expect(upstreamCalls.hasSubscribers).toBe(false);
  });
});
