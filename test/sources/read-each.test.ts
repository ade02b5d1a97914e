import { describe, expect, it } from 'vitest';
import { readEach } from '../../src/sources/read-each.ts';
import { aScope } from './support.ts';

describe('reading each id', () => {
  it('reads distinct ids once and answers in the order asked, errors in their places', async () => {
    const failure = new Error('no');
    const read: string[] = [];
    const results = await readEach(
      ['b', 'a', 'b', 'c'],
      async (jobId) => {
        read.push(jobId);
        await Promise.resolve();
        if (jobId === 'a') {
          throw failure;
        }
        return jobId.toUpperCase();
      },
      aScope(),
    );
    expect(results).toEqual(['B', failure, 'B', 'C']);
    expect(read).toEqual(['b', 'a', 'c']);
  });

  it("rejects with the signal's reason, and begins nothing when it has aborted already", async () => {
    const caller = new AbortController();
    const read: string[] = [];
    const reading = readEach(
      ['a'],
      (jobId) => {
        read.push(jobId);
        return Promise.reject(new Error('cut'));
      },
      aScope(caller.signal),
    );
    caller.abort(new Error('left'));
    await expect(reading).rejects.toThrow('left');
    await expect(readEach(['b'], () => Promise.resolve(1), aScope(caller.signal))).rejects.toThrow('left');
    expect(read).toEqual(['a']);
  });
});
