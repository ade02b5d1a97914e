/**
 * The request signature of COS and Cloud Infinite hosts (`q-sign-algorithm=sha1`): text in, text out, one function per
 * stage of the published algorithm, so that a mistake shows at the stage where it happens. Documentation 436/7778; the
 * rules are those that the official SDKs agree on.
 */
import { createHash, createHmac } from 'node:crypto';
import { percentEncode } from '../lib/percent-encode.ts';

/** Decoded name and value; a parameter without a value has the empty text. */
export type CosParam = readonly [name: string, value: string];

/** The validity of a signature, in Unix seconds. Sign time and key time are always this one pair. */
export interface CosKeyTime {
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** What a COS signature protects. Only the parameters and headers given here are signed. */
export interface CosSigningInput {
  /** Any case. */
  readonly method: string;
  /** The decoded path, beginning with `/`, without a query. It is signed as it is, never percent-encoded. */
  readonly path: string;
  readonly params: readonly CosParam[];
  /** Names in any case; values exactly as they will be sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly keyTime: CosKeyTime;
}

export interface CosAuthorizationInput extends CosSigningInput {
  readonly secretId: string;
  readonly secretKey: string;
}

/** KeyTime as it is signed and sent: `<start>;<end>`. */
export function keyTimeText(keyTime: CosKeyTime): string {
  return `${String(keyTime.startSeconds)};${String(keyTime.endSeconds)}`;
}

/** HttpString: method, path, parameters and headers, each followed by a line feed, empty ones too. */
export function formatString(input: Omit<CosSigningInput, 'keyTime'>): string {
  const params = signedPairs(input.params);
  const headers = signedPairs(Object.entries(input.headers));
  return [input.method.toLowerCase(), input.path, joinPairs(params), joinPairs(headers), ''].join('\n');
}

/** StringToSign for one HttpString. */
export function stringToSign(httpString: string, keyTime: CosKeyTime): string {
  return `sha1\n${keyTimeText(keyTime)}\n${sha1Hex(httpString)}\n`;
}

/** SignKey: 40 lower-case hex digits. The next stage is keyed with this text, not with the bytes it stands for. */
export function signKey(secretKey: string, keyTime: CosKeyTime): string {
  return hmacSha1Hex(secretKey, keyTimeText(keyTime));
}

/** The signature: 40 lower-case hex digits. */
export function signature(key: string, text: string): string {
  return hmacSha1Hex(key, text);
}

/** The value of the Authorization header, on one line, its values not percent-encoded. */
export function authorization(input: CosAuthorizationInput): string {
  const time = keyTimeText(input.keyTime);
  const text = stringToSign(formatString(input), input.keyTime);
  return [
    'q-sign-algorithm=sha1',
    `q-ak=${input.secretId}`,
    `q-sign-time=${time}`,
    `q-key-time=${time}`,
    `q-header-list=${joinNames(signedPairs(Object.entries(input.headers)))}`,
    `q-url-param-list=${joinNames(signedPairs(input.params))}`,
    `q-signature=${signature(signKey(input.secretKey, input.keyTime), text)}`,
  ].join('&');
}

/** Name encoded and then lower-cased, value still decoded; in the order in which they are signed. */
type SignedPair = readonly [key: string, value: string];

function signedPairs(pairs: readonly CosParam[]): SignedPair[] {
  return pairs
    .map(([name, value]): SignedPair => [percentEncode(name).toLowerCase(), value])
    .toSorted(bySigningOrder);
}

/** By encoded key; a repeated name by its decoded values, as the Go SDK does. Both in byte order. */
function bySigningOrder([keyA, valueA]: SignedPair, [keyB, valueB]: SignedPair): number {
  return byBytes(keyA, keyB) || byBytes(valueA, valueB);
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function joinPairs(pairs: readonly SignedPair[]): string {
  return pairs.map(([key, value]) => `${key}=${percentEncode(value)}`).join('&');
}

function joinNames(pairs: readonly SignedPair[]): string {
  return pairs.map(([key]) => key).join(';');
}

function sha1Hex(text: string): string {
  return createHash('sha1').update(text, 'utf8').digest('hex');
}

function hmacSha1Hex(key: string, text: string): string {
  return createHmac('sha1', key).update(text, 'utf8').digest('hex');
}
