import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** A longer text is parsed each time: usual ones have a few KB at most. */
const MAX_TEXT_LENGTH = 8_192;

/** All kept texts together. Parsed, they take 65 bytes for each character, and 240 where somebody means harm. */
const MAX_TEXTS_LENGTH = 524_288;
/** What a document takes besides, in characters: the shortest are not for nothing. */
const DOCUMENT_LENGTH = 64;

/** What Yoga keeps parsed documents in. */
interface Documents {
  get(text: string): DocumentNode | undefined;
  set(text: string, document: DocumentNode): void;
}

/**
 * Documents that were parsed, by their texts, bounded by their length: Yoga's own store of 1,024 documents of any length may
 * grow to gigabytes of what hostile clients send. What cannot be parsed is not kept, as it costs little.
 */
export function documentCaches(): { readonly documentCache: Documents; readonly errorCache: NoErrors } {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: MAX_TEXTS_LENGTH,
    maxEntrySize: DOCUMENT_LENGTH + MAX_TEXT_LENGTH,
    sizeCalculation: (_document, text) => DOCUMENT_LENGTH + text.length,
  });
  return {
    documentCache: {
      get: (text) => documents.get(text),
      set: (text, document) => void documents.set(text, document),
    },
    errorCache: { get: () => undefined, set: () => undefined },
  };
}

interface NoErrors {
  get(text: string): undefined;
  set(text: string, error: Error): void;
}
