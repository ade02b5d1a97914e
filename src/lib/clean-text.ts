// A carriage return alone is not a line break anywhere upstream; together with a line feed it is one.
const LINE_BREAK = /\r\n/g;
const CONTROL = /[\u0000-\u0008\u000b-\u001f]/g;

/**
 * A free text as clients may see it: control characters (U+0000 to U+001F) other than tab and line feed become U+FFFD, a
 * CRLF becomes a line feed. Everything else, surrounding spaces included, is kept (`reliability.md` U35).
 */
export function cleanText(text: string): string {
  return text.replace(LINE_BREAK, '\n').replace(CONTROL, '\ufffd');
}
