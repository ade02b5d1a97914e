import { createHash, createHmac } from 'node:crypto';
import { headerOf, type ReceivedRequest } from './received-request.ts';
import { sameText } from './same-text.ts';

/** A parsed Authorization value of TC3-HMAC-SHA256 (tc3-signature.md section 1, step 4). */
export interface Tc3Authorization {
  readonly secretId: string;
  readonly date: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const FORM =
  /^TC3-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{4}-\d{2}-\d{2})\/([^/,\s]+)\/tc3_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([^,\s]+)$/;

/** Null when the form is wrong, the names are not ascending, or `content-type` and `host` are not both signed (section 5). */
export function parseTc3(value: string): Tc3Authorization | null {
  const match = FORM.exec(value);
  if (match === null) {
    return null;
  }
  const [, secretId = '', date = '', service = '', list = '', signature = ''] = match;
  const signedHeaders = list.split(';');
  const ascending = signedHeaders.every(
    (name, index) => index === 0 || (signedHeaders[index - 1] ?? '') < name,
  );
  if (!ascending || !signedHeaders.includes('content-type') || !signedHeaders.includes('host')) {
    return null;
  }
  return { secretId, date, service, signedHeaders, signature };
}

/** Step 1. `host` replaces the Host header's value, for the allowance of section 5. */
export function canonicalRequest(
  request: ReceivedRequest,
  signedHeaders: readonly string[],
  host: string,
): string {
  const lines = signedHeaders.map((name) => {
    const value = name === 'host' ? host : (headerOf(request, name) ?? '');
    return `${name}:${value.trim().toLowerCase()}\n`;
  });
  return [
    request.method,
    request.rawPath,
    request.rawQuery,
    lines.join(''),
    signedHeaders.join(';'),
    payloadHash(request),
  ].join('\n');
}

/** Step 2. */
export function tc3StringToSign(
  canonical: string,
  authorization: Tc3Authorization,
  timestamp: string,
): string {
  const scope = `${authorization.date}/${authorization.service}/tc3_request`;
  return ['TC3-HMAC-SHA256', timestamp, scope, sha256(canonical)].join('\n');
}

/** Step 3, up to kSigning. */
export function tc3Keys(
  secretKey: string,
  date: string,
  service: string,
): Record<'date' | 'service' | 'signing', Buffer> {
  const dateKey = hmac(`TC3${secretKey}`, date);
  const serviceKey = hmac(dateKey, service);
  return { date: dateKey, service: serviceKey, signing: hmac(serviceKey, 'tc3_request') };
}

/** The UTC day of the timestamp, which the scope must name (step 2). */
export function utcDate(timestamp: string): string {
  return new Date(Number(timestamp) * 1000).toISOString().slice(0, 10);
}

/**
 * Whether the signature is right (section 5): with the Host header as it came, or without its port, since the official Node
 * SDK leaves the port out of what it signs.
 */
export function provesTc3(
  request: ReceivedRequest,
  authorization: Tc3Authorization,
  secretKey: string,
): boolean {
  const timestamp = headerOf(request, 'x-tc-timestamp') ?? '';
  if (
    authorization.date !== utcDate(timestamp) ||
    authorization.signedHeaders.some((name) => headerOf(request, name) === null)
  ) {
    return false;
  }
  const key = tc3Keys(secretKey, authorization.date, authorization.service).signing;
  const host = headerOf(request, 'host') ?? '';
  return [host, host.replace(/:\d+$/, '')].some((candidate) => {
    const canonical = canonicalRequest(request, authorization.signedHeaders, candidate);
    const expected = hmac(key, tc3StringToSign(canonical, authorization, timestamp)).toString('hex');
    return sameText(expected, authorization.signature);
  });
}

const UNSIGNED = 'UNSIGNED-PAYLOAD';

function payloadHash(request: ReceivedRequest): string {
  return sha256(headerOf(request, 'x-tc-content-sha256') === UNSIGNED ? UNSIGNED : request.body);
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}
