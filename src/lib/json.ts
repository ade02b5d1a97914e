/**
 * JSON from a server that is not trusted: parsing, and typed readers for the tree. By hand rather than by schema, because
 * a listing of 100 jobs passes here on every read.
 */
import { cleanText } from './clean-text.ts';
import { occurrences } from './occurrences.ts';

/** A text that is not the JSON that was due. The message names members that were expected, never what came. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** Values are looked at only through the readers below, which check them. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What opens or parts the values of a text; those within strings count as well. */
const MARKS = ['{', '[', ',', ':'];
const ESCAPE = '\\';

/**
 * How many marks there may be. Parsing costs next to nothing per byte and up to 0.7 µs per mark: 4 MiB of brackets took two
 * seconds; 45,000 marks of the dearest kinds, ever new names, 31 ms with all else that reading them takes, and 43 ms the first
 * time (`bench/hostile-bodies.ts`, on a core of 2026). A page of 100 jobs has some 5,000, and 37,000 when each of them has 50
 * tags with punctuation.
 */
export const MAX_JSON_MARKS = 45_000;

/**
 * How many escapes there may be: as many control characters cost 26 ms with all else that reading them takes. A page of
 * 100 jobs with 50 tags each in Chinese, all escaped, has 200,000.
 */
export const MAX_JSON_ESCAPES = 250_000;

/** Throws `JsonError` unless the text is one JSON object within the limits, which are looked at before it is parsed. */
export function parseJsonObject(text: string): JsonObject {
  guard(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the document, which belongs in no log.
    throw new JsonError('expected JSON');
  }
  return asObject(value, 'the document');
}

/** The object under the name; null when it is absent or null. Throws `JsonError` when it is anything else. */
export function objectOf(object: JsonObject, name: string): JsonObject | null {
  const value = memberOf(object, name);
  return value === null ? null : asObject(value, name);
}

/** The list of objects under the name. Throws `JsonError` when there is none or an item is no object. */
export function objectsOf(object: JsonObject, name: string): JsonObject[] {
  return listOf(object, name).map((item) => asObject(item, name));
}

/**
 * The text under the name, its control characters replaced; null when it is absent, null or empty. Throws `JsonError`
 * when it is no text.
 */
export function stringOf(object: JsonObject, name: string): string | null {
  const value = memberOf(object, name);
  return value === null || value === '' ? null : asString(value, name);
}

/** As `stringOf`, but throws `JsonError` where that gives null. */
export function requiredStringOf(object: JsonObject, name: string): string {
  const value = stringOf(object, name);
  if (value === null) {
    throw new JsonError(`expected text in ${name}`);
  }
  return value;
}

/** The list of texts under the name. Throws `JsonError` when there is none or an item is no text. */
export function stringsOf(object: JsonObject, name: string): string[] {
  return listOf(object, name).map((item) => asString(item, name));
}

/** The integer under the name, within the bounds, both included; null when there is none or it is anything else. */
export function integerAt(
  object: JsonObject,
  name: string,
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
): number | null {
  const value = memberOf(object, name);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
    ? value
    : null;
}

/** Whether the member is absent or null, which mean the same. */
export function isAbsent(object: JsonObject, name: string): boolean {
  return memberOf(object, name) === null;
}

function guard(text: string): void {
  let marks = 0;
  for (const mark of MARKS) {
    marks += occurrences(text, mark, MAX_JSON_MARKS - marks);
    if (marks > MAX_JSON_MARKS) {
      throw new JsonError(`more than ${MAX_JSON_MARKS} values`);
    }
  }
  if (occurrences(text, ESCAPE, MAX_JSON_ESCAPES) > MAX_JSON_ESCAPES) {
    throw new JsonError(`more than ${MAX_JSON_ESCAPES} escapes`);
  }
}

function memberOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? null) : null;
}

function listOf(object: JsonObject, name: string): readonly unknown[] {
  const value = memberOf(object, name);
  if (!Array.isArray(value)) {
    throw new JsonError(`expected a list in ${name}`);
  }
  return value;
}

function asString(value: unknown, name: string): string {
  if (typeof value !== 'string') {
    throw new JsonError(`expected text in ${name}`);
  }
  return cleanText(value);
}

function asObject(value: unknown, name: string): JsonObject {
  if (!isObject(value)) {
    throw new JsonError(`expected an object in ${name}`);
  }
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
