import { type GraphQLSchema, Kind, parse, validate } from 'graphql';

/** What is wrong with a text as a document of this graph, in half a sentence; null when nothing is. */
export type DocumentCheck = (text: string) => string | null;

export function documentCheck(schema: GraphQLSchema): DocumentCheck {
  return (text) => {
    try {
      const document = parse(text);
      const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
      if (operations.length === 0) {
        return 'it holds no operation';
      }
      const unknown = operations.find(
        (definition) => 'operation' in definition && !schema.getRootType(definition.operation),
      );
      if (unknown !== undefined && 'operation' in unknown) {
        return `this graph has no ${unknown.operation}`;
      }
      const [first] = validate(schema, document);
      return first === undefined ? null : withPlace(first);
    } catch (error) {
      return error instanceof Error ? withPlace(error) : 'it cannot be parsed';
    }
  };
}

function withPlace(error: Error & { readonly locations?: unknown }): string {
  const [place] = (Array.isArray(error.locations) ? error.locations : []) as {
    line: number;
    column: number;
  }[];
  return place === undefined
    ? error.message
    : `${error.message} (line ${place.line}, column ${place.column})`;
}
