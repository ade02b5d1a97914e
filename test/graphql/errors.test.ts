import {
  buildSchema,
  graphql,
  GraphQLError,
  GraphQLObjectType,
  GraphQLSchema,
  type GraphQLScalarType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { isUnexpected, toClientError } from '../../src/graphql/errors.ts';
import { schema as gatewaySchema } from '../../src/graphql/schema.ts';
import {
  GatewayError,
  InvalidCursorError,
  InvalidIdError,
  OriginNotConfiguredError,
  UpstreamError,
  UserInputError,
} from '../../src/model/errors.ts';
import type { Origin } from '../../src/model/origin.ts';

const COS: Origin = { source: 'COS', account: 'media', region: 'ap-guangzhou', bucket: null };
const CI: Origin = { source: 'CI', account: 'media', region: 'ap-beijing', bucket: 'media-1250000000' };

/** The error that a client sees when the resolver of `field` throws. */
async function seen(thrown: unknown): Promise<GraphQLError> {
  const { errors } = await graphql({
    schema: buildSchema('type Query { field: String }'),
    source: '{ alias: field }',
    rootValue: {
      field: () => {
        throw thrown;
      },
    },
  });
  return toClientError(errors?.[0]);
}

const codeOf = (error: GraphQLError): unknown => error.extensions['code'];

describe('an error of the gateway’s own', () => {
  it.each([
    [new UserInputError('expected this'), 'BAD_USER_INPUT'],
    [new InvalidIdError('expected this'), 'INVALID_ID'],
    [new InvalidCursorError('expected this'), 'INVALID_CURSOR'],
    [new OriginNotConfiguredError('expected this'), 'ORIGIN_NOT_CONFIGURED'],
    [new GatewayError('INVALID_REPRESENTATION', 'expected this'), 'INVALID_REPRESENTATION'],
  ])('%o reaches the client with its message, its code, its path, and nothing else', async (error, code) => {
    expect((await seen(error)).toJSON()).toEqual({
      message: 'expected this',
      path: ['alias'],
      locations: [{ line: 1, column: 3 }],
      extensions: { code },
    });
  });

  it('of an upstream carries all that is known', async () => {
    const facts = { upstreamCode: 'SlowDown', requestId: 'NjM=', retryable: true, retryAfterMs: 250 };
    const error = new UpstreamError('UPSTREAM_RATE_LIMITED', CI, 'slow down', { ...facts, httpStatus: 503 });
    expect((await seen(error)).extensions).toEqual({
      code: 'UPSTREAM_RATE_LIMITED',
      source: 'CI',
      account: 'media',
      region: 'ap-beijing',
      bucket: 'media-1250000000',
      ...facts,
    });
  });

  it('of an upstream leaves out what is not known', async () => {
    expect((await seen(new UpstreamError('UPSTREAM_TIMEOUT', COS, 'too slow'))).extensions).toEqual({
      code: 'UPSTREAM_TIMEOUT',
      source: 'COS',
      account: 'media',
      region: 'ap-guangzhou',
      retryable: false,
    });
  });

  it('of an upstream keeps a wait of nothing apart from none', async () => {
    const error = new UpstreamError('UPSTREAM_RATE_LIMITED', COS, 'now', {
      retryAfterMs: 0,
      retryable: true,
    });
    expect((await seen(error)).extensions).toMatchObject({ retryAfterMs: 0, retryable: true });
  });

  it('keeps its cause and its stack to itself', async () => {
    const cause = new Error('connect 10.0.0.1:443 CANARY');
    const error = new UpstreamError('UPSTREAM_UNAVAILABLE', COS, 'no answer', { cause, httpStatus: 599 });
    const shown = await seen(error);
    expect(shown.originalError).toBeUndefined();
    expect(shown.cause).toBeUndefined();
    expect(JSON.stringify([shown, Object.entries(shown), shown.extensions])).not.toMatch(
      /CANARY|599|stack|errors\.test/,
    );
  });

  it('is mapped without a place when it was thrown outside a field', () => {
    const shown = toClientError(new UserInputError('expected this'));
    expect(shown.toJSON()).toEqual({ message: 'expected this', extensions: { code: 'BAD_USER_INPUT' } });
  });

  it('is not for us to repair', async () => {
    expect(isUnexpected(await seen(new UserInputError('expected this')))).toBe(false);
    expect(isUnexpected(await seen(new UpstreamError('UPSTREAM_TIMEOUT', COS, 'slow')))).toBe(false);
  });
});

describe('an unexpected error', () => {
  it.each([
    ['an error', new Error('CANARY at /home/x.ts')],
    ['a type error', new TypeError('CANARY is not a function')],
    [
      'an error with a code of our list',
      Object.assign(new Error('CANARY'), { code: 'INVALID_ID', name: 'InvalidIdError' }),
    ],
    ['an error with extensions', Object.assign(new Error('CANARY'), { extensions: { code: 'CANARY' } })],
    ['a text', 'CANARY'],
    ['an object', { message: 'CANARY', code: 'CANARY' }],
    ['nothing', null],
    ['several errors', new AggregateError([new Error('CANARY')], 'CANARY')],
  ])('says nothing of what it was: %s', async (_, thrown) => {
    const shown = await seen(thrown);
    expect(codeOf(shown)).toBe('INTERNAL_SERVER_ERROR');
    expect(shown.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR' });
    expect(shown.path).toEqual(['alias']);
    expect(JSON.stringify([shown, Object.entries(shown)]) + String(shown.stack)).not.toContain('CANARY');
    expect(isUnexpected(shown)).toBe(true);
  });

  it('says nothing either when it was thrown outside a field', () => {
    for (const thrown of [new Error('CANARY'), 'CANARY', null, undefined]) {
      const shown = toClientError(thrown);
      expect(codeOf(shown)).toBe('INTERNAL_SERVER_ERROR');
      expect(JSON.stringify(shown)).not.toContain('CANARY');
    }
  });

  it.each([
    ['a null where the graph promises a value', 'type Query { field: String! }', null],
    ['a number that is no Int', 'type Query { field: Int }', 3_000_000_000],
    ['a text that is no Boolean', 'type Query { field: Boolean }', 'CANARY'],
    ['a word that is no enum value', 'enum E { A } type Query { field: E }', 'CANARY'],
    ['a value that is no list', 'type Query { field: [String] }', 'CANARY'],
  ])('is a value of ours that does not fit its type: %s', async (_, sdl, value) => {
    const { errors } = await graphql({
      schema: buildSchema(sdl),
      source: '{ field }',
      rootValue: { field: value },
    });
    const shown = toClientError(errors?.[0]);
    expect(codeOf(shown)).toBe('INTERNAL_SERVER_ERROR');
    expect(shown.message).not.toMatch(/CANARY|3000000000|field/);
  });

  it.each([
    ['SafeInt', 2 ** 53],
    ['SafeInt', 1.5],
    ['SafeInt', 'CANARY'],
  ])('is a value of ours that does not fit a scalar of ours: %s %o', async (name, value) => {
    const type = gatewaySchema.getType(name) as GraphQLScalarType;
    const query = new GraphQLObjectType({ name: 'Query', fields: { field: { type, resolve: () => value } } });
    const { errors } = await graphql({ schema: new GraphQLSchema({ query }), source: '{ field }' });
    expect(codeOf(toClientError(errors?.[0]))).toBe('INTERNAL_SERVER_ERROR');
  });
});

describe('an error of GraphQL itself', () => {
  it('about a variable is the client’s to correct, and names the variable', async () => {
    const { errors } = await graphql({
      schema: buildSchema('type Query { field(n: Int!): Int }'),
      source: 'query ($n: Int!) { field(n: $n) }',
      variableValues: { n: 'seven' },
    });
    const shown = toClientError(errors?.[0]);
    expect(codeOf(shown)).toBe('BAD_USER_INPUT');
    expect(shown.message).toMatch(/^Variable "\$n" got invalid value "seven"/);
    expect(shown.locations).toEqual([{ line: 1, column: 8 }]);
  });

  it('about an argument that only shows when the field is reached is the client’s to correct', async () => {
    const { errors } = await graphql({
      schema: buildSchema('type Query { field(n: Int!): Int }'),
      source: 'query ($n: Int = 1) { field(n: $n) }',
      variableValues: { n: null },
    });
    const shown = toClientError(errors?.[0]);
    expect(codeOf(shown)).toBe('BAD_USER_INPUT');
    expect(shown.path).toEqual(['field']);
  });

  it('keeps the code that it has, and its place', () => {
    const error = new GraphQLError('no such field', {
      source: { body: '{ a }', name: 'q', locationOffset: { line: 1, column: 1 } } as never,
      positions: [2],
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400 } },
    });
    const shown = toClientError(error);
    expect(shown.message).toBe('no such field');
    expect(shown.extensions).toEqual(error.extensions);
    expect(shown.positions).toEqual([2]);
  });
});
