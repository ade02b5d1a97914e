import { type ExecutionArgs, getArgumentValues, getOperationAST, getVariableValues } from 'graphql';
import type { GraphContext } from '../context.ts';
import { askedFields } from './asked-fields.ts';
import { Bill } from './bill.ts';
import { CHARGES, unlessRefused } from './charges.ts';

/**
 * How many upstream calls an operation may cost, with its variables and at worst: as if nothing were known and nobody else
 * asked. None for one that the executor will refuse. Calls nobody. Some 10 µs for a usual query, 1 ms for 500 ids.
 */
export function estimateCalls(asked: ExecutionArgs): number {
  const { schema, document, operationName, variableValues } = asked;
  const operation = getOperationAST(document, operationName);
  const fields = operation
    ? askedFields(schema, document, operation, (name) => Object.hasOwn(CHARGES, name))
    : [];
  if (!operation || fields.length === 0) {
    return 0;
  }
  const { variableDefinitions = [] } = operation;
  const { coerced } = getVariableValues(schema, variableDefinitions, variableValues ?? {}, { maxErrors: 1 });
  if (coerced === undefined) {
    return 0;
  }
  const context = asked.contextValue as GraphContext;
  const bill = new Bill(context.origins);
  for (const { definition, node, detailsOf } of fields) {
    unlessRefused(() =>
      CHARGES[definition.name]?.({
        arguments: getArgumentValues(definition, node, coerced),
        detailsOf,
        bill,
        context,
      }),
    );
  }
  return bill.total();
}
