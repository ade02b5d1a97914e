import { timingSafeEqual } from 'node:crypto';

/** Compares without telling by its duration where the texts differ. Only their length may show. */
export function sameText(left: string, right: string): boolean {
  const a = Buffer.from(left, 'utf8');
  const b = Buffer.from(right, 'utf8');
  return a.length === b.length && timingSafeEqual(a, b);
}
