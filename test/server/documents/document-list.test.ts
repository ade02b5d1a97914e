import { parse, print, stripIgnoredCharacters } from 'graphql';
import { describe, expect, it } from 'vitest';
import { DocumentList } from '../../../src/server/documents/document-list.ts';
import { saySame, tokensOf } from '../../../src/server/documents/tokens.ts';

const TEXT = `query Q($a: [Int!] = [1, -2]) @x {
  a: b(c: "d \\" e", f: """
    block
  """, g: {h: $a}) { ...F ... on G { i } }
}
fragment F on G { j }`;

describe('two texts', () => {
  it.each([
    [stripIgnoredCharacters(TEXT)],
    [print(parse(TEXT))],
    [`\uFEFF${TEXT}`],
    [TEXT.replaceAll('\n', '\r\n')],
    [TEXT.replaceAll('{', '{ # { "\n,,')],
    [TEXT.replace('"d \\" e"', '"\\u0064 \\" e"')],
  ])('say the same but for what means nothing: %j', (text) => {
    expect(saySame(TEXT, text)).toBe(true);
  });

  it.each([
    [TEXT.replace('Q', 'P')],
    [TEXT.replace('1, -2', '1, 2')],
    [TEXT.replace('1, -2', '-2, 1')],
    [TEXT.replace('1,', '1.0,')],
    [TEXT.replace('"d \\" e"', '"d \\"  e"')],
    [TEXT.replace('"d \\" e"', '"d \\" e')],
    [TEXT.replace('...F ...', '...F ')],
    [`${TEXT} { k }`],
    [TEXT.slice(0, -1)],
    ['"'],
  ])('do not say the same: %j', (text) => {
    expect(saySame(TEXT, text)).toBe(false);
  });

  it('are not taken for one another by what stands in their strings', () => {
    expect(saySame('{ a(b: "c", d: "e") }', '{ a(b: "c\\"\\nName d\\n: \\nString \\"e") }')).toBe(false);
    expect(saySame('{ a(b: "c") }', '{ a(b: c) }')).toBe(false);
    expect(saySame('{ ab }', '{ a b }')).toBe(false);
    expect(tokensOf('{ a } "')).toBeNull();
  });
});

describe('a list of documents', () => {
  const list = new DocumentList([
    { id: 'a', text: '{ a }' },
    { id: 'b', text: '{ b }' },
  ]);

  it('knows a text by what it says, each time that it comes', () => {
    for (let round = 0; round < 3; round += 1) {
      expect(list.listed('{a}')).toBe('{ a }');
      expect(list.listed('{ b } # again')).toBe('{ b }');
      expect(list.listed('{ c }')).toBeNull();
    }
  });

  it('does not look through a text that is far longer than any that it lists', () => {
    expect(list.listed(`{ a } #${'x'.repeat(4_000)}`)).toBe('{ a }');
    expect(list.listed(`{ a } #${'x'.repeat(5_000)}`)).toBeNull();
  });

  it('knows whether a text says the same as one of several that do', () => {
    const twice = new DocumentList(['{ a }', '{  a  }'].map((text, index) => ({ id: String(index), text })));
    expect(twice.saysSame('{a}', '{ a }')).toBe(true);
    expect(twice.saysSame('{a}', '{  a  }')).toBe(true);
    expect(twice.saysSame('{b}', '{ a }')).toBe(false);
    expect(list.saysSame('{b}', '{ a }')).toBe(false);
  });

  it('that is empty knows nothing', () => {
    expect(new DocumentList([]).listed('{ a }')).toBeNull();
  });
});
