import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ReceivedRequest } from '../../src/sandbox/received-request.ts';
import {
  canonicalRequest,
  parseTc3,
  provesTc3,
  tc3Keys,
  tc3StringToSign,
  type Tc3Authorization,
} from '../../src/sandbox/tc3.ts';
import { readVectors } from '../signature/vectors.ts';

interface Tc3Vector {
  readonly case: string;
  readonly input: {
    readonly method: string;
    readonly query: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly timestampSeconds: number;
    readonly service: string;
    readonly secretKey: string;
  };
  readonly expected: {
    readonly canonicalRequest?: string;
    readonly stringToSign?: string;
    readonly kDate?: string;
    readonly kService?: string;
    readonly kSigning?: string;
    readonly signature: string;
    readonly authorization: string;
  };
}

function received({ input }: Tc3Vector): ReceivedRequest {
  const headers = Object.entries(input.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    method: input.method,
    rawPath: '/',
    rawQuery: input.query,
    headers: {
      ...(Object.fromEntries(headers) as Record<string, string>),
      'x-tc-timestamp': String(input.timestampSeconds),
    },
    body: Buffer.from(input.body, 'utf8'),
    arrivedAtMs: 0,
  };
}

function parsed(value: string): Tc3Authorization {
  const authorization = parseTc3(value);
  expect(authorization).not.toBeNull();
  return authorization as Tc3Authorization;
}

const vectors = readVectors<Tc3Vector>('tc3');

describe('the verifier of TC3 signatures', () => {
  it('has the six vectors of tc3-signature.md section 6', () => {
    expect(vectors).toHaveLength(6);
  });

  describe.each(vectors.map((vector) => [vector.file, vector] as const))('on %s', (_file, vector) => {
    const request = received(vector);
    const authorization = parsed(vector.expected.authorization);
    const { secretKey } = vector.input;
    const headers = request.headers;

    it('comes to the same text and keys at every stage, as far as they are published', () => {
      const host = headers['host'] ?? '';
      const canonical = canonicalRequest(request, authorization.signedHeaders, host.replace(/:\d+$/, ''));
      const keys = tc3Keys(secretKey, authorization.date, authorization.service);
      const reached: Tc3Vector['expected'] = {
        canonicalRequest: canonical,
        stringToSign: tc3StringToSign(canonical, authorization, String(vector.input.timestampSeconds)),
        kDate: keys.date.toString('hex'),
        kService: keys.service.toString('hex'),
        kSigning: keys.signing.toString('hex'),
        signature: vector.expected.signature,
        authorization: vector.expected.authorization,
      };
      const { expected } = vector;
      expect(reached).toMatchObject(
        Object.fromEntries(Object.entries(expected).filter(([stage]) => stage in reached)),
      );
    });

    it('accepts the signature', () => {
      expect(provesTc3(request, authorization, secretKey)).toBe(true);
    });

    it('accepts it when the Host header carries a port that was not signed', () => {
      const withPort = {
        ...request,
        headers: { ...headers, host: `${(headers['host'] ?? '').replace(/:\d+$/, '')}:8080` },
      };
      expect(provesTc3(withPort, authorization, secretKey)).toBe(true);
    });

    it.each<[string, Partial<ReceivedRequest>, Partial<Tc3Authorization>, string]>([
      ['a body with one byte changed', { body: Buffer.concat([request.body, Buffer.from(' ')]) }, {}, ''],
      ['another query', { rawQuery: 'Limit=1' }, {}, ''],
      ['another method', { method: 'PUT' }, {}, ''],
      [
        'a charset added to the content type after signing',
        { headers: { ...headers, 'content-type': `${headers['content-type'] ?? ''}; charset=gbk` } },
        {},
        '',
      ],
      ['another host', { headers: { ...headers, host: 'cvm.example.com' } }, {}, ''],
      [
        'a timestamp moved by a second',
        { headers: { ...headers, 'x-tc-timestamp': String(vector.input.timestampSeconds - 1) } },
        {},
        '',
      ],
      ['a scope of the day before', {}, { date: '2019-02-24' }, ''],
      ['another service in the scope', {}, { service: 'sts' }, ''],
      ['a signature in upper case', {}, { signature: authorization.signature.toUpperCase() }, ''],
      [
        'a signed header that is absent',
        {},
        { signedHeaders: [...authorization.signedHeaders, 'x-tc-zone'] },
        '',
      ],
      ['another secret key', {}, {}, 'x'],
    ])('rejects %s', (_what, request_, authorization_, keySuffix) => {
      const changed = { ...authorization, ...authorization_ };
      expect(provesTc3({ ...request, ...request_ }, changed, secretKey + keySuffix)).toBe(false);
    });
  });
});

it('rejects a scope with the local date of Beijing, though it is signed consistently', () => {
  const vector = vectors.find(({ file }) => file.startsWith('v2'));
  expect(vector).toBeDefined();
  if (vector !== undefined) {
    const request = received(vector);
    // 2025-12-31T23:59:59Z is already the new year there
    const authorization = { ...parsed(vector.expected.authorization), date: '2026-01-01' };
    const timestamp = String(vector.input.timestampSeconds);
    const canonical = canonicalRequest(request, authorization.signedHeaders, request.headers['host'] ?? '');
    const signature = createHmac(
      'sha256',
      tc3Keys(vector.input.secretKey, authorization.date, 'batch').signing,
    )
      .update(tc3StringToSign(canonical, authorization, timestamp))
      .digest('hex');
    expect(provesTc3(request, { ...authorization, signature }, vector.input.secretKey)).toBe(false);
  }
});

describe('parsing an Authorization value', () => {
  const good = vectors[1]?.expected.authorization ?? '';

  it('tolerates missing or further spaces after the commas', () => {
    expect(parseTc3(good.replaceAll(', ', ','))).toEqual(parseTc3(good));
    expect(parseTc3(good.replaceAll(', ', ',   '))).toEqual(parseTc3(good));
  });

  it.each([
    ['nothing', ''],
    ['another algorithm', good.replace('TC3-HMAC-SHA256', 'TC3-HMAC-SHA1')],
    ['another terminator', good.replace('tc3_request', 'aws4_request')],
    ['a scope without a date', good.replace(/\/\d{4}-\d{2}-\d{2}/, '')],
    ['a signature that leaves out the host', good.replace('content-type;host', 'content-type')],
    ['a signature that leaves out the content type', good.replace('content-type;host', 'host')],
    ['names out of order', good.replace('content-type;host', 'host;content-type')],
    ['no signature', good.replace(/, Signature=.*/, '')],
  ])('turns away %s', (_what, value) => {
    expect(parseTc3(value)).toBeNull();
  });
});
