import { sha256Hex } from './lib/sha256.ts';
import { isDocumentId, isSha256Hex, type PersistedDocument, sha256OfId } from './model/persisted-document.ts';

/** A document, and the file that lists it as faults call that. */
export interface ListedDocument extends PersistedDocument {
  readonly manifest: string;
}

export interface ManifestFile {
  readonly path: string;
  /** What faults call it. */
  readonly name: string;
}

export interface Manifests {
  readonly documents: readonly ListedDocument[];
  readonly faults: readonly string[];
}

const FORMATS =
  'expected a manifest of @apollo/generate-persisted-query-manifest, of relay-compiler or of @graphql-codegen/client-preset';

/**
 * The documents of all manifests, each id once, and every fault of the files: one that cannot be read or has no known form, an
 * id that clients could not send, and ids that do not stand for one text. The texts are not looked at. No fault quotes a file: it may be another
 * than was meant.
 */
export function readManifests(files: readonly ManifestFile[], readFile: (path: string) => string): Manifests {
  const faults: string[] = [];
  const listed = files.flatMap(({ path, name }) => {
    const documents = documentsIn(path, readFile);
    if (typeof documents === 'string') {
      faults.push(`${name}: ${documents}`);
      return [];
    }
    return documents.map(({ id, text }) => ({ id, text, manifest: name }));
  });
  const byId = new Map<string, ListedDocument>();
  for (const document of listed) {
    const { id, text, manifest } = document;
    const other = byId.get(id);
    if (other !== undefined && other.text !== text) {
      faults.push(
        `${manifest}: expected the document ${show(id)} once, got it with another text in ${other.manifest}`,
      );
    }
    byId.set(id, other ?? document);
  }
  const documents = [...byId.values()];
  return { documents, faults: [...faults, ...idFaults(documents)] };
}

/** A half sentence about what is wrong in place of documents. */
function documentsIn(path: string, readFile: (path: string) => string): PersistedDocument[] | string {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    return `expected a readable file, got ${error instanceof Error && 'code' in error ? String(error.code) : 'an error'}`;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'expected JSON, got a syntax error';
  }
  if (!isMapping(value)) {
    return `${FORMATS}, got something else`;
  }
  const documents = 'format' in value ? ofApollo(value) : ofTexts(value, text);
  return documents.length === 0 ? 'expected at least one document, got none' : documents;
}

const APOLLO_FORMAT = 'apollo-persisted-query-manifest';

function ofApollo({
  format,
  version,
  operations,
}: Readonly<Record<string, unknown>>): PersistedDocument[] | string {
  if (format !== APOLLO_FORMAT || version !== 1) {
    return `expected the format ${APOLLO_FORMAT} of version 1, got another`;
  }
  if (!Array.isArray(operations) || !operations.every(isApolloOperation)) {
    return 'expected operations, each with an id and a body, got something else';
  }
  return operations.map(({ id, body }) => ({ id, text: body }));
}

function isApolloOperation(value: unknown): value is { readonly id: string; readonly body: string } {
  return isMapping(value) && typeof value['id'] === 'string' && typeof value['body'] === 'string';
}

/** Texts by their ids, as relay-compiler and codegen write them. */
function ofTexts(value: Readonly<Record<string, unknown>>, json: string): PersistedDocument[] | string {
  if (!Object.values(value).every((text) => typeof text === 'string')) {
    return `${FORMATS}, got something else`;
  }
  // All that such a file consists of is texts, a name and a value by turns. The parser would forget a name that comes again.
  const texts = (json.match(/"(?:[^"\\]|\\.)*"/g) ?? []).map((literal) => String(JSON.parse(literal)));
  return Array.from({ length: texts.length / 2 }, (_, index) => ({
    id: texts[2 * index] ?? '',
    text: texts[2 * index + 1] ?? '',
  }));
}

function idFaults(documents: readonly ListedDocument[]): string[] {
  const bySha256 = new Map(documents.map((document) => [sha256Hex(document.text), document]));
  return documents.flatMap(({ id, text, manifest }) => {
    const fault = (expected: string): string => `${manifest}: expected ${expected}, got ${show(id)}`;
    if (!isDocumentId(id)) {
      return [fault('ids of up to 256 letters, digits and "-._~", with a prefix and a colon or without')];
    }
    const claimed = sha256OfId(id);
    if (claimed !== null && claimed !== sha256Hex(text)) {
      return [fault('an id that begins with sha256: to be the SHA-256 of its document')];
    }
    const other = isSha256Hex(id) ? bySha256.get(id) : undefined;
    return other !== undefined && other.text !== text
      ? [fault(`no id that is the SHA-256 of another document (${show(other.id)})`)]
      : [];
  });
}

function show(id: string): string {
  return JSON.stringify(id.length > 80 ? `${id.slice(0, 80)}…` : id);
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
