import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../src/model/errors.ts';
import { createLimiter, limit } from '../../src/upstream/limiter.ts';
import type { Limiter } from '../../src/upstream/limiter.ts';
import type { Send } from '../../src/upstream/send.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { aRequest, aScope, BATCH_ORIGIN, upstreamErrorOf } from './support.ts';

/** A limiter of 2 per second, and a log of who got a turn when. */
function setUp(): {
  readonly clock: FakeClock;
  readonly limiter: Limiter;
  readonly log: string[];
  readonly ask: (name: string, leftMs?: number, signal?: AbortSignal) => Promise<void>;
} {
  const clock = new FakeClock(0);
  const limiter = createLimiter({ requestsPerSecond: 2, clock });
  const log: string[] = [];
  const ask = async (name: string, leftMs = 60_000, signal = new AbortController().signal): Promise<void> => {
    await limiter.acquire(aScope(leftMs, clock, signal), BATCH_ORIGIN).then(
      () => log.push(`${name}@${String(clock.now())}`),
      (error: unknown) => log.push(`${name}: ${error instanceof UpstreamError ? error.code : String(error)}`),
    );
  };
  return { clock, limiter, log, ask };
}

describe('a limiter of 2 calls per second', () => {
  it('grants every 550 ms, in the order of asking, without a burst', async () => {
    const { clock, log, ask } = setUp();
    const all = ['a', 'b', 'c', 'd'].map((name) => ask(name));
    await clock.advance(10_000);
    await Promise.all(all);
    expect(log).toEqual(['a@0', 'b@550', 'c@1100', 'd@1650']);
    expect(clock.sleeping).toBe(0);
  });

  it('saves up nothing while it is idle', async () => {
    const { clock, log, ask } = setUp();
    await ask('a');
    await clock.advance(60_000);
    const more = [ask('b'), ask('c')];
    await clock.advance(550);
    await Promise.all(more);
    expect(log).toEqual(['a@0', 'b@60000', 'c@60550']);
  });

  it('counts the spacing from the last grant, not from the last question', async () => {
    const { clock, log, ask } = setUp();
    await ask('a');
    await clock.advance(400);
    const more = [ask('b'), ask('c')];
    await clock.advance(2_000);
    await Promise.all(more);
    expect(log).toEqual(['a@0', 'b@550', 'c@1100']);
  });

  it('refuses at once a call whose turn would come at its deadline or later, and keeps no turn for it', async () => {
    const { clock, limiter, log, ask } = setUp();
    const first = [ask('a'), ask('b')];
    await settle();
    const error = await upstreamErrorOf(limiter.acquire(aScope(1_100, clock), BATCH_ORIGIN));
    expect(error).toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retryable: true, retryAfterMs: 1_100 });
    expect(error.origin).toBe(BATCH_ORIGIN);
    const next = ask('c', 1_101);
    await clock.advance(5_000);
    await Promise.all([...first, next]);
    expect(log).toEqual(['a@0', 'b@550', 'c@1100']);
  });

  it('refuses a call without any time left although a turn is free', async () => {
    const { log, ask } = setUp();
    await ask('late', 0);
    expect(log).toEqual(['late: UPSTREAM_RATE_LIMITED']);
  });

  it.each(['b', 'c', 'd'])(
    'gives back the turn of %s, who leaves, so that those behind move up',
    async (leaving) => {
      const { clock, log, ask } = setUp();
      const caller = new AbortController();
      const all = ['a', 'b', 'c', 'd'].map((name) =>
        name === leaving ? ask(name, 60_000, caller.signal) : ask(name),
      );
      await clock.advance(100);
      caller.abort(new Error('left'));
      await clock.advance(5_000);
      await Promise.all(all);
      const others = ['b', 'c', 'd'].filter((name) => name !== leaving);
      expect(log).toEqual(['a@0', `${leaving}: Error: left`, `${others[0]!}@550`, `${others[1]!}@1100`]);
      expect(clock.sleeping).toBe(0);
    },
  );

  it('keeps the order of those who stay when several leave', async () => {
    const { clock, log, ask } = setUp();
    const callers = { b: new AbortController(), d: new AbortController() };
    const all = [ask('a'), ask('b', 60_000, callers.b.signal), ask('c')];
    all.push(ask('d', 60_000, callers.d.signal), ask('e'));
    await settle();
    callers.d.abort(new Error('left'));
    await settle();
    callers.b.abort(new Error('left'));
    await clock.advance(5_000);
    await Promise.all(all);
    expect(log).toEqual(['a@0', 'd: Error: left', 'b: Error: left', 'c@550', 'e@1100']);
  });

  it('refuses a call whose deadline passed because its turn came late, and gives that turn to the next', async () => {
    const { clock, log, ask } = setUp();
    const all = [ask('a'), ask('b', 600), ask('c')];
    await settle();
    // As when the event loop was blocked: the timer of 550 ms fires after 750 ms.
    clock.jump(200);
    await clock.advance(550);
    await Promise.all(all);
    expect(log).toEqual(['a@0', 'b: UPSTREAM_RATE_LIMITED', 'c@750']);
  });

  it('forgets the signals of those who have had their turn', async () => {
    const { clock, ask } = setUp();
    const { signal } = new AbortController();
    const all = ['a', 'b', 'c'].map((name) => ask(name, 60_000, signal));
    await clock.advance(5_000);
    await Promise.all(all);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('lets a new call have the time that one who left would have taken', async () => {
    const { clock, log, ask } = setUp();
    const caller = new AbortController();
    const first = [ask('a'), ask('b', 60_000, caller.signal)];
    await settle();
    caller.abort(new Error('left'));
    await settle();
    const next = ask('c', 600);
    await clock.advance(600);
    await Promise.all([...first, next]);
    expect(log.at(-1)).toBe('c@550');
  });

  it('does nothing for a caller who had left before', async () => {
    const { log, ask } = setUp();
    await ask('gone', 1_000, AbortSignal.abort(new Error('left')));
    await ask('a');
    expect(log).toEqual(['gone: Error: left', 'a@0']);
  });

  it('never waits longer than one spacing for a clock that was set back', async () => {
    const { clock, log, ask } = setUp();
    await ask('a');
    clock.jump(-3_600_000);
    const next = ask('b');
    await clock.advance(550);
    await next;
    expect(log).toEqual(['a@0', 'b@-3599450']);
  });
});

describe('the limit of a call', () => {
  it('is that of its action, and none where there is none', async () => {
    const clock = new FakeClock(0);
    const limiter = createLimiter({ requestsPerSecond: 2, clock });
    const calls: string[] = [];
    const inner: Send = (request) => {
      calls.push(`${request.action}@${String(clock.now())}`);
      return Promise.resolve(request.decode({ status: 200, headers: {}, body: '', receivedAtMs: 0 }));
    };
    const send = limit(BATCH_ORIGIN, (action) => (action === 'DescribeJobs' ? limiter : null))(inner);
    const all = ['DescribeJobs', 'DescribeJobs', 'DescribeJob', 'DescribeJob'].map((action) =>
      send(aRequest({ action }), aScope(5_000, clock)),
    );
    await clock.advance(550);
    await Promise.all(all);
    expect(calls.toSorted()).toEqual([
      'DescribeJob@0',
      'DescribeJob@0',
      'DescribeJobs@0',
      'DescribeJobs@550',
    ]);
  });
});
