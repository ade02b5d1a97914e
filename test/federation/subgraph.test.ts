import {
  GraphQLID,
  GraphQLInterfaceType,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  graphql,
  validateSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { toSubgraph, type SubgraphOptions } from '../../src/federation/subgraph.ts';

interface Animal {
  readonly kind: 'Cat' | 'Dog';
  readonly id: string;
}

const animals: readonly Animal[] = [
  Object.freeze({ kind: 'Cat', id: 'tom' }),
  Object.freeze({ kind: 'Dog', id: 'rex' }),
];

const fields = { id: { type: new GraphQLNonNull(GraphQLID) } };
const byId = { directives: { key: [{ fields: 'id' }] } };
const AnimalType = new GraphQLInterfaceType({
  name: 'Animal',
  fields,
  extensions: byId,
  resolveType: ({ kind }: Animal) => kind,
});
const [Cat, Dog] = ['Cat', 'Dog'].map(
  (name) => new GraphQLObjectType({ name, interfaces: [AnimalType], fields, extensions: byId }),
);
/** Another subgraph's: this one knows that they exist and no more. */
const Owner = new GraphQLObjectType({
  name: 'Owner',
  fields,
  extensions: { directives: { key: [{ fields: 'id', resolvable: false }] } },
});

function animalSchema(extra: readonly GraphQLObjectType[] = []): GraphQLSchema {
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: { hello: { type: GraphQLString, resolve: () => 'world' }, animal: { type: AnimalType } },
    }),
    types: [Cat!, Dog!, ...extra],
    extensions: {
      directives: { link: [{ url: 'https://specs.apollo.dev/federation/v2.9', import: ['@key'] }] },
    },
  });
}

const find = (representation: Readonly<Record<string, unknown>>): Animal | null => {
  if (representation['id'] === 'now') {
    throw new Error('at once');
  }
  return animals.find(({ id }) => id === representation['id']) ?? null;
};

const options: SubgraphOptions<unknown> = {
  references: {
    Animal: find,
    Cat: async (representation) => {
      if (representation['id'] === 'later') {
        throw new Error('later');
      }
      return await Promise.resolve(find(representation));
    },
    Dog: find,
  },
  typeNameOf: (entity) => (entity as Animal).kind,
};

const { schema, sdl } = toSubgraph(animalSchema(), options);

async function entities(representations: readonly unknown[], subgraph = schema) {
  const { data, errors = [] } = await graphql({
    schema: subgraph,
    source: 'query ($of: [_Any!]!) { _entities(representations: $of) { __typename ... on Animal { id } } }',
    variableValues: { of: representations },
  });
  return {
    found: data?.['_entities'],
    errors: errors.map(({ path, message, originalError }) => [
      path?.at(-1),
      (originalError as { code?: string } | undefined)?.code ?? message,
    ]),
  };
}

describe('a subgraph', () => {
  it('is a valid schema with everything that was there', async () => {
    expect(validateSchema(schema)).toEqual([]);
    expect(await graphql({ schema, source: '{ hello }' })).toEqual({ data: { hello: 'world' } });
  });

  it('tells what it is composed by, without what only routers ask', async () => {
    const { data } = await graphql({ schema, source: '{ _service { sdl } }' });
    expect(data).toEqual({ _service: { sdl } });
    expect(sdl).toContain('interface Animal @key(fields: "id")');
    expect(sdl).toContain('@link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])');
    expect(sdl).not.toMatch(/_entities|_service|_Any/);
  });

  it('leaves the schema that it is made of alone', () => {
    const before = animalSchema();
    toSubgraph(before, options);
    expect(Object.keys(before.getQueryType()?.getFields() ?? {})).toEqual(['hello', 'animal']);
  });

  it('without entities has only its service', () => {
    const plain = new GraphQLSchema({
      query: new GraphQLObjectType({ name: 'Query', fields: { hello: { type: GraphQLString } } }),
    });
    const made = toSubgraph(plain, { references: {}, typeNameOf: () => '' }).schema;
    expect(Object.keys(made.getQueryType()?.getFields() ?? {})).toEqual(['hello', '_service']);
  });

  it('cannot be made when an entity has no resolver', () => {
    const { Animal: _, Cat: __, ...references } = options.references;
    expect(() => toSubgraph(animalSchema(), { ...options, references })).toThrow('the entity Cat');
  });

  it('needs none for an entity of another subgraph, and does not offer it', async () => {
    const made = toSubgraph(animalSchema([Owner]), options).schema;
    expect(String(made.getType('_Entity')?.toConfig().name)).toBe('_Entity');
    const answer = await entities([{ __typename: 'Owner', id: '1' }], made);
    expect(answer).toEqual({ found: [null], errors: [[0, 'INVALID_REPRESENTATION']] });
  });
});

describe('_entities', () => {
  it('gives each entity in its place, by its type or by an interface, and writes on none', async () => {
    const of = [
      { __typename: 'Dog', id: 'rex' },
      { __typename: 'Cat', id: 'tom' },
      { __typename: 'Animal', id: 'rex' },
      { __typename: 'Cat', id: 'tom' },
    ];
    expect(await entities(of)).toEqual({
      found: [
        { __typename: 'Dog', id: 'rex' },
        { __typename: 'Cat', id: 'tom' },
        { __typename: 'Dog', id: 'rex' },
        { __typename: 'Cat', id: 'tom' },
      ],
      errors: [],
    });
  });

  it('gives null for what does not exist, and for what is of another type than asked for', async () => {
    const of = [
      { __typename: 'Cat', id: 'nobody' },
      { __typename: 'Cat', id: 'rex' },
      { __typename: 'Animal', id: 'nobody' },
    ];
    expect(await entities(of)).toEqual({ found: [null, null, null], errors: [] });
  });

  it.each([
    ['a number', 5],
    ['a text', 'Cat'],
    ['a list', [{ __typename: 'Cat', id: 'tom' }]],
    ['no type', { id: 'tom' }],
    ['a type that is no text', { __typename: 1, id: 'tom' }],
    ['an unknown type', { __typename: 'Unicorn', id: 'tom' }],
    ['a type that is no entity', { __typename: 'Query', id: 'tom' }],
    ['the name of what every object has', { __typename: '__proto__', id: 'tom' }],
    ['the name of a function that every object has', { __typename: 'constructor', id: 'tom' }],
  ])('refuses %s in its own place alone', async (_name, bad) => {
    expect(await entities([{ __typename: 'Cat', id: 'tom' }, bad, { __typename: 'Dog', id: 'rex' }])).toEqual(
      {
        found: [{ __typename: 'Cat', id: 'tom' }, null, { __typename: 'Dog', id: 'rex' }],
        errors: [[1, 'INVALID_REPRESENTATION']],
      },
    );
  });

  it('nulls only the place of a resolver that throws, at once or later', async () => {
    const of = [
      { __typename: 'Dog', id: 'now' },
      { __typename: 'Cat', id: 'later' },
      { __typename: 'Cat', id: 'tom' },
    ];
    const { found, errors } = await entities(of);
    expect(found).toEqual([null, null, { __typename: 'Cat', id: 'tom' }]);
    expect(new Set(errors)).toEqual(
      new Set([
        [0, 'at once'],
        [1, 'later'],
      ]),
    );
  });

  it('takes representations written into the document', async () => {
    const source = '{ _entities(representations: [{ __typename: "Cat", id: "tom" }]) { __typename } }';
    expect(await graphql({ schema, source })).toEqual({ data: { _entities: [{ __typename: 'Cat' }] } });
  });
});
