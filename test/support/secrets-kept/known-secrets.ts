/** Which texts are secret in this process's tests, and the search for them. */
import { formsOf } from './forms.ts';
import { type Hit, MIN_NEEDLE_BYTES, Needles } from './needles.ts';

/** `secret`: one of the others, which is not known. */
export type SecretKind =
  'SecretId' | 'SecretKey' | 'session token' | 'router secret' | 'Redis password' | 'bearer token' | 'secret';

export interface SecretForm {
  readonly kind: SecretKind;
  /** The secret itself. */
  readonly text: string;
  /** How it is written, as `formsOf` calls it. */
  readonly form: string;
}

/** With this every signed token begins whose header begins with its algorithm: `{"alg":` in base64. */
const TOKEN_BEGINNING = 'eyJhbGciOi';

const needles = new Needles<SecretForm>();
const learned = new Set<string>();
needles.add(TOKEN_BEGINNING, { kind: 'bearer token', text: TOKEN_BEGINNING, form: 'raw' });

/** Has a text searched for from now on. One of fewer than eight bytes is not: it would be found everywhere. */
export function learnSecret(text: string, kind: SecretKind = kindOf(text)): void {
  if (learned.has(text)) {
    return;
  }
  learned.add(text);
  if (Buffer.byteLength(text) < MIN_NEEDLE_BYTES) {
    return;
  }
  for (const [form, written] of Object.entries(formsOf(text))) {
    needles.add(written, { kind, text, form });
  }
}

/** Of what a `Secret` holds, the part that is one: the address of a Redis is none, but the passwords in it are. */
export function learnRevealed(text: string): void {
  if (learned.has(text)) {
    return;
  }
  if (!/^\/|:\/\//.test(text)) {
    learnSecret(text);
    return;
  }
  learned.add(text);
  learnPasswords(text);
}

const SETTINGS: readonly (readonly [kind: SecretKind, name: RegExp])[] = [
  ['SecretId', /secret_?id/i],
  ['SecretKey', /secret_?key/i],
  ['session token', /session_?token/i],
  ['router secret', /router_?secret/i],
];

/** Learns the secrets of an environment or of a configuration file, which a program of its own will be started with. */
export function learnSettings(text: string): void {
  for (const [, name = '', value = ''] of text.matchAll(/\b(\w+)\s*[:=]\s*["'[]*([^\s"',\]{}]+)/g)) {
    const kind = SETTINGS.find(([, pattern]) => pattern.test(name))?.[0];
    if (kind !== undefined && !value.startsWith('$')) {
      learnSecret(value, kind);
    }
  }
  learnPasswords(text);
}

function learnPasswords(text: string): void {
  const patterns = [/\/\/[^\s:@/]*:([^\s@/]+)@/g, /[?&](?:sentinelP|p)assword=([^\s&"',]+)/g];
  for (const pattern of patterns) {
    for (const [, password = ''] of text.matchAll(pattern)) {
      learnSecret(decoded(password), 'Redis password');
    }
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function kindOf(text: string): SecretKind {
  return text.startsWith('AKID') ? 'SecretId' : 'secret';
}

/** Where which secret stands in which form. */
export function secretsIn(bytes: Buffer): Hit<SecretForm>[] {
  return needles.find(bytes);
}
