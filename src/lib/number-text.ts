const INTEGER = /^-?\d+$/;

/** The largest value of GraphQL's Int. */
export const MAX_INT32 = 2_147_483_647;

/**
 * A decimal integer within the bounds, both included; null for anything else: null, a fraction, an exponent, words, a
 * value out of bounds. The bounds must be safe integers.
 */
export function integerOf(text: string | null, min: number, max: number): number | null {
  if (text === null || !INTEGER.test(text)) {
    return null;
  }
  const value = Number(text);
  return value >= min && value <= max ? value : null;
}
