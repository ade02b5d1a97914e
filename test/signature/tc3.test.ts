import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  authorization,
  canonicalRequest,
  credentialScope,
  signature,
  signingKey,
  stringToSign,
  utcDate,
} from '../../src/signature/tc3.ts';
import type { Tc3AuthorizationInput } from '../../src/signature/tc3.ts';
import { readVectors } from './vectors.ts';

interface Tc3Vector {
  readonly case: string;
  readonly input: Tc3AuthorizationInput;
  readonly expected: {
    readonly canonicalRequest: string;
    readonly canonicalRequestSha256: string;
    readonly stringToSign: string;
    readonly kDate: string;
    readonly kService: string;
    readonly kSigning: string;
    readonly signature: string;
    readonly authorization: string;
  };
}

const vectors = readVectors<Tc3Vector>('tc3');

it('has the six published cases', () => {
  expect(vectors.map(({ file }) => file.slice(0, 2))).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5']);
});

describe.each(vectors)('TC3 signature, $file: $case', ({ input, expected }) => {
  const { timestampSeconds, service } = input;

  it('builds the published canonical request', () => {
    expect(canonicalRequest(input)).toBe(expected.canonicalRequest);
  });

  it('hashes it to the published digest', () => {
    expect(sha256Hex(canonicalRequest(input))).toBe(expected.canonicalRequestSha256);
  });

  it('builds the published string to sign', () => {
    expect(stringToSign(expected.canonicalRequest, timestampSeconds, service)).toBe(expected.stringToSign);
  });

  it.each(['kDate', 'kService', 'kSigning'] as const)('derives the published %s', (key) => {
    const chain = signingKey(input.secretKey, utcDate(timestampSeconds), service);
    expect(chain[key].toString('hex')).toBe(expected[key]);
  });

  it('gives the published signature for the published key and string', () => {
    expect(signature(Buffer.from(expected.kSigning, 'hex'), expected.stringToSign)).toBe(expected.signature);
  });

  it('gives the published Authorization', () => {
    expect(authorization(input)).toBe(expected.authorization);
  });
});

const BASE: Tc3AuthorizationInput = {
  method: 'POST',
  query: '',
  headers: { 'content-type': 'application/json', host: 'batch.tencentcloudapi.com' },
  body: '{}',
  timestampSeconds: 1_700_000_000,
  service: 'batch',
  secretId: 'id',
  secretKey: 'key',
};

describe('the date of a credential scope', () => {
  it.each([
    [1_767_225_599, '2025-12-31'],
    [1_767_225_600, '2026-01-01'],
    [1_709_164_799, '2024-02-28'],
    [1_709_164_800, '2024-02-29'],
    [1_709_251_200, '2024-03-01'],
  ])('of %i is %s, in UTC', (timestampSeconds, date) => {
    expect(utcDate(timestampSeconds)).toBe(date);
  });

  it('does not follow the local time zone', () => {
    const before = process.env['TZ'];
    process.env['TZ'] = 'Asia/Shanghai';
    try {
      expect(new Date(1_767_225_599_000).getFullYear()).toBe(2026);
      expect(credentialScope(1_767_225_599, 'batch')).toBe('2025-12-31/batch/tc3_request');
    } finally {
      process.env['TZ'] = before ?? 'UTC';
    }
  });
});

describe('the canonical request', () => {
  it('sorts the signed headers, and trims and lower-cases them', () => {
    const text = canonicalRequest({
      ...BASE,
      headers: { 'X-TC-Action': ' DescribeJobs ', Host: 'H', 'Content-Type': 'Application/JSON' },
    });
    expect(text).toContain(
      '\ncontent-type:application/json\nhost:h\nx-tc-action:describejobs\n\ncontent-type;host;x-tc-action\n',
    );
  });

  it('hashes the bytes of UTF-8, not UTF-16 code units', () => {
    const hash = sha256Hex(Buffer.from([0x22, 0xe2, 0x98, 0x95, 0x22]));
    expect(canonicalRequest({ ...BASE, body: '"☕"' }).endsWith(hash)).toBe(true);
  });

  it('leaves the query in its order', () => {
    expect(canonicalRequest({ ...BASE, method: 'GET', query: 'b=1&a=2', body: '' })).toContain('\nb=1&a=2\n');
  });
});

describe('what a TC3 signature covers', () => {
  const signatureOf = (change: Partial<Tc3AuthorizationInput>): string =>
    authorization({ ...BASE, ...change }).split('Signature=')[1]!;

  it.each<Partial<Tc3AuthorizationInput>>([
    { body: '{ }' },
    { headers: { 'content-type': 'application/json; charset=utf-8', host: 'batch.tencentcloudapi.com' } },
    { headers: { 'content-type': 'application/json', host: 'cvm.tencentcloudapi.com' } },
    { timestampSeconds: 1_700_000_001 },
    { timestampSeconds: 1_700_086_400 },
    { service: 'cvm' },
    { secretKey: 'Key' },
  ])('changes with %j', (change) => {
    expect(signatureOf(change)).not.toBe(signatureOf({}));
  });
});

function sha256Hex(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}
