import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/cache/entry.ts';
import { MemoryTier } from '../../src/cache/memory-tier.ts';

const LIFE = { freshMs: 1, staleWhileRevalidateMs: 1, staleIfErrorMs: 1 };

/** A value of about so many bytes. */
function anEntry(bytes: number): Entry<string> {
  return { value: 'a'.repeat(bytes), fetchedAtMs: 0, life: LIFE };
}

describe('the memory of a process', () => {
  it('gives back the very entry that was put', () => {
    const tier = new MemoryTier(10_000);
    const entry = anEntry(1);
    tier.put('a', entry, 0);
    expect([tier.get('a'), tier.peek('a'), tier.get('b')]).toEqual([entry, entry, null]);
    expect(tier.get('a')).toBe(entry);
  });

  it('never takes more than it may, whatever is put', () => {
    const put = fc.record({ id: fc.nat(20), bytes: fc.oneof(fc.nat(200), fc.nat(9_000)) });
    fc.assert(
      fc.property(fc.array(put, { maxLength: 100 }), fc.integer({ min: 1, max: 8_000 }), (puts, maxBytes) => {
        const tier = new MemoryTier(maxBytes);
        for (const { id, bytes } of puts) {
          const entry = anEntry(bytes);
          tier.put(String(id), entry, 0);
          expect(tier.bytes).toBeLessThanOrEqual(maxBytes);
          // What is too large leaves nothing behind that is older.
          expect([entry, null]).toContain(tier.peek(String(id)));
        }
      }),
    );
  });

  it('lets go of what was used least recently, and a peek is no use', () => {
    const tier = new MemoryTier(5_000);
    ['a', 'b', 'c'].forEach((id) => {
      tier.put(id, anEntry(1_000), 0);
    });
    tier.get('a');
    tier.peek('b');
    tier.put('d', anEntry(1_000), 0);
    expect(['a', 'b', 'c', 'd'].filter((id) => tier.peek(id) !== null)).toEqual(['a', 'c', 'd']);
  });

  it('counts what takes the place of something else once', () => {
    const tier = new MemoryTier(5_000);
    tier.put('a', anEntry(1_000), 0);
    const { bytes } = tier;
    tier.put('a', anEntry(1_000), 0);
    expect(tier.bytes).toBe(bytes);
  });

  it('of 0 bytes keeps nothing', () => {
    const tier = new MemoryTier(0);
    tier.put('a', anEntry(0), 0);
    tier.confirm('a', 1);
    expect([tier.get('a'), tier.peek('a'), tier.isConfirmed('a', 1), tier.bytes]).toEqual([
      null,
      null,
      false,
      0,
    ]);
  });

  it('knows since when an entry is confirmed', () => {
    const tier = new MemoryTier(5_000);
    tier.put('a', anEntry(0), 1);
    expect([tier.isConfirmed('a', 1), tier.isConfirmed('a', 2), tier.isConfirmed('b', 1)]).toEqual([
      true,
      false,
      false,
    ]);
    tier.confirm('a', 2);
    tier.confirm('b', 2);
    expect([tier.isConfirmed('a', 1), tier.isConfirmed('a', 2), tier.isConfirmed('b', 2)]).toEqual([
      false,
      true,
      false,
    ]);
  });
});
