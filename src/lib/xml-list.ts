/**
 * Long XML whose bulk is one run of equal elements: read a few elements at a time. Parsing holds up everything else in the
 * process, so nothing longer than a piece is ever parsed at once (`reliability.md` F9, T8).
 */
import { occurrences } from './occurrences.ts';
import type { Pieces } from './turns.ts';
import { containersOf, parseXml, type XmlElement, XmlError } from './xml.ts';

export interface XmlListForm<T> {
  readonly rootName: string;
  /** The name of the elements that are listed. One never holds another. */
  readonly itemName: string;
  /** Where they stand in the document. */
  readonly itemsIn: (root: XmlElement) => readonly XmlElement[];
  readonly read: (item: XmlElement) => T;
}

export interface XmlList<T> {
  /** Of the document; of a long one without what its items hold. */
  readonly root: XmlElement;
  readonly items: readonly T[];
}

/** Of the whole text; a page of 1,000 jobs, more than is ever asked for, has 24,000. */
const MAX_TAGS = 60_000;
/**
 * How long a piece is, in UTF-16 code units: 30 jobs of COS, or 10 of CI. An item that is longer is a piece of its own. A page
 * of 500 jobs holds the event loop up for 8 ms at a time, one of 1,000 for 7 to 14 (`bench/hostile-bodies.ts`, on a core of
 * 2026); 500 in one go took 32 ms.
 */
const PIECE_LENGTH = 16_384;

/**
 * Reads such a document. One of a single piece, which most are, in one go; of a longer one first what stands around the items
 * and then these, piece by piece. With comments, CDATA or instructions in it, it is read in one go or not at all. Each item
 * and the document around them must keep the limits of `parseXml`. Throws `XmlError`, and what `itemsIn` and `read` throw.
 */
export function* readXmlList<T>(text: string, form: XmlListForm<T>): Pieces<XmlList<T>> {
  const { rootName, itemName, itemsIn, read } = form;
  if (text.length <= PIECE_LENGTH || !isPlain(text)) {
    const root = parseXml(text, rootName);
    return { root, items: itemsIn(root).map(read) };
  }
  const { frame, items } = cutOut(text, itemName);
  const root = parseXml(frame, rootName);
  if (itemsIn(root).length !== items.length) {
    throw new XmlError(`expected each <${itemName}> in one place`);
  }
  const done: T[] = [];
  for (const piece of piecesOf(items)) {
    yield;
    done.push(...parsePiece(piece, itemName).map(read));
  }
  return { root, items: done };
}

/** Whether every `<` begins a tag, apart from those of a declaration. */
function isPlain(text: string): boolean {
  return !text.includes('<!') && text.lastIndexOf('<?') <= text.indexOf('<');
}

/** The items as they came, and the document with an empty element in the place of each. */
function cutOut(text: string, name: string): { readonly frame: string; readonly items: readonly string[] } {
  if (occurrences(text, '<', MAX_TAGS) > MAX_TAGS) {
    throw new XmlError(`more than ${MAX_TAGS} tags`);
  }
  const end = `</${name}>`;
  const [head = '', ...rest] = text.split(`<${name}>`);
  const items: string[] = [];
  const around = [head];
  for (const part of rest) {
    const length = part.indexOf(end);
    if (length < 0) {
      throw new XmlError('expected well-formed XML');
    }
    items.push(`<${name}>${part.slice(0, length)}${end}`);
    around.push(part.slice(length + end.length));
  }
  return { frame: around.join(`<${name}/>`), items };
}

function* piecesOf(items: readonly string[]): Generator<readonly string[], void, void> {
  let piece: string[] = [];
  let length = 0;
  for (const item of items) {
    if (piece.length > 0 && length + item.length > PIECE_LENGTH) {
      yield piece;
      piece = [];
      length = 0;
    }
    piece.push(item);
    length += item.length;
  }
  if (piece.length > 0) {
    yield piece;
  }
}

function parsePiece(items: readonly string[], name: string): readonly XmlElement[] {
  const elements = containersOf(parseXml(`<piece>${items.join('')}</piece>`, 'piece'), name);
  // What ends an item in the eyes of the parser alone, such as a closing tag with a space in it, would make others of it.
  if (elements.length !== items.length) {
    throw new XmlError('expected well-formed XML');
  }
  return elements;
}
