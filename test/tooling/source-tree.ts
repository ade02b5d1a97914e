import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceTree } from './import-rules.ts';

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** All code of `src/` as it is on the disk now, in alphabetical order. */
export function readSourceTree(): SourceTree {
  const src = join(ROOT, 'src');
  const paths = globSync('**/*.{ts,mts,cts,js,mjs,cjs}', { cwd: src }).toSorted();
  return new Map(paths.map((path) => [path, readFileSync(join(src, path), 'utf8')]));
}
