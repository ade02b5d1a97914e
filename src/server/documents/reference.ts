import { isDocumentId, isSha256Hex, sha256OfId } from '../../model/persisted-document.ts';
import { badReference } from './refusals.ts';

/** How a request calls its document. */
export interface DocumentReference {
  /** As the client wrote it. */
  readonly id: string;
  /** The SHA-256 of the text, where the id is one. */
  readonly sha256: string | null;
}

/** The parameters that hold an id: GraphQL over HTTP's, and the one that Relay's users know. */
export const ID_PARAMETERS = ['documentId', 'doc_id'] as const;

const ID_FORM =
  'a document id: up to 256 letters, digits and "-._~", such as sha256:<64 lower-case hexadecimal digits>';

/**
 * How the parameters of a request call its document, by `documentId`, `doc_id` or Apollo's `extensions.persistedQuery`; null
 * when they do not. Throws a request error for an id of a wrong form, and for several that differ.
 */
export function referenceIn(params: Readonly<Record<string, unknown>>): DocumentReference | null {
  const given = [...ID_PARAMETERS.map((name) => idReference(name, params[name])), hashReference(params)];
  const [first, ...others] = given.filter((reference) => reference !== null);
  if (first === undefined) {
    return null;
  }
  if (others.some((other) => meaningOf(other) !== meaningOf(first))) {
    throw badReference('Expected one id of a document, got several that differ.');
  }
  return first;
}

function idReference(name: string, id: unknown): DocumentReference | null {
  if (id === undefined || id === null) {
    return null;
  }
  if (typeof id !== 'string' || !isDocumentId(id)) {
    throw badReference(`Expected ${name} to be ${ID_FORM}.`);
  }
  return { id, sha256: sha256OfId(id) };
}

/** Also the ids of a manifest come as `sha256Hash`, whatever they are made of: Apollo's clients have no other place for them. */
function hashReference({ extensions }: Readonly<Record<string, unknown>>): DocumentReference | null {
  const persisted = member(extensions, 'persistedQuery');
  if (persisted === undefined || persisted === null) {
    return null;
  }
  const id = member(persisted, 'sha256Hash');
  if (member(persisted, 'version') !== 1 || typeof id !== 'string' || !isDocumentId(id)) {
    throw badReference(
      `Expected extensions.persistedQuery to have version 1 and, as sha256Hash, ${ID_FORM.replace('sha256:', '')}.`,
    );
  }
  return { id, sha256: isSha256Hex(id) ? id : sha256OfId(id) };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function meaningOf({ id, sha256 }: DocumentReference): string {
  return sha256 === null ? id : `sha256:${sha256}`;
}
