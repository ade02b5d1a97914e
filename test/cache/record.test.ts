import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Entry, MAX_CLOCK_SKEW_MS } from '../../src/cache/entry.ts';
import { fromText, toRecord } from '../../src/cache/record.ts';
import { valueOf } from '../../src/cache/tier-script.ts';

const NOW_MS = Date.parse('2026-01-01T00:00:00Z');
const KEY = { place: 'COS v1', name: 'job:a' };
const LIFE = { freshMs: 5_000, staleWhileRevalidateMs: 10_000, staleIfErrorMs: 600_000 };
const form = z.strictObject({ jobId: z.literal('a'), status: z.enum(['RUNNING', 'DONE']), name: z.string() });
type Value = z.output<typeof form>;

const VALUE: Value = { jobId: 'a', status: 'RUNNING', name: 'nightly' };
const QUESTION = { key: KEY, parse: (json: unknown) => form.safeParse(json).data ?? null };

function entry(change: Partial<Entry<Value>> = {}): Entry<Value> {
  return { value: VALUE, fetchedAtMs: NOW_MS - 1_000, life: LIFE, ...change };
}

function textOf(change: Partial<Entry<Value>> = {}): string {
  return toRecord(KEY, entry(change), 'd').text;
}

describe('a record', () => {
  it('gives the entry back that it was made of', () => {
    expect(fromText(QUESTION, textOf(), NOW_MS)).toEqual(entry());
  });

  it('tells the tier what it has to know', () => {
    expect(toRecord(KEY, entry(), 'd')).toMatchObject({
      fetchedAtMs: NOW_MS - 1_000,
      freshUntilMs: NOW_MS + 4_000,
      usefulUntilMs: NOW_MS + 604_000,
      digest: 'd',
    });
  });

  // Releases of one version are side by side while a new one is rolled out: another form needs another version in the keys.
  it('has the form that every replica of this version writes and reads', () => {
    const json = '{"jobId":"a","status":"RUNNING","name":"nightly"}';
    const text = `["COS v1","job:a",1767225599000,[5000,10000,600000],${json}]`;
    expect(textOf()).toBe(text);
    expect(valueOf(toRecord(KEY, entry(), 'd'))).toBe(`1767225599000 1767225604000 d ${text}`);
  });

  it.each([
    { place: 'COS v2', name: 'job:a' },
    { place: 'COS v1', name: 'job:b' },
    { place: 'COS', name: 'v1 job:a' },
  ])('of another key answers for none: $place, $name', (key) => {
    expect(fromText(QUESTION, toRecord(key, entry(), 'd').text, NOW_MS)).toBeNull();
  });

  it.each([
    ['was fetched in the future', { fetchedAtMs: NOW_MS + MAX_CLOCK_SKEW_MS + 1 }],
    ['was fetched at no whole millisecond', { fetchedAtMs: NOW_MS - 0.5 }],
    ['lives for longer than anything', { life: { ...LIFE, staleIfErrorMs: 32 * 86_400_000 } }],
    ['lives for less than nothing', { life: { ...LIFE, freshMs: -1 } }],
    ['lives for no number', { life: { ...LIFE, freshMs: Number.NaN } }],
    ['has a value of another form', { value: { ...VALUE, status: 'LATER' } as never }],
  ])('that %s is none', (_, change) => {
    expect(fromText(QUESTION, textOf(change), NOW_MS)).toBeNull();
  });

  it('that is of no use any more is one all the same', () => {
    const old = { fetchedAtMs: NOW_MS - 700_000 };
    expect(fromText(QUESTION, textOf(old), NOW_MS)).toEqual(entry(old));
  });

  it('from a clock that is a little ahead is as fresh as can be', () => {
    const fetchedAtMs = NOW_MS + MAX_CLOCK_SKEW_MS;
    expect(fromText(QUESTION, textOf({ fetchedAtMs }), NOW_MS)).toEqual(entry({ fetchedAtMs }));
  });

  it.each(['', 'null', '{}', '[]', '[1,2,3,4,5]', 'nonsense', '\u0000', '['.repeat(100_000)])(
    'is not %o',
    (text) => {
      expect(fromText(QUESTION, text, NOW_MS)).toBeNull();
    },
  );

  it.each(['__proto__', '"__proto__"', '"__proto__":{}', 'constructor'])(
    'of a job that somebody has named %s is one all the same',
    (name) => {
      expect(fromText(QUESTION, textOf({ value: { ...VALUE, name } }), NOW_MS)?.value.name).toBe(name);
    },
  );

  it.each(['"__proto__":', '"__proto__" \n:', String.raw`"\u005f_proto__":`])(
    'with the member %s changes nothing that objects have',
    (member) => {
      const text = textOf().replace('{"jobId"', `{${member}{"status":"DONE"},"jobId"`);
      expect(text).toContain(member);
      const read = fromText({ key: KEY, parse: (json) => json as Value }, text, NOW_MS);
      expect(read === null || read.value.status === 'RUNNING').toBe(true);
      expect(fromText(QUESTION, text, NOW_MS)).toBeNull();
      expect(Reflect.get({}, 'status')).toBeUndefined();
    },
  );

  it('that somebody has changed is none, or a value of the right form for the right key', () => {
    const at = fc.nat(textOf().length);
    const mutation = fc.record({
      at,
      length: fc.nat(12),
      put: fc.oneof(fc.string({ maxLength: 8 }), fc.json()),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let text = textOf();
        for (const { at: start, length, put } of mutations) {
          text = text.slice(0, start) + put + text.slice(start + length);
        }
        const read = fromText(QUESTION, text, NOW_MS);
        if (read !== null) {
          expect(form.safeParse(read.value).success).toBe(true);
          expect(text).toContain('"COS v1","job:a"');
          expect(read.fetchedAtMs).toBeLessThanOrEqual(NOW_MS + MAX_CLOCK_SKEW_MS);
        }
      }),
      { seed: 20_260_101, numRuns: 2_000 },
    );
  });
});
