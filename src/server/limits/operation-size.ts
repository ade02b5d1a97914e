import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** How much an operation asks for, its fragments put in wherever they are spread. */
export interface OperationSize {
  /** Fields in one another, the root's included; below `__schema` and `__type` nothing is counted. */
  readonly depth: number;
  readonly aliases: number;
  /** Names in the answer, so the same field asked for again is none. */
  readonly rootFields: number;
  readonly directives: number;
}

/** What fragments add up to. */
type SelectionSize = Omit<OperationSize, 'rootFields'>;

/** Documents are parsed once and asked many times. */
const known = new WeakMap<OperationDefinitionNode, OperationSize>();

/**
 * Measures an operation of a document that need not be valid: what spreads itself counts once, a fragment that is not there
 * not at all. Each fragment is looked at once, however often it is spread, so the time is that of reading the document.
 */
export function operationSize(document: DocumentNode, operation: OperationDefinitionNode): OperationSize {
  const size = known.get(operation) ?? measure(document, operation);
  known.set(operation, size);
  return size;
}

function measure(document: DocumentNode, operation: OperationDefinitionNode): OperationSize {
  const fragments = fragmentsOf(document);
  const { depth, aliases, directives } = sizer(fragments)(operation.selectionSet);
  const { variableDefinitions = [] } = operation;
  const outside = [operation, ...variableDefinitions].reduce((sum, node) => sum + count(node.directives), 0);
  const rootFields = responseNames(operation.selectionSet, fragments).size;
  return { depth, aliases: finite(aliases), rootFields, directives: finite(directives + outside) };
}

function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(
    definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );
}

const NOTHING: SelectionSize = { depth: 0, aliases: 0, directives: 0 };

function sizer(
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): (selectionSet: SelectionSetNode | undefined) => SelectionSize {
  const sizes = new Map<string, SelectionSize>();

  const sizeOfFragment = (name: string): SelectionSize => {
    const fragment = fragments.get(name);
    const size = sizes.get(name);
    if (size !== undefined || fragment === undefined) {
      return size ?? NOTHING;
    }
    // Found when it spreads itself, which validation refuses.
    sizes.set(name, NOTHING);
    const found = plus(sizeOf(fragment.selectionSet), { directives: count(fragment.directives) });
    sizes.set(name, found);
    return found;
  };

  const sizeOf = (selectionSet: SelectionSetNode | undefined): SelectionSize =>
    (selectionSet?.selections ?? []).reduce<SelectionSize>((sum, selection) => {
      const directives = count(selection.directives);
      switch (selection.kind) {
        case Kind.FIELD:
          return together(sum, plus(sizeOfField(selection), { directives }));
        case Kind.INLINE_FRAGMENT:
          return together(sum, plus(sizeOf(selection.selectionSet), { directives }));
        case Kind.FRAGMENT_SPREAD:
          return together(sum, plus(sizeOfFragment(selection.name.value), { directives }));
      }
    }, NOTHING);

  const sizeOfField = ({ name, alias, selectionSet }: FieldNode): SelectionSize => {
    const inside = sizeOf(selectionSet);
    // How deep a question about the graph goes is limited by a rule of graphql-js, and the usual one is 15 deep.
    const depth = name.value === '__schema' || name.value === '__type' ? 1 : inside.depth + 1;
    return { ...inside, depth, aliases: inside.aliases + (alias === undefined ? 0 : 1) };
  };

  return sizeOf;
}

function plus(size: SelectionSize, { directives }: { readonly directives: number }): SelectionSize {
  return directives === 0 ? size : { ...size, directives: size.directives + directives };
}

function together(one: SelectionSize, other: SelectionSize): SelectionSize {
  return {
    depth: Math.max(one.depth, other.depth),
    aliases: one.aliases + other.aliases,
    directives: one.directives + other.directives,
  };
}

function count(directives: readonly DirectiveNode[] | undefined): number {
  return directives?.length ?? 0;
}

/** Fragments that double from one to the next soon pass what JSON can say. */
function finite(number: number): number {
  return Math.min(number, Number.MAX_SAFE_INTEGER);
}

function responseNames(
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  seen = new Set<string>(),
  names = new Set<string>(),
): ReadonlySet<string> {
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) {
      names.add((selection.alias ?? selection.name).value);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      responseNames(selection.selectionSet, fragments, seen, names);
    } else if (!seen.has(selection.name.value)) {
      seen.add(selection.name.value);
      const fragment = fragments.get(selection.name.value);
      if (fragment !== undefined) {
        responseNames(fragment.selectionSet, fragments, seen, names);
      }
    }
  }
  return names;
}
