import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CursorBinding, decodeCursor, encodeCursor } from '../../src/jobs/cursor.ts';
import { InvalidCursorError } from '../../src/model/errors.ts';
import type { Position } from '../../src/sources/source.ts';

const BINDING: CursorBinding = {
  field: 'batchComputeJobs',
  origin: 'BATCH_COMPUTE/media/ap-guangzhou/',
  filter: { states: ['FAILED'], names: null },
};
const POSITION: Position = ['job-3n2weaqt', 120, ['job-a', 'job-b']];
const CURSOR = encodeCursor(BINDING, POSITION);

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n'.split('');
const part = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.maxSafeInteger(),
  fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }),
);
const position: fc.Arbitrary<Position> = fc.array(part, { maxLength: 4 });

/** Whether a cursor is turned away, and in the way that clients are told of. */
function isRefused(cursor: string, binding = BINDING): boolean {
  try {
    decodeCursor(binding, cursor);
    return false;
  } catch (error) {
    if (error instanceof InvalidCursorError) {
      return true;
    }
    throw error;
  }
}

const withParts = (...parts: unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');
const digestOf = (cursor: string): unknown =>
  (JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[])[1];

describe('a cursor', () => {
  it('leads back to its position, whatever the source put there', () => {
    fc.assert(
      fc.property(position, (given) => {
        expect(decodeCursor(BINDING, encodeCursor(BINDING, given))).toEqual(given);
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  it('can stand in a URL as it is', () => {
    const isPlain = fc.property(position, (given) => /^[A-Za-z0-9_-]+$/.test(encodeCursor(BINDING, given)));
    expect(fc.check(isPlain, { seed: 11, numRuns: 500 }).counterexample).toBeNull();
  });

  it('stays the same over restarts', () => {
    expect(CURSOR).toBe('WzEsIjZOWHBCdDdNeC1WcSIsImpvYi0zbjJ3ZWFxdCIsMTIwLFsiam9iLWEiLCJqb2ItYiJdXQ');
    expect(decodeCursor(BINDING, CURSOR)).toEqual(POSITION);
  });

  it('has at most 1 KiB for the longest position that a source gives', () => {
    const anchors = Array.from({ length: 6 }, (_, index) => `job-${String(index).padEnd(60, 'x')}`);
    expect(
      encodeCursor(BINDING, ['x'.repeat(64), Number.MAX_SAFE_INTEGER, anchors]).length,
    ).toBeLessThanOrEqual(1_024);
  });

  it('holds no filter, account or region that a client would see in it', () => {
    const text = Buffer.from(CURSOR, 'base64url').toString();
    expect(text).toContain('job-3n2weaqt');
    for (const hidden of ['media', 'ap-guangzhou', 'FAILED', 'batchComputeJobs']) {
      expect(text).not.toContain(hidden);
    }
  });
});

describe('a cursor is refused', () => {
  it.each<[string, CursorBinding]>([
    ['another field', { ...BINDING, field: 'cosJobs' }],
    ['another origin', { ...BINDING, origin: 'BATCH_COMPUTE/media/ap-shanghai/' }],
    ['another account', { ...BINDING, origin: 'BATCH_COMPUTE/archive/ap-guangzhou/' }],
    ['another filter', { ...BINDING, filter: { states: ['RUNNING'], names: null } }],
    ['no filter', { ...BINDING, filter: { states: null, names: null } }],
    ['a filter in another order', { ...BINDING, filter: { states: ['FAILED'], names: [] } }],
  ])('under %s', (_, binding) => {
    expect(isRefused(CURSOR, binding)).toBe(true);
    expect(isRefused(CURSOR)).toBe(false);
  });

  it('when one of its parts could be read as the end of another', () => {
    const glued = { ...BINDING, field: 'batchComputeJobsB', origin: BINDING.origin.slice(1) };
    expect(isRefused(encodeCursor(BINDING, POSITION), glued)).toBe(true);
  });

  it.each<[string, string]>([
    ['is empty', ''],
    ['is no base64', '§§§'],
    ['is no JSON', Buffer.from('not JSON').toString('base64url')],
    ['is a number', Buffer.from('1').toString('base64url')],
    ['is null', Buffer.from('null').toString('base64url')],
    ['is an object', Buffer.from('{"length":3}').toString('base64url')],
    ['is an empty list', withParts()],
    ['has no digest', withParts(1)],
    ['has another version', withParts(2, digestOf(CURSOR), ...POSITION)],
    ['has its version as a text', withParts('1', digestOf(CURSOR), ...POSITION)],
    ['has another digest', withParts(1, 'AAAAAAAAAAAA', ...POSITION)],
    ['has a longer digest', withParts(1, `${String(digestOf(CURSOR))}A`, ...POSITION)],
    ['has another position', withParts(1, digestOf(CURSOR), 'job-3n2weaqt', 121, ['job-a', 'job-b'])],
    ['has a negative offset', withParts(1, digestOf(CURSOR), 'job-3n2weaqt', -5, ['job-a', 'job-b'])],
    ['has more in its position', withParts(1, digestOf(CURSOR), ...POSITION, 0)],
    ['has less in its position', withParts(1, digestOf(CURSOR), 'job-3n2weaqt', 120)],
    ['has an object in its position', withParts(1, digestOf(CURSOR), { toJSON: 1 })],
    ['has null in its position', withParts(1, digestOf(CURSOR), null)],
    ['has a list of lists in its position', withParts(1, digestOf(CURSOR), [['a']])],
    [
      'is written with blanks',
      Buffer.from(` ${Buffer.from(CURSOR, 'base64url').toString()}`).toString('base64url'),
    ],
    ['is padded', `${CURSOR}=`],
    ['ends in a line break', `${CURSOR}\n`],
    ['begins with a blank', ` ${CURSOR}`],
    ['is there twice', CURSOR + CURSOR],
    ['is cut', CURSOR.slice(0, -4)],
    ['is a global id', 'MTpDT1M6bWVkaWE6YXAtZ3Vhbmd6aG91OmE'],
    ['is a megabyte', 'A'.repeat(1_000_000)],
    ['is a character too long for a cursor', 'A'.repeat(1_025)],
    ['is nested deeply', Buffer.from('['.repeat(700)).toString('base64url')],
    ['names a prototype', withParts(1, digestOf(CURSOR), '__proto__')],
  ])('when it %s', (_, cursor) => {
    expect(isRefused(cursor)).toBe(true);
  });

  it('when it was spelled otherwise, though its bytes are the same', () => {
    const last = CURSOR.at(-1) ?? '';
    const respelled = CHARACTERS.filter(
      (other) =>
        other !== last &&
        Buffer.from(CURSOR.slice(0, -1) + other, 'base64url').equals(Buffer.from(CURSOR, 'base64url')),
    );
    expect(respelled).not.toEqual([]);
    expect(respelled.map((other) => isRefused(CURSOR.slice(0, -1) + other))).not.toContain(false);
  });

  it('after any change of its text, 10,000 times', () => {
    const change = fc.record({
      at: fc.nat(CURSOR.length - 1),
      kind: fc.constantFrom('replace', 'insert', 'remove', 'swap', 'cut', 'splice'),
      character: fc.constantFrom(...CHARACTERS),
      other: position,
    });
    const isCaught = fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const mutated = changes.reduce(changed, CURSOR);
      return mutated === CURSOR || isRefused(mutated);
    });
    expect(fc.check(isCaught, { seed: 20_260_101, numRuns: 10_000 }).counterexample).toBeNull();
  });

  it('without a word of what was in it', () => {
    expect(() => decodeCursor(BINDING, withParts(1, 'x', 'CANARY'))).toThrow(/^((?!CANARY).)*$/);
  });
});

interface Change {
  readonly at: number;
  readonly kind: string;
  readonly character: string;
  readonly other: Position;
}

function changed(text: string, { at, kind, character, other }: Change): string {
  const [before, after] = [text.slice(0, at), text.slice(at)];
  switch (kind) {
    case 'replace':
      return before + character + after.slice(1);
    case 'insert':
      return before + character + after;
    case 'remove':
      return before + after.slice(1);
    case 'swap':
      return before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2);
    case 'cut':
      return before;
    default:
      return before + encodeCursor({ ...BINDING, field: 'cosJobs' }, other).slice(at);
  }
}
