import { GraphQLError } from 'graphql';
import type { OperationSize } from './operation-size.ts';
import type { TextSize } from './text-size.ts';

/** The most that a document may be (contract section 6). */
export interface DocumentLimits {
  readonly maxTokens: number;
  readonly maxNesting: number;
  readonly maxDepth: number;
  readonly maxAliases: number;
  readonly maxRootFields: number;
  readonly maxDirectives: number;
}

/** Throws a request error for a text that is too much to be parsed. What is nested too deep is told of nothing else. */
export function checkText({ tokens, nesting }: TextSize, limits: DocumentLimits): void {
  if (nesting > limits.maxNesting) {
    throw nestedTooDeep(limits.maxNesting, nesting);
  }
  if (tokens > limits.maxTokens) {
    throw beyond({
      code: 'MAX_TOKENS_LIMIT',
      limit: limits.maxTokens,
      actual: tokens,
      expected: (limit) => `a document of at most ${limit} tokens`,
      instead: 'Put lists and long values into variables, or ask in several requests.',
    });
  }
}

/** Everything about which an operation asks for too much; empty when nothing is. */
export function operationFaults(size: OperationSize, limits: DocumentLimits): readonly GraphQLError[] {
  const measured: readonly Excess[] = [
    {
      code: 'MAX_DEPTH_LIMIT',
      limit: limits.maxDepth,
      actual: size.depth,
      expected: (limit) => `fields at most ${limit} deep`,
      instead: 'Ask for what lies deeper in a request of its own, by the id of its job.',
    },
    {
      code: 'MAX_ALIASES_LIMIT',
      limit: limits.maxAliases,
      actual: size.aliases,
      expected: (limit) => `at most ${limit} aliases, those in fragments as often as they are spread`,
      instead: 'Read many jobs with one nodes(ids: …), or ask in several requests.',
    },
    {
      code: 'MAX_ROOT_FIELDS_LIMIT',
      limit: limits.maxRootFields,
      actual: size.rootFields,
      expected: (limit) => `at most ${limit} fields at the root`,
      instead: 'Read many jobs with one nodes(ids: …), or ask in several requests.',
    },
    {
      code: 'MAX_DIRECTIVES_LIMIT',
      limit: limits.maxDirectives,
      actual: size.directives,
      expected: (limit) => `at most ${limit} directives, those in fragments as often as they are spread`,
      instead: 'Put one on a fragment in place of many on its fields.',
    },
  ];
  return measured.filter(({ limit, actual }) => (actual ?? 0) > limit).map(beyond);
}

/** `actual` is null where the stack ended before anything could be counted. */
export function nestedTooDeep(limit: number, actual: number | null): GraphQLError {
  return beyond({
    code: 'MAX_NESTING_LIMIT',
    limit,
    actual,
    expected: () => `brackets nested at most ${limit} deep`,
    instead: 'Put nested values into variables.',
  });
}

interface Excess {
  readonly code: string;
  readonly limit: number;
  readonly actual: number | null;
  readonly expected: (limit: number) => string;
  readonly instead: string;
}

function beyond({ code, limit, actual, expected, instead }: Excess): GraphQLError {
  const found = actual === null ? 'more' : String(actual);
  return new GraphQLError(`Expected ${expected(limit)}, got ${found}. ${instead}`, {
    extensions: { code, limit, ...(actual === null ? {} : { actual }), http: { status: 400, spec: true } },
  });
}
