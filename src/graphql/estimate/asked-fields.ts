import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getNamedType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { JobSource } from '../../model/origin.ts';
import { JOB_TYPE_NAMES } from '../job.ts';

/** A field of the root that an operation asks for. */
export interface AskedField {
  readonly definition: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  /** The products of whose jobs it asks what only a second call tells. */
  readonly detailsOf: ReadonlySet<JobSource>;
}

/** Documents are parsed once and asked many times, by clients and by routers. */
const known = new WeakMap<OperationDefinitionNode, WeakMap<GraphQLSchema, readonly AskedField[]>>();

/**
 * The fields of the root that `isAsked` wants to know of, with those of fragments. `@skip` and `@include` are not looked at:
 * at worst everything is there. Worked out once for each operation, in the time that reading its document takes.
 */
export function askedFields(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  isAsked: (name: string) => boolean,
): readonly AskedField[] {
  const ofSchemas = known.get(operation) ?? new WeakMap<GraphQLSchema, readonly AskedField[]>();
  known.set(operation, ofSchemas);
  const fields = ofSchemas.get(schema) ?? findFields(schema, document, operation, isAsked);
  ofSchemas.set(schema, fields);
  return fields;
}

function findFields(
  schema: GraphQLSchema,
  { definitions }: DocumentNode,
  operation: OperationDefinitionNode,
  isAsked: (name: string) => boolean,
): readonly AskedField[] {
  const root = schema.getRootType(operation.operation);
  const fragments = new Map(
    definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );
  const detailsIn = detailFinder(schema, fragments);
  return nodesAt(operation.selectionSet, fragments).flatMap((node): AskedField[] => {
    const definition = root?.getFields()[node.name.value];
    if (definition === undefined || !isAsked(node.name.value)) {
      return [];
    }
    return [{ definition, node, detailsOf: detailsIn(node.selectionSet, getNamedType(definition.type)) }];
  });
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** The same fragment adds nothing when it is spread again: its fields are merged. */
function nodesAt(
  { selections }: SelectionSetNode,
  fragments: Fragments,
  seen = new Set<string>(),
): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) {
      return [selection];
    }
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return nodesAt(selection.selectionSet, fragments, seen);
    }
    const fragment = fragments.get(selection.name.value);
    if (fragment === undefined || seen.has(selection.name.value)) {
      return [];
    }
    seen.add(selection.name.value);
    return nodesAt(fragment.selectionSet, fragments, seen);
  });
}

/** Finds the fields of jobs that cost a call, however deep they stand. Each fragment is looked at once. */
function detailFinder(
  schema: GraphQLSchema,
  fragments: Fragments,
): (selectionSet: SelectionSetNode | undefined, type: GraphQLNamedType) => ReadonlySet<JobSource> {
  const inFragments = new Map<string, ReadonlySet<JobSource>>();

  const inFragment = (name: string): ReadonlySet<JobSource> => {
    const found = inFragments.get(name);
    const fragment = fragments.get(name);
    if (found !== undefined || fragment === undefined) {
      return found ?? NONE;
    }
    const sources = find(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value));
    inFragments.set(name, sources);
    return sources;
  };

  const find = (
    selectionSet: SelectionSetNode | undefined,
    type: GraphQLNamedType | undefined,
  ): ReadonlySet<JobSource> =>
    (selectionSet?.selections ?? []).reduce<ReadonlySet<JobSource>>((sources, selection) => {
      switch (selection.kind) {
        case Kind.INLINE_FRAGMENT: {
          const narrowed = selection.typeCondition?.name.value;
          return union(
            sources,
            find(selection.selectionSet, narrowed === undefined ? type : schema.getType(narrowed)),
          );
        }
        case Kind.FRAGMENT_SPREAD:
          return union(sources, inFragment(selection.name.value));
        case Kind.FIELD: {
          const field = fieldOf(type, selection.name.value);
          if (field === undefined) {
            return sources;
          }
          const below = find(selection.selectionSet, getNamedType(field.type));
          return union(union(sources, detailOf(type, field)), below);
        }
      }
    }, NONE);

  return find;
}

const NONE: ReadonlySet<JobSource> = new Set();

/** Why a job failed is told by the second call, except in CI. That only a failed job costs it is not known beforehand. */
const FAILURES = 'failures';
const WITH_DETAILS: readonly JobSource[] = ['COS', 'BATCH_COMPUTE'];

/** The products whose jobs, read as this type, cost a call for the field. */
function detailOf(
  type: GraphQLNamedType | undefined,
  { name, extensions }: GraphQLField<unknown, unknown>,
): ReadonlySet<JobSource> {
  const { directives = {} } = extensions as { readonly directives?: Readonly<Record<string, unknown>> };
  const mayCost = directives['cost'] !== undefined || name === FAILURES;
  return mayCost
    ? new Set(WITH_DETAILS.filter((source) => isInterfaceType(type) || type?.name === JOB_TYPE_NAMES[source]))
    : NONE;
}

function fieldOf(
  type: GraphQLNamedType | undefined,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
}

function union(one: ReadonlySet<JobSource>, other: ReadonlySet<JobSource>): ReadonlySet<JobSource> {
  return one.size === 0 ? other : other.size === 0 ? one : new Set([...one, ...other]);
}
