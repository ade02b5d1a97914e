import { getDirectiveExtensions, getDocumentNodeFromSchema } from '@graphql-tools/utils';
import {
  extendSchema,
  type GraphQLObjectType,
  type GraphQLSchema,
  isAbstractType,
  isObjectType,
  isUnionType,
  parse,
  print,
} from 'graphql';
import { InvalidRepresentationError } from '../model/errors.ts';

/** What a router knows of an entity: its type and the fields of one of its keys, and whatever else it sends. */
export type Representation = Readonly<Record<string, unknown>>;

/**
 * Gives the entity that a representation names, or null when there is none. Throws `InvalidRepresentationError` when no
 * key of its type is there. What else the representation says is a claim, not a fact.
 */
export type ReferenceResolver<C> = (representation: Representation, context: C) => unknown;

export interface SubgraphOptions<C> {
  /** By the names of types with a key that this subgraph resolves, interfaces included: one for each. */
  readonly references: Readonly<Record<string, ReferenceResolver<C>>>;
  /** The name of the object type of what a reference resolver gave. */
  readonly typeNameOf: (entity: unknown) => string;
}

export interface Subgraph {
  /** The graph, and what a router asks besides: `_service` and `_entities`. */
  readonly schema: GraphQLSchema;
  /** The graph with its directives, as it is composed into a supergraph: without what only routers ask. */
  readonly sdl: string;
}

/**
 * Makes a schema a subgraph of Apollo Federation 2 (Subgraph Specification, apollographql.com/docs/graphos/schema-design).
 * Directives are those in `extensions.directives` or in the schema's own SDL.
 *
 * Entities are resolved side by side and each in its own place: one that fails is null with its error, one that is
 * unknown, or of another type than asked for, is null without. What resolvers give is handed on as it is, never written to.
 */
export function toSubgraph<C>(schema: GraphQLSchema, options: SubgraphOptions<C>): Subgraph {
  const sdl = `${print(getDocumentNodeFromSchema(schema))}\n`;
  const names = entityTypes(schema).map(({ name }) => name);
  const missing = names.find((name) => !Object.hasOwn(options.references, name));
  if (missing !== undefined) {
    throw new TypeError(`Expected a reference resolver for the entity ${missing}.`);
  }
  const extended = extendSchema(schema, parse(routerFields(names)));
  const { _service, _entities } = extended.getQueryType()?.getFields() ?? {};
  if (_service !== undefined) {
    _service.resolve = () => ({ sdl });
  }
  if (_entities !== undefined) {
    const entityOf = entityResolver(extended, options);
    _entities.resolve = (_root, { representations }: { representations: readonly unknown[] }, context: C) =>
      representations.map((representation) => entityOf(representation, context));
  }
  const union = extended.getType('_Entity');
  if (isUnionType(union)) {
    union.resolveType = options.typeNameOf;
  }
  return { schema: extended, sdl };
}

/** Asynchronous, so that even what is thrown at once nulls nothing but its own place. */
function entityResolver<C>(
  schema: GraphQLSchema,
  { references, typeNameOf }: SubgraphOptions<C>,
): (representation: unknown, context: C) => Promise<unknown> {
  const resolvers = new Map(Object.entries(references));
  return async (representation, context) => {
    if (!isObject(representation)) {
      throw new InvalidRepresentationError('Expected a representation with its __typename, got no object.');
    }
    const asked = representation['__typename'];
    const resolve = typeof asked === 'string' ? resolvers.get(asked) : undefined;
    if (typeof asked !== 'string' || resolve === undefined) {
      throw new InvalidRepresentationError(
        'Expected a representation whose __typename is an entity of this subgraph.',
      );
    }
    const entity = await resolve(representation, context);
    return entity !== null && entity !== undefined && isOfType(schema, typeNameOf(entity), asked)
      ? entity
      : null;
  };
}

function isOfType(schema: GraphQLSchema, name: string, asked: string): boolean {
  const type = schema.getType(asked);
  return (
    name === asked || (isAbstractType(type) && schema.getPossibleTypes(type).some((one) => one.name === name))
  );
}

/** The object types with a key by which a router may ask for them. */
function entityTypes(schema: GraphQLSchema): GraphQLObjectType[] {
  return Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter((type) => {
      const { key = [] } = getDirectiveExtensions<{ key: { resolvable?: boolean } }>(type, schema);
      return key.some(({ resolvable }) => resolvable !== false);
    });
}

function routerFields(entities: readonly string[]): string {
  const service = `
    "What a router asks of a subgraph about itself."
    type _Service {
      "The subgraph’s own SDL, with its federation directives."
      sdl: String!
    }
    extend type Query {
      "What this subgraph is composed by. For routers."
      _service: _Service!
    }`;
  return entities.length === 0
    ? service
    : `${service}
    "A representation: the name of an entity’s type and the fields of one of its keys."
    scalar _Any
    "Any entity of this subgraph."
    union _Entity = ${entities.join(' | ')}
    extend type Query {
      "The entities with these representations, in their order; null in the place of one that does not exist or cannot be read. For routers."
      _entities("What is known of each entity." representations: [_Any!]!): [_Entity]!
    }`;
}

function isObject(value: unknown): value is Representation {
  return typeof value === 'object' && value !== null;
}
