import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contender, FairQueue } from '../../../src/upstream/turns/fair-queue.ts';

interface Item extends Contender {
  readonly name: string;
}

function item(name: string, callers: readonly string[], isBackground = false): Item {
  return { name, callers: new Set(callers), isBackground };
}

function queueOf(...items: Item[]): FairQueue<Item> {
  const queue = new FairQueue<Item>();
  items.forEach((one) => {
    queue.add(one);
  });
  return queue;
}

const namesOf = (items: readonly Item[]): string => items.map(({ name }) => name).join(' ');

describe('a fair queue', () => {
  it('goes round among callers, each in the order of its asking', () => {
    const queue = queueOf(
      item('a1', ['a']),
      item('a2', ['a']),
      item('a3', ['a']),
      item('b1', ['b']),
      item('c1', ['c']),
      item('b2', ['b']),
    );
    expect(namesOf(queue.order())).toBe('a1 b1 c1 a2 b2 a3');
    expect(namesOf(queue.take(4))).toBe('a1 b1 c1 a2');
    expect(namesOf(queue.take(9))).toBe('b2 a3');
    expect(queue.size).toBe(0);
  });

  it('takes all that name no caller for one caller', () => {
    const queue = queueOf({ name: 'x1' }, { name: 'x2', callers: new Set() }, item('a1', ['a']));
    expect(namesOf(queue.take(3))).toBe('x1 a1 x2');
  });

  it('lets background work go last, however long it has waited', () => {
    const queue = queueOf(item('b1', ['b'], true), item('a1', ['a']), item('a2', ['a']));
    expect(namesOf(queue.take(2))).toBe('a1 a2');
    queue.add(item('a3', ['a']));
    expect(namesOf(queue.take(2))).toBe('a3 b1');
  });

  it('reads callers and urgency anew each time', () => {
    const callers = new Set(['a']);
    let isBackground = true;
    const queue = queueOf(item('a1', ['a']), item('a2', ['a']), {
      name: 'late',
      callers,
      get isBackground() {
        return isBackground;
      },
    });
    expect(namesOf(queue.order())).toBe('a1 a2 late');
    isBackground = false;
    callers.add('b');
    callers.delete('a');
    expect(namesOf(queue.order())).toBe('a1 late a2');
  });

  it('is due with the first of those who share it, and counts for each of them', () => {
    const queue = queueOf(item('a1', ['a']), item('a2', ['a']), item('ab', ['a', 'b']), item('b1', ['b']));
    expect(namesOf(queue.take(4))).toBe('a1 ab a2 b1');
  });

  it('gives who comes late no claim to the turns of the past', () => {
    const queue = queueOf(...['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => item(name, ['a'])));
    queue.take(3);
    ['b1', 'b2', 'b3'].forEach((name) => {
      queue.add(item(name, ['b']));
    });
    expect(namesOf(queue.take(5))).toBe('b1 a4 b2 a5 b3');
  });

  it('lets nobody who asks one thing after the other pass a caller that has much waiting', () => {
    const queue = queueOf(...['a1', 'a2', 'a3', 'a4'].map((name) => item(name, ['a'])));
    const taken: Item[] = [];
    for (let round = 1; queue.size > 0; round += 1) {
      if (round <= 4) {
        queue.add(item(`b${String(round)}`, ['b']));
      }
      taken.push(...queue.take(1));
    }
    expect(namesOf(taken)).toBe('a1 b1 a2 b2 a3 b3 a4 b4');
  });

  it('forgets, once nobody waits, who had how much', () => {
    const queue = queueOf(item('a1', ['a']), item('a2', ['a']), item('a3', ['a']));
    queue.take(3);
    queue.add(item('a4', ['a']));
    queue.add(item('b1', ['b']));
    expect(namesOf(queue.take(2))).toBe('a4 b1');
  });

  it('remembers a bounded number of callers, though it is never empty and each comes under a new name', () => {
    const queue = queueOf(item('a1', ['a']), item('a2', ['a']));
    queue.take(1);
    for (let n = 0; n < 3_000; n += 1) {
      queue.add(item(`b${String(n)}`, [`b${String(n)}`]));
      queue.take(1);
    }
    expect(queue.remembered).toBe(1_000);
    expect(queue.size).toBe(1);
  });

  it('tells about how many go before the last of a caller', () => {
    const queue = queueOf(...Array.from({ length: 50 }, (_, n) => item(`a${String(n)}`, ['a'])));
    ['b1', 'b2'].forEach((name) => {
      queue.add(item(name, ['b']));
    });
    queue.add(item('c1', ['c']));
    expect(['a', 'b', 'c'].map((caller) => queue.placeBehind(caller))).toEqual([49 + 2 + 1, 1 + 2 + 1, 2]);
    expect(namesOf(queue.order()).split(' ').indexOf('b2')).toBeLessThanOrEqual(queue.placeBehind('b'));
    queue.take(2);
    expect(queue.placeBehind('b')).toBe(0 + 1 + 1);
    expect(queue.placeBehind('nobody')).toBe(0);
  });

  it('forgets what leaves, without charging for it', () => {
    const leaving = [item('a1', ['a']), item('a2', ['a'])];
    const queue = queueOf(...leaving, item('a3', ['a']), item('b1', ['b']));
    expect(leaving.map((one) => queue.remove(one))).toEqual([true, true]);
    expect(queue.remove(leaving[0]!)).toBe(false);
    expect(namesOf(queue.take(2))).toBe('a3 b1');
  });

  it('shares out turns evenly among those who always have something waiting, whatever else goes on', () => {
    const steps = fc.array(fc.constantFrom('a', 'b', 'c', 'take', 'take'), { maxLength: 120 });
    fc.assert(
      fc.property(steps, (commands) => {
        const queue = new FairQueue<Item>();
        ['x', 'y'].forEach((caller) => {
          Array.from({ length: 130 }, (_, n) => item(`${caller}${String(n)}`, [caller])).forEach((one) => {
            queue.add(one);
          });
        });
        const turns = { x: 0, y: 0 };
        for (const command of commands) {
          if (command !== 'take') {
            queue.add(item(command, [command]));
            continue;
          }
          const [caller] = [...queue.take(1)[0]!.callers!];
          if (caller === 'x' || caller === 'y') {
            turns[caller] += 1;
          }
          expect(Math.abs(turns.x - turns.y)).toBeLessThanOrEqual(1);
        }
        // Three others at most came between.
        const takes = commands.filter((command) => command === 'take').length;
        expect(turns.x + turns.y).toBeGreaterThanOrEqual(Math.floor((takes * 2) / 5) - 1);
      }),
    );
  });
});
