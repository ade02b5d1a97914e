/**
 * The scenarios that "Damn Vulnerable GraphQL Application" teaches, as far as they apply to a graph that only reads: each is asked
 * of a gateway as it is in production, and neither gives anything away nor costs an upstream call that it should not.
 */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { encodeGlobalId } from '../../src/model/global-id.ts';
import { ask, type Question, type Reply } from '../server/support.ts';
import { recordLog, requestsEnded } from '../support/seen.ts';
import { startWorld, type World } from '../support/world.ts';

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };
const posted = (body: unknown): Question => ({
  method: 'POST',
  headers: JSON_HEADERS,
  body: JSON.stringify(body),
});
const query = (text: string, variables: Record<string, unknown> = {}): Question =>
  posted({ query: text, variables });
const many = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(' ');

/** What no answer to an attack holds: traces of the inside, and what was to be run, read or shown. */
const SIGNS = [
  /node_modules/,
  /\.ts:\d/,
  /\bat \S+ \(/,
  /root:x:0/,
  /uid=\d/,
  /Did you mean/,
  /GraphiQL/i,
  /"exception"/,
];

let world: World;

beforeAll(async () => {
  const { server } = readConfig({});
  world = await startWorld({ config: { server: { ...server, introspection: false, graphiql: false } } });
});
afterAll(() => world.close());

/** Sends it, and gives the answer and how many upstream calls it cost. */
async function attack(question: Question): Promise<Reply & { readonly calls: number }> {
  const before = world.calls().length;
  const reply = await ask(world.url, question);
  SIGNS.forEach((sign) => expect(reply.text).not.toMatch(sign));
  expect(reply.status).toBeLessThan(500);
  expect(String(reply.headers['content-type'] ?? '')).not.toContain('html');
  return { ...reply, calls: world.calls().length - before };
}

describe('denial of service', () => {
  it.each<[string, Question, string]>([
    [
      'a batch of queries',
      posted(Array.from({ length: 100 }, () => ({ query: '{ cosJobs(first: 500) { nodes { jobId } } }' }))),
      'BATCHING_NOT_SUPPORTED',
    ],
    [
      'deep recursion',
      query(`{ jobs { nodes ${'{ ... on Job '.repeat(5_000)}{ id }${' }'.repeat(5_000)} } }`),
      'MAX_NESTING_LIMIT',
    ],
    [
      'a query that takes all resources',
      query(
        '{ cosJobs(first: 500) { nodes { clientRequestToken } } batchComputeJobs(first: 500) { nodes { nextAction } } }',
      ),
      'COST_ESTIMATED_TOO_EXPENSIVE',
    ],
    [
      'aliases',
      query(`{ ${many(100, (index) => `a${index}: cosJobs { nodes { jobId } }`)} }`),
      'MAX_ALIASES_LIMIT',
    ],
    [
      'circular fragments',
      query(
        '{ jobs { ...A } } fragment A on JobConnection { nodes { id } ...B } fragment B on JobConnection { ...A }',
      ),
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ])('%s is refused before it costs a call', async (_, question, code) => {
    const { codes, calls, status } = await attack(question);
    expect([status, codes[0], calls]).toEqual([400, code, 0]);
  });

  it('a field again and again is one field, and one call', async () => {
    const { calls, text } = await attack(query(`{ ${'cosJobs(first: 2) { nodes { jobId } } '.repeat(50)} }`));
    expect(calls).toBe(1);
    expect(text.length).toBeLessThan(500);
  });
});

describe('information disclosure', () => {
  it.each<[string, Question]>([
    ['introspection', query('{ __schema { types { name } } }')],
    ['introspection of one type', query('{ __type(name: "CosJob") { fields { name } } }')],
    [
      'introspection behind a fragment',
      query('{ ...A } fragment A on Query { b: __schema { queryType { name } } }'),
    ],
    ['suggestions of fields', query('{ job { id } jobz { id } cosJob { jobIdd } }')],
    ['a stack trace', query('{ jobs(first: ')],
    ['a debug mode', { ...query('{ x }'), path: '/graphql?debug=1' }],
  ])('%s tells nothing', async (_, question) => {
    const { codes, calls, text } = await attack(question);
    expect(codes[0]).toBeDefined();
    expect(text).not.toContain('"data":{');
    expect(calls).toBe(0);
  });

  it.each(['/graphiql', '/graphql', '/console', '/playground', '/voyager', '/altair'])(
    'no IDE is at %s',
    async (path) => {
      const { status } = await attack({
        path,
        headers: { accept: 'text/html', cookie: 'env=graphiql:enable' },
      });
      expect(status).toBeGreaterThanOrEqual(400);
    },
  );

  it.each(['169.254.169.254', '127.0.0.1:22/', 'evil.example.com#', 'ap-guangzhou@evil.example.com'])(
    'the gateway cannot be made to ask %s',
    async (place) => {
      const ids = (['COS', 'BATCH_COMPUTE', 'CI'] as const).map((source) =>
        encodeGlobalId({ source, account: 'sandbox', place, jobId: '8b0ec1c3-6f58-45ac-8d5a-8b1eb3a4a3d3' }),
      );
      const nodes = await attack(query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids }));
      const listed = await attack(
        query(
          'query ($place: String!) { jobs(filter: { regions: [$place], buckets: [$place] }) { nodes { id } } }',
          { place },
        ),
      );
      const led = await attack({
        ...query('{ origins { region } }'),
        headers: {
          ...JSON_HEADERS,
          'x-forwarded-host': place,
          forwarded: `host="${place}"`,
          'x-original-url': `http://${place}`,
        },
      });
      expect([nodes.calls, listed.calls, led.calls]).toEqual([0, 0, 0]);
      expect(led.text).not.toContain(place);
    },
  );
});

