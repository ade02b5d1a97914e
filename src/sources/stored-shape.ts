import { createHash } from 'node:crypto';
import { z } from 'zod';

const DIGEST_LENGTH = 10;

/**
 * Stands for the shape of what is kept: with it in the key, a release that changes a member, a type or an enum never reads
 * what another release has written (`reliability.md` R4). The same in every process. It does not see checks that are
 * functions, nor a change of what a member means.
 */
export function shapeDigest(...schemas: readonly z.ZodType[]): string {
  // What JSON Schema has no word for, such as a tree of any depth, is told apart by its description alone.
  const shapes = schemas.map((schema) => z.toJSONSchema(schema, { unrepresentable: 'any' }));
  return createHash('sha256').update(JSON.stringify(shapes)).digest('base64url').slice(0, DIGEST_LENGTH);
}
