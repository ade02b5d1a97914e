import { createHash, createHmac } from 'node:crypto';
import { headerOf, pathOf, queryOf, type ReceivedRequest } from './received-request.ts';
import { sameText } from './same-text.ts';

/** A parsed Authorization value of the q-sign scheme (cos-signature.md section 3, step 7). */
export interface QSignAuthorization {
  readonly secretId: string;
  readonly signTime: string;
  readonly keyTime: string;
  readonly headerList: readonly string[];
  readonly paramList: readonly string[];
  readonly signature: string;
}

const KEYS = [
  'q-sign-algorithm',
  'q-ak',
  'q-sign-time',
  'q-key-time',
  'q-header-list',
  'q-url-param-list',
  'q-signature',
] as const;

/** Null when one of the seven keys is missing or repeated, the algorithm is not sha1, or a time is not `<start>;<end>`. */
export function parseQSign(value: string): QSignAuthorization | null {
  const pairs = value.split('&').map((part) => splitFirst(part, '='));
  const found = new Map(pairs);
  if (pairs.length !== KEYS.length || found.size !== KEYS.length || !KEYS.every((key) => found.has(key))) {
    return null;
  }
  const get = (key: (typeof KEYS)[number]): string => found.get(key) ?? '';
  if (
    get('q-sign-algorithm') !== 'sha1' ||
    [get('q-sign-time'), get('q-key-time')].some((time) => !isWindow(time))
  ) {
    return null;
  }
  return {
    secretId: get('q-ak'),
    signTime: get('q-sign-time'),
    keyTime: get('q-key-time'),
    headerList: names(get('q-header-list')),
    paramList: names(get('q-url-param-list')),
    signature: get('q-signature'),
  };
}

export type WindowVerdict = 'open' | 'expired' | 'skewed';

const SKEW_LIMIT_S = 15 * 60;

/**
 * Where the clock stands against both windows (section 5). A window that begins more than 15 minutes ahead can only come from
 * a wrong clock; one that has ended may be honest, so it is merely expired.
 */
export function judgeWindow(authorization: QSignAuthorization, nowMs: number): WindowVerdict {
  const nowS = Math.floor(nowMs / 1000);
  const windows = [authorization.signTime, authorization.keyTime].map((time) => time.split(';').map(Number));
  if (windows.some(([start]) => start !== undefined && start > nowS + SKEW_LIMIT_S)) {
    return 'skewed';
  }
  return windows.some(([, end]) => end !== undefined && end < nowS) ? 'expired' : 'open';
}

/** What the server computes from the request; the two texts go back to the caller on a mismatch. */
export interface QSignProof {
  readonly matches: boolean;
  /** HttpString of section 3 step 4; the error body calls it FormatString. */
  readonly formatString: string;
  readonly stringToSign: string;
}

/** Recomputes the signature over exactly the names that the caller listed (section 4). A listed name that is absent cannot match. */
export function proveQSign(
  request: ReceivedRequest,
  authorization: QSignAuthorization,
  secretKey: string,
): QSignProof {
  const signKey = createHmac('sha1', secretKey).update(authorization.keyTime, 'utf8').digest('hex');
  const headers = listed(headerPairs(request), authorization.headerList);
  const params = listed(
    queryOf(request).map(({ name, value }) => [encodeName(name), encodeText(value)]),
    authorization.paramList,
  );
  const formatString =
    [request.method.toLowerCase(), pathOf(request) ?? request.rawPath, params.text, headers.text].join('\n') +
    '\n';
  const digest = createHash('sha1').update(formatString, 'utf8').digest('hex');
  const stringToSign = `sha1\n${authorization.signTime}\n${digest}\n`;
  const signature = createHmac('sha1', signKey).update(stringToSign, 'utf8').digest('hex');
  const matches = headers.complete && params.complete && sameText(signature, authorization.signature);
  return { matches, formatString, stringToSign };
}

/** Section 1: percent-encode everything but letters, digits, `-`, `_`, `.` and `~`. */
export function encodeText(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function encodeName(name: string): string {
  return encodeText(name).toLowerCase();
}

type Pair = readonly [name: string, value: string];

function headerPairs(request: ReceivedRequest): readonly Pair[] {
  return Object.keys(request.headers).map((name) => [
    encodeName(name),
    encodeText(headerOf(request, name) ?? ''),
  ]);
}

function listed(pairs: readonly Pair[], list: readonly string[]): { text: string; complete: boolean } {
  const wanted = new Set(list);
  const chosen = pairs.filter(([name]) => wanted.has(name)).toSorted(byNameThenValue);
  const present = new Set(chosen.map(([name]) => name));
  return {
    text: chosen.map(([name, value]) => `${name}=${value}`).join('&'),
    complete: [...wanted].every((name) => present.has(name)),
  };
}

function byNameThenValue(left: Pair, right: Pair): number {
  return compare(left[0], right[0]) || compare(left[1], right[1]);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

function names(list: string): readonly string[] {
  return list === '' ? [] : list.split(';');
}

function isWindow(text: string): boolean {
  const match = /^(\d{1,12});(\d{1,12})$/.exec(text);
  return match !== null && Number(match[1]) < Number(match[2]);
}

function splitFirst(text: string, separator: string): readonly [string, string] {
  const cut = text.indexOf(separator);
  return cut < 0 ? [text, ''] : [text.slice(0, cut), text.slice(cut + 1)];
}
