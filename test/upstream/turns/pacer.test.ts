import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../src/model/errors.ts';
import type { Limiter, TurnRequest } from '../../../src/upstream/turns/limiter.ts';
import { createLocalSlots, spacingOf } from '../../../src/upstream/slots/local-slots.ts';
import { createPacer } from '../../../src/upstream/turns/pacer.ts';
import type { CallScope } from '../../../src/lib/call-scope.ts';
import type { NoSlot, Slot, Slots } from '../../../src/upstream/slots/slots.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { aScope, BATCH_ORIGIN, upstreamErrorOf } from '../support.ts';

const ALWAYS_READY = { isReady: () => true, makeReady: () => Promise.resolve() };

interface Setup {
  readonly clock: FakeClock;
  readonly pacer: Limiter;
  readonly log: string[];
  readonly ask: (name: string, change?: Partial<CallScope>, ready?: Partial<TurnRequest>) => Promise<void>;
}

/** Two per second, and a log of who got a turn when; who asks is the first letter of the name. */
function setUp(slotsOf = (clock: FakeClock): Slots => createLocalSlots(spacingOf(2), clock)): Setup {
  const clock = new FakeClock(0);
  const pacer = createPacer(slotsOf(clock), clock);
  const log: string[] = [];
  const ask: Setup['ask'] = async (name, change = {}, ready = {}) => {
    const scope = { ...aScope(60_000, clock), callers: new Set([name[0]!]), ...change };
    try {
      await pacer.acquire({ origin: BATCH_ORIGIN, scope, ...ALWAYS_READY, ...ready });
      log.push(`${name}@${String(clock.now())}`);
    } catch (error) {
      log.push(`${name}: ${error instanceof UpstreamError ? error.code : String(error)}`);
    }
  };
  return { clock, pacer, log, ask };
}

const by = (deadlineMs: number): Partial<CallScope> => ({ deadlineMs });

describe('a pacer of 2 calls per second', () => {
  it('lets a call go every 550 ms, in the order of asking, without a burst', async () => {
    const { clock, log, ask } = setUp();
    const all = ['a1', 'a2', 'a3', 'a4'].map((name) => ask(name));
    await clock.advance(10_000);
    await Promise.all(all);
    expect(log).toEqual(['a1@0', 'a2@550', 'a3@1100', 'a4@1650']);
    expect(clock.sleeping).toBe(0);
  });

  it('saves up nothing while it is idle', async () => {
    const { clock, log, ask } = setUp();
    await ask('a1');
    await clock.advance(60_000);
    const more = [ask('a2'), ask('a3')];
    await clock.advance(550);
    await Promise.all(more);
    expect(log).toEqual(['a1@0', 'a2@60000', 'a3@60550']);
  });

  it('counts the spacing from the last call that left, not from the last question', async () => {
    const { clock, log, ask } = setUp();
    await ask('a1');
    await clock.advance(400);
    const more = [ask('a2'), ask('a3')];
    await clock.advance(2_000);
    await Promise.all(more);
    expect(log).toEqual(['a1@0', 'a2@550', 'a3@1100']);
  });

  it('never brings calls closer together because it was late', async () => {
    const { clock, log, ask } = setUp();
    const all = ['a1', 'a2', 'a3'].map((name) => ask(name));
    await settle();
    // As when the event loop was blocked: the timer of 550 ms fires after 750 ms.
    clock.jump(200);
    await clock.advance(2_000);
    await Promise.all(all);
    expect(log).toEqual(['a1@0', 'a2@750', 'a3@1300']);
  });

  it('goes round among callers, and gives background work what is left', async () => {
    const { clock, log, ask } = setUp();
    const all = ['a1', 'a2', 'a3'].map((name) => ask(name));
    all.push(ask('z1', { isBackground: true }), ask('b1'), ask('b2'));
    await clock.advance(10_000);
    await Promise.all(all);
    expect(log.map((line) => line.split('@')[0])).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'z1']);
  });

  it('lets the one call of a caller go next, however many another has waiting', async () => {
    const { clock, log, ask } = setUp();
    const many = Array.from({ length: 50 }, (_, n) => ask(`a${String(n)}`));
    await clock.advance(100);
    const one = ask('b');
    await clock.advance(60_000);
    await Promise.all([...many, one]);
    expect(log.indexOf('b@550')).toBe(1);
  });
});

