/**
 * TC3-HMAC-SHA256, the request signature of Tencent Cloud API 3.0: text in, text out, one function per stage of the
 * published algorithm ("Signature v3"), so that a mistake shows at the stage where it happens.
 */
import { createHash, createHmac } from 'node:crypto';

const ALGORITHM = 'TC3-HMAC-SHA256';

/** What a TC3 signature protects. Only the headers given here are signed; `content-type` and `host` must be among them. */
export interface Tc3SigningInput {
  readonly method: 'GET' | 'POST';
  /** Exactly what follows `?` on the wire, percent-encoded and in that order; empty for POST. */
  readonly query: string;
  /** Names in any case; values exactly as they will be sent. */
  readonly headers: Readonly<Record<string, string>>;
  /** Exactly the text whose UTF-8 bytes are sent; empty for GET. */
  readonly body: string;
}

export interface Tc3AuthorizationInput extends Tc3SigningInput {
  /** Unix seconds, the same as in `X-TC-Timestamp`. */
  readonly timestampSeconds: number;
  /** E.g. `batch`. */
  readonly service: string;
  readonly secretId: string;
  readonly secretKey: string;
}

/** The chain of derived keys, raw bytes. `kSigning` is the one that signs. */
export interface Tc3KeyChain {
  readonly kDate: Buffer;
  readonly kService: Buffer;
  readonly kSigning: Buffer;
}

/** The six parts of the canonical request, joined by line feeds. The path is always `/`. */
export function canonicalRequest(input: Tc3SigningInput): string {
  const headers = canonicalHeaders(input.headers);
  return [
    input.method,
    '/',
    input.query,
    headers.map(([name, value]) => `${name}:${value}\n`).join(''),
    headers.map(([name]) => name).join(';'),
    sha256Hex(input.body),
  ].join('\n');
}

/** `YYYY-MM-DD` in UTC, from the same timestamp that is signed: a local date fails for eight hours a day in China. */
export function utcDate(timestampSeconds: number): string {
  return new Date(timestampSeconds * 1_000).toISOString().slice(0, 10);
}

/** What a signature is good for: `<date>/<service>/tc3_request`. */
export function credentialScope(timestampSeconds: number, service: string): string {
  return `${utcDate(timestampSeconds)}/${service}/tc3_request`;
}

/** The string to sign for one canonical request; no line feed at its end. */
export function stringToSign(request: string, timestampSeconds: number, service: string): string {
  return [
    ALGORITHM,
    String(timestampSeconds),
    credentialScope(timestampSeconds, service),
    sha256Hex(request),
  ].join('\n');
}

/** Derives the signing key of one UTC day and service. */
export function signingKey(secretKey: string, date: string, service: string): Tc3KeyChain {
  const kDate = hmacSha256(`TC3${secretKey}`, date);
  const kService = hmacSha256(kDate, service);
  return { kDate, kService, kSigning: hmacSha256(kService, 'tc3_request') };
}

/** The signature: 64 lower-case hex digits. */
export function signature(kSigning: Buffer, text: string): string {
  return hmacSha256(kSigning, text).toString('hex');
}

/** The value of the Authorization header, on one line. */
export function authorization(input: Tc3AuthorizationInput): string {
  const { timestampSeconds, service } = input;
  const text = stringToSign(canonicalRequest(input), timestampSeconds, service);
  const { kSigning } = signingKey(input.secretKey, utcDate(timestampSeconds), service);
  const credential = `${input.secretId}/${credentialScope(timestampSeconds, service)}`;
  const names = canonicalHeaders(input.headers).map(([name]) => name);
  return `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature(kSigning, text)}`;
}

/** Trimmed and lower-cased, value included (`DescribeJobs` is signed as `describejobs`), in ASCII order of the name. */
function canonicalHeaders(
  headers: Readonly<Record<string, string>>,
): (readonly [name: string, value: string])[] {
  return Object.entries(headers)
    .map(([name, value]) => [name.trim().toLowerCase(), value.trim().toLowerCase()] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

function hmacSha256(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}
