import { createHash } from 'node:crypto';
import { InvalidCursorError } from '../model/errors.ts';
import type { Position, PositionPart } from '../sources/source.ts';

/** What a cursor belongs to: a cursor of another field, origin or filter is refused (contract section 4). */
export interface CursorBinding {
  /** The field of the graph, e.g. `cosJobs`. */
  readonly field: string;
  /** `originKey` of the origin that is listed. */
  readonly origin: string;
  /** The filter as plain JSON, always with the same keys in the same order. */
  readonly filter: unknown;
}

const VERSION = 1;
/** The longest cursor that is given and taken (contract section 5). */
export const MAX_CURSOR_LENGTH = 1_024;
const DIGEST_CHARACTERS = 12;

/** An opaque, URL-safe text of at most 1 KiB that leads back to a position; it holds nothing secret. */
export function encodeCursor(binding: CursorBinding, position: Position): string {
  return Buffer.from(JSON.stringify([VERSION, digest(binding, position), ...position])).toString('base64url');
}

/**
 * The position in a cursor. Throws `InvalidCursorError` unless this very text was made by `encodeCursor` for this very
 * binding: the digest covers both, so a cursor that was changed, cut or carried elsewhere never reaches a source.
 */
export function decodeCursor(binding: CursorBinding, cursor: string): Position {
  const [, , ...position] = parse(cursor);
  // Made anew and compared as a whole: the version, the digest and the one spelling of the text are checked by that.
  if (!position.every(isPart) || encodeCursor(binding, position) !== cursor) {
    throw new InvalidCursorError(
      'Expected a cursor that this field gave for the same origin and filter, got something else: start again without it.',
    );
  }
  return position;
}

function parse(cursor: string): readonly unknown[] {
  if (cursor.length > MAX_CURSOR_LENGTH) {
    return [];
  }
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** Not a signature: every read is authorised afresh, so a forged cursor gains nothing. It catches accidents. */
function digest(binding: CursorBinding, position: Position): string {
  const text = JSON.stringify([VERSION, binding.field, binding.origin, binding.filter, position]);
  return createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_CHARACTERS);
}

function isPart(value: unknown): value is PositionPart {
  return (
    typeof value === 'string' ||
    typeof value === 'number' ||
    (Array.isArray(value) && value.every((item) => typeof item === 'string'))
  );
}
