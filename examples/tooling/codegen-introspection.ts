import type { PluginFunction } from '@graphql-codegen/plugin-helpers';
import { introspectionFromSchema } from 'graphql';

/**
 * A plugin of codegen: the schema as urql’s graphcache reads it, which is the types with fields. What only people or other
 * tools read is left out, for a browser has to load it.
 */
export const plugin: PluginFunction = (schema) => {
  // oxlint-disable-next-line eslint/no-underscore-dangle -- that is what introspection calls it
  const { queryType, types } = introspectionFromSchema(schema, { descriptions: false }).__schema;
  const read = types.flatMap((type) => {
    if ((type.kind !== 'OBJECT' && type.kind !== 'INTERFACE') || type.name.startsWith('__')) {
      return [];
    }
    const { kind, name, interfaces } = type;
    const fields = type.fields.map((field) => ({ name: field.name, type: field.type, args: [] }));
    return [
      {
        kind,
        name,
        fields,
        interfaces,
        ...('possibleTypes' in type && { possibleTypes: type.possibleTypes }),
      },
    ];
  });
  const withoutNull = (_: string, value: unknown): unknown => value ?? undefined;
  const introspection = JSON.stringify({ __schema: { queryType, types: read } }, withoutNull);
  return `export const introspection = ${introspection};\n`;
};
