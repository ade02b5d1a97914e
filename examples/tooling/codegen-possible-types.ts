import type { PluginFunction } from '@graphql-codegen/plugin-helpers';
import { isAbstractType } from 'graphql';

/** A plugin of codegen: which object types each interface and union has, as Apollo Client’s cache wants to be told. */
export const plugin: PluginFunction = (schema) => {
  const abstractTypes = Object.values(schema.getTypeMap()).filter(isAbstractType);
  const possibleTypes = Object.fromEntries(
    abstractTypes.map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]),
  );
  return `export const possibleTypes = ${JSON.stringify(possibleTypes, null, 2)};\n`;
};
