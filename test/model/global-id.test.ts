import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidIdError } from '../../src/model/errors.ts';
import { decodeGlobalId, encodeGlobalId, type JobRef, placeOf } from '../../src/model/global-id.ts';

/** Ids that clients may have kept: these lines never change. */
const PINNED: readonly [JobRef, string][] = [
  [
    {
      source: 'COS',
      account: 'default',
      place: 'ap-guangzhou',
      jobId: '1b7e4c02-8d35-4f6a-a0c9-5e2d91f36b70',
    },
    'MTpDT1M6ZGVmYXVsdDphcC1ndWFuZ3pob3U6MWI3ZTRjMDItOGQzNS00ZjZhLWEwYzktNWUyZDkxZjM2Yjcw',
  ],
  [
    { source: 'BATCH_COMPUTE', account: 'media', place: 'ap-shanghai', jobId: 'job-3n2weaqt' },
    'MTpCQVRDSF9DT01QVVRFOm1lZGlhOmFwLXNoYW5naGFpOmpvYi0zbjJ3ZWFxdA',
  ],
  [
    {
      source: 'CI',
      account: 'sandbox',
      place: 'bucket-1250000000',
      jobId: 'b3deffea2f84911ec9cb15254008618d9',
    },
    'MTpDSTpzYW5kYm94OmJ1Y2tldC0xMjUwMDAwMDAwOmIzZGVmZmVhMmY4NDkxMWVjOWNiMTUyNTQwMDg2MThkOQ',
  ],
];

const textOf = (characters: string, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...characters.split('')), minLength: 1, maxLength });
const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789-';
const WORD = `${LOWER}ABCDEFGHIJKLMNOPQRSTUVWXYZ_`;
const jobRef: fc.Arbitrary<JobRef> = fc.record({
  source: fc.constantFrom('COS', 'BATCH_COMPUTE', 'CI'),
  account: textOf(WORD, 32),
  place: textOf(LOWER, 64),
  jobId: textOf(WORD, 64),
});

const encoded = (text: string): string => Buffer.from(text).toString('base64url');

describe('the global id of a job', () => {
  it('leads back to the job, whatever its source, account, place and id', () => {
    fc.assert(
      fc.property(jobRef, (ref) => {
        expect(decodeGlobalId(encodeGlobalId(ref))).toEqual(ref);
      }),
      { seed: 7, numRuns: 1_000 },
    );
  });

  it.each(PINNED)('stays the same over releases: %o', (ref, id) => {
    expect(encodeGlobalId(ref)).toBe(id);
    expect(decodeGlobalId(id)).toEqual(ref);
  });

  it('can stand in a URL as it is, and is short', () => {
    const holds = fc.property(jobRef, (ref) => /^[A-Za-z0-9_-]{1,256}$/.test(encodeGlobalId(ref)));
    expect(fc.check(holds, { seed: 7, numRuns: 1_000 }).counterexample).toBeNull();
  });

  it('differs from job to job', () => {
    const holds = fc.property(jobRef, jobRef, (one, other) => {
      const isSame = JSON.stringify(one) === JSON.stringify(other);
      return (encodeGlobalId(one) === encodeGlobalId(other)) === isSame;
    });
    expect(fc.check(holds, { seed: 7, numRuns: 1_000 }).counterexample).toBeNull();
  });

  it('of a place in CI is the bucket, elsewhere the region', () => {
    const origin = { account: 'a', region: 'ap-beijing' } as const;
    expect(placeOf({ ...origin, source: 'CI', bucket: 'b-1250000000' })).toBe('b-1250000000');
    expect(placeOf({ ...origin, source: 'COS', bucket: null })).toBe('ap-beijing');
  });
});

