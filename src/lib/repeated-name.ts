/** Whatever matters for the shape of a JSON text: strings whole, and the marks around them. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/**
 * Whether an object of a JSON text, at any depth, has two members of one name, however they are written. Readers of JSON
 * differ in which of the two they take. The text must be one that `JSON.parse` takes.
 */
export function hasRepeatedName(json: string): boolean {
  /** The names of each object that is open; null for a list. */
  const open: (Set<string> | null)[] = [];
  let text: string | null = null;
  for (const [token] of json.matchAll(TOKENS)) {
    switch (token) {
      case '{':
      case '[':
        open.push(token === '{' ? new Set() : null);
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ':': {
        const names = open.at(-1);
        if (text === null || names?.has(text) === true) {
          return true;
        }
        names?.add(text);
        break;
      }
      default:
        text = JSON.parse(token) as string;
    }
  }
  return false;
}
