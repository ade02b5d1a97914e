import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CANARIES } from './canaries.ts';
import { formsOf } from './forms.ts';
import { Needles } from './needles.ts';

/** Of few letters, so that much is nearly found. */
const text = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength, maxLength });

/** Of a haystack: which text, cut at its beginning or not, and what comes after it. */
const parts = fc.array(fc.tuple(fc.nat(100), text(0, 9)), { maxLength: 30 });

describe('a search for many texts at once', () => {
  it('finds each wherever it stands, and nothing else', () => {
    let found = 0;
    fc.assert(
      fc.property(fc.uniqueArray(text(8, 11), { minLength: 1, maxLength: 40 }), parts, (wanted, chosen) => {
        const haystack = chosen
          .map(([index, between]) => `${wanted[index % wanted.length]}`.slice(index % 3) + between)
          .join('');
        const needles = new Needles<string>();
        wanted.forEach((each) => needles.add(each, each));
        const hits = needles.find(Buffer.from(haystack)).map(({ tag, start }) => `${start} ${tag}`);
        const expected = wanted.flatMap((each) =>
          Array.from({ length: haystack.length }, (_, start) => start)
            .filter((start) => haystack.startsWith(each, start))
            .map((start) => `${start} ${each}`),
        );
        found += expected.length;
        expect(hits.toSorted()).toEqual(expected.toSorted());
      }),
    );
    expect(found).toBeGreaterThan(0);
  });

  it('takes no text that would be found everywhere', () => {
    expect(() => new Needles<null>().add('seven77', null)).toThrow(RangeError);
  });

  it('knows a secret in every form, in the middle of other things', () => {
    const { secretKey } = CANARIES;
    const needles = new Needles<string>();
    Object.entries(formsOf(secretKey)).forEach(([form, written]) => needles.add(written, form));
    const outputs = [
      `x${secretKey}y`,
      Buffer.from(`user:${secretKey}`).toString('base64'),
      ...['', 'x', 'xx'].map((before) => Buffer.from(`${before}${secretKey}>?>`).toString('base64url')),
      Buffer.from(secretKey).toString('hex'),
      Buffer.from(secretKey).toString('hex').toUpperCase(),
      `https://host.test/?a=${encodeURIComponent(secretKey)}`,
      JSON.stringify([secretKey]),
    ];
    for (const output of outputs) {
      expect(needles.find(Buffer.from(`before ${output} after`)), output).not.toEqual([]);
    }
    expect(needles.find(Buffer.from('AKID canary7secret'))).toEqual([]);
  });
});
