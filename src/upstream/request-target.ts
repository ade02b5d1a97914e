import { percentEncode } from '../lib/percent-encode.ts';
import type { UpstreamRequest } from './send.ts';

/** Unreserved characters and `/` only, no empty or dot segment: such a path is its own encoding and names one operation. */
const SAFE_PATH = /^\/(?:(?!\.{1,2}(?:\/|$))[\w.~-]+(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)*)?$/;

/**
 * Path and query as they go on the wire, percent-encoded per RFC 3986 (space `%20`, and `+ , ! ' ( ) *` encoded too): the
 * COS signature covers exactly these bytes. Throws a plain Error for a path that no client may build: a `..` sent to an
 * upstream is another, validly signed operation (reliability T12).
 */
export function requestTarget({ path, query }: Pick<UpstreamRequest<unknown>, 'path' | 'query'>): string {
  if (!SAFE_PATH.test(path)) {
    throw new Error('A source built a path with characters or segments that are not allowed in one');
  }
  if (query.length === 0) {
    return path;
  }
  return `${path}?${query.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join('&')}`;
}
