import { posix } from 'node:path';
import { type ESTree, parseSync, Visitor } from 'vite';

/** What the rules want to know of a source file. */
export interface SourceFile {
  readonly path: string;
  readonly imports: readonly Import[];
  /** Lines that read `process.env`, however it is spelt. */
  readonly environmentReads: readonly number[];
}

/** An import of any kind: of values or types, static or at run time, or a name handed on from another file. */
export interface Import {
  /** As written; null when it is computed and cannot be read. */
  readonly address: string | null;
  /** The imported file below `src/`, for a relative address; it may lead out of `src/`, or to nothing. */
  readonly target: string | null;
  readonly isReexport: boolean;
  readonly line: number;
}

/** Reads one file; `path` is below `src/`. Throws when it does not parse. */
export function readSource(path: string, text: string): SourceFile {
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
