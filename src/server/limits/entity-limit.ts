import {
  type DocumentNode,
  type ExecutionArgs,
  type FieldNode,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  visit,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Refuses, before anything is read, an operation that asks for more than so many entities: all `_entities` fields of its
 * document together, whatever they are called and wherever they stand (contract section 6; reliability I13).
 */
export function useEntityLimit(maxRepresentations: number): Plugin {
  return {
    onExecute: ({ args, setResultAndStopExecution }) => {
      const actual = countRepresentations(args);
      if (actual > maxRepresentations) {
        const message = `Expected at most ${maxRepresentations} representations in an operation, got ${actual}: ask for them in several.`;
        const http = { status: 400, spec: true };
        const extensions = { code: 'COST_ESTIMATED_TOO_EXPENSIVE', limit: maxRepresentations, actual, http };
        setResultAndStopExecution({ errors: [new GraphQLError(message, { extensions })] });
      }
    },
  };
}

function countRepresentations({ schema, document, operationName, variableValues }: ExecutionArgs): number {
  const fields = entityFieldsIn(document);
  const definition = schema.getQueryType()?.getFields()['_entities'];
  if (fields.length === 0 || definition === undefined) {
    return 0;
  }
  // As the executor will see them: with the defaults that the operation gives them.
  const { variableDefinitions = [] } = getOperationAST(document, operationName) ?? {};
  const { coerced = {} } = getVariableValues(schema, variableDefinitions, variableValues ?? {});
  return fields
    .map((field) => lengthOf(() => getArgumentValues(definition, field, coerced)))
    .reduce((sum, length) => sum + length, 0);
}

/** None where a variable is missing: then the field is of an operation that is not asked, or the executor refuses it. */
function lengthOf(argumentsOf: () => Readonly<Record<string, unknown>>): number {
  try {
    const { representations } = argumentsOf();
    return Array.isArray(representations) ? representations.length : 0;
  } catch {
    return 0;
  }
}

/** Documents are parsed once and asked many times. */
const known = new WeakMap<DocumentNode, readonly FieldNode[]>();

/** The field is of the root type alone, so its name says enough. */
function entityFieldsIn(document: DocumentNode): readonly FieldNode[] {
  const fields = known.get(document) ?? findEntityFields(document);
  known.set(document, fields);
  return fields;
}

function findEntityFields(document: DocumentNode): FieldNode[] {
  const fields: FieldNode[] = [];
  visit(document, {
    Field: (field) => {
      if (field.name.value === '_entities') {
        fields.push(field);
      }
    },
  });
  return fields;
}
