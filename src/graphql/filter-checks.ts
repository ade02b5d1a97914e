import { UserInputError } from '../model/errors.ts';

/** Longer than any name, tag or id that the upstreams allow. */
const MAX_TEXT_LENGTH = 256;

/**
 * A filter's list, without repeats; null when it was left out. An empty list is refused with `UserInputError`: some
 * readers take it for "nothing", some for "everything", and DescribeJobs leaves it open.
 */
export function checkedList<T>(name: string, list: readonly T[] | null | undefined): readonly T[] | null {
  if (list === null || list === undefined) {
    return null;
  }
  if (list.length === 0) {
    throw new UserInputError(`Expected ${name} with at least one value, or left out; got an empty list.`);
  }
  return [...new Set(list)];
}

/** A filter's text; null when it was left out. Refuses what cannot be written into a request. */
export function checkedText(name: string, text: string | null | undefined): string | null {
  if (text === null || text === undefined) {
    return null;
  }
  if (
    text === '' ||
    text.length > MAX_TEXT_LENGTH ||
    !text.isWellFormed() ||
    /[\u0000-\u001f\u007f]/.test(text)
  ) {
    throw new UserInputError(`Expected ${name} with 1 to ${MAX_TEXT_LENGTH} printable characters.`);
  }
  return text;
}

/** A filter's texts, each checked; null when it was left out. */
export function checkedTexts(
  name: string,
  texts: readonly string[] | null | undefined,
): readonly string[] | null {
  texts?.forEach((text) => checkedText(name, text));
  return checkedList(name, texts);
}

/** Turns UNKNOWN away: it stands for words that the gateway does not know, so no upstream can filter by it. */
export function known<W>(name: string, value: string, word: W | null): W {
  if (word === null) {
    throw new UserInputError(`Expected ${name} with a word of the product, got ${value}.`);
  }
  return word;
}
