import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql';

/** The fields of the query type that nothing is read for. */
const FIELDS = new Set(['__typename', '__schema', '__type', '_service', 'origins']);

/** Documents are parsed once and asked many times. */
const known = new WeakMap<DocumentNode, boolean>();

/** Whether a valid document asks for nothing but what the configuration and the schema tell. */
export function asksConfigurationOnly(document: DocumentNode): boolean {
  const answer = known.get(document) ?? inspect(document);
  known.set(document, answer);
  return answer;
}

function inspect({ definitions }: DocumentNode): boolean {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
  return definitions.every(
    (definition) =>
      definition.kind !== Kind.OPERATION_DEFINITION ||
      rootFields(definition.selectionSet, fragments).every((name) => FIELDS.has(name)),
  );
}

/** Each fragment once: spread again it adds no name, and fragments that double would take for ever. */
function rootFields(
  { selections }: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  seen = new Set<string>(),
): string[] {
  return selections.flatMap((selection) => {
    switch (selection.kind) {
      case Kind.FIELD:
        return [selection.name.value];
      case Kind.INLINE_FRAGMENT:
        return rootFields(selection.selectionSet, fragments, seen);
      case Kind.FRAGMENT_SPREAD: {
        const fragment = fragments.get(selection.name.value);
        if (fragment === undefined || seen.has(selection.name.value)) {
          return [];
        }
        seen.add(selection.name.value);
        return rootFields(fragment.selectionSet, fragments, seen);
      }
    }
  });
}
