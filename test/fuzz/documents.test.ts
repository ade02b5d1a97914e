/**
 * Ten thousand requests that somebody might send: right ones, nearly right ones and nonsense (reliability S2, S6). None is
 * answered with a status of 500 or more, none ends the process, none stays in its memory.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { subgraph } from '../../src/graphql/schema.ts';
import { addJobs, batchComputeId, BUCKET, ciId, cosId, OTHER_REGION, REGION } from '../e2e/support.ts';
import type { World } from '../support/world.ts';
import { type SeenAnswer, type Understood, understand } from './answer-faults.ts';
import { type Known, makeRequest } from './document-maker.ts';
import { madeBy, seeded, type Tape } from './tape.ts';
import { mutated, STRANGE_TEXTS } from './text-mutations.ts';
import { startUnhurriedWorld } from './unhurried-world.ts';

const SEED = 20_261_101;
const REQUESTS = 10_000;
/** So many are under way at a time. */
const AT_A_TIME = 20;

const { schema } = subgraph({ relayNode: true });

/** Of the tests and of the README. */
const REAL_DOCUMENTS: readonly string[] = [
  ...operationFiles(),
  ...[
    ...readFileSync(new URL('../../README.md', import.meta.url), 'utf8').matchAll(/```graphql\n([^]*?)```/g),
  ].map(([, text = '']) => text),
];

/** A file with the fragments of the others that it uses is a document. */
function operationFiles(): string[] {
  const folder = new URL('../operations/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.graphql'));
  const texts = files.map((name) => readFileSync(new URL(name, folder), 'utf8'));
  const [summary = ''] = texts.flatMap((text) => /fragment Summary on Job \{[^]*?\n\}/.exec(text) ?? []);
  return texts.map((text) => (text.includes('fragment Summary') ? text : `${text}\n${summary}`));
}

let world: World;
let known: Known;

beforeAll(async () => {
  world = await startUnhurriedWorld({
    // What is kept on purpose is bounded, and full long before the first measurement.
    sandbox: { world: 'empty', recordedCalls: 100 },
    cache: { memoryBytes: 524_288 },
  });
  const [cos, batchCompute, ci] = [
    addJobs(world, 'cos', 9),
    addJobs(world, 'batchCompute', 9),
    addJobs(world, 'ci', 9),
  ];
  known = {
    ids: [
      ...cos.map((id) => cosId(id)),
      ...batchCompute.map((id) => batchComputeId(id)),
      ...ci.map((id) => ciId(id)),
    ],
    texts: [
      REGION,
      OTHER_REGION,
      BUCKET,
      'sandbox',
      ...cos.slice(3),
      ...batchCompute.slice(3),
      ...ci.slice(3),
    ],
  };
});

afterAll(() => world.close());

interface SentRequest {
  /** The body of a POST; for a GET, its query string. */
  readonly text: string;
  readonly method: 'GET' | 'POST';
  readonly accept: string;
  /** Else without a socket. */
  readonly isReal: boolean;
}

const requests = fc.array(
  madeBy(60, (tape) => sentRequest(tape)),
  { minLength: AT_A_TIME, maxLength: AT_A_TIME },
);

function sentRequest(tape: Tape): SentRequest {
  const accept = tape.oneOf(['application/graphql-response+json', 'application/json']);
  const isReal = tape.chance(5);
  const body = bodyOf(tape);
  return typeof body === 'string'
    ? { text: body, method: 'POST', accept, isReal }
    : getOf(new URLSearchParams(body).toString(), accept, isReal);
}

/** A URL that is longer than a server takes is none that the gateway sees. */
function getOf(text: string, accept: string, isReal: boolean): SentRequest {
  return { text, method: 'GET', accept, isReal: isReal && text.length < 8_000 };
}

function bodyOf(tape: Tape): string | Record<string, string> {
  const kind = tape.below(20);
  if (kind < 8) {
    return JSON.stringify(makeRequest(tape, schema, known));
  }
  if (kind < 12) {
    const { query, variables } = makeRequest(tape, schema, known);
    return JSON.stringify({ query: mutated(tape, query), variables });
  }
  if (kind < 15) {
    return JSON.stringify({
      query: mutated(tape, tape.oneOf(REAL_DOCUMENTS), known.ids),
      variables: wrongVariables(tape),
    });
  }
  if (kind < 17) {
    const { query, variables } = makeRequest(tape, schema, known);
    return JSON.stringify({ query, variables: { ...variables, ...(wrongVariables(tape) as object) } });
  }
  if (kind < 18) {
    return mutated(tape, JSON.stringify(makeRequest(tape, schema, known)));
  }
  if (kind < 19) {
    return strangeBody(tape);
  }
  const { query, variables } = makeRequest(tape, schema, known);
  return { query, variables: mutated(tape, JSON.stringify(variables)) };
}

function wrongVariables(tape: Tape): unknown {
  const value = (): unknown =>
    tape.oneOf<unknown>([
      null,
      1,
      -1,
      1e308,
      true,
      'a',
      '\u0000',
      [],
      {},
      [[[]]],
      { __proto__: null },
      ['a', 1, null],
      tape.oneOf(STRANGE_TEXTS),
    ]);
  return Object.fromEntries(
    ['v0', 'v1', 'v2', 'first', 'after', 'ids', 'id', 'filter', '__proto__', 'constructor']
      .filter(() => tape.chance(40))
      .map((name) => [name, value()]),
  );
}

