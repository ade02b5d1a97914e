import { describe, expect, it } from 'vitest';
import { type ReadingScope, Snapshot, type Waiter } from '../../src/lib/snapshot.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

interface Begun {
  readonly scope: ReadingScope;
  readonly end: (value: string) => void;
  readonly fail: (error: Error) => void;
}

/** A snapshot whose readings end when the test says so. */
function aSnapshot(
  ttlMs = 5_000,
  lingerMs = 0,
): {
  readonly clock: FakeClock;
  readonly snapshot: Snapshot<string>;
  readonly begun: readonly Begun[];
} {
  const clock = new FakeClock();
  const begun: Begun[] = [];
  const snapshot = new Snapshot<string>({
    clock,
    ttlMs,
    lingerMs,
    read: (scope) =>
      new Promise((end, fail) => {
        begun.push({ scope, end, fail });
      }),
    lateError: () => new Error('late'),
  });
  return { clock, snapshot, begun };
}

function waiter(clock: FakeClock, ms = 60_000): { scope: Waiter; leave: (why: string) => void } {
  const controller = new AbortController();
  return {
    scope: { signal: controller.signal, deadlineMs: clock.now() + ms },
    leave: (why) => {
      controller.abort(new Error(why));
    },
  };
}

describe('a snapshot', () => {
  it('is one reading for all who wait at the same time', async () => {
    const { clock, snapshot, begun } = aSnapshot();
    const takes = [1, 2, 3].map(() => snapshot.take(waiter(clock).scope));
    await settle();
    expect(begun).toHaveLength(1);
    begun[0]!.end('a');
    expect(await Promise.all(takes)).toEqual([1, 2, 3].map(() => ({ value: 'a', isCached: false })));
    expect(clock.sleeping).toBe(0);
  });

  it('is read on behalf of all who wait, and in the background once nobody does', async () => {
    const { clock, snapshot, begun } = aSnapshot(5_000, 1_000);
    const scopes = [
      { ...waiter(clock, 100).scope, callers: new Set(['a']) },
      { ...waiter(clock, 200).scope, callers: new Set(['b']) },
    ];
    const takes = scopes.map((scope) => snapshot.take(scope).catch(String));
    // The same scope may wait twice, and leaves twice.
    takes.push(snapshot.take(scopes[1]!).catch(String));
    await settle();
    const { scope } = begun[0]!;
    expect([[...scope.callers!], scope.isBackground]).toEqual([['a', 'b'], false]);
    await clock.advance(100);
    expect([[...scope.callers!], scope.isBackground]).toEqual([['b'], false]);
    await clock.advance(100);
    expect([[...scope.callers!], scope.isBackground, scope.signal.aborted]).toEqual([[], true, false]);
    begun[0]!.end('a');
    expect(await Promise.all(takes)).toEqual(['Error: late', 'Error: late', 'Error: late']);
  });

  it('is handed out again until it is as old as it may be, and not longer', async () => {
    const { clock, snapshot, begun } = aSnapshot();
    const first = snapshot.take(waiter(clock).scope);
    await clock.advance(3_000);
    begun[0]!.end('a');
    await first;
    await clock.advance(4_999);
    expect(await snapshot.take(waiter(clock).scope)).toEqual({ value: 'a', isCached: true });
    await clock.advance(1);
    const second = snapshot.take(waiter(clock).scope);
    await settle();
    expect(begun).toHaveLength(2);
    begun[1]!.end('b');
    expect(await second).toEqual({ value: 'b', isCached: false });
  });

  it('is not handed out when the clock has been set back behind its end', async () => {
    const { clock, snapshot, begun } = aSnapshot();
    const first = snapshot.take(waiter(clock).scope);
    begun[0]!.end('a');
    await first;
    clock.jump(-10_000);
    void snapshot.take(waiter(clock).scope);
    expect(begun).toHaveLength(2);
  });

  it('is kept for nobody with a time to live of 0', async () => {
    const { clock, snapshot, begun } = aSnapshot(0);
    const first = snapshot.take(waiter(clock).scope);
    begun[0]!.end('a');
    await first;
    void snapshot.take(waiter(clock).scope);
    expect(begun).toHaveLength(2);
  });

  it('goes on when the first caller leaves, who leaves at once', async () => {
    const { clock, snapshot, begun } = aSnapshot();
    const first = waiter(clock);
    const left = expect(snapshot.take(first.scope)).rejects.toThrow('gone');
    const second = snapshot.take(waiter(clock).scope);
    first.leave('gone');
    await left;
    expect(begun[0]!.scope.signal.aborted).toBe(false);
    begun[0]!.end('a');
    expect((await second).value).toBe('a');
    expect(begun).toHaveLength(1);
  });

  it("goes on beyond the first caller's deadline, which ends that caller alone", async () => {
    const { clock, snapshot, begun } = aSnapshot();
    const late = expect(snapshot.take(waiter(clock, 100).scope)).rejects.toThrow('late');
    const second = snapshot.take(waiter(clock, 1_000).scope);
    await clock.advance(100);
    await late;
    expect(begun[0]!.scope.signal.aborted).toBe(false);
    expect(begun[0]!.scope.deadlineMs).toBeGreaterThan(clock.now() + 1_000);
    begun[0]!.end('a');
    expect((await second).value).toBe('a');
    expect(clock.sleeping).toBe(0);
  });

  it.each(['leaves', 'runs out of time'])(
    'is aborted when its last waiter %s, and kept for nobody',
    async (how) => {
      const { clock, snapshot, begun } = aSnapshot();
      const waiters = [waiter(clock, 100), waiter(clock, 200)];
      const takes = waiters.map(({ scope }) => expect(snapshot.take(scope)).rejects.toThrow(/gone|late/));
      if (how === 'leaves') {
        waiters.forEach(({ leave }) => leave('gone'));
      } else {
        await clock.advance(100);
        expect(begun[0]!.scope.signal.aborted).toBe(false);
        await clock.advance(100);
      }
      await Promise.all(takes);
      expect(begun[0]!.scope.signal.aborted).toBe(true);
      expect(clock.sleeping).toBe(0);
      const next = snapshot.take(waiter(clock).scope);
      await settle();
      expect(begun).toHaveLength(2);
      begun[1]!.end('b');
      expect(await next).toEqual({ value: 'b', isCached: false });
    },
  );

  it('gives a failure to everybody who waits, and keeps none', async () => {
    const { clock, snapshot, begun } = aSnapshot();
    const takes = [1, 2].map(() => expect(snapshot.take(waiter(clock).scope)).rejects.toThrow('down'));
    begun[0]!.fail(new Error('down'));
    await Promise.all(takes);
    const next = snapshot.take(waiter(clock).scope);
    expect(begun).toHaveLength(2);
    begun[1]!.end('b');
    expect((await next).value).toBe('b');
    expect(clock.sleeping).toBe(0);
  });

  it.each(['ends', 'fails'])('is not taken away by an abandoned reading that %s later', async (how) => {
    const { clock, snapshot, begun } = aSnapshot();
    const first = waiter(clock);
    const left = expect(snapshot.take(first.scope)).rejects.toThrow('gone');
    first.leave('gone');
    await left;
    const second = snapshot.take(waiter(clock).scope);
    if (how === 'ends') {
      begun[0]!.end('deaf to its signal');
    } else {
      begun[0]!.fail(new Error('aborted'));
    }
    await settle();
    const third = snapshot.take(waiter(clock).scope);
    expect(begun).toHaveLength(2);
    begun[1]!.end('b');
    expect((await Promise.all([second, third])).map(({ value }) => value)).toEqual(['b', 'b']);
    expect(await snapshot.take(waiter(clock).scope)).toEqual({ value: 'b', isCached: true });
  });

  it('gives a read that throws at once as a failure', async () => {
    const snapshot = new Snapshot<string>({
      clock: new FakeClock(),
      ttlMs: 1,
      read: () => {
        throw new Error('at once');
      },
      lateError: () => new Error('late'),
    });
    const { scope } = waiter(new FakeClock());
    await expect(snapshot.take(scope)).rejects.toThrow('at once');
  });

  it('begins no reading for somebody who has left or comes too late', async () => {
    const { clock, snapshot, begun } = aSnapshot();
    const gone = waiter(clock);
    gone.leave('gone');
    await expect(snapshot.take(gone.scope)).rejects.toThrow('gone');
    await expect(snapshot.take(waiter(clock, 0).scope)).rejects.toThrow('late');
    expect(begun).toEqual([]);
  });

  describe('that may linger', () => {
    it('goes on when its last waiter runs out of time, and is there for who asks again', async () => {
      const { clock, snapshot, begun } = aSnapshot(5_000, 30_000);
      const first = expect(snapshot.take(waiter(clock, 100).scope)).rejects.toThrow('late');
      await clock.advance(100);
      await first;
      expect(begun[0]!.scope.signal.aborted).toBe(false);
      const again = snapshot.take(waiter(clock, 100).scope);
      begun[0]!.end('a');
      expect((await again).value).toBe('a');
      expect(begun).toHaveLength(1);
      expect(clock.sleeping).toBe(0);
    });

    it('ends when nobody comes back for it', async () => {
      const { clock, snapshot, begun } = aSnapshot(5_000, 30_000);
      const first = expect(snapshot.take(waiter(clock, 100).scope)).rejects.toThrow('late');
      await clock.advance(100);
      await first;
      await clock.advance(29_999);
      expect(begun[0]!.scope.signal.aborted).toBe(false);
      await clock.advance(1);
      expect(begun[0]!.scope.signal.aborted).toBe(true);
      expect(clock.sleeping).toBe(0);
    });

    it('ends at once when its last waiter leaves', async () => {
      const { clock, snapshot, begun } = aSnapshot(5_000, 30_000);
      const { scope, leave } = waiter(clock);
      const take = expect(snapshot.take(scope)).rejects.toThrow('gone');
      leave('gone');
      await take;
      expect(begun[0]!.scope.signal.aborted).toBe(true);
      expect(clock.sleeping).toBe(0);
    });
  });
});
