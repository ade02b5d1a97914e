import { hash } from 'node:crypto';

/** 132 bits of the digest: as many as nobody ever sees twice. */
const LENGTH = 22;

const TAG = /(?:W\/)?("[^"]*")/g;

/** The strong validator of a body of that type: the same text of another type is another representation. */
export function etagOf(type: string, text: string): string {
  return `"${hash('sha256', `${type}\n${text}`, 'base64url').slice(0, LENGTH)}"`;
}

/** Whether an `If-None-Match` names the tag: `*`, or a list compared weakly (RFC 9110 section 13.1.2). */
export function namesTag(ifNoneMatch: string, etag: string): boolean {
  return ifNoneMatch.trim() === '*' || Array.from(ifNoneMatch.matchAll(TAG), ([, tag]) => tag).includes(etag);
}
