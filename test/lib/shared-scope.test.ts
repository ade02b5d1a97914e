import { describe, expect, it, vi } from 'vitest';
import type { CallScope } from '../../src/lib/call-scope.ts';
import { SharedScope } from '../../src/lib/shared-scope.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { waiter } from './waiter.ts';

/** A scope of work that ends when the test says so. */
function open(lingerMs = 0): {
  readonly clock: FakeClock;
  readonly shared: SharedScope;
  readonly end: (value: string) => void;
  readonly wait: (scope: CallScope, by?: SharedScope) => Promise<string>;
} {
  const clock = new FakeClock();
  const shared = new SharedScope({ lingerMs });
  const { promise: result, resolve: end } = Promise.withResolvers<string>();
  const lateError = (): Error => new Error('late');
  return { clock, shared, end, wait: (scope, by = shared) => by.wait({ scope, clock, result, lateError }) };
}

describe('a scope that several share', () => {
  it('has the latest deadline of those who wait, and goes back when one leaves', async () => {
    const { clock, shared, end, wait } = open();
    const waiters = [waiter(clock, 100), waiter(clock, 900), waiter(clock, 500)];
    const waits = waiters.map(({ scope }) => wait(scope).catch(String));
    expect(shared.deadlineMs).toBe(clock.now() + 900);
    waiters[1]!.leave('gone');
    await settle();
    expect(shared.deadlineMs).toBe(clock.now() + 500);
    end('one');
    expect(await Promise.all(waits)).toEqual(['one', 'Error: gone', 'one']);
    expect(clock.sleeping).toBe(0);
  });

  it('is of all callers, and urgent while one who waits is', async () => {
    const { clock, shared, end, wait } = open();
    const background = waiter(clock, 100, { callers: new Set(['a', 'b']), isBackground: true });
    const urgent = waiter(clock, 100, { callers: new Set(['b', 'c']) });
    const waits = [wait(background.scope).catch(String)];
    expect([[...shared.callers], shared.isBackground, shared.joined]).toEqual([['a', 'b'], true, 1]);
    waits.push(wait(urgent.scope).catch(String));
    expect([[...shared.callers], shared.isBackground, shared.joined]).toEqual([['a', 'b', 'c'], false, 2]);
    urgent.leave('gone');
    await settle();
    expect([[...shared.callers], shared.isBackground, shared.joined]).toEqual([['a', 'b'], true, 2]);
    end('one');
    await Promise.all(waits);
  });

  it('ends with the last who leaves, and with the same reason', async () => {
    const { clock, shared, wait } = open();
    const waiters = [waiter(clock), waiter(clock)];
    const waits = waiters.map(({ scope }) => wait(scope).catch(String));
    waiters[0]!.leave('gone first');
    await settle();
    expect([shared.signal.aborted, shared.isWanted]).toEqual([false, true]);
    waiters[1]!.leave('gone last');
    expect(await Promise.all(waits)).toEqual(['Error: gone first', 'Error: gone last']);
    expect(shared.signal.reason).toEqual(new Error('gone last'));
    expect(shared.isWanted).toBe(false);
    expect(clock.sleeping).toBe(0);
  });

  it('does not end when the work does', async () => {
    const { clock, shared, end, wait } = open();
    const waiting = wait(waiter(clock).scope);
    end('one');
    await waiting;
    expect(shared.signal.aborted).toBe(false);
  });

  it('refuses those alone whose turn comes too late, and tells the others of it', async () => {
    const { clock, shared, end, wait } = open();
    const expectTurn = vi.fn<NonNullable<CallScope['expectTurn']>>();
    const refusal = (): Error => new Error('no turn');
    const hasty = expect(wait(waiter(clock, 100).scope)).rejects.toThrow('no turn');
    const patient = wait(waiter(clock, 900, { expectTurn }).scope);
    shared.expectTurn(clock.now() + 500, 50, refusal);
    await hasty;
    await expect(wait(waiter(clock, 500).scope)).rejects.toThrow('no turn');
    expect(expectTurn).toHaveBeenCalledExactlyOnceWith(clock.now() + 500, 50, refusal);
    end('one');
    expect(await patient).toBe('one');
    expect(clock.sleeping).toBe(0);
  });
});