describe('a text that is no global id', () => {
  it.each(PINNED)('comes of any change of one character to a foreign one in %o', (_, id) => {
    for (let index = 0; index < id.length; index += 1) {
      for (const character of ' +/=.%:\n\0é＝'.split('')) {
        const mutated = id.slice(0, index) + character + id.slice(index + 1);
        expect(() => decodeGlobalId(mutated), mutated).toThrow(InvalidIdError);
      }
    }
  });

  it.each(PINNED)(
    'comes of any one character changed, left out or doubled in %o, or else it names another job',
    (ref, id) => {
      const mistaken: string[] = [];
      for (let index = 0; index < id.length; index += 1) {
        const [before, after] = [id.slice(0, index), id.slice(index + 1)];
        const others = WORD.split('').filter((character) => character !== id[index]);
        const mutants = [before + after, `${before}${id[index]}${id.slice(index)}`];
        for (const mutant of [...mutants, ...others.map((other) => before + other + after)]) {
          if (mutant !== id && JSON.stringify(outcomeOf(mutant)) === JSON.stringify(ref)) {
            mistaken.push(mutant);
          }
        }
      }
      expect(mistaken).toEqual([]);
    },
  );

  it.each(PINNED)('is another spelling of the same bytes as %o', (ref, id) => {
    const text = Buffer.from(id, 'base64url');
    const spellings = [
      `${id}=`,
      `${id}==`,
      ` ${id}`,
      `${id} `,
      `${id}\n`,
      `${id.slice(0, 8)}\n${id.slice(8)}`,
      `${id}\0`,
      `"${id}"`,
      id.replace(/.$/, (last) => String.fromCodePoint((last.codePointAt(0) ?? 0) + 1)),
      text.toString('hex'),
      text.toString('latin1'),
      ...[text.toString('base64')].filter((padded) => padded !== id),
    ];
    for (const spelling of spellings) {
      expect(outcomeOf(spelling), JSON.stringify(spelling)).not.toEqual(ref);
    }
  });

  it.each([
    ['nothing', ''],
    ['a number', '42'],
    ['a megabyte', 'A'.repeat(1_000_000)],
    ['a megabyte that begins like an id', encoded(`1:COS:a:b:${'c'.repeat(1_000_000)}`)],
    ['the name of a prototype', '__proto__'],
    ['a source that is a member of every object', encoded('1:__proto__:a:b:c')],
    ['a constructor', encoded('1:constructor:a:b:c')],
    ['another version', encoded('2:COS:a:b:c')],
    ['no version', encoded('COS:a:b:c')],
    ['a version spelled otherwise', encoded('01:COS:a:b:c')],
    ['a source in lower case', encoded('1:cos:a:b:c')],
    ['the name of a type', encoded('CosJob:c')],
    ['a type of the graph', encoded('1:Query:a:b:c')],
    ['a part too few', encoded('1:COS:a:b')],
    ['a part too many', encoded('1:COS:a:b:c:d')],
    ['an empty account', encoded('1:COS::b:c')],
    ['an empty place', encoded('1:COS:a::c')],
    ['an empty job id', encoded('1:COS:a:b:')],
    ['an account that is too long', encoded(`1:COS:${'a'.repeat(33)}:b:c`)],
    ['a place that is too long', encoded(`1:COS:a:${'b'.repeat(65)}:c`)],
    ['a job id that is too long', encoded(`1:COS:a:b:${'c'.repeat(65)}`)],
    ['one dot', encoded('1:COS:a:b:.')],
    ['two dots', encoded('1:COS:a:b:..')],
    ['a path', encoded('1:COS:a:b:x/../y')],
    ['a backslash', encoded('1:COS:a:b:x\\y')],
    ['a query', encoded('1:COS:a:b:x?y')],
    ['a fragment', encoded('1:COS:a:b:x#y')],
    ['a percent escape', encoded('1:COS:a:b:%2e%2e')],
    ['a line break', encoded('1:COS:a:b:x\r\ny')],
    ['a line break at the end', encoded('1:COS:a:b:c\n')],
    ['a zero byte', encoded('1:COS:a:b:c\0')],
    ['a full-width dot', encoded('1:COS:a:b:．')],
    ['a host in the place', encoded('1:COS:a:evil.com:c')],
    ['a place with credentials', encoded('1:COS:a:x@evil:c')],
    ['a place with a port', encoded('1:COS:a:b:80:c')],
    ['a place in capitals', encoded('1:COS:a:AP:c')],
    ['a byte that is no text', Buffer.from([0x31, 0x3a, 0xff, 0xfe]).toString('base64url')],
  ])('is %s', (_, text) => {
    expect(() => decodeGlobalId(text)).toThrow(InvalidIdError);
  });

  it('is whatever chance makes of characters', () => {
    const holds = fc.property(
      fc.string({ unit: 'binary', maxLength: 80 }),
      (text) => outcomeOf(text) === null,
    );
    expect(fc.check(holds, { seed: 7, numRuns: 1_000 }).counterexample).toBeNull();
  });

  it('comes back in the message only when it is short and plain', () => {
    expect(() => decodeGlobalId('job-3n2weaqt')).toThrow('got something else ("job-3n2weaqt").');
    for (const text of ['<script>', 'x'.repeat(33), 'a\nb', '\u001b[31m']) {
      expect(() => decodeGlobalId(text)).toThrow(/got something else\.$/);
    }
  });
});

/** What a text is taken for: a job, or nothing. */
function outcomeOf(text: string): JobRef | null {
  try {
    return decodeGlobalId(text);
  } catch (error) {
    if (error instanceof InvalidIdError) {
      return null;
    }
    throw error;
  }
}
