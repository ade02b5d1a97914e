import { type DocumentNode, getOperationAST, parse, type Source, validate } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { checkText, type DocumentLimits, nestedTooDeep, operationFaults } from './document-limits.ts';
import { operationSize } from './operation-size.ts';
import { textSize } from './text-size.ts';

/**
 * Refuses documents that are too much before they cost anything: a text before it is parsed, an operation before its document
 * is validated. A text is measured when it is parsed, and an operation once: a document that is asked for again costs
 * nothing here. Whether a request is a router's makes no difference.
 */
export function useLimits(limits: DocumentLimits): Plugin {
  // Limits may be set higher than the stack is.
  const withinStack = <T>(run: () => T): T => {
    try {
      return run();
    } catch (error) {
      throw error instanceof RangeError ? nestedTooDeep(limits.maxNesting, null) : error;
    }
  };

  const parseWithin: typeof parse = (source, options) => {
    checkText(textSize(textOf(source)), limits);
    return withinStack(() => parse(source, options));
  };

  const validateWithin: typeof validate = (...validation) =>
    withinStack(() => withoutStacks(() => validate(...validation)));

  return {
    onParse: ({ setParseFn }) => {
      setParseFn(parseWithin);
    },
    onValidate: ({ params, context, setValidationFn }) => {
      const document = params.documentAST as DocumentNode;
      const operation = getOperationAST(document, context.params.operationName);
      const faults = operation
        ? withinStack(() => operationFaults(operationSize(document, operation), limits))
        : [];
      if (faults.length > 0) {
        // Thrown and not set as the result, which is kept for the document: another of its operations may be less.
        throw new AggregateError(faults);
      }
      setValidationFn(validateWithin);
    },
  };
}

/**
 * Errors that come with no stack. What is wrong with a document is kept with it, to be told again, and with a stack V8 keeps all
 * that its functions can see: the whole request that asked first.
 */
function withoutStacks<T>(run: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function textOf(source: string | Source): string {
  return typeof source === 'string' ? source : source.body;
}
