import SchemaBuilder from '@pothos/core';
import type { JsonTree } from '../model/json-tree.ts';
import type { GraphContext } from './context.ts';

/** The Pothos builder; it defines no types. Fields are non-null unless they say `nullable: true`. */
export const builder = new SchemaBuilder<{
  Context: GraphContext;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: string; Output: string };
    SafeInt: { Input: number; Output: number };
    JSON: { Input: never; Output: JsonTree };
  };
}>({ defaultFieldNullability: false });

/** What the builder knows of our types; for helpers that define types of any job. */
export type GraphTypes = (typeof builder)['$inferSchemaTypes'];