/** JSON, and not what is asked for in it. */
function strangeBody(tape: Tape): string {
  const { query, variables } = makeRequest(tape, schema, known);
  return tape.oneOf([
    '',
    'null',
    '7',
    '[]',
    JSON.stringify([{ query }]),
    JSON.stringify({ query: { a: query } }),
    JSON.stringify({ query, variables: tape.oneOf<unknown>([[], 'a', 1, null]) }),
    JSON.stringify({
      query,
      operationName: tape.oneOf<unknown>(['Other', 7, {}, '', '\u001b[0m', null]),
      variables,
    }),
    JSON.stringify({
      query,
      extensions: tape.oneOf<unknown>([
        [],
        'a',
        { persistedQuery: 1 },
        { persistedQuery: { version: 1, sha256Hash: 'a' } },
      ]),
    }),
    JSON.stringify({ query, variables, more: { a: [1] } }),
    JSON.stringify({ query, documentId: tape.oneOf<unknown>(STRANGE_TEXTS) }),
    JSON.stringify({ documentId: tape.oneOf<unknown>([...STRANGE_TEXTS, 7, null, {}, []]) }),
    `{"query":${JSON.stringify(query)},"variables":{"__proto__":{"polluted":true},"v0":${'['.repeat(tape.below(5_000))}`,
    `{"query":"{ __typename }","variables":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`,
    JSON.stringify({ query: `#${'a'.repeat(tape.oneOf([10, 100_000, 300_000]))}\n{ __typename }` }),
  ]);
}

async function send({ text, method, accept, isReal }: SentRequest): Promise<SeenAnswer> {
  const path = method === 'GET' ? `/graphql?${text}` : '/graphql';
  const init = {
    method,
    headers: { accept, 'content-type': 'application/json', 'x-graphql-client': 'fuzz' },
    ...(method === 'POST' ? { body: text } : {}),
  };
  const response = await (isReal
    ? fetch(`${world.url}${path}`, init)
    : world.app.fetch(new Request(`http://gateway.test${path}`, init)));
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? '',
    text: await response.text(),
  };
}

// As in production: the test runner asks for a hundred frames of each error.
Error.stackTraceLimit = 10;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const outcomesIn = ({ hasData, codes }: Understood): string[] => [
  ...new Set([hasData ? 'data' : 'no data', ...codes]),
];

/** What is kept of documents is bounded by their length in all: full from the start, it says nothing about what else is kept. */
async function fillDocumentCache(): Promise<void> {
  const fields = 'origins { account bucket region source } '.repeat(10);
  for (let number = 0; number < 2_500; number += 1) {
    const text = JSON.stringify({ query: `# ${number}\n{ ${fields} }` });
    understand(await send({ text, method: 'POST', accept: 'application/json', isReal: false }));
  }
}

function usedBytes(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe('10,000 requests, made or mutated', () => {
  it('are each answered as GraphQL wants it, with codes of the closed list, and leave nothing behind', async () => {
    await fillDocumentCache();
    const members = Object.getOwnPropertyNames(Object.prototype);
    const outcomes: Record<string, number> = {};
    const measured: number[] = [];
    let batches = 0;
    await fc.assert(
      fc.asyncProperty(requests, async (batch) => {
        const answers = await Promise.all(batch.map(send));
        const seen = answers.map((answer, index) => understand(answer, batch[index]?.text));
        for (const outcome of seen.flatMap(outcomesIn)) {
          outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        }
        batches += 1;

        if ((batches * 4 * AT_A_TIME) % REQUESTS === 0) {
          measured.push(usedBytes());
        }
      }),
      seeded(SEED, REQUESTS / AT_A_TIME),
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(members);
    expect('polluted' in {}).toBe(false);
    // Otherwise the requests were all of one kind, and this has said little.
    expect(outcomes['data']).toBeGreaterThan(REQUESTS / 5);
    for (const code of [
      'GRAPHQL_PARSE_FAILED',
      'GRAPHQL_VALIDATION_FAILED',
      'BAD_USER_INPUT',
      'BAD_REQUEST',
      'INVALID_ID',
    ]) {
      expect(outcomes[code], code).toBeGreaterThan(REQUESTS / 100);
    }
    for (const code of [
      'MAX_NESTING_LIMIT',
      'MAX_TOKENS_LIMIT',
      'INVALID_CURSOR',
      'ORIGIN_NOT_CONFIGURED',
      'INVALID_REPRESENTATION',
    ]) {
      expect(outcomes[code], code).toBeGreaterThan(5);
    }
    const [, first = 0, , last = 0] = measured;
    expect(last / first).toBeLessThan(1.05);
  }, 120_000);

  it('hold real documents that parse, before they are mutated', () => {
    expect(REAL_DOCUMENTS.length).toBeGreaterThan(6);
    expect(() => REAL_DOCUMENTS.map((text) => parse(text))).not.toThrow();
  });
});
