/**
 * XML from a server that is not trusted: guarded parsing, and typed readers for the tree. Built for element-only documents
 * of unknown order, without attributes or namespaces (`upstreams/cos-batch.md` section 1). The guards answer
 * `reliability.md` T8 and U14 to U22.
 */
import { XMLParser } from 'fast-xml-parser';
import { cleanText } from './clean-text.ts';
import { occurrences } from './occurrences.ts';

/** A text that is not the XML that was due. The message names elements that were expected, never what came. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

/** An element's children by name. Values are looked at only through the readers below, which check them. */
export type XmlElement = Readonly<Record<string, unknown>>;

/** A subtree as it came: leaf text, children by name, a list where a name repeats. */
export type XmlTree = string | { readonly [name: string]: XmlTree } | readonly XmlTree[];

/** What a document may hold at most, for that is what parsing it costs. */
export interface XmlLimits {
  /** In UTF-16 code units: some 30 ns each, and more each the longer a text is. */
  readonly maxLength: number;
  /** How many `<` there may be: 2 to 5 µs each, so that a cap on the length alone would not do. */
  readonly maxTags: number;
}

/**
 * A job's description has some 60 tags; the fullest one that the vendor's documents allow has 1,500, and 29,000 characters.
 * The dearest documents within these limits that were found, 2,000 tags that all differ and one text of entities, cost 7 ms
 * with all else that reading them takes, and 25 ms where nothing had been parsed before (`bench/hostile-bodies.ts`, on a
 * core of 2026). A listing is longer: `xml-list.ts`.
 */
export const DEFAULT_XML_LIMITS: XmlLimits = { maxLength: 65_536, maxTags: 2_000 };

const TEXT = '#text';
const DOCTYPE = /<!doctype/i;

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // An id such as 0012e4 is no number, and the spaces around a description are part of it.
  parseTagValue: false,
  trimValues: false,
  // Nothing here asks where in the tree a name stands; keeping track of it costs a seventh of the time.
  jPath: false,
  // An element named toString and the like; by default the parser gives it another name.
  onDangerousProperty: () => {
    throw new XmlError('expected well-formed XML');
  },
  // Without it numeric references such as &#39; stay undecoded.
  // oxlint-disable-next-line typescript/no-deprecated -- its successor needs one more package
  htmlEntities: true,
});

/** The children of the one root element, which must have the given name. Throws `XmlError` on anything else. */
export function parseXml(text: string, rootName: string, limits: XmlLimits = DEFAULT_XML_LIMITS): XmlElement {
  guard(text, rootName, limits);
  const document = parseDocument(text);
  const names = childNamesOf(document);
  if (names.length !== 1 || names[0] !== rootName) {
    throw new XmlError(`expected one <${rootName}> as the root`);
  }
  return containerOf(document, rootName) ?? {};
}

/**
 * The text of the child element, character for character apart from control characters; null when there is no such child
 * or it is blank. Throws `XmlError` when the child repeats or has children.
 */
export function textOf(element: XmlElement, name: string): string | null {
  const value = onlyChild(element, name);
  return value === null ? null : leafText(value, name);
}

/** As `textOf`, without surrounding white space: for ids, words, numbers, booleans and times. */
export function wordOf(element: XmlElement, name: string): string | null {
  return textOf(element, name)?.trim() ?? null;
}

/** The texts of all children of the name, in order, blank ones left out. Throws `XmlError` when one has children. */
export function textsOf(element: XmlElement, name: string): string[] {
  return childrenOf(element, name)
    .map((value) => leafText(value, name))
    .filter((text) => text !== null);
}

/** The child element; null when it is absent or empty, which mean the same. Throws `XmlError` when it repeats or is a text. */
export function containerOf(element: XmlElement, name: string): XmlElement | null {
  const container = asContainer(onlyChild(element, name) ?? '', name);
  return childNamesOf(container).length === 0 ? null : container;
}

/** All children of the name, in order, empty ones too. Throws `XmlError` when one is a text. */
export function containersOf(element: XmlElement, name: string): XmlElement[] {
  return childrenOf(element, name).map((value) => asContainer(value, name));
}

/** The distinct names of the children, in order of first appearance. */
export function childNamesOf(element: XmlElement): string[] {
  return Object.keys(element).filter((name) => name !== TEXT);
}

/** What stands under the name, whatever its shape; null when it is absent or blank. */
export function treeOf(element: XmlElement, name: string): XmlTree | null {
  const [first, ...others] = childrenOf(element, name).map(asTree);
  if (first === undefined || (others.length === 0 && first === '')) {
    return null;
  }
  return others.length === 0 ? first : [first, ...others];
}

/** Refuses what can be refused without parsing, for next to nothing. */
function guard(text: string, rootName: string, { maxLength, maxTags }: XmlLimits): void {
  if (text.length > maxLength) {
    throw new XmlError(`more than ${maxLength} characters`);
  }
  if (occurrences(text, '<', maxTags) > maxTags) {
    throw new XmlError(`more than ${maxTags} tags`);
  }
  if (DOCTYPE.test(text)) {
    throw new XmlError('a DOCTYPE is not accepted');
  }
  if (!endsWithTag(text, rootName)) {
    throw new XmlError(`expected <${rootName}> as the end`);
  }
}

/** The parser takes most of what stands behind the root element for nothing at all. */
function endsWithTag(text: string, name: string): boolean {
  const document = text.trimEnd();
  const tag = document.slice(document.lastIndexOf('<'));
  return (tag.startsWith(`</${name}`) || tag.startsWith(`<${name}`)) && tag.indexOf('>') === tag.length - 1;
}

function parseDocument(text: string): XmlElement {
  let document: unknown;
  try {
    // oxlint-disable-next-line typescript/no-deprecated -- its successor needs one more package
    document = parser.parse(text, true);
  } catch {
    // The parser's own message quotes the document, which belongs in no log.
    throw new XmlError('expected well-formed XML');
  }
  return asContainer(document, 'document');
}

function childrenOf(element: XmlElement, name: string): readonly unknown[] {
  if (!Object.hasOwn(element, name)) {
    return [];
  }
  const value = element[name];
  return Array.isArray(value) ? value : [value];
}

function onlyChild(element: XmlElement, name: string): unknown {
  const [value, ...others] = childrenOf(element, name);
  if (others.length > 0) {
    throw new XmlError(`expected one <${name}>`);
  }
  return value ?? null;
}

function leafText(value: unknown, name: string): string | null {
  if (typeof value !== 'string') {
    throw new XmlError(`expected text in <${name}>`);
  }
  return value.trim() === '' ? null : cleanText(value);
}

function asContainer(value: unknown, name: string): XmlElement {
  if (isElement(value)) {
    return value;
  }
  if (typeof value === 'string' && value.trim() === '') {
    return {};
  }
  throw new XmlError(`expected elements in <${name}>`);
}

function asTree(value: unknown): XmlTree {
  if (Array.isArray(value)) {
    return value.map(asTree);
  }
  if (!isElement(value)) {
    return typeof value === 'string' && value.trim() !== '' ? cleanText(value) : '';
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, child]) => name !== TEXT || String(child).trim() !== '')
      .map(([name, child]) => [name, asTree(child)]),
  );
}

function isElement(value: unknown): value is XmlElement {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
