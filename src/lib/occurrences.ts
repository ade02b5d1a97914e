/** How often the needle stands in the text, without overlaps; counts no further than one above `max`. Linear and cheap. */
export function occurrences(text: string, needle: string, max = Number.POSITIVE_INFINITY): number {
  let count = 0;
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + needle.length)) {
    count += 1;
    if (count > max) {
      break;
    }
  }
  return count;
}
