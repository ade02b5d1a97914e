import { describe, expect, it } from 'vitest';
import {
  childNamesOf,
  containerOf,
  containersOf,
  DEFAULT_XML_LIMITS,
  parseXml,
  textOf,
  textsOf,
  treeOf,
  wordOf,
  XmlError,
} from '../../src/lib/xml.ts';

describe('parseXml', () => {
  it.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['JSON', '{"a":1}'],
    ['an HTML page', '<!DOCTYPE html><html><body>portal</body></html>'],
    ['an HTML page without doctype', '<html><body>portal</body></html>'],
    ['another root', '<Q/>'],
    ['the root twice', '<R/><R/>'],
    ['a second root', '<R/><Q/>'],
    ['text behind the root', '<R/>x'],
    ['text and a comment behind the root', '<R/>x<!-- y -->'],
    ['an instruction behind the root', '<R/><?x y?>'],
    ['CDATA behind the root', '<R/><![CDATA[x]]>'],
    ['the end of a comment behind the root', '<R/>-->'],
    ['text before the root', 'x<R/>'],
    ['a cut at a tag boundary', '<R><A>1</A>'],
    ['a cut inside a tag', '<R><A>1</A'],
    ['mismatched tags', '<R><A>1</B></R>'],
    ['a text where the root should have elements', '<R>text</R>'],
    ['a tag named __proto__', '<R><__proto__><x>1</x></__proto__></R>'],
    ['a tag named hasOwnProperty', '<R><hasOwnProperty/></R>'],
    ['a nesting of 200', `<R>${'<A>'.repeat(200)}${'</A>'.repeat(200)}</R>`],
  ])('refuses %s', (_, text) => {
    expect(() => parseXml(text, 'R')).toThrow(XmlError);
  });

  it('refuses a DOCTYPE wherever it stands and before parsing anything', () => {
    const lol = '<!doctype R [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><R>&b;</R>';
    expect(() => parseXml(lol, 'R')).toThrow('a DOCTYPE is not accepted');
  });

  it('takes what keeps the limits, and refuses one character or one tag more', () => {
    const limits = { maxTags: 4, maxLength: 22 };
    expect(parseXml('<R><A>&lt;&gt;</A></R>', 'R', limits)).toEqual({ A: '<>' });
    expect(() => parseXml('<R><A>&lt;&gt;-</A></R>', 'R', limits)).toThrow('more than 22 characters');
    expect(() => parseXml('<R><A/><A/><A/></R>', 'R', limits)).toThrow('more than 4 tags');
  });

  it('refuses by length and tags before it looks at anything else', () => {
    const { maxTags, maxLength } = DEFAULT_XML_LIMITS;
    expect(() => parseXml('<a/>'.repeat(maxTags + 1), 'R')).toThrow(`more than ${maxTags} tags`);
    expect(() => parseXml('<!DOCTYPE x>'.padEnd(maxLength + 1), 'R')).toThrow(
      `more than ${maxLength} characters`,
    );
  });

  it.each([
    ['a declaration', "<?xml version='1.0' encoding='utf-8' ?>\n<R><A>1</A></R>"],
    ['a byte order mark', '\ufeff<R><A>1</A></R>'],
    ['white space around', '\n <R><A>1</A></R> \n'],
    ['comments and attributes', '<R x="1"><!-- c --><A y="2">1</A></R>'],
  ])('accepts %s', (_, text) => {
    expect(textOf(parseXml(text, 'R'), 'A')).toBe('1');
  });

  it('never says in its message what came', () => {
    expect(() => parseXml('<R><Secret>canary</Secrets></R>', 'R')).toThrow(/^expected well-formed XML$/);
  });
});

