import { describe, expect, it } from 'vitest';
import { checkedList, checkedText, checkedTexts, known } from '../../src/graphql/filter-checks.ts';
import { UserInputError } from '../../src/model/errors.ts';

describe('the list of a filter', () => {
  it('does not restrict when it is left out or null', () => {
    expect([checkedList('states', undefined), checkedList('states', null)]).toEqual([null, null]);
    expect([checkedTexts('names', undefined), checkedTexts('names', null)]).toEqual([null, null]);
  });

  it('loses repeats and keeps its order', () => {
    expect(checkedList('states', ['B', 'A', 'B'])).toEqual(['B', 'A']);
  });

  it('may not be empty, which would mean everything to some and nothing to others', () => {
    expect(() => checkedList('states', [])).toThrow(UserInputError);
    expect(() => checkedTexts('names', [])).toThrow('Expected names with at least one value');
  });
});

describe('the text of a filter', () => {
  it.each(['a', 'Ünï ✓ 𝄞', ' a ', '<b>&"', '../x', 'x'.repeat(256)])('may be %j', (text) => {
    expect(checkedText('name', text)).toBe(text);
    expect(checkedTexts('names', [text])).toEqual([text]);
  });

  it('does not restrict when it is left out or null', () => {
    expect([checkedText('name', undefined), checkedText('name', null)]).toEqual([null, null]);
  });

  it.each([
    '',
    'x'.repeat(257),
    'a\u0000',
    'a\nb',
    'a\r\nb',
    '\t',
    '\u007f',
    '\u001b[31m',
    '\ud800',
    'a\udc00b',
  ])('may not be %j, which cannot be written into a request', (text) => {
    expect(() => checkedText('name', text)).toThrow(UserInputError);
    expect(() => checkedTexts('names', ['fine', text])).toThrow('Expected names with 1 to 256 printable');
  });
});

describe('a word of the graph', () => {
  it('becomes the product’s word, and UNKNOWN becomes none', () => {
    expect(known('states', 'ACTIVE', 'Active')).toBe('Active');
    expect(() => known('states', 'UNKNOWN', null)).toThrow(UserInputError);
    expect(() => known('states', 'UNKNOWN', null)).toThrow(
      'Expected states with a word of the product, got UNKNOWN.',
    );
  });
});
