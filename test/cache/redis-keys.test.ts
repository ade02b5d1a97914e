import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redisKeys } from '../../src/cache/redis-keys.ts';

const keys = redisKeys('v1');
const KEY = { place: 'COS/1250000000', name: 'job/abc' };

/** Texts of the characters that mean something in a key, and a few that do not. */
const part = fc.string({
  unit: fc.constantFrom('{', '}', ':', '%', '\n', '\r', 'turn', '7B', '7', 'é', '作'),
});
const key = fc.record({ place: part, name: part });

describe('keys in Redis', () => {
  it('say the version, the place as what decides the node, and the name', () => {
    expect(keys.value(KEY)).toBe('jobs-gateway:v1:{COS/1250000000}:job/abc');
    expect(keys.turn(KEY)).toBe('jobs-gateway:v1:turn:{COS/1250000000}:job/abc');
    expect(keys.channel).toBe('jobs-gateway:v1:changed');
  });

  it('can be read back, whatever the cache key is made of', () => {
    fc.assert(
      fc.property(key, (one) => {
        expect(keys.parse(keys.value(one))).toEqual(one);
        expect(keys.value(one)).not.toContain('\n');
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });

  it('are never those of another cache key, nor of a turn', () => {
    fc.assert(
      fc.property(key, key, (one, other) => {
        const isSame = one.place === other.place && one.name === other.name;
        expect(keys.value(one) === keys.value(other)).toBe(isSame);
        expect(keys.turn(one) === keys.turn(other)).toBe(isSame);
        expect(keys.value(one)).not.toBe(keys.turn(other));
      }),
      { seed: 2, numRuns: 1_000 },
    );
  });

  it('of one place have one hash tag, which no other place has', () => {
    const tag = (text: string): string | undefined => /\{(.*?)\}/.exec(text)?.[1];
    fc.assert(
      fc.property(key, key, (one, other) => {
        expect(tag(keys.value(one))).toBe(tag(keys.turn(one)));
        expect(tag(keys.value(one)) === tag(keys.value(other))).toBe(one.place === other.place);
      }),
      { seed: 3, numRuns: 1_000 },
    );
  });

  it('that we would write otherwise are none of ours', () => {
    for (const foreign of [
      '',
      'other',
      'jobs-gateway:v2:{place}:name',
      'jobs-gateway:v1:{place}name',
      'jobs-gateway:v1:turn:{place}:name',
      'jobs-gateway:v1:{pl%61ce}:name',
      'jobs-gateway:v1:{%FF}:name',
      'jobs-gateway:v1:{pla{ce}:name',
    ]) {
      expect(keys.parse(foreign)).toBeNull();
    }
  });
});
