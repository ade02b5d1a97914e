/** A document as a manifest lists it. */
export interface PersistedDocument {
  /** What clients call it by. */
  readonly id: string;
  readonly text: string;
}

/**
 * What is done about a text that no manifest holds: `off`, it is run; `log`, it is run and the operator told; `enforce`, it
 * is refused.
 */
export type DocumentsMode = 'off' | 'log' | 'enforce';

/** The longest id that is looked up, in characters: that of a hash has 71. */
const MAX_ID_LENGTH = 256;

const ID = /^[A-Za-z0-9._~-]+(?::[A-Za-z0-9._~:-]+)?$/;

/** Whether a text has the form of a document identifier (GraphQL over HTTP, appendix A): unreserved characters and colons. */
export function isDocumentId(text: string): boolean {
  return text.length <= MAX_ID_LENGTH && ID.test(text);
}

const SHA256_PREFIX = 'sha256:';

/** The 64 hexadecimal digits of an id that says of itself to be a SHA-256; null for any other. */
export function sha256OfId(id: string): string | null {
  const digits = id.slice(SHA256_PREFIX.length);
  return id.startsWith(SHA256_PREFIX) && isSha256Hex(digits) ? digits : null;
}

/** Whether it is 64 lower-case hexadecimal digits. */
export function isSha256Hex(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