describe('textOf', () => {
  it('keeps every character of a text', () => {
    const root = parseXml('<R><A>  two\n\tlines <![CDATA[<b>]]> </A></R>', 'R');
    expect(textOf(root, 'A')).toBe('  two\n\tlines <b> ');
  });

  it('decodes the five names and numeric references once', () => {
    const root = parseXml('<R><A>&lt;&gt;&amp;&quot;&apos;&#39;&#x4e2d;&amp;lt;</A></R>', 'R');
    expect(textOf(root, 'A')).toBe("<>&\"''中&lt;");
  });

  it('never makes a number or a boolean of a text', () => {
    const root = parseXml('<R><A>0012e4</A><B>0x1F</B><C>12345678901234567890</C><D>true</D></R>', 'R');
    expect(childNamesOf(root).map((name) => textOf(root, name))).toEqual([
      '0012e4',
      '0x1F',
      '12345678901234567890',
      'true',
    ]);
  });

  it('replaces raw control characters but for tab and line feed, and drops references to them', () => {
    expect(textOf(parseXml('<R><A>a&#0;b&#27;[c\u0007\td\n</A></R>', 'R'), 'A')).toBe('ab[c\ufffd\td\n');
  });

  it.each(['<R/>', '<R><A/></R>', '<R><A></A></R>', '<R><A> \n</A></R>'])('gives null for %s', (text) => {
    expect(textOf(parseXml(text, 'R'), 'A')).toBeNull();
  });

  it.each([
    ['an element twice', '<R><A>1</A><A>1</A></R>'],
    ['an empty element twice', '<R><A/><A/></R>'],
    ['elements', '<R><A><B>1</B></A></R>'],
    ['text mixed with elements', '<R><A>1<B/></A></R>'],
  ])('refuses %s where a text is due', (_, text) => {
    expect(() => textOf(parseXml(text, 'R'), 'A')).toThrow(XmlError);
  });

  it('does not take what every object has for a child', () => {
    const root = parseXml('<R/>', 'R');
    expect(['constructor', 'toString', '__proto__'].map((name) => textOf(root, name))).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe('the other readers', () => {
  it('trims words', () => {
    expect(wordOf(parseXml('<R><A>\n Active </A></R>', 'R'), 'A')).toBe('Active');
  });

  it('lists texts, one or many, and leaves blank ones out', () => {
    expect(textsOf(parseXml('<R><A>1</A></R>', 'R'), 'A')).toEqual(['1']);
    expect(textsOf(parseXml('<R><A>1</A><B/><A/><A>2</A></R>', 'R'), 'A')).toEqual(['1', '2']);
  });

  it.each(['<R/>', '<R><A/></R>', '<R><A>\n</A></R>'])(
    'takes an absent and an empty container for one: %s',
    (text) => {
      expect(containerOf(parseXml(text, 'R'), 'A')).toBeNull();
    },
  );

  it('refuses text, and a repeated element, where one container is due', () => {
    expect(() => containerOf(parseXml('<R><A>text</A></R>', 'R'), 'A')).toThrow(XmlError);
    expect(() => containerOf(parseXml('<R><A><B/></A><A/></R>', 'R'), 'A')).toThrow(XmlError);
  });

  it('lists containers, one or many, empty ones too', () => {
    expect(containersOf(parseXml('<R><A><B>1</B></A></R>', 'R'), 'A')).toEqual([{ B: '1' }]);
    expect(containersOf(parseXml('<R><A><B>1</B></A><A/></R>', 'R'), 'A')).toEqual([{ B: '1' }, {}]);
    expect(() => containersOf(parseXml('<R><A/><A>text</A></R>', 'R'), 'A')).toThrow(XmlError);
  });

  it('gives a subtree as it came: names kept, repeated ones as a list, white space between elements dropped', () => {
    const root = parseXml(
      '<R>\n<P>\n<TemplateId> t1 </TemplateId>\n<W>\n<X>1</X>\n</W>\n<W/>\n<Empty>\n</Empty>\n</P>\n</R>',
      'R',
    );
    expect(treeOf(root, 'P')).toEqual({ TemplateId: ' t1 ', W: [{ X: '1' }, ''], Empty: '' });
    expect(treeOf(root, 'Q')).toBeNull();
    expect(treeOf(parseXml('<R><P/></R>', 'R'), 'P')).toBeNull();
    expect(treeOf(parseXml('<R><P>1</P><P>2</P></R>', 'R'), 'P')).toEqual(['1', '2']);
  });
});
