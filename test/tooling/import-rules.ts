import { matchesGlob, posix } from 'node:path';
import { ENVIRONMENT_READER, type Floor, FLOORS, GRAPH_LEVEL, GRAPHQL_PACKAGES } from './house.ts';
import { type Import, readSource, type SourceFile } from './read-source.ts';

/** Source text by path below `src/`, e.g. `lib/clock.ts`. */
export type SourceTree = ReadonlyMap<string, string>;

/**
 * Every breach of the house's floors and walls, one line each: `<file>:<line> <what is wrong>`, in the order of the
 * tree, import circles last. An import that breaks a wall is told as that and not as a breach of a floor as well. Type
 * imports obey the same rules; that they are marked is the compiler's business (`verbatimModuleSyntax`).
 */
export function breaches(tree: SourceTree): string[] {
  const files = [...tree].map(([path, text]) => readSource(path, text));
  return [...files.flatMap((file) => fileBreaches(file, tree)), ...circles(files)];
}

function fileBreaches(file: SourceFile, tree: SourceTree): string[] {
  const found: string[] = [];
  if (floorOf(file.path) === undefined) {
    found.push(`${file.path}:1 is on no floor: add its folder to test/tooling/house.ts`);
  }
  if (posix.basename(file.path) === 'index.ts') {
    found.push(`${file.path}:1 is a barrel by its name: name it after what it defines`);
  }
  if (file.path !== ENVIRONMENT_READER) {
    found.push(...file.environmentReads.map((line) => `${file.path}:${line} reads the environment`));
  }
  for (const imported of file.imports) {
    const breach = importBreach(file.path, imported, tree);
    if (breach !== null) {
      found.push(`${file.path}:${imported.line} ${breach}`);
    }
  }
  return found;
}

/** The first rule that the import breaks: those that are about the address, then the walls, then the floors. */
function importBreach(
  from: string,
  { address, target, isReexport }: Import,
  tree: SourceTree,
): string | null {
  if (address === null) {
    return 'imports a computed address, which no rule can follow';
  }
  if (target === null) {
    return isGraphQL(address) && isBelowTheGraph(from)
      ? `imports ${address}: no GraphQL below floor 5`
      : null;
  }
  if (target.startsWith('../')) {
    return `imports ${target.replace(/^(\.\.\/)+/, '')}: src imports nothing outside src`;
  }
  if (!/\.(ts|json)$/.test(target)) {
    return `imports ${address} without its extension`;
  }
  if (!tree.has(target) && target.endsWith('.ts')) {
    return `imports ${target}, which does not exist`;
  }
  if (isReexport) {
    return `hands on ${target}: import from the file that defines the thing`;
  }
  return wallBreach(from, target) ?? floorBreach(from, target);
}

function wallBreach(from: string, target: string): string | null {
  const [source, otherSource] = [sourceOf(from), sourceOf(target)];
  if (source !== null && otherSource !== null && source !== otherSource) {
    return `imports ${target}: a source never imports another source`;
  }
  const [inSandbox, toSandbox] = [isSandbox(from), isSandbox(target)];
  if (inSandbox && !toSandbox && target !== 'lib/clock.ts') {
    return `imports ${target}: the sandbox borrows nothing of the product but lib/clock.ts`;
  }
  if (!inSandbox && toSandbox && !from.startsWith('commands/')) {
    return `imports ${target}: the product does not know the sandbox`;
  }
  return null;
}

function floorBreach(from: string, target: string): string | null {
  const floor = floorOf(from);
  const below = floorOf(target);
  if (floor === undefined || below === undefined || floor === below || isAmong(target, floor.sees)) {
    return null;
  }
  return `imports ${target}: floor ${floor.level} (${floor.files.join(', ')}) does not see floor ${below.level}`;
}

function floorOf(path: string): Floor | undefined {
  return FLOORS.find((floor) => isAmong(path, floor.files));
}

function isAmong(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matchesGlob(path, pattern));
}

function isBelowTheGraph(path: string): boolean {
  const level = floorOf(path)?.level;
  return level !== undefined && level < GRAPH_LEVEL;
}

function isGraphQL(address: string): boolean {
  return GRAPHQL_PACKAGES.some((start) => address.startsWith(start));
}

/** `cos` of `sources/cos/decode.ts`; null for files of no one source. */
function sourceOf(path: string): string | null {
  return /^sources\/([^/]+)\//.exec(path)?.[1] ?? null;
}

function isSandbox(path: string): boolean {
  return path.startsWith('sandbox/');
}

/** One line for each knot of files that import each other: a shortest way round, from the first file of the knot. */
function circles(files: readonly SourceFile[]): string[] {
  const importsOf = new Map(
    files.map((file) => [file.path, file.imports.flatMap(({ target }) => (target === null ? [] : [target]))]),
  );
  const told = new Set<string>();
  return files.flatMap(({ path }) => {
    const way = told.has(path) ? null : shortestWay(path, path, importsOf);
    if (way === null) {
      return [];
    }
    // Whoever is reachable and leads back belongs to the same knot, which is told once.
    for (const other of importsOf.keys()) {
      if (shortestWay(path, other, importsOf) !== null && shortestWay(other, path, importsOf) !== null) {
        told.add(other);
      }
    }
    return [`${path}:1 imports itself in a circle: ${way.join(' → ')}`];
  });
}

/** The files from `start` to `end`, both included, by at least one import; null when there is no way. */
function shortestWay(
  start: string,
  end: string,
  importsOf: ReadonlyMap<string, readonly string[]>,
): readonly string[] | null {
  const ways: (readonly string[])[] = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of importsOf.get(way.at(-1) ?? start) ?? []) {
      if (next === end) {
        return [...way, next];
      }
      if (!seen.has(next)) {
        seen.add(next);
        ways.push([...way, next]);
      }
    }
  }
  return null;
}
