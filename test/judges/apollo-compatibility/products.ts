/**
 * The subgraph that the suite examines: its own schema and the data that it expects, made a subgraph by our federation
 * module and by nothing else.
 */
import { useApolloInlineTrace } from '@graphql-yoga/plugin-apollo-inline-trace';
import { createSchema, createYoga } from 'graphql-yoga';
import { readFileSync } from 'node:fs';
import { type ReferenceResolver, toSubgraph } from '../../../src/federation/subgraph.ts';
import { type Listening, listen } from '../../../src/server/connections/listen.ts';
import { PRODUCTS_SCHEMA } from './package-files.ts';

const jane = {
  kind: 'User',
  email: 'support@apollographql.com',
  // The users subgraph has another name and another number: who overrides and who provides can be told from the answer.
  name: 'Jane Smith',
  totalProductsCreated: 1337,
};

const federationStudy = {
  kind: 'ProductResearch',
  study: { caseNumber: '1234', description: 'Federation Study' },
};
const studioStudy = {
  kind: 'ProductResearch',
  study: { caseNumber: '1235', description: 'Studio Study' },
};
const dimensions = { size: 'small', weight: 1, unit: 'kg' };

const products = [
  {
    kind: 'Product',
    id: 'apollo-federation',
    sku: 'federation',
    package: '@apollo/federation',
    variation: { id: 'OSS' },
    dimensions,
    createdBy: jane,
    research: [federationStudy],
  },
  {
    kind: 'Product',
    id: 'apollo-studio',
    sku: 'studio',
    package: '',
    variation: { id: 'platform' },
    dimensions,
    createdBy: jane,
    research: [studioStudy],
  },
];

const deprecatedProduct = {
  kind: 'DeprecatedProduct',
  sku: 'apollo-federation-v1',
  package: '@apollo/federation-v1',
  reason: 'Migrate to Federation V2',
  createdBy: jane,
};

const inventory = {
  kind: 'Inventory',
  id: 'apollo-oss',
  deprecatedProducts: [deprecatedProduct],
};

const resolvers = {
  Query: {
    product: (_root: unknown, { id }: { id: string }) => products.find((product) => product.id === id),
    deprecatedProduct: (_root: unknown, asked: { sku: string; package: string }) =>
      isDeprecatedProduct(asked) ? deprecatedProduct : null,
  },
  User: {
    /** Both come from the users subgraph, in the representation. */
    averageProductsCreatedPerYear: (user: { totalProductsCreated: number; yearsOfEmployment: number }) =>
      Math.round(user.totalProductsCreated / user.yearsOfEmployment),
  },
};

/** Each takes any key of its type. */
const references: Readonly<Record<string, ReferenceResolver<unknown>>> = {
  Product: ({ id, sku, package: name, variation }) =>
    products.find((product) =>
      id === undefined
        ? product.sku === sku && (product.package === name || product.variation.id === idOf(variation))
        : product.id === id,
    ),
  DeprecatedProduct: (asked) => (isDeprecatedProduct(asked) ? deprecatedProduct : null),
  ProductResearch: ({ study }) =>
    [federationStudy, studioStudy].find((research) => research.study.caseNumber === caseNumberOf(study)),
  User: (asked) => (asked['email'] === jane.email ? { ...jane, ...asked } : null),
  Inventory: ({ id }) => (id === inventory.id ? inventory : null),
};

function isDeprecatedProduct(asked: Readonly<Record<string, unknown>>): boolean {
  return asked['sku'] === deprecatedProduct.sku && asked['package'] === deprecatedProduct.package;
}

function idOf(variation: unknown): unknown {
  return (variation as { id?: unknown } | undefined)?.id;
}

function caseNumberOf(study: unknown): unknown {
  return (study as { caseNumber?: unknown } | undefined)?.caseNumber;
}

/** Serves it on a free port, at every path. */
export async function serveProducts(): Promise<Listening> {
  const { schema } = toSubgraph(
    createSchema({
      // What it extends is there in other subgraphs only, and graphql-js extends nothing that is not there.
      typeDefs: readFileSync(PRODUCTS_SCHEMA, 'utf8').replaceAll(/extend type (\w+)/g, 'type $1 @extends'),
      resolvers,
      // The directives' definitions are where the schema links to.
      assumeValidSDL: true,
    }),
    { references, typeNameOf: (entity) => (entity as { kind: string }).kind },
  );
  const yoga = createYoga({
    schema,
    graphqlEndpoint: '/',
    logging: false,
    plugins: [useApolloInlineTrace()],
  });
  return listen((incoming, outgoing) => void yoga(incoming, outgoing), { host: '127.0.0.1', port: 0 });
}
