import { describe, expect, it } from 'vitest';
import { authorization, formatString, signature, signKey, stringToSign } from '../../src/signature/cos.ts';
import { percentEncode } from '../../src/lib/percent-encode.ts';
import type { CosAuthorizationInput } from '../../src/signature/cos.ts';
import { readVectors } from './vectors.ts';

interface CosVector {
  readonly case: string;
  readonly input: CosAuthorizationInput;
  readonly expected: {
    readonly signKey: string;
    readonly httpString: string;
    readonly stringToSign: string;
    readonly signature: string;
    readonly authorization: string;
  };
}

const vectors = readVectors<CosVector>('cos');

it('has the six published cases', () => {
  expect(vectors.map(({ file }) => file.slice(0, 2))).toEqual(['v1', 'v2', 'v3', 'v4', 'v5', 'v6']);
});

describe.each(vectors)('COS signature, $file: $case', ({ input, expected }) => {
  it('derives the published SignKey', () => {
    expect(signKey(input.secretKey, input.keyTime)).toBe(expected.signKey);
  });

  it('builds the published HttpString', () => {
    expect(formatString(input)).toBe(expected.httpString);
  });

  it('builds the published StringToSign', () => {
    expect(stringToSign(expected.httpString, input.keyTime)).toBe(expected.stringToSign);
  });

  it('gives the published signature for the published SignKey and StringToSign', () => {
    expect(signature(expected.signKey, expected.stringToSign)).toBe(expected.signature);
  });

  it('gives the published Authorization', () => {
    expect(authorization(input)).toBe(expected.authorization);
  });
});

const BASE: CosAuthorizationInput = {
  method: 'GET',
  path: '/jobs',
  params: [],
  headers: { host: 'a.example' },
  keyTime: { startSeconds: 1_700_000_000, endSeconds: 1_700_000_900 },
  secretId: 'id',
  secretKey: 'key',
};

describe('the encoding function', () => {
  it('keeps only A-Z a-z 0-9 - _ . ~', () => {
    const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
    const kept = ascii.filter((character) => percentEncode(character) === character).join('');
    expect(kept).toBe('-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~');
  });

  it('writes a space as %20 and hex digits in upper case', () => {
    expect(percentEncode(' +/*')).toBe('%20%2B%2F%2A');
  });

  it('encodes UTF-8 bytes, also of a character beyond the basic plane', () => {
    expect(percentEncode('é☕🎬')).toBe('%C3%A9%E2%98%95%F0%9F%8E%AC');
  });

  it('encodes a lone surrogate as U+FFFD rather than failing', () => {
    expect(percentEncode('\ud800')).toBe('%EF%BF%BD');
  });
});

describe('HttpString', () => {
  it('lists a repeated name once per value, sorted by the values', () => {
    const text = formatString({
      ...BASE,
      params: [
        ['s', 'b'],
        ['s', 'a'],
        ['r', 'z'],
      ],
    });
    expect(text).toContain('\nr=z&s=a&s=b\n');
    expect(
      authorization({
        ...BASE,
        params: [
          ['s', 'b'],
          ['s', 'a'],
        ],
      }),
    ).toContain('q-url-param-list=s;s&');
  });

  it('sorts by the encoded name, lower-cased with its hex digits', () => {
    const text = formatString({
      ...BASE,
      params: [
        ['名', '1'],
        ['Zone', '2'],
        ['a-b', '3'],
      ],
    });
    expect(text).toContain('\n%e5%90%8d=1&a-b=3&zone=2\n');
  });

  it('does not lower-case values', () => {
    expect(formatString({ ...BASE, params: [['A', 'Å']] })).toContain('\na=%C3%85\n');
  });

  it('signs the path as it is, decoded', () => {
    expect(formatString({ ...BASE, path: '/exampleobject(腾讯云)' })).toContain(
      'get\n/exampleobject(腾讯云)\n',
    );
  });

  it('keeps the line feeds of empty parts', () => {
    expect(formatString({ ...BASE, headers: {} })).toBe('get\n/jobs\n\n\n');
  });
});

describe('what a COS signature covers', () => {
  const signatureOf = (change: Partial<CosAuthorizationInput>): string =>
    authorization({ ...BASE, ...change }).split('q-signature=')[1]!;

  it.each<Partial<CosAuthorizationInput>>([
    { method: 'PUT' },
    { path: '/jobs/1' },
    { params: [['maxResults', '1']] },
    { headers: { host: 'b.example' } },
    { headers: { host: 'a.example:8080' } },
    { keyTime: { startSeconds: 1_700_000_000, endSeconds: 1_700_000_901 } },
    { secretKey: 'Key' },
  ])('changes with %j', (change) => {
    expect(signatureOf(change)).not.toBe(signatureOf({}));
  });
});
