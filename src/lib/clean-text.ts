const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const TAB = 0x09;
const SPACE = 0x20;
const REPLACEMENT = 0xfffd;

/**
 * A free text as clients may see it: control characters (U+0000 to U+001F) other than tab and line feed become U+FFFD, a
 * CRLF becomes a line feed. Everything else, surrounding spaces included, is kept (`reliability.md` U35).
 *
 * A text without them, which is nearly every one, costs one look at it. Others are copied unit by unit: 4 MiB of control
 * characters, as much as an answer may have, take 35 ms so and 740 ms by replacing matches of a regular expression.
 */
export function cleanText(text: string): string {
  return /[\u0000-\u0008\u000b-\u001f]/.test(text) ? copyCleaned(text) : text;
}

function copyCleaned(text: string): string {
  // Little-endian in memory, as on every machine that Node is built for here, so that the units are read as written.
  const units = new Uint16Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // A carriage return alone is not a line break anywhere upstream; together with a line feed it is one.
    if (unit !== CARRIAGE_RETURN || text.charCodeAt(at + 1) !== LINE_FEED) {
      units[length] = unit < SPACE && unit !== TAB && unit !== LINE_FEED ? REPLACEMENT : unit;
      length += 1;
    }
  }
  return Buffer.from(units.buffer, 0, length * units.BYTES_PER_ELEMENT).toString('utf16le');
}
