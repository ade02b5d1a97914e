import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { atOnce, inTurns, type Pieces } from '../../src/lib/turns.ts';

/** Work of so many pieces that notes when each is done. */
function* work(name: string, pieces: number, done: string[]): Pieces<string> {
  for (let piece = 1; piece <= pieces; piece += 1) {
    if (piece > 1) {
      yield;
    }
    done.push(`${name}${piece}`);
  }
  return name;
}

function* failing(): Pieces<never> {
  yield;
  throw new RangeError('in the second piece');
}

describe('atOnce', () => {
  it('does everything and gives the result', () => {
    const done: string[] = [];
    expect(atOnce(work('a', 3, done))).toBe('a');
    expect(done).toEqual(['a1', 'a2', 'a3']);
  });

  it('throws what a piece throws', () => {
    expect(() => atOnce(failing())).toThrow(RangeError);
  });
});

describe('inTurns', () => {
  it('is done with work of one piece when it returns, and throws what that throws', () => {
    const done: string[] = [];
    expect(inTurns(work('a', 1, done))).toBe('a');
    expect(() =>
      inTurns(
        // oxlint-disable-next-line eslint/require-yield -- it fails before it could
        (function* (): Pieces<never> {
          throw new RangeError('in the first piece');
        })(),
      ),
    ).toThrow(RangeError);
  });

  it('does one piece a turn of the event loop', async () => {
    const done: string[] = [];
    const result = inTurns(work('a', 3, done));
    const seen = [done.length];
    for (let turn = 0; turn < 6; turn += 1) {
      await setImmediate();
      seen.push(done.length);
    }
    expect(await result).toBe('a');
    expect(seen.map((count, turn) => count - (seen[turn - 1] ?? 0)).every((step) => step <= 1)).toBe(true);
    expect(done).toEqual(['a1', 'a2', 'a3']);
  });

  it('does one piece a turn of all works together, in the order of asking', async () => {
    const done: string[] = [];
    const results = ['a', 'b', 'c'].map(async (name) => await inTurns(work(name, 3, done)));
    expect(done).toEqual(['a1', 'b1', 'c1']);
    let most = 0;
    while (done.length < 9) {
      const before = done.length;
      await setImmediate();
      most = Math.max(most, done.length - before);
    }
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c']);
    expect(most).toBe(1);
    expect(done.slice(3)).toEqual(['a2', 'b2', 'c2', 'a3', 'b3', 'c3']);
  });

  it('rejects with what a later piece throws, and goes on with the others', async () => {
    const done: string[] = [];
    const failure = expect(inTurns(failing())).rejects.toThrow(RangeError);
    const other = inTurns(work('a', 3, done));
    await failure;
    expect(await other).toBe('a');
  });
});
