import { describe, expect, it } from 'vitest';
import {
  type Entry,
  type EntryState,
  freshUntilMs,
  MAX_CLOCK_SKEW_MS,
  stateOf,
  usefulMs,
} from '../../src/cache/entry.ts';

const NOW_MS = 1_000_000;
const LIFE = { freshMs: 100, staleWhileRevalidateMs: 50, staleIfErrorMs: 200 };

function entry(life: Partial<Entry<unknown>['life']> = {}): Entry<string> {
  return { value: 'a', fetchedAtMs: NOW_MS, life: { ...LIFE, ...life } };
}

describe('an entry', () => {
  it.each<[number, EntryState]>([
    [0, 'FRESH'],
    [99, 'FRESH'],
    [100, 'STALE'],
    [149, 'STALE'],
    [150, 'RESERVE'],
    [299, 'RESERVE'],
    [300, 'GONE'],
  ])('that is %i ms old is %s', (ageMs, state) => {
    expect(stateOf(entry(), NOW_MS + ageMs)).toBe(state);
  });

  it.each<[number, EntryState]>([
    [MAX_CLOCK_SKEW_MS, 'FRESH'],
    [MAX_CLOCK_SKEW_MS + 1, 'GONE'],
  ])('from %i ms ahead, as far as clocks may be apart or further, is %s', (aheadMs, state) => {
    expect(stateOf(entry(), NOW_MS - aheadMs)).toBe(state);
  });

  it('may answer for itself longer than for a fault', () => {
    const long = entry({ staleWhileRevalidateMs: 500, staleIfErrorMs: 0 });
    expect([stateOf(long, NOW_MS + 599), stateOf(long, NOW_MS + 600)]).toEqual(['STALE', 'GONE']);
  });

  it('without any time is gone at once', () => {
    const none = entry({ freshMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 });
    expect(stateOf(none, NOW_MS)).toBe('GONE');
  });

  it('is fresh until it is not, and of use for its longer window', () => {
    expect(freshUntilMs(entry())).toBe(NOW_MS + 100);
    expect(usefulMs(LIFE)).toBe(300);
    expect(usefulMs({ ...LIFE, staleWhileRevalidateMs: 900 })).toBe(1_000);
  });
});