describe('a call without time for its turn', () => {
  it('is refused at once, is told when one would come, and takes none', async () => {
    const { clock, pacer, log, ask } = setUp();
    const first = [ask('a1'), ask('a2')];
    await settle();
    const request = { origin: BATCH_ORIGIN, ...ALWAYS_READY };
    const error = await upstreamErrorOf(
      pacer.acquire({ ...request, scope: { ...aScope(1_100, clock), callers: new Set(['a']) } }),
    );
    expect(clock.now()).toBe(0);
    expect(error).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      retryable: true,
      isLocal: true,
      retryAfterMs: 1_100,
      origin: BATCH_ORIGIN,
    });
    const next = ask('a3', by(1_101));
    await clock.advance(5_000);
    await Promise.all([...first, next]);
    expect(log).toEqual(['a1@0', 'a2@550', 'a3@1100']);
  });

  it('is refused although a turn is free when it has none left at all', async () => {
    const { log, ask } = setUp();
    await ask('late', by(0));
    expect(log).toEqual(['late: UPSTREAM_RATE_LIMITED']);
  });

  it('is refused as soon as others are let before it', async () => {
    const { clock, log, ask } = setUp();
    const all = [ask('a1'), ask('a2'), ask('a3', by(1_200))];
    await clock.advance(100);
    all.push(ask('b1'));
    await settle();
    expect(log).toEqual(['a1@0', 'a3: UPSTREAM_RATE_LIMITED']);
    await clock.advance(5_000);
    await Promise.all(all);
    expect(log.slice(2)).toEqual(['b1@550', 'a2@1100']);
  });

  it('does not stand in the way of those behind it', async () => {
    const { clock, log, ask } = setUp();
    const all = [ask('a1'), ask('a2', by(500)), ask('a3', by(600))];
    await clock.advance(5_000);
    await Promise.all(all);
    expect(log.toSorted()).toEqual(['a1@0', 'a2: UPSTREAM_RATE_LIMITED', 'a3@550']);
  });

  it('of a hundred that come at once, all learn it in the same moment', async () => {
    const { clock, log, ask } = setUp();
    const all = Array.from({ length: 100 }, (_, n) => ask(`a${String(n)}`, by(10_000)));
    await settle();
    expect(log.filter((line) => line.endsWith('LIMITED'))).toHaveLength(100 - 19);
    await clock.advance(10_000);
    await Promise.all(all);
    expect(log.filter((line) => line.includes('@'))).toHaveLength(19);
  });
});

