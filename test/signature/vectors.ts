import { readdirSync, readFileSync } from 'node:fs';

/** Every case of one folder of test/vectors, with its file's name. The caller knows the shape of its own files. */
export function readVectors<Vector extends object>(
  folder: 'cos' | 'tc3',
): (Vector & { readonly file: string })[] {
  const directory = new URL(`../vectors/${folder}/`, import.meta.url);
  return readdirSync(directory)
    .toSorted()
    .map((file) => {
      const vector = JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as Vector;
      return Object.assign(vector, { file });
    });
}
