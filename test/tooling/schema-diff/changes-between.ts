import { type Change as InspectorChange, diff } from '@graphql-inspector/core';
import { buildSchema, type GraphQLSchema, isObjectType } from 'graphql';
import type { Change, Severity } from './change.ts';
import { directiveChanges } from './directive-changes.ts';

export interface Changes {
  /** The worst first. */
  readonly changes: readonly Change[];
  /** How many descriptions differ. They change the graph for nobody. */
  readonly descriptions: number;
}

const SEVERITIES: readonly Severity[] = ['breaking', 'dangerous', 'safe'];
const SEVERITY_OF = { BREAKING: 'breaking', DANGEROUS: 'dangerous', NON_BREAKING: 'safe' } as const;

/** Compares two SDLs of a subgraph. Throws when one is no SDL. */
export async function changesBetween(before: string, after: string): Promise<Changes> {
  const oldSchema = schemaOf(before);
  const newSchema = schemaOf(after);
  const found = await diff(oldSchema, newSchema);
  const isDescription = ({ type }: InspectorChange): boolean => type.includes('DESCRIPTION');
  const added = new Set(found.flatMap(({ type, path }) => (type === 'TYPE_ADDED' ? [path] : [])));
  const ofDirectives = directiveChanges(before, after);
  const judged = new Set(ofDirectives.map(({ path }) => path));
  const changes = [
    ...found
      .filter((change) => !isDescription(change) && !isToldElsewhere(change, added))
      // An addition to what other subgraphs have too is no safe one.
      .filter(({ type, path = '' }) => type !== 'FIELD_ADDED' || !judged.has(path))
      .map((change) => fromInspector(change, oldSchema, newSchema)),
    ...ofDirectives,
  ];
  return {
    changes: SEVERITIES.flatMap((severity) => changes.filter((change) => change.severity === severity)),
    descriptions: found.filter((change) => isDescription(change) && !isToldElsewhere(change, added)).length,
  };
}

/** The directives of federation are used without being defined. */
function schemaOf(sdl: string): GraphQLSchema {
  return buildSchema(sdl, { assumeValidSDL: true });
}

/** Directives are compared by `directiveChanges`; a new type is one change, not as many as it has fields. */
function isToldElsewhere(
  { type, path = '' }: InspectorChange,
  added: ReadonlySet<string | undefined>,
): boolean {
  return (
    type.startsWith('DIRECTIVE_USAGE_') ||
    type.includes('_DEPRECATION_') ||
    (added.has(path.split('.', 1)[0]) && type !== 'TYPE_ADDED' && type !== 'OBJECT_TYPE_INTERFACE_ADDED')
  );
}

function fromInspector(change: InspectorChange, oldSchema: GraphQLSchema, newSchema: GraphQLSchema): Change {
  const severity = isNewImplementation(change, oldSchema, newSchema)
    ? 'dangerous'
    : SEVERITY_OF[change.criticality.level];
  return {
    severity,
    path: change.path ?? 'schema',
    message: `${change.message}.`,
    ...(severity === 'breaking' && { advice: adviceOf(change) }),
  };
}

/** Even one that is a new type itself, which the library takes for safe: whoever reads the interface meets it. */
function isNewImplementation(
  { type, meta }: InspectorChange,
  oldSchema: GraphQLSchema,
  newSchema: GraphQLSchema,
): boolean {
  if (type !== 'OBJECT_TYPE_INTERFACE_ADDED') {
    return false;
  }
  const { objectTypeName, addedInterfaceName } = meta as {
    readonly objectTypeName: string;
    readonly addedInterfaceName: string;
  };
  return (
    isObjectType(newSchema.getType(objectTypeName)) && oldSchema.getType(addedInterfaceName) !== undefined
  );
}

function adviceOf({ type }: InspectorChange): string {
  if (type.endsWith('_REMOVED')) {
    return 'Keep it, @deprecated where that can stand.';
  }
  return type.endsWith('_ADDED')
    ? 'Make it nullable or give it a default.'
    : 'Add another of the new kind beside it, and keep this one, @deprecated.';
}
