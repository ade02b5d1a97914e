import { describe, expect, it } from 'vitest';
import { KeyedReads } from '../../src/lib/keyed-reads.ts';
import { settle } from '../support/fake-clock.ts';

const never = new AbortController().signal;

describe('KeyedReads', () => {
  it('reads each distinct key once and answers in the order asked', async () => {
    const read: string[] = [];
    const result = await new KeyedReads(2).readAll(
      ['b', 'a', 'b'],
      (key) => {
        read.push(key);
        return Promise.resolve(key.toUpperCase());
      },
      never,
    );
    expect(result).toEqual(['B', 'A', 'B']);
    expect(read).toEqual(['b', 'a']);
  });

  it('puts the error of a key in its place and keeps the others', async () => {
    const failure = new Error('no');
    const result = await new KeyedReads(2).readAll(
      ['a', 'b'],
      (key) => (key === 'a' ? Promise.reject(failure) : Promise.resolve(key)),
      never,
    );
    expect(result).toEqual([failure, 'b']);
  });

  it('keeps to its concurrency over all callers', async () => {
    const reads = new KeyedReads(2);
    const gates: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const read = async (key: string): Promise<string> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => {
        gates.push(resolve);
      });
      running -= 1;
      return key;
    };
    const both = Promise.all([
      reads.readAll(['a', 'b'], read, never),
      reads.readAll(['c', 'd'], read, never),
    ]);
    for (let round = 0; round < 4; round += 1) {
      await settle();
      expect(running).toBeLessThanOrEqual(2);
      gates.shift()?.();
    }
    expect(await both).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(most).toBe(2);
  });

  it('rejects at once when the signal aborts, and never begins what waited', async () => {
    const reads = new KeyedReads(1);
    const begun: string[] = [];
    let finish: () => void = () => undefined;
    const read = async (key: string): Promise<string> => {
      begun.push(key);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return key;
    };
    const first = reads.readAll(['a'], read, never);
    const leaving = new AbortController();
    const second = reads.readAll(['b', 'c'], read, leaving.signal);
    await settle();
    leaving.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    finish();
    expect(await first).toEqual(['a']);
    await settle();
    expect(begun).toEqual(['a']);
  });

  it('begins nothing for a signal that has already aborted', async () => {
    const begun: string[] = [];
    const result = new KeyedReads(1).readAll(
      ['a'],
      (key) => Promise.resolve(begun.push(key)),
      AbortSignal.abort(new Error('gone')),
    );
    await expect(result).rejects.toThrow('gone');
    expect(begun).toEqual([]);
  });
});
