import type { Tape } from './tape.ts';

/** Texts that are trouble somewhere: in a parser, a log, a URL, a header, an object, a terminal. */
export const STRANGE_TEXTS: readonly string[] = [
  '',
  ' ',
  '\u0000',
  '\u0007\u001b[31m',
  '\r\nx-injected: 1',
  '\ufeff',
  '\ud800',
  '\udc00a',
  '\u202e',
  'é',
  '漢字',
  '👩‍👩‍👧',
  '\u2028',
  '＂',
  '"',
  '"""',
  '\\',
  '\\u{110000}',
  '\\uD800',
  "'",
  '`',
  '#',
  '${a}',
  '%00',
  '..',
  '__proto__',
  'constructor',
  'toString',
  '__typename',
  '__schema',
  '99999999999999999999999999999999999999',
  '-0',
  '1e999',
  '0x10',
  '00',
  '1.',
  'NaN',
  'null',
  'true',
  'undefined',
  '{',
  '}',
  '[',
  ']',
  '(',
  ')',
  '<',
  '>',
  '</',
  '&',
  '&#0;',
  '&#x110000;',
  '&lt;',
  '<!--',
  '-->',
  '<![CDATA[',
  ']]>',
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  '<?xml version="1.0"?>',
  ':',
  ',',
  '!',
  '$',
  '@',
  '...',
  '|',
  '=',
  ';',
  '\n',
];

/** Names and numbers as wholes, texts in quotes, white space, and everything else one by one. */
const TOKEN = /\.\.\.|[A-Za-z_]\w*|-?\d[\w.+-]*|"(?:[^"\\\n]|\\.)*"|\s+|[^]/gu;

/** Changes a text once to four times, mostly by whole tokens; `more` are further texts to put into it. */
export function mutated(tape: Tape, text: string, more: readonly string[] = []): string {
  let tokens: string[] = text.match(TOKEN) ?? [];
  for (let left = 1 + tape.below(4); left > 0; left -= 1) {
    tokens = mutatedOnce(tape, tokens, more);
  }
  return tokens.join('');
}

function mutatedOnce(tape: Tape, tokens: readonly string[], more: readonly string[]): string[] {
  const at = tape.below(tokens.length + 1);
  const length = 1 + tape.below(tape.chance(20) ? 40 : 3);
  const [before, cut, after] = [
    tokens.slice(0, at),
    tokens.slice(at, at + length),
    tokens.slice(at + length),
  ];
  const one = (): string => strange(tape, tokens, more);
  switch (tape.below(9)) {
    case 0:
      return [...before, ...after];
    case 1:
      return [...before, one(), ...cut, ...after];
    case 2:
      return [...before, one(), ...after];
    case 3:
      return [...before, ...cut, ...cut, ...after];
    case 4:
      return [...before, ...after.slice(0, length), ...cut, ...after.slice(length)];
    case 5:
      return [...before, withOtherCharacter(tape, cut.join('')), ...after];
    case 6:
      return before;
    case 7: {
      const times = tape.oneOf([2, 5, 49, 60, 300, 3_000]);
      return [...before, ...nested(tape, times, cut), ...after];
    }
    default:
      return [...before, ...Array<string>(tape.oneOf([2, 30, 500])).fill(cut.join('')), ...after];
  }
}

function strange(tape: Tape, tokens: readonly string[], more: readonly string[]): string {
  switch (tape.below(4)) {
    case 0:
      return tokens[tape.below(tokens.length + 1)] ?? ' ';
    case 1:
      return more[tape.below(more.length + 1)] ?? ' ';
    default:
      return tape.oneOf(STRANGE_TEXTS);
  }
}

function nested(tape: Tape, times: number, tokens: readonly string[]): string[] {
  const [open, close] = tape.oneOf<readonly [string, string]>([
    ['[', ']'],
    ['{', '}'],
    ['{ a ', '}'],
    ['(', ')'],
    ['{"a":', '}'],
    ['<a>', '</a>'],
    ['... { ', '}'],
  ]);
  return [open.repeat(times), ...tokens, close.repeat(tape.chance(80) ? times : tape.below(times))];
}

/** Any one bit, or any one unit, of it differs. */
function withOtherCharacter(tape: Tape, text: string): string {
  const at = tape.below(text.length + 1);
  const unit = text.charCodeAt(at) || 0;
  const other = tape.chance(70) ? unit ^ (1 << tape.below(8)) : tape.below(0x1_0000);
  return text.slice(0, at) + String.fromCharCode(other) + text.slice(at + 1);
}
