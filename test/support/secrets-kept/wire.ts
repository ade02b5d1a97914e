/** What is on the wire, told by how it begins, and which secrets may be in it. */
import type { SecretKind } from './known-secrets.ts';
import { type Allows, lookThrough } from './leaks.ts';

interface Dialect {
  readonly name: string;
  readonly beginning: RegExp;
  /** Not given for an answer. */
  readonly isQuestion: boolean;
  readonly allows: Allows;
}

/** The lines of a request's head that prove who asks, and what may be in each. A SecretKey is for no line. */
const PROOFS: readonly (readonly [header: RegExp, kinds: readonly SecretKind[]])[] = [
  [/^(?:proxy-)?authorization:/i, ['SecretId', 'bearer token', 'secret']],
  [/^(?:x-(?:cos|ci)-security-token|x-tc-token):/i, ['session token', 'secret']],
  [/^cookie:/i, ['bearer token', 'secret']],
  [/^router-authorization:/i, ['router secret', 'secret']],
];

/** What logs in to a Redis, or tells it with which password that is done. */
const LOGIN = /\*\d+\r\n\$\d+\r\n(?:auth|hello|config|acl|sentinel)\r\n(?:(?!\r\n\*\d).)*$/is;

const DIALECTS: readonly Dialect[] = [
  { name: 'an HTTP answer', beginning: /^HTTP\//, isQuestion: false, allows: () => false },
  {
    name: 'an HTTP request',
    beginning: /^[A-Z]{3,7} [/h*]/,
    isQuestion: true,
    allows: ({ kind }, before) => {
      const line = before.slice(before.lastIndexOf('\n') + 1);
      return PROOFS.some(([header, kinds]) => header.test(line) && kinds.includes(kind));
    },
  },
  {
    name: 'a command to Redis',
    beginning: /^\*\d/,
    isQuestion: true,
    allows: ({ kind }, before) => ['Redis password', 'secret'].includes(kind) && LOGIN.test(before),
  },
];
const OTHER: Dialect = { name: 'a stream', beginning: /^/, isQuestion: false, allows: () => false };

/** So much of what came before is looked at again with what comes: a secret, or the line it is in, may come in parts. */
const KEPT_BYTES = 1_024;
const BEGINNING_BYTES = 8;

/** One direction of a connection. */
export class Stream {
  #dialect: Dialect | null = null;
  #before = Buffer.alloc(0);

  /** Looks through what goes on it next, unless that is an answer and answers are exempt. */
  lookThrough(bytes: Buffer, peer: string, isExempt: () => boolean): void {
    const text = this.#before.length === 0 ? bytes : Buffer.concat([this.#before, bytes]);
    const isBegun = this.#dialect !== null;
    if (!isBegun && text.length < BEGINNING_BYTES) {
      this.#before = Buffer.from(text);
      return;
    }
    this.#dialect ??= dialectOf(text);
    if (this.#dialect.isQuestion || !isExempt()) {
      const from = isBegun ? this.#before.length : 0;
      lookThrough(text, `${this.#dialect.name} ${peer}`, this.#dialect.allows, from);
    }
    this.#before = Buffer.from(text.subarray(-KEPT_BYTES));
  }
}

function dialectOf(bytes: Buffer): Dialect {
  const text = bytes.toString('latin1', 0, 16);
  return DIALECTS.find(({ beginning }) => beginning.test(text)) ?? OTHER;
}
