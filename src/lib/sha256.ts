import { hash } from 'node:crypto';

/** The SHA-256 of a text's UTF-8, as 64 lower-case hexadecimal digits. */
export function sha256Hex(text: string): string {
  return hash('sha256', text, 'hex');
}
