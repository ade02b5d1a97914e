import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The suite’s package gives what it consists of as files: a schema, two servers, compiled tests and the jest to run them. */
const manifest = createRequire(import.meta.url).resolve(
  '@apollo/federation-subgraph-compatibility-tests/package.json',
);
const inPackage = (...names: readonly string[]): string => join(dirname(manifest), ...names);

export const PRODUCTS_SCHEMA = inPackage('products.graphql');
export const USERS_SERVER = inPackage('dist', 'subgraphs', 'users', 'index.js');
export const INVENTORY_SERVER = inPackage('dist', 'subgraphs', 'inventory', 'index.js');
export const TESTS_FOLDER = inPackage('dist', 'tests');
export const JEST = createRequire(manifest).resolve('jest/bin/jest');
