/** A text that is searched for, and what it is. */
interface Needle<Tag> {
  readonly bytes: Buffer;
  readonly tag: Tag;
}

export interface Hit<Tag> {
  readonly tag: Tag;
  /** The first byte, and the first after it. */
  readonly start: number;
  readonly end: number;
}

/** A shorter text is found everywhere. */
export const MIN_NEEDLE_BYTES = 8;

/**
 * Searches bytes for many texts at once. Two bytes that no needle has among its first eight let the search jump over seven
 * more (Wu and Manber, 1994), so that it costs about a nanosecond for each byte of what is searched, however many the needles.
 */
export class Needles<Tag> {
  /** By how much to go on when a window ends with these two bytes. */
  readonly #jumps = new Uint8Array(0x1_00_00).fill(MIN_NEEDLE_BYTES - 1);
  /** By the two bytes with which the window of a needle ends. */
  readonly #needles = new Map<number, Needle<Tag>[]>();

  /** Throws on a text that is too short to be told from others. */
  add(text: string, tag: Tag): void {
    const bytes = Buffer.from(text);
    if (bytes.length < MIN_NEEDLE_BYTES) {
      throw new RangeError(`expected ${MIN_NEEDLE_BYTES} bytes or more`);
    }
    for (let at = 1; at < MIN_NEEDLE_BYTES; at += 1) {
      const pair = pairAt(bytes, at);
      this.#jumps[pair] = Math.min(this.#jumps[pair] ?? 0, MIN_NEEDLE_BYTES - 1 - at);
    }
    const last = pairAt(bytes, MIN_NEEDLE_BYTES - 1);
    this.#needles.set(last, [...(this.#needles.get(last) ?? []), { bytes, tag }]);
  }

  find(haystack: Buffer): Hit<Tag>[] {
    const hits: Hit<Tag>[] = [];
    const jumps = this.#jumps;
    const { length } = haystack;
    let at = MIN_NEEDLE_BYTES - 1;
    while (at < length) {
      const pair = pairAt(haystack, at);
      const jump = jumps[pair]!;
      if (jump === 0) {
        this.#findAt(haystack, at - MIN_NEEDLE_BYTES + 1, pair, hits);
        at += 1;
      } else {
        at += jump;
      }
    }
    return hits;
  }

  #findAt(haystack: Buffer, start: number, pair: number, hits: Hit<Tag>[]): void {
    for (const { bytes, tag } of this.#needles.get(pair) ?? []) {
      const end = start + bytes.length;
      // The first byte tells most apart, for less than a comparison costs.
      if (
        haystack[start] === bytes[0] &&
        end <= haystack.length &&
        haystack.compare(bytes, 0, bytes.length, start, end) === 0
      ) {
        hits.push({ tag, start, end });
      }
    }
  }
}

/** A byte and the one before it as a number. */
function pairAt(bytes: Buffer, at: number): number {
  return (bytes[at - 1]! << 8) | bytes[at]!;
}
