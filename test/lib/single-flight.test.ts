import { describe, expect, it } from 'vitest';
import type { CallScope } from '../../src/lib/call-scope.ts';
import { SingleFlight } from '../../src/lib/single-flight.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { waiter } from './waiter.ts';

interface Begun {
  readonly scope: CallScope;
  readonly end: (value: string) => void;
  readonly fail: (error: Error) => void;
}

/** Flights whose work ends when the test says so. */
function open(lingerMs = 0): {
  readonly clock: FakeClock;
  readonly begun: readonly Begun[];
  readonly share: (scope: CallScope, key?: string) => Promise<string>;
} {
  const clock = new FakeClock();
  const flights = new SingleFlight<string>(clock);
  const begun: Begun[] = [];
  const work = (scope: CallScope): Promise<string> =>
    new Promise((end, fail) => {
      begun.push({ scope, end, fail });
    });
  const lateError = (): Error => new Error('late');
  return {
    clock,
    begun,
    share: (scope, key = 'a') => flights.share({ key, scope, work, lateError, lingerMs }),
  };
}

describe('work that several want', () => {
  it('is done once for all who come while it goes on', async () => {
    const { clock, share, begun } = open();
    const shares = [1, 2, 3].map(() => share(waiter(clock).scope));
    await settle();
    expect(begun).toHaveLength(1);
    begun[0]!.end('one');
    expect(await Promise.all(shares)).toEqual(['one', 'one', 'one']);
    expect(clock.sleeping).toBe(0);
  });

  it('is done apart for another key', async () => {
    const { clock, share, begun } = open();
    const shares = ['a', 'b'].map((key) => share(waiter(clock).scope, key));
    await settle();
    begun.forEach(({ end }, index) => {
      end(String(index));
    });
    expect(await Promise.all(shares)).toEqual(['0', '1']);
  });

  it.each(['ends', 'fails'])('is done anew for whoever comes after it %s', async (how) => {
    const { clock, share, begun } = open();
    const shares = [1, 2].map(() => share(waiter(clock).scope).catch(String));
    await settle();
    if (how === 'ends') {
      begun[0]!.end('one');
    } else {
      begun[0]!.fail(new Error('down'));
    }
    expect(await Promise.all(shares)).toEqual(Array(2).fill(how === 'ends' ? 'one' : 'Error: down'));
    const next = share(waiter(clock).scope);
    await settle();
    begun[1]!.end('two');
    expect(await next).toBe('two');
    expect(clock.sleeping).toBe(0);
  });

  it('is left alone by each: who leaves or runs out of time does not end it for the others', async () => {
    const { clock, share, begun } = open();
    const leaving = waiter(clock);
    const left = expect(share(leaving.scope)).rejects.toThrow('gone');
    const late = expect(share(waiter(clock, 100).scope)).rejects.toThrow('late');
    const patient = share(waiter(clock).scope);
    await settle();
    leaving.leave('gone');
    await left;
    await clock.advance(100);
    await late;
    expect(begun[0]!.scope.signal.aborted).toBe(false);
    begun[0]!.end('one');
    expect(await patient).toBe('one');
    expect(clock.sleeping).toBe(0);
  });

  it.each(['leaves', 'runs out of time'])(
    'is aborted when its last waiter %s, and takes nobody in from then on',
    async (how) => {
      const { clock, share, begun } = open();
      const last = waiter(clock, 100);
      const over = expect(share(last.scope)).rejects.toThrow(/gone|late/);
      await settle();
      if (how === 'leaves') {
        last.leave('gone');
      }
      await clock.advance(100);
      await over;
      expect(begun[0]!.scope.signal.aborted).toBe(true);
      const next = share(waiter(clock).scope);
      await settle();
      expect(begun).toHaveLength(2);
      begun[1]!.end('two');
      expect(await next).toBe('two');
      expect(clock.sleeping).toBe(0);
    },
  );

  it.each(['ends', 'fails'])('is not disturbed by an abandoned one that %s later', async (how) => {
    const { clock, share, begun } = open();
    const first = waiter(clock);
    const left = expect(share(first.scope)).rejects.toThrow('gone');
    await settle();
    first.leave('gone');
    await left;
    const second = share(waiter(clock).scope);
    await settle();
    if (how === 'ends') {
      begun[0]!.end('deaf to its signal');
    } else {
      begun[0]!.fail(new Error('aborted'));
    }
    await settle();
    const third = share(waiter(clock).scope);
    await settle();
    expect(begun).toHaveLength(2);
    begun[1]!.end('two');
    expect(await Promise.all([second, third])).toEqual(['two', 'two']);
  });

  it('is not begun for somebody who has left or comes too late', async () => {
    const { clock, share, begun } = open();
    const gone = waiter(clock);
    gone.leave('gone');
    await expect(share(gone.scope)).rejects.toThrow('gone');
    await expect(share(waiter(clock, 0).scope)).rejects.toThrow('late');
    expect(begun).toEqual([]);
  });

  it('that throws at once fails as any other', async () => {
    const clock = new FakeClock();
    const flights = new SingleFlight<string>(clock);
    const work = (): Promise<string> => {
      throw new Error('at once');
    };
    const { scope } = waiter(clock);
    const share = flights.share({ key: 'a', scope, work, lateError: () => new Error('late') });
    await expect(share).rejects.toThrow('at once');
    expect(clock.sleeping).toBe(0);
  });

  it('may linger, and is there for who asks again', async () => {
    const { clock, share, begun } = open(30_000);
    const late = expect(share(waiter(clock, 100).scope)).rejects.toThrow('late');
    await clock.advance(100);
    await late;
    const again = share(waiter(clock, 100).scope);
    begun[0]!.end('one');
    expect(await again).toBe('one');
    expect(begun).toHaveLength(1);
    expect(clock.sleeping).toBe(0);
  });
});
