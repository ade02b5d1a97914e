import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../src/lib/turns.ts';
import { type XmlListForm, readXmlList } from '../../src/lib/xml-list.ts';
import {
  containerOf,
  containersOf,
  DEFAULT_XML_LIMITS,
  parseXml,
  textOf,
  XmlError,
} from '../../src/lib/xml.ts';

/** As `xml-list.ts` cuts them. */
const PIECE = 16_384;
const FORM: XmlListForm<string | null> = {
  rootName: 'R',
  itemName: 'item',
  itemsIn: (root) => containersOf(containerOf(root, 'List') ?? {}, 'item'),
  read: (item) => textOf(item, 'A'),
};

const item = (text: string): string => `<item><A>${text}</A></item>`;
const list = (items: readonly string[], more = ''): string =>
  `<?xml version="1.0"?>\n<R><Before>b</Before><List>\n${items.join('\n')}\n</List>${more}</R>\n`;
/** So many items that are longer together than one piece. */
const many = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => item(`${n} `.padEnd(500, 'x')));
const read = (text: string): readonly (string | null)[] => atOnce(readXmlList(text, FORM)).items;

function piecesOf(text: string): number {
  const work = readXmlList(text, FORM);
  let pieces = 1;
  while (work.next().done !== true) {
    pieces += 1;
  }
  return pieces;
}

describe('a list of one piece', () => {
  it.each([
    ['no list', '<R/>', []],
    ['an empty list', list([]), []],
    ['one item', list([item('1')]), ['1']],
    ['several', list([item('1'), '<item/>', item('3')]), ['1', null, '3']],
    [
      'items with attributes, comments and CDATA',
      '<R><List><item x="1"><A><![CDATA[<]]></A></item><!-- --></List></R>',
      ['<'],
    ],
  ])('is read in one go: %s', (_, text, expected) => {
    expect(read(text)).toEqual(expected);
    expect(piecesOf(text)).toBe(1);
  });
});

describe('a long list', () => {
  it('is read as one piece would be, and what is around it too', () => {
    const items = many(500);
    const { root, items: texts } = atOnce(readXmlList(list(items, '<Next>n</Next>'), FORM));
    expect(texts).toEqual(items.map((text) => textOf(parseXml(text, 'item'), 'A')));
    expect(textOf(root, 'Before')).toBe('b');
    expect(textOf(root, 'Next')).toBe('n');
  });

  it('comes in pieces of bounded length, none of which is parsed with another', () => {
    const text = list(many(500));
    expect(piecesOf(text)).toBeGreaterThanOrEqual(text.length / PIECE);
    expect(piecesOf(text)).toBeLessThan(2 + (2 * text.length) / PIECE);
  });

  it('gives an item of its own piece when that is longer', () => {
    const long = 'y'.repeat(2 * PIECE);
    expect(read(list([item('1'), item(long), item('3')]))).toEqual(['1', long, '3']);
  });

  it('is read alike whatever its texts hold', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '&lt;', '&#62;', '中', ']', '>', '"') });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (texts) => {
        const items = texts.map(item);
        const padding = `<Pad>${'p'.repeat(PIECE)}</Pad>`;
        expect(read(list(items, padding))).toEqual(read(list(items)));
      }),
    );
  });
});

describe('a long text is refused when', () => {
  const padding = many(100).join('');
  const within = (text: string): string => list([padding, text]);

  it.each([
    ['an item is not closed', within('<item><A>1</A>')],
    ['an item is not closed before the next', within('<item><A>1</A>x<item><A>2</A></item>')],
    ['an item is cut within a tag', within(item('1')).slice(0, -30)],
    ['an item is not well-formed', within('<item><A>1</B></item>')],
    ['the document around is not well-formed', `${list([padding])}</R>`],
    ['the end is missing', list([padding]).replace('</R>', '')],
    ['an item holds another', within('<item><item></item></item>')],
    ['an item is closed in another way', within('<item><A>1</A></item ><item ><A>2</A></item>')],
    ['an item stands elsewhere', list([padding], item('1'))],
    ['text stands behind the root', `${list([padding])}x`],
    ['it has another root', list([padding]).replaceAll('R>', 'Q>')],
    ['it has a DOCTYPE', `<!DOCTYPE R>${list([padding])}`],
    ['an item breaks the form', within('<item><A>1</A><A>2</A></item>')],
    ['an item is a text', within('<item>x</item>')],
    ['it is not XML', 'x'.repeat(PIECE + 1)],
  ])('%s', (_, text) => {
    expect(text.length).toBeGreaterThan(PIECE);
    expect(() => read(text)).toThrow(XmlError);
  });

  it('there are more than 60,000 tags, before anything is parsed', () => {
    const tags = '<a/>'.repeat(60_001);
    expect(() => readXmlList(list([tags]), FORM).next()).toThrow('more than 60000 tags');
  });

  it('an item, or what stands around the items, is beyond the limits of a document', () => {
    const { maxLength, maxTags } = DEFAULT_XML_LIMITS;
    const long = 'x'.repeat(maxLength);
    const tags = '<B/>'.repeat(maxTags);
    expect(() => read(list([item(long)]))).toThrow('characters');
    expect(() => read(list([`<item>${tags}</item>`, padding]))).toThrow('tags');
    expect(() => read(list([padding], `<A>${long}</A>`))).toThrow('characters');
    expect(() => read(list([padding], tags))).toThrow('tags');
    expect(() => read(list(Array(maxTags + 1).fill('<item></item>')))).toThrow('tags');
  });

  it('comments or CDATA forbid to read it in pieces and it is too long to be read in one', () => {
    const { maxLength } = DEFAULT_XML_LIMITS;
    const items = many(Math.ceil(maxLength / 500));
    expect(() => read(list(items))).not.toThrow();
    expect(() => read(list(items, '<!-- <item> -->'))).toThrow('characters');
    expect(read(list(many(70), '<!-- <item> -->'))).toHaveLength(70);
  });
});
