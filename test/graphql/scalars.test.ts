import {
  type ExecutionResult,
  graphql,
  GraphQLObjectType,
  type GraphQLScalarType,
  GraphQLSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { toClientError } from '../../src/graphql/errors.ts';
import { schema as gatewaySchema } from '../../src/graphql/schema.ts';

const scalar = (name: string): GraphQLScalarType => gatewaySchema.getType(name) as GraphQLScalarType;

/** A graph of two echoes, so that a scalar is read and written by whoever runs the gateway's. */
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: Object.fromEntries(
      ['DateTime', 'SafeInt'].map((name) => [
        name,
        {
          type: scalar(name),
          args: { value: { type: scalar(name) } },
          resolve: (_root: unknown, { value }: { value?: unknown }) => value ?? null,
        },
      ]),
    ),
  }),
});

interface Echo {
  readonly value: unknown;
  readonly codes: readonly unknown[];
  readonly messages: readonly string[];
}

async function echo(name: string, run: Promise<ExecutionResult>): Promise<Echo> {
  const { data, errors = [] } = await run;
  const shown = errors.map(toClientError);
  return {
    value: data?.[name],
    codes: shown.map(({ extensions }) => extensions['code']),
    messages: shown.map(({ message }) => message),
  };
}

/** Sends a value as a literal of the document. */
function literal(name: string, text: string): Promise<Echo> {
  return echo(name, graphql({ schema, source: `{ ${name}(value: ${text}) }` }));
}

/** Sends a value as a variable. */
function variable(name: string, value: unknown): Promise<Echo> {
  const source = `query ($value: ${name}) { ${name}(value: $value) }`;
  return echo(name, graphql({ schema, source, variableValues: { value } }));
}

describe('DateTime', () => {
  it.each([
    ['2022-06-27T07:23:10Z', '2022-06-27T07:23:10Z'],
    ['2022-06-27t07:23:10z', '2022-06-27T07:23:10Z'],
    ['2022-06-27T15:23:10+08:00', '2022-06-27T07:23:10Z'],
    ['2022-06-27T15:23:10+0800', '2022-06-27T07:23:10Z'],
    ['2022-06-26T19:53:10-11:30', '2022-06-27T07:23:10Z'],
    ['2022-06-27T07:23:10-00:00', '2022-06-27T07:23:10Z'],
    ['2022-01-01T00:30:00+01:00', '2021-12-31T23:30:00Z'],
    ['2024-02-29T12:00:00.5Z', '2024-02-29T12:00:00.500Z'],
    ['2024-02-29T12:00:00.123456789Z', '2024-02-29T12:00:00.123Z'],
  ])('%s means %s, as a literal and as a variable', async (given, expected) => {
    const echoed = { value: expected, codes: [], messages: [] };
    expect(await literal('DateTime', JSON.stringify(given))).toEqual(echoed);
    expect(await variable('DateTime', given)).toEqual(echoed);
  });

  it.each([
    '',
    '-',
    ' ',
    'now',
    'null',
    '2022',
    '2022-06-27',
    '07:23:10Z',
    '2022-06-27T07:23:10',
    '2022-06-27 07:23:10Z',
    '2022-06-27T07:23Z',
    '2022-06-27T07:23:10.Z',
    '2022-06-27T07:23:10.1234567890Z',
    '2022-6-27T07:23:10Z',
    '2022-13-01T00:00:00Z',
    '2022-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2022-06-27T24:00:00Z',
    '2022-06-27T07:60:10Z',
    '2022-06-27T07:23:10+24:00',
    '2022-06-27T07:23:10+08:60',
    '2022-06-27T07:23:10+8',
    '0000-01-01T00:00:00+23:59',
    '+12022-06-27T07:23:10Z',
    '２０２２-06-27T07:23:10Z',
    '1656314590',
    "2022-06-27T07:23:10Z'; DROP",
    '2022-06-27T07:23:10Z\n2022-06-27T07:23:10Z',
  ])('does not take %j', async (given) => {
    for (const { value, codes, messages } of [
      await literal('DateTime', JSON.stringify(given)),
      await variable('DateTime', given),
    ]) {
      expect(value).toBeUndefined();
      expect(codes).toEqual(['BAD_USER_INPUT']);
      expect(messages[0]).toContain('Expected a time such as "2022-06-27T07:23:10Z"');
    }
  });

  it.each([
    ['1656314590', 1_656_314_590],
    ['1.5', 1.5],
    ['true', true],
    ['["2022-06-27T07:23:10Z"]', ['2022-06-27T07:23:10Z']],
    ['{ at: "2022-06-27T07:23:10Z" }', { at: '2022-06-27T07:23:10Z' }],
  ])('does not take %s, which is no text', async (text, value) => {
    expect((await literal('DateTime', text)).codes).toEqual(['BAD_USER_INPUT']);
    expect((await variable('DateTime', value)).codes).toEqual(['BAD_USER_INPUT']);
  });

  it('may be null, and may be left out', async () => {
    expect(await literal('DateTime', 'null')).toEqual({ value: null, codes: [], messages: [] });
    expect(await variable('DateTime', null)).toEqual({ value: null, codes: [], messages: [] });
    expect(await variable('DateTime', undefined)).toEqual({ value: null, codes: [], messages: [] });
  });

  it('shows no more than the beginning of what came', async () => {
    const { messages } = await literal('DateTime', JSON.stringify('x'.repeat(100_000)));
    expect(messages[0]?.length).toBeLessThan(200);
  });
});

describe('SafeInt', () => {
  it.each([0, -1, 1, 2_147_483_648, -2_147_483_649, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
    'carries %d there and back, as a literal and as a variable',
    async (given) => {
      const echoed = { value: given, codes: [], messages: [] };
      expect(await literal('SafeInt', String(given))).toEqual(echoed);
      expect(await variable('SafeInt', given)).toEqual(echoed);
    },
  );

  it.each([
    ['9007199254740992', 2 ** 53],
    ['-9007199254740992', -(2 ** 53)],
    ['1.5', 1.5],
    ['1e3', '1e3'],
    ['"7"', '7'],
    ['true', true],
    ['[7]', [7]],
    ['{ n: 7 }', { n: 7 }],
    ['SEVEN', Number.NaN],
    [`1${'0'.repeat(400)}`, Number.POSITIVE_INFINITY],
  ])('does not take %s', async (text, value) => {
    for (const { value: echoed, codes } of [
      await literal('SafeInt', text),
      await variable('SafeInt', value),
    ]) {
      expect(echoed).toBeUndefined();
      expect(codes).toEqual(['BAD_USER_INPUT']);
    }
  });
});

describe('JSON', () => {
  it('is written as it came', () => {
    const tree = { Transcode: { TemplateId: 't1' }, Segment: ['a', 'b'], Empty: '' };
    expect(scalar('JSON').serialize(tree)).toEqual(tree);
  });

  it('and DateTime name the specification that they follow', () => {
    expect(scalar('JSON').specifiedByURL).toMatch(/rfc8259/);
    expect(scalar('DateTime').specifiedByURL).toMatch(/date-time/);
  });
});
