import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { ask, type Question } from '../server/support.ts';
import { startWorld, type World } from '../support/world.ts';

/**
 * What the scanner graphql-cop asks a graph, and by what it tells that a graph is open to what it asks for; as it stands in its
 * lib/tests. One check is written for each of its own, against a gateway as it is in production.
 */
interface Check {
  readonly name: string;
  readonly asks: readonly Question[];
  /** Whether the scanner would report an answer. */
  readonly finds: (answer: Body, text: string) => boolean;
}

interface Body {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly {
    readonly message?: string;
    readonly extensions?: Readonly<Record<string, unknown>>;
  }[];
  readonly length?: number;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

const JSON_HEADERS = { 'content-type': 'application/json' };
const posted = (body: unknown): Question => ({
  method: 'POST',
  headers: JSON_HEADERS,
  body: JSON.stringify(body),
});
const query = (text: string): Question => posted({ query: text });
const inUrl = (text: string): string => `/graphql?query=${encodeURIComponent(text)}`;
const many = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(' ');
const typename = ({ data }: Body): boolean => data?.['__typename'] !== undefined;

const CHECKS: readonly Check[] = [
  {
    name: 'alias overloading',
    asks: [query(`query { ${many(101, (index) => `alias${index}: __typename`)} }`)],
    finds: ({ data }) => data?.['alias100'] !== undefined,
  },
  {
    name: 'array-based batching',
    asks: [posted(Array.from({ length: 10 }, () => ({ query: 'query { __typename }' })))],
    finds: ({ length }) => (length ?? 0) >= 10,
  },
  {
    name: 'directive overloading',
    asks: [query('query { __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }')],
    finds: ({ errors }) => errors?.length === 10,
  },
  {
    name: 'circular introspection',
    asks: [
      query(
        'query { __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }',
      ),
    ],
    finds: ({ data }) => ((data?.['__schema'] as { types?: unknown[] } | undefined)?.types?.length ?? 0) > 25,
  },
  {
    name: 'circular fragments',
    asks: [
      query(
        'query { __schema { ...A } } fragment A on __Schema { __typename ...B } fragment B on __Schema { ...A }',
      ),
    ],
    finds: ({ errors }) => errors === undefined,
  },
  {
    name: 'field suggestions',
    asks: [query('query { __schema { directive } }'), query('query { origin { source } }')],
    finds: (_, text) => text.includes('Did you mean'),
  },
  {
    name: 'mutations by GET',
    asks: [{ path: inUrl('mutation {__typename}') }],
    finds: typename,
  },
  {
    name: 'queries by GET',
    asks: [{ path: inUrl('{__typename}') }, { path: inUrl('{__typename}'), headers: JSON_HEADERS }],
    finds: typename,
  },
  {
    name: 'an IDE',
    asks: ['/graphiql', '/playground', '/console', '/graphql'].flatMap((path) =>
      [{ accept: '*/*' }, { accept: 'text/html' }].map((headers) => ({ path, headers })),
    ),
    finds: (_, text) =>
      ['graphiql.min.css', 'GraphQL Playground', 'GraphiQL', 'graphql-playground'].some((word) =>
        text.includes(word),
      ),
  },
  {
    name: 'introspection',
    asks: [query('query { __schema { types { name fields { name } } } }')],
    finds: ({ data }) => data?.['__schema'] !== undefined,
  },
  {
    name: 'posts that are no JSON',
    asks: [
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'query=query+%7B__typename%7D',
      },
      { method: 'POST', path: inUrl('query {__typename}') },
    ],
    finds: typename,
  },
  {
    name: 'tracing',
    asks: [query('query { __typename }'), query('query { x }')],
    finds: ({ errors = [], extensions }, text) =>
      [extensions, ...errors.map((error) => error.extensions)].some(
        (facts) => facts?.['tracing'] !== undefined || facts?.['exception'] !== undefined,
      ) || text.toLowerCase().includes('stacktrace'),
  },
  {
    name: 'errors that nobody handles',
    asks: [query('qwerty cop { abc }')],
    finds: ({ errors = [] }, text) =>
      errors.some(({ extensions }) => extensions?.['exception'] !== undefined) ||
      text.includes('"exception"'),
  },
  {
    // Switched off in the scanner, as merging fields is what GraphQL asks for: here it has to be merged, and quickly.
    name: 'field duplication that costs',
    asks: [query(`query { ${'__typename '.repeat(500)} }`)],
    finds: (_, text) => text.length > 1_000,
  },
];

let world: World;

beforeAll(async () => {
  const { server } = readConfig({});
  world = await startWorld({
    config: { server: { ...server, introspection: false, graphiql: false } },
  });
});
afterAll(() => world.close());

const bodyOf = (text: string): Body => {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return {};
  }
};

describe('graphql-cop finds nothing', () => {
  it.each(CHECKS)('of $name', async ({ asks, finds }) => {
    for (const question of asks) {
      const { status, text } = await ask(world.url, question);
      expect(status).toBeLessThan(500);
      expect(finds(bodyOf(text), text)).toBe(false);
    }
  });

  it('where its own eyes would find what is there', async () => {
    // The sandbox as people try it: its introspection and its GraphiQL are on, and the checks tell so.
    const open = await startWorld();
    const found = await Promise.all(
      CHECKS.map(async ({ name, asks, finds }) => {
        const answers = await Promise.all(asks.map((question) => ask(open.url, question)));
        return answers.some(({ text }) => finds(bodyOf(text), text)) ? [name] : [];
      }),
    );
    await open.close();
    expect(found.flat()).toEqual(['field suggestions', 'an IDE', 'introspection']);
  });
});
