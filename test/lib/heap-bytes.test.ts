import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heapBytes } from '../../src/lib/heap-bytes.ts';

const json = fc.jsonValue() as fc.Arbitrary<unknown>;

describe('the memory that plain data takes', () => {
  it('grows with the length of texts and the number of members', () => {
    expect(heapBytes('a'.repeat(1_000)) - heapBytes('')).toBe(1_000);
    expect(heapBytes({ a: 1, b: 1 })).toBeGreaterThan(heapBytes({ a: 1 }));
    expect(heapBytes([[]])).toBeGreaterThan(heapBytes([]));
    expect(heapBytes(1)).toBeGreaterThan(0);
  });

  it('is twice as much for a text that is not Latin alone', () => {
    expect(heapBytes('转码任务'.repeat(100)) - heapBytes('')).toBe(800);
    expect(heapBytes('é'.repeat(100)) - heapBytes('')).toBe(100);
  });

  it.each([null, undefined, true])('is that of its place alone for %o', (value) => {
    expect(heapBytes(value)).toBe(0);
    expect(heapBytes([value])).toBeGreaterThan(heapBytes([]));
  });

  it('is a whole number, and that of its parts and a little more', () => {
    fc.assert(
      fc.property(fc.array(json), (values) => {
        const parts = values.reduce<number>((sum, value) => sum + heapBytes(value), 0);
        expect(Number.isSafeInteger(heapBytes(values))).toBe(true);
        expect(heapBytes(values)).toBe(heapBytes([]) + 8 * values.length + parts);
      }),
    );
  });

  it('of a job is near what its text takes', () => {
    const job = { jobId: 'a'.repeat(36), status: 'RUNNING', createdAt: '2026-01-01T00:00:00Z', priority: 1 };
    const { length } = JSON.stringify(job);
    expect(heapBytes(job)).toBeGreaterThan(length / 2);
    expect(heapBytes(job)).toBeLessThan(length * 3);
  });
});
