import { matchesGlob, posix } from 'node:path';
import { type ESTree, parseSync, Visitor } from 'vite';
import { ENVIRONMENT_READER, type Floor, FLOORS, GRAPH_LEVEL, GRAPHQL_PACKAGES } from './house.ts';

/** Source text by path below `src/`, e.g. `lib/clock.ts`. */
export type SourceTree = ReadonlyMap<string, string>;

/**
 * Every breach of the house's floors and walls, one line each: `<file>:<line> <what is wrong>`, in the order of the
 * tree, import circles last. An import that breaks a wall is told as that and not as a breach of a floor as well. Type
 * imports obey the same rules; that they are marked is the compiler's business (`verbatimModuleSyntax`).
 */
export function breaches(tree: SourceTree): string[] {
  const files = [...tree].map(([path, text]) => readFile(path, text));
  return [...files.flatMap((file) => fileBreaches(file, tree)), ...circles(files)];
}

interface SourceFile {
  readonly path: string;
  readonly imports: readonly Import[];
  readonly environmentReads: readonly number[];
}

interface Import {
  /** As written; null when it is computed and cannot be read. */
  readonly address: string | null;
  /** The imported file below `src/`, for a relative address; it may lead out of `src/`, or to nothing. */
  readonly target: string | null;
  readonly isReexport: boolean;
  readonly line: number;
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

function readFile(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) {
    throw new Error(`${path} does not parse: ${errors.map(({ message }) => message).join('; ')}`);
  }
  const imports: Import[] = [];
  const environmentReads: number[] = [];
  const lineOf = (node: ESTree.Node): number => text.slice(0, node.start).split('\n').length;
  const add = (node: ESTree.Node, source: ESTree.Node | null, isReexport = false): void => {
    const address = source?.type === 'Literal' && typeof source.value === 'string' ? source.value : null;
    const isRelative = address !== null && /^\.{1,2}(\/|$)/.test(address);
    const target = isRelative ? posix.join(posix.dirname(path), address) : null;
    imports.push({ address, target, isReexport, line: lineOf(node) });
  };
  const readsEnvironment = (node: ESTree.Node): void => void environmentReads.push(lineOf(node));

  new Visitor({
    ImportDeclaration: (node) => {
      add(node, node.source);
      if (isProcessModule(node.source.value) && node.specifiers.some(isEnvironmentImport)) {
        readsEnvironment(node);
      }
    },
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) {
        add(node, node.source, true);
      }
    },
    ExportAllDeclaration: (node) => add(node, node.source, true),
    ImportExpression: (node) => add(node, node.source),
    // `import('./file.ts').Name` as a type.
    TSImportType: (node) => add(node, node.source),
    MemberExpression: (node) => {
      if (isProcess(node.object) && nameOf(node.property) === 'env') {
        readsEnvironment(node);
      }
    },
    // `const { env } = process`
    VariableDeclarator: (node) => {
      if (node.init !== null && isProcess(node.init) && takesEnvironment(node.id)) {
        readsEnvironment(node);
      }
    },
  }).visit(program);

  return { path, imports, environmentReads };
}

function isProcessModule(address: string): boolean {
  return address === 'node:process' || address === 'process';
}

function isEnvironmentImport(specifier: ESTree.ImportDeclarationSpecifier): boolean {
  return specifier.type === 'ImportSpecifier' && nameOf(specifier.imported) === 'env';
}

/** `process`, `globalThis.process`, `global['process']` */
function isProcess(node: ESTree.Node): boolean {
  return nameOf(node.type === 'MemberExpression' ? node.property : node) === 'process';
}

function takesEnvironment(pattern: ESTree.Node): boolean {
  return (
    pattern.type === 'ObjectPattern' &&
    pattern.properties.some((property) => property.type === 'Property' && nameOf(property.key) === 'env')
  );
}

function nameOf(node: ESTree.Node): string | null {
  if (node.type === 'Identifier') {
    return node.name;
  }
  return node.type === 'Literal' && typeof node.value === 'string' ? node.value : null;
}
