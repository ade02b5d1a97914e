import { type DocumentNode, type ExecutionArgs, GraphQLError, Kind, type ValueNode, visit } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Refuses, before anything is read, a document that asks for more than so many entities: all its `_entities` fields together,
 * whatever they are called and wherever they stand (contract section 6; reliability I13).
 */
export function useEntityLimit(maxRepresentations: number): Plugin {
  return {
    onExecute: ({ args, setResultAndStopExecution }) => {
      const { document, variableValues } = args as ExecutionArgs;
      const actual = representationsIn(document)
        .map((value) => lengthOf(value, variableValues ?? {}))
        .reduce((sum, length) => sum + length, 0);
      if (actual > maxRepresentations) {
        const message = `Expected at most ${maxRepresentations} representations in a document, got ${actual}: ask for them in several.`;
        const http = { status: 400, spec: true };
        const extensions = {
          code: 'COST_ESTIMATED_TOO_EXPENSIVE',
          limit: maxRepresentations,
          actual,
          http,
        };
        setResultAndStopExecution({ errors: [new GraphQLError(message, { extensions })] });
      }
    },
  };
}

/** Documents are parsed once and asked many times. */
const known = new WeakMap<DocumentNode, readonly ValueNode[]>();

/** The arguments of all `_entities` fields; the field is of the root type alone. */
function representationsIn(document: DocumentNode): readonly ValueNode[] {
  const values = known.get(document) ?? findRepresentations(document);
  known.set(document, values);
  return values;
}

function findRepresentations(document: DocumentNode): ValueNode[] {
  const values: ValueNode[] = [];
  visit(document, {
    Field: ({ name, arguments: args = [] }) => {
      if (name.value === '_entities') {
        values.push(...args.map(({ value }) => value));
      }
    },
  });
  return values;
}

/** A value that is no list stands for a list of one (GraphQL section 3.11). */
function lengthOf(value: ValueNode, variables: Readonly<Record<string, unknown>>): number {
  if (value.kind === Kind.VARIABLE) {
    const given = variables[value.name.value];
    return Array.isArray(given) ? given.length : 1;
  }
  return value.kind === Kind.LIST ? value.values.length : 1;
}
