import { LRUCache } from 'lru-cache';
import { sha256Hex } from '../../lib/sha256.ts';
import type { PersistedDocument } from '../../model/persisted-document.ts';
import type { DocumentReference } from './reference.ts';
import { saySame, tokensOf } from './tokens.ts';

/** How much memory may be taken for which texts say what: a text is looked through once, as long as it is asked for. */
const KNOWN_TEXTS_BYTES = 4_194_304;
/** No text may push out more than this part of all others. */
const LARGEST_PART = 1 / 16;
const OVERHEAD_BYTES = 300;

/** How much longer than any listed one a text may be by white space and comments; beyond that it is not looked through. */
const LONGER_TIMES = 4;
const LONGER_BY = 4_096;

interface Verdict {
  readonly listed: string | null;
}

/** The documents of all manifests, which no id gives two texts. */
export class DocumentList {
  readonly #byId = new Map<string, string>();
  readonly #bySha256 = new Map<string, string>();
  readonly #byTokens = new Map<string, string>();
  readonly #verdicts = new LRUCache<string, Verdict>({
    maxSize: KNOWN_TEXTS_BYTES,
    maxEntrySize: KNOWN_TEXTS_BYTES * LARGEST_PART,
    sizeCalculation: (_verdict, text) => OVERHEAD_BYTES + 2 * text.length,
  });
  #maxLength = 0;

  constructor(documents: readonly PersistedDocument[]) {
    for (const { id, text } of documents) {
      this.#byId.set(id, text);
      this.#bySha256.set(sha256Hex(text), text);
      this.#byTokens.set(tokensOf(text) ?? text, text);
      this.#maxLength = Math.max(this.#maxLength, LONGER_TIMES * text.length + LONGER_BY);
    }
  }

  /** The text of the document that goes by this id; null when none does. */
  find({ id, sha256 }: DocumentReference): string | null {
    return this.#byId.get(id) ?? (sha256 === null ? null : (this.#bySha256.get(sha256) ?? null));
  }

  /**
   * The text of the document that says the same, token for token: white space, commas and comments do not matter. Null when
   * none does. Costs a pass over the text the first time that it comes, and none when it is far longer than any that is listed.
   */
  listed(text: string): string | null {
    if (text.length > this.#maxLength) {
      return null;
    }
    const known = this.#verdicts.get(text);
    if (known !== undefined) {
      return known.listed;
    }
    const tokens = tokensOf(text);
    const listed = tokens === null ? null : (this.#byTokens.get(tokens) ?? null);
    this.#verdicts.set(text, { listed });
    return listed;
  }

  /** Whether a text says the same as a document that is listed. Costs as much as `listed`. */
  saysSame(text: string, document: string): boolean {
    const listed = this.listed(text);
    return listed !== null && saySame(listed, document);
  }
}
