/** Chance that repeats itself: the same seed gives the same world on every machine. Not for anything secret. */
export interface Random {
  /** A number from 0 up to, not including, 1. */
  fraction(): number;
  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
  text(length: number, alphabet: string): string;
  hex(length: number): string;
  uuid(): string;
}

const HEX = '0123456789abcdef';

/** One independent sequence per (seed, label): adding a job to one source does not reshuffle another. */
export function createRandom(seed: number, label: string): Random {
  let state = mix(seed, label);
  const fraction = (): number => {
    // mulberry32: one 32-bit word of state, good enough for making up jobs
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 4_294_967_296;
  };
  const integer = (min: number, max: number): number => min + Math.floor(fraction() * (max - min + 1));
  const text = (length: number, alphabet: string): string =>
    Array.from({ length }, () => alphabet[integer(0, alphabet.length - 1)]).join('');
  return {
    fraction,
    integer,
    chance: (probability) => fraction() < probability,
    pick: (list) => list[integer(0, list.length - 1)] ?? list[0],
    text,
    hex: (length) => text(length, HEX),
    uuid: () =>
      `${text(8, HEX)}-${text(4, HEX)}-4${text(3, HEX)}-${text(1, '89ab')}${text(3, HEX)}-${text(12, HEX)}`,
  };
}

function mix(seed: number, label: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (const byte of Buffer.from(label, 'utf8')) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash | 0;
}