describe('a scope that may linger', () => {
  it('lasts longer than the last who ever came, in the background once nobody waits', async () => {
    const { clock, shared, end, wait } = open(1_000);
    const startMs = clock.now();
    const waits = [waiter(clock, 100), waiter(clock, 200)].map(({ scope }) => wait(scope).catch(String));
    await clock.advance(100);
    expect([shared.isBackground, shared.deadlineMs]).toEqual([false, startMs + 1_200]);
    await clock.advance(100);
    expect(await Promise.all(waits)).toEqual(['Error: late', 'Error: late']);
    expect([shared.isBackground, shared.isWanted, shared.signal.aborted]).toEqual([true, true, false]);
    expect(shared.deadlineMs).toBe(startMs + 1_200);
    end('one');
    await settle();
    expect(clock.sleeping).toBe(0);
  });

  it('ends when nobody comes back', async () => {
    const { clock, shared, wait } = open(1_000);
    const late = wait(waiter(clock, 100).scope).catch(String);
    await clock.advance(1_099);
    expect([await late, shared.signal.aborted]).toEqual(['Error: late', false]);
    await clock.advance(1);
    expect([shared.signal.aborted, shared.isWanted]).toEqual([true, false]);
    expect(clock.sleeping).toBe(0);
  });

  it('goes on for whoever comes back, and begins to linger anew after that one', async () => {
    const { clock, shared, wait } = open(1_000);
    const waits = [wait(waiter(clock, 100).scope).catch(String)];
    await clock.advance(600);
    waits.push(wait(waiter(clock, 900).scope).catch(String));
    await clock.advance(1_899);
    expect(shared.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(shared.signal.aborted).toBe(true);
    expect(await Promise.all(waits)).toEqual(['Error: late', 'Error: late']);
    expect(clock.sleeping).toBe(0);
  });

  it('ends at once when its last waiter leaves', async () => {
    const { clock, shared, wait } = open(1_000);
    const { scope, leave } = waiter(clock);
    const waiting = wait(scope).catch(String);
    leave('gone');
    expect([await waiting, shared.signal.aborted]).toEqual(['Error: gone', true]);
    expect(clock.sleeping).toBe(0);
  });
});

describe('a shared scope that itself waits for shared work', () => {
  it('waits as long as whoever joined it later does', async () => {
    const outer = open();
    const { clock, shared: inner, end, wait } = open();
    const outerClock = outer.clock;
    const early = outer.wait(waiter(outerClock, 100).scope).catch(String);
    const waiting = wait(outer.shared).catch(String);
    const late = outer.wait(waiter(outerClock, 500).scope).catch(String);
    await Promise.all([outerClock.advance(100), clock.advance(100)]);
    expect(await early).toBe('Error: late');
    expect(inner.deadlineMs).toBe(outerClock.now() + 400);
    await clock.advance(300);
    end('one');
    expect(await waiting).toBe('one');
    outer.end('two');
    expect(await late).toBe('two');
    expect(clock.sleeping).toBe(0);
  });

  it.each([0, 1_000])(
    'moves the deadline of that work with its own, which lingers for %i ms',
    async (lingerMs) => {
      const outer = open();
      const { shared: inner, end, wait } = open(lingerMs);
      const { clock } = outer;
      const waits = [outer.wait(waiter(clock, 100).scope)];
      const waiting = wait(outer.shared);
      waits.push(outer.wait(waiter(clock, 800).scope));
      expect(inner.deadlineMs).toBe(clock.now() + 800 + lingerMs);
      end('one');
      outer.end('two');
      await Promise.all([...waits, waiting]);
    },
  );

  it('leaves it when its own last waiter leaves', async () => {
    const outer = open();
    const { clock, shared: inner, wait } = open(1_000);
    const { scope, leave } = waiter(outer.clock);
    const first = outer.wait(scope).catch(String);
    const waiting = wait(outer.shared).catch(String);
    leave('gone');
    expect(await Promise.all([first, waiting])).toEqual(['Error: gone', 'Error: gone']);
    expect(inner.signal.aborted).toBe(true);
    expect(clock.sleeping + outer.clock.sleeping).toBe(0);
  });
});

describe('the time at which a call left', () => {
  it('is the first one’s, and told to all who wait, also to those who come later', async () => {
    const { clock, shared, wait, end } = open();
    const told: [string, number][] = [];
    const tellsAs = (name: string): Partial<CallScope> => ({
      onSend: (atMs) => void told.push([name, atMs]),
    });
    const waits = [wait(waiter(clock, 100, tellsAs('first')).scope)];
    expect(shared.sentAtMs).toBeNull();
    shared.onSend(5);
    shared.onSend(7);
    waits.push(wait(waiter(clock, 100, tellsAs('second')).scope));
    expect(shared.sentAtMs).toBe(5);
    expect(told).toEqual([
      ['first', 5],
      ['first', 7],
      ['second', 5],
    ]);
    end('done');
    await Promise.all(waits);
  });
});