describe('a caller who leaves', () => {
  it.each(['a2', 'a3', 'a4'])('gives back the turn of %s, and those behind move up', async (leaving) => {
    const { clock, log, ask } = setUp();
    const caller = new AbortController();
    const all = ['a1', 'a2', 'a3', 'a4'].map((name) =>
      name === leaving ? ask(name, { signal: caller.signal }) : ask(name),
    );
    await clock.advance(100);
    caller.abort(new Error('left'));
    await clock.advance(5_000);
    await Promise.all(all);
    const others = ['a2', 'a3', 'a4'].filter((name) => name !== leaving);
    expect(log).toEqual(['a1@0', `${leaving}: Error: left`, `${others[0]!}@550`, `${others[1]!}@1100`]);
    expect(clock.sleeping).toBe(0);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('leaves no timer when nobody else waits, and its time to the next', async () => {
    const { clock, log, ask } = setUp();
    const caller = new AbortController();
    const first = [ask('a1'), ask('a2', { signal: caller.signal })];
    await settle();
    caller.abort(new Error('left'));
    await settle();
    expect(clock.sleeping).toBe(0);
    const next = ask('a3', by(600));
    await clock.advance(600);
    await Promise.all([...first, next]);
    expect(log.at(-1)).toBe('a3@550');
  });

  it('before it asks gets nothing', async () => {
    const { log, ask } = setUp();
    await ask('gone', { signal: AbortSignal.abort(new Error('left')) });
    await ask('a1');
    expect(log).toEqual(['gone: Error: left', 'a1@0']);
  });
});

describe('a connection', () => {
  it('is made before the call takes a turn', async () => {
    const { clock, log, ask } = setUp();
    let isReady = false;
    const makeReady = async (): Promise<void> => {
      await clock.sleep(300);
      isReady = true;
    };
    const all = [ask('a1', {}, { isReady: () => isReady, makeReady })];
    await clock.advance(100);
    all.push(ask('b1'));
    await clock.advance(5_000);
    await Promise.all(all);
    expect(log).toEqual(['b1@100', 'a1@650']);
  });

  it('that was lost while the call waited is made anew, and the turn goes to the next', async () => {
    const { clock, log, ask } = setUp();
    const state = { isReady: true, made: 0 };
    const makeReady = async (): Promise<void> => {
      state.made += 1;
      state.isReady = true;
      await Promise.resolve();
    };
    const all = [ask('a1'), ask('b1', {}, { isReady: () => state.isReady, makeReady }), ask('c1')];
    await settle();
    state.isReady = false;
    await clock.advance(5_000);
    await Promise.all(all);
    expect(log).toEqual(['a1@0', 'c1@550', 'b1@1100']);
    expect(state.made).toBe(1);
  });

  it('that nobody has when a slot comes costs that slot, and no more', async () => {
    const { clock, log, ask } = setUp();
    const state = { isReady: true };
    const makeReady = async (): Promise<void> => {
      state.isReady = true;
      await Promise.resolve();
    };
    const all = [ask('a1'), ask('b1', {}, { isReady: () => state.isReady, makeReady })];
    await settle();
    state.isReady = false;
    await clock.advance(5_000);
    await Promise.all(all);
    expect(log).toEqual(['a1@0', 'b1@1100']);
  });

  it('that cannot be made fails the call without a turn', async () => {
    const { clock, log, ask } = setUp();
    const refused = new UpstreamError('UPSTREAM_UNAVAILABLE', BATCH_ORIGIN, 'refused');
    await ask('a1', {}, { isReady: () => false, makeReady: () => Promise.reject(refused) });
    await ask('a2');
    expect(log).toEqual(['a1: UPSTREAM_UNAVAILABLE', 'a2@0']);
    expect(clock.sleeping).toBe(0);
  });
});

describe('an upstream that refused for too many calls', () => {
  it('is left alone by all who wait and all who come', async () => {
    const { clock, pacer, log, ask } = setUp();
    await ask('a1');
    pacer.pushBack(1_000);
    const all = [ask('a2'), ask('a3'), ask('late', by(999))];
    await clock.advance(5_000);
    await Promise.all(all);
    expect(log).toEqual(['a1@0', 'late: UPSTREAM_RATE_LIMITED', 'a2@1000', 'a3@1550']);
  });

  it('is not asked earlier than its rate allows anyway', async () => {
    const { clock, pacer, log, ask } = setUp((own) => createLocalSlots(spacingOf(0.5), own));
    await ask('a1');
    pacer.pushBack(1_000);
    const next = ask('a2');
    await clock.advance(5_000);
    await next;
    expect(log).toEqual(['a1@0', 'a2@2200']);
  });

  it('is not asked earlier because the clock is set back, nor later than it said', async () => {
    const { clock, pacer, log, ask } = setUp();
    await ask('a1');
    pacer.pushBack(2_000);
    clock.jump(-3_600_000);
    const next = ask('a2');
    await clock.advance(10_000);
    await next;
    expect(log).toEqual(['a1@0', 'a2@-3598000']);
  });
});

it('never waits longer than one spacing for a clock that was set back', async () => {
  const { clock, log, ask } = setUp();
  const all = [ask('a1'), ask('a2')];
  await settle();
  clock.jump(-3_600_000);
  await clock.advance(550);
  await Promise.all(all);
  expect(log).toEqual(['a1@0', 'a2@-3599450']);
});

describe('slots that are shared with others', () => {
  /** Gives what it is told, one after the other. */
  function given(...answers: (Slot | NoSlot)[]): (clock: FakeClock) => Slots {
    return () => ({
      spacingMs: 550,
      reserve: () => Promise.resolve(answers.shift() ?? { askAgainAtMs: 1e9, notBeforeMs: 1e9 }),
      used: () => undefined,
      pushBack: () => undefined,
    });
  }
  const slot = (atMs: number): Slot => ({ atMs, expiresAtMs: atMs + 40 });

  it('are lost to who comes after they expired, and another is taken', async () => {
    const { clock, log, ask } = setUp(given(slot(100), slot(800)));
    const asking = ask('a1');
    await settle();
    // The process was stopped: its timer fires 41 ms late.
    clock.jump(41);
    await clock.advance(5_000);
    await asking;
    expect(log).toEqual(['a1@800']);
  });

  it('are asked for again when there are none, and meanwhile refuse who cannot wait', async () => {
    const none = { askAgainAtMs: 1_000, notBeforeMs: 4_200 };
    const { clock, log, ask } = setUp(given(none, slot(4_300)));
    const all = [ask('a1'), ask('a2', by(4_200))];
    await settle();
    all.push(ask('a3', by(4_700)));
    await settle();
    expect(log).toEqual(['a2: UPSTREAM_RATE_LIMITED', 'a3: UPSTREAM_RATE_LIMITED']);
    await clock.advance(5_000);
    await all[0];
    expect(log.at(-1)).toBe('a1@4300');
  });

  it('come as far apart as they came of late, for all that is known', async () => {
    const { clock, log, ask } = setUp(given(slot(0), slot(2_200), slot(4_400), slot(6_600)));
    const all = [ask('a1'), ask('a2'), ask('a3', by(4_000))];
    await settle();
    expect(log).toEqual(['a1@0', 'a3: UPSTREAM_RATE_LIMITED']);
    await clock.advance(9_000);
    await Promise.all(all);
    expect(log.at(-1)).toBe('a2@2200');
  });
});
