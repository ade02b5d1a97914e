import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { utcTimeOf } from '../lib/time-text.ts';
import { builder } from './builder.ts';

builder.addScalarType(
  'DateTime',
  new GraphQLScalarType<string, string>({
    name: 'DateTime',
    description:
      'A time as RFC 3339 in UTC, e.g. `2022-06-27T07:23:10Z`. An input may carry another offset; answers never do.',
    specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time',
    serialize: String,
    parseValue: toDateTime,
    parseLiteral: (node) => toDateTime(node.kind === Kind.STRING ? node.value : describe(node)),
  }),
);

builder.addScalarType(
  'SafeInt',
  new GraphQLScalarType<number, number>({
    name: 'SafeInt',
    description: 'A whole number within ±(2^53−1), as a JSON number. Task counts pass the 2^31 of Int.',
    serialize: fromModel,
    parseValue: toSafeInt,
    parseLiteral: (node) => toSafeInt(node.kind === Kind.INT ? Number(node.value) : describe(node)),
  }),
);

builder.addScalarType(
  'JSON',
  new GraphQLScalarType({
    name: 'JSON',
    description:
      "A tree of the vendor's elements as they came: texts, objects by element name, lists where an element repeats.",
    specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  }),
);

function toDateTime(value: unknown): string {
  const time = typeof value === 'string' ? utcTimeOf(value) : null;
  if (time === null) {
    throw invalid(`Expected a time such as "2022-06-27T07:23:10Z", got ${show(value)}.`);
  }
  return time;
}

function toSafeInt(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw invalid(`Expected a whole number within ±(2^53−1), got ${show(value)}.`);
  }
  return value;
}

/** A number that does not fit here is a mistake of ours, not of the client. */
function fromModel(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new TypeError('expected a safe integer in the model');
  }
  return value;
}

function describe(node: ValueNode): string {
  return `a literal of kind ${node.kind}`;
}

function show(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing';
}

function invalid(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
