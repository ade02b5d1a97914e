import { type ConstDirectiveNode, Kind, parse, print } from 'graphql';

/** Anything of an SDL that directives can stand at: the schema, a type, a field, an argument or an enum value. */
export interface Place {
  /** `CosJob`, `Query.jobs`, `Query.jobs.first`; `schema` for the schema itself. */
  readonly path: string;
  readonly parent: string | null;
  readonly kind: Kind;
  readonly directives: readonly Usage[];
}

/** A directive where it is used. */
export interface Usage {
  /** Without `@`, and without the namespace of an import that is not named: `federation__key` is `key`. */
  readonly name: string;
  /** By their names, as printed GraphQL values. */
  readonly args: Readonly<Record<string, string>>;
}

interface Definition {
  readonly kind: Kind;
  readonly name?: { readonly value: string };
  readonly directives?: readonly ConstDirectiveNode[];
  readonly fields?: readonly Definition[];
  readonly arguments?: readonly Definition[];
  readonly values?: readonly Definition[];
}

/** All places of an SDL by their paths; a definition and its extensions are one. Throws when it does not parse. */
export function placesOf(sdl: string): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const add = (node: Definition, parent: string | null): void => {
    const path = [parent, node.name?.value ?? 'schema'].filter((part) => part !== null).join('.');
    const known = places.get(path);
    places.set(path, {
      path,
      parent,
      kind: known?.kind ?? kindOf(node),
      directives: [...(known?.directives ?? []), ...(node.directives ?? []).map(usageOf)],
    });
    for (const child of [...(node.fields ?? []), ...(node.arguments ?? []), ...(node.values ?? [])]) {
      add(child, path);
    }
  };
  for (const definition of parse(sdl, { noLocation: true }).definitions as readonly Definition[]) {
    if (definition.kind !== Kind.DIRECTIVE_DEFINITION) {
      add(definition, null);
    }
  }
  return places;
}

/** A directive as one would write it. */
export function printUsage({ name, args }: Usage): string {
  const list = Object.entries(args)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([key, value]) => `${key}: ${value}`);
  return `@${name}${list.length === 0 ? '' : `(${list.join(', ')})`}`;
}

/** An extension is of the kind that it extends. */
function kindOf({ kind }: Definition): Kind {
  return kind.replace(/Extension$/, 'Definition') as Kind;
}

function usageOf(node: ConstDirectiveNode): Usage {
  return {
    name: node.name.value.replace(/^federation__/, ''),
    args: Object.fromEntries((node.arguments ?? []).map(({ name, value }) => [name.value, print(value)])),
  };
}
