/**
 * JSON from a server that is not trusted: parsing, and typed readers for the tree. By hand rather than by schema, because
 * a listing of 100 jobs passes here on every read.
 */
import { cleanText } from './clean-text.ts';

/** A text that is not the JSON that was due. The message names members that were expected, never what came. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/** Values are looked at only through the readers below, which check them. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Throws `JsonError` unless the text is one JSON object. */
export function parseJsonObject(text: string): JsonObject {
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

/** The safe integer under the name; null when there is none or it is anything else. */
export function integerAt(object: JsonObject, name: string): number | null {
  const value = memberOf(object, name);
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}

/** Whether the member is absent or null, which mean the same. */
export function isAbsent(object: JsonObject, name: string): boolean {
  return memberOf(object, name) === null;
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
