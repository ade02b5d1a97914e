import { sha256Hex } from '../../lib/sha256.ts';
import type { DocumentsMode } from '../../model/persisted-document.ts';
import type { DocumentList } from './document-list.ts';
import type { DocumentReference } from './reference.ts';
import { badReference, notFound, notInList, notInSafelist } from './refusals.ts';

/** Where the texts are kept that clients send along with their hash. */
export interface DocumentStore {
  /** The text with this SHA-256 and no other; null when it is not known. Never rejects, and takes a few tens of milliseconds at most. */
  get(sha256: string): Promise<string | null>;
  /** Keeps a text that is valid and has this SHA-256, if there is room for it. Never throws. */
  set(sha256: string, text: string): void;
}

export interface ChoiceOptions {
  readonly mode: DocumentsMode;
  readonly list: DocumentList;
  /** Null: clients cannot make documents known. Not asked in the mode `enforce`. */
  readonly store: DocumentStore | null;
}

/** A request, as far as it says which document it is about: by an id, by a text or by both. */
export interface Asked {
  readonly reference: DocumentReference | null;
  readonly text: string | null;
  /** Whether it may send any text in the mode `enforce`. */
  readonly isTrusted: boolean;
}

/** The text that a request is about. */
export interface Choice {
  readonly text: string;
  /** By which SHA-256 the text is to be made known, once it has turned out to be valid; null: not at all. */
  readonly toKeep: string | null;
}

/**
 * Which text a request with an id or a text is about. Throws a request error where there is none, where it may not be run,
 * and where the id is not that of the text. Waits for nothing unless a hash is asked for that no manifest lists.
 */
export function chooseText(options: ChoiceOptions, asked: Asked): Choice | Promise<Choice> {
  const { mode, list } = options;
  const { reference, text, isTrusted } = asked;
  const found = reference === null ? null : list.find(reference);
  if (reference !== null && found !== null) {
    checkBeside(list, reference, found, text);
    return { text: found, toKeep: null };
  }
  if (text === null) {
    return knownText(options, reference);
  }
  if (reference !== null) {
    checkHash(reference, text);
  }
  if (mode !== 'enforce' || isTrusted) {
    return { text, toKeep: mode === 'enforce' ? null : (reference?.sha256 ?? null) };
  }
  const listed = list.listed(text);
  if (listed === null) {
    throw notInSafelist();
  }
  return { text: listed, toKeep: null };
}

async function knownText(
  { mode, store }: ChoiceOptions,
  reference: DocumentReference | null,
): Promise<Choice> {
  const sha256 = reference?.sha256 ?? null;
  if (sha256 === null || store === null || mode === 'enforce') {
    throw notInList(reference?.id ?? '');
  }
  const text = await store.get(sha256);
  if (text === null) {
    throw notFound();
  }
  return { text, toKeep: null };
}

/** A hash is of one text alone; any other id means what the listed document says. */
function checkBeside(
  list: DocumentList,
  { sha256 }: DocumentReference,
  found: string,
  text: string | null,
): void {
  const isItsText = text === null || text === found || (sha256 === null && list.saysSame(text, found));
  if (!isItsText) {
    throw notItsText();
  }
}

function checkHash({ id, sha256 }: DocumentReference, text: string): void {
  if (sha256 === null) {
    throw notInList(id);
  }
  if (sha256Hex(text) !== sha256) {
    throw notItsText();
  }
}

function notItsText(): Error {
  return badReference(
    'Expected the id to be that of the text beside it: another document has this id. Send one of the two, or the SHA-256 of exactly this text.',
  );
}