describe('injection', () => {
  const TEXTS = [
    "' OR 1=1 --",
    '; cat /etc/passwd; id',
    '$(id)',
    '../../../../etc/passwd',
    '{{7*7}}${7*7}',
    '&xxe; ]]><!DOCTYPE a [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>',
    'a\r\nX-Injected: 1\r\n\r\n{"data":{}}',
    '%00',
  ];

  it.each(TEXTS)('%j is a text like any other where a text is asked for', async (text) => {
    const { data, errors } = await world.askText(
      `query ($text: String!, $id: ID!) {
        names: batchComputeJobs(filter: { names: [$text] }) { nodes { jobId } }
        node(id: $id) { id }
        cosJob(jobId: $text) { id }
        batchComputeJob(jobId: $text) { id }
        page: jobs(after: $text) { nodes { id } }
      }`,
      { text, id: text },
    );
    // No job has that name, no job that id, and it is no cursor: nothing else may come of it.
    expect([data?.['node'], data?.['cosJob'], data?.['batchComputeJob'], data?.['page']]).toEqual(
      Array.from({ length: 4 }, () => expect.toBeOneOf([null, undefined])),
    );
    const allowed = ['INVALID_ID', 'INVALID_CURSOR', 'BAD_USER_INPUT'];
    errors.forEach(({ extensions }) => expect(allowed).toContain(extensions['code']));
  });

  it('markup comes back as JSON, if at all, and is never sniffed to be a page', async () => {
    const { headers, text } = await attack(query('{ cosJob(jobId: "<script>alert(1)</script>") { id } }'));
    expect(headers['content-type']).toMatch(/^application\/(graphql-response\+)?json/);
    expect(text).not.toMatch(/^\s*</);
  });

  it('the log stays one line of JSON for each request', async () => {
    const log = recordLog();
    const ended = requestsEnded(1);
    await attack({
      ...posted({
        query: 'query pwned { origins { source } }',
        operationName: 'pwned\n{"level":"info","event":"request","status":200}',
      }),
      headers: { ...JSON_HEADERS, 'x-graphql-client': 'a b', 'x-request-id': 'x"}{"event":"forged' },
    });
    await ended;
    const requests = log.lines('request');
    expect(requests).toHaveLength(1);
    expect(log.texts.join('')).not.toContain('forged');
    log.texts.forEach((line) => expect(line.indexOf('\n')).toBe(line.length - 1));
  });
});

describe('who may ask what', () => {
  it('a document that is not listed does not run under the name of one that is', async () => {
    const { documents } = readConfig({});
    const listed = { manifest: 'pages.json', id: 'abc', text: 'query getJobs { origins { source } }' };
    const guarded = await startWorld({
      config: { documents: { ...documents, mode: 'enforce', list: [listed] } },
    });
    onTestFinished(() => guarded.close());
    const asked = (body: unknown): Promise<Reply> => ask(guarded.url, posted(body));
    expect((await asked({ query: listed.text, operationName: 'getJobs' })).status).toBe(200);
    const others = [
      { query: 'query getJobs { cosJobs { nodes { jobId } } }', operationName: 'getJobs' },
      { query: `${listed.text} query b { cosJobs { nodes { jobId } } }`, operationName: 'b' },
      { query: `${listed.text} # getJobs\n{ cosJobs { nodes { jobId } } }` },
      { id: 'abc', documentId: 'abc', query: '{ cosJobs { nodes { jobId } } }' },
    ];
    for (const body of others) {
      const { status, text } = await asked(body);
      expect(status).toBe(400);
      expect(text).not.toContain('"data"');
    }
    expect(guarded.calls()).toEqual([]);
  });

  it.each(['mutation', 'subscription'])('there is no %s to misuse', async (kind) => {
    const text = `${kind} { uploadPaste(content: "x", filename: "../../../tmp/x") { result } }`;
    const { status, calls } = await attack(query(text));
    expect([status, calls]).toEqual([400, 0]);
  });

  it.each([
    '/graphql/../../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/static/../package.json',
    '/graphql/%2e%2e/health',
  ])('no file is at %s', async (path) => {
    const { text } = await attack({ path });
    expect(text).not.toContain('jobs-gateway"');
  });
});
