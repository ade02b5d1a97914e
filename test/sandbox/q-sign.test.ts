import { describe, expect, it } from 'vitest';
import {
  encodeText,
  judgeWindow,
  parseQSign,
  proveQSign,
  type QSignAuthorization,
} from '../../src/sandbox/q-sign.ts';
import type { ReceivedRequest } from '../../src/sandbox/received-request.ts';
import { readVectors } from '../signature/vectors.ts';

interface CosVector {
  readonly case: string;
  readonly input: {
    readonly method: string;
    readonly path: string;
    readonly params: readonly (readonly [string, string])[];
    readonly headers: Readonly<Record<string, string>>;
    readonly secretKey: string;
  };
  readonly expected: {
    readonly httpString: string;
    readonly stringToSign: string;
    readonly authorization: string;
  };
}

function received({ input }: CosVector): ReceivedRequest {
  const query = input.params.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  const headers = Object.entries(input.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    method: input.method,
    rawPath: input.path,
    rawQuery: query,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: Buffer.alloc(0),
    arrivedAtMs: 0,
  };
}

function parsed(value: string): QSignAuthorization {
  const authorization = parseQSign(value);
  expect(authorization).not.toBeNull();
  return authorization as QSignAuthorization;
}

const vectors = readVectors<CosVector>('cos');

describe('the verifier of COS and CI signatures', () => {
  it('has the six vectors of cos-signature.md section 8', () => {
    expect(vectors).toHaveLength(6);
  });

  describe.each(vectors.map((vector) => [vector.file, vector] as const))('on %s', (_file, vector) => {
    const request = received(vector);
    const authorization = parsed(vector.expected.authorization);

    it('recomputes both texts and accepts the signature', () => {
      expect(proveQSign(request, authorization, vector.input.secretKey)).toEqual({
        matches: true,
        formatString: vector.expected.httpString,
        stringToSign: vector.expected.stringToSign,
      });
    });

    it.each<[string, Partial<ReceivedRequest>, Partial<QSignAuthorization>, string]>([
      ['another method', { method: 'DELETE' }, {}, ''],
      ['another path', { rawPath: `${request.rawPath}x` }, {}, ''],
      ['another host', { headers: { ...request.headers, host: 'elsewhere.example' } }, {}, ''],
      [
        'a listed header that is absent',
        {},
        { headerList: [...authorization.headerList, 'x-cos-absent'] },
        '',
      ],
      ['a listed parameter that is absent', {}, { paramList: [...authorization.paramList, 'absent'] }, ''],
      ['a name left out of the list', {}, { headerList: authorization.headerList.slice(1) }, ''],
      ['another key time', {}, { keyTime: '1700000001;1700003600' }, ''],
      ['another sign time', {}, { signTime: '1700000001;1700003600' }, ''],
      ['an upper-case signature', {}, { signature: authorization.signature.toUpperCase() }, ''],
      ['a short signature', {}, { signature: authorization.signature.slice(1) }, ''],
      ['another secret key', {}, {}, 'x'],
    ])('rejects %s', (_what, request_, authorization_, keySuffix) => {
      const proof = proveQSign(
        { ...request, ...request_ },
        { ...authorization, ...authorization_ },
        vector.input.secretKey + keySuffix,
      );
      expect(proof.matches).toBe(false);
    });
  });

  it('rejects a changed parameter value', () => {
    const vector = vectors[0];
    expect(vector).toBeDefined();
    if (vector !== undefined) {
      const request = received(vector);
      const changed = { ...request, rawQuery: request.rawQuery.replace('maxResults=2', 'maxResults=3') };
      const authorization = parsed(vector.expected.authorization);
      expect(proveQSign(changed, authorization, vector.input.secretKey).matches).toBe(false);
    }
  });

  it('leaves out what is not listed, as the real service does', () => {
    const vector = vectors[3];
    expect(vector).toBeDefined();
    if (vector !== undefined) {
      const request = { ...received(vector), rawQuery: 'unlisted=1' };
      expect(proveQSign(request, parsed(vector.expected.authorization), vector.input.secretKey).matches).toBe(
        true,
      );
    }
  });
});

describe('parsing an Authorization value', () => {
  const good = vectors[0]?.expected.authorization ?? '';

  it.each([
    ['nothing', ''],
    ['another algorithm', good.replace('=sha1', '=sha256')],
    ['a missing key', good.replace(/&q-url-param-list=[^&]*/, '')],
    ['a repeated key', `${good}&q-ak=other`],
    ['an unknown key', good.replace('q-ak=', 'q-akk=')],
    ['a time without an end', good.replace('q-sign-time=1700000000;1700003600', 'q-sign-time=1700000000')],
    ['a window that ends before it begins', good.replaceAll('1700003600', '1600000000')],
    ['the TC3 form', 'TC3-HMAC-SHA256 Credential=a/b/c/tc3_request, SignedHeaders=host, Signature=d'],
  ])('turns away %s', (_what, value) => {
    expect(parseQSign(value)).toBeNull();
  });
});

describe('the validity window', () => {
  const authorization = parsed(vectors[0]?.expected.authorization ?? '');

  it.each([
    [1_700_000_000, 'open'],
    [1_700_003_600, 'open'],
    [1_700_003_601, 'expired'],
    // up to fifteen minutes a clock may be off
    [1_699_999_100, 'open'],
    [1_699_999_099, 'skewed'],
  ])('at second %i is %s', (second, verdict) => {
    expect(judgeWindow(authorization, second * 1000)).toBe(verdict);
  });

  it('takes the narrower of key time and sign time', () => {
    const narrower = { ...authorization, keyTime: '1700000000;1700000010' };
    expect(judgeWindow(narrower, 1_700_000_011_000)).toBe('expired');
  });
});

describe('the encoding', () => {
  it('keeps only letters, digits and - _ . ~, with upper-case escapes', () => {
    expect(encodeText("aZ09-_.~ /:,;=&+!'()*取")).toBe(
      'aZ09-_.~%20%2F%3A%2C%3B%3D%26%2B%21%27%28%29%2A%E5%8F%96',
    );
  });
});
