import fc from 'fast-check';
import { Lexer, Source, TokenKind } from 'graphql';
import { describe, expect, it } from 'vitest';
import { textSize } from '../../../src/server/limits/text-size.ts';

/** As graphql-js reads it; null for a text that does not consist of tokens. */
function tokensByLexer(text: string): number | null {
  const lexer = new Lexer(new Source(text));
  try {
    let tokens = 0;
    while (lexer.advance().kind !== TokenKind.EOF) {
      tokens += 1;
    }
    return tokens;
  } catch {
    return null;
  }
}

const PIECES = [
  '{', '}', '(', ')', '[', ']', '!', '$', '&', ':', '=', '@', '|', '...',
  'a', '_b1', 'query', '0', '-1', '1.5', '-1.5e+3', '2E9',
  '""', '"a"', '"{[("', '"\\""', '"\\\\"', '"\\u{1F600}"', '"#"', '""""""', '"""{\n[("""', '"""\\""""""', '"""a\\\\"""\\""""""', '""" " "" """',
  ' ', '\t', ',', '\n', '\r\n', '\ufeff', '# {[( " """\n', '#\r',
]; // prettier-ignore

describe('the size of a text', () => {
  it('has as many tokens as graphql-js finds, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }), (pieces) => {
        const text = pieces.join(' ');
        expect(textSize(text).tokens).toBe(tokensByLexer(text));
      }),
      { numRuns: 3_000, seed: 1 },
    );
  });

  it('has as many tokens as graphql-js finds, without spaces between and in any text that it can read', () => {
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 3 })), { maxLength: 12 }),
        (pieces) => {
          const text = pieces.join('');
          const tokens = tokensByLexer(text);
          read += tokens === null ? 0 : 1;
          expect(textSize(text).tokens).toBe(tokens ?? textSize(text).tokens);
        },
      ),
      { numRuns: 5_000, seed: 2 },
    );
    expect(read).toBeGreaterThan(500);
  });

  it.each([
    ['', 0],
    ['{ a }', 1],
    ['{ a(x: { y: [[1]] }) { b } }', 5],
    ['{ a } { b { c } }', 2],
    ['{ a(x: "{{{{") b(x: """ [[[[ \\""" (((( """) # {{{{\n }', 2],
    ['}}}{', 1],
    ['"unterminated {\n{{', 2],
    ['"""unterminated {{{', 0],
    ['"\\', 0],
  ])('knows how deep brackets stand in %j', (text, nesting) => {
    expect(textSize(text).nesting).toBe(nesting);
  });

  it('is found for the longest and the deepest of texts, too', () => {
    expect(textSize('{'.repeat(1_000_000))).toEqual({ tokens: 1_000_000, nesting: 1_000_000 });
    expect(textSize('"\\"'.repeat(300_000)).nesting).toBe(0);
    expect(textSize('"""\\'.repeat(300_000)).nesting).toBe(0);
  });
});
