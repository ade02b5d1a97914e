import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createGateway } from '../../../src/server/gateway.ts';
import { schema } from '../../../src/graphql/schema.ts';
import { listen } from '../../../src/server/connections/listen.ts';
import { ask, startGateway } from '../support.ts';

const QUERY = { query: '{ origins { source } }' };
const JSON_TYPE = { 'content-type': 'application/json' };
const CANARY = 'canary-in-the-body';

describe('a good request', () => {
  it.each([
    ['application/graphql-response+json', 'application/graphql-response+json; charset=utf-8'],
    ['application/json', 'application/json; charset=utf-8'],
    ['application/json; charset=utf-8', 'application/json; charset=utf-8'],
    ['text/html, application/*;q=0.8', 'application/json; charset=utf-8'],
    ['image/png, */*;q=0.1', 'application/json; charset=utf-8'],
  ])('that accepts %s is answered with %s', async (accept, type) => {
    const { post } = await startGateway();
    const { status, headers, text } = await post(QUERY, { accept });
    expect([status, headers['content-type']]).toEqual([200, type]);
    expect(JSON.parse(text)).toEqual({ data: { origins: [] } });
  });

  it('may come without an Accept header, with a charset, and with other members left null', async () => {
    const { send } = await startGateway();
    const headers = { 'content-type': 'application/json; charset=UTF-8' };
    const body = JSON.stringify({ ...QUERY, variables: null, operationName: null, extensions: null });
    expect((await send({ method: 'POST', headers, body })).status).toBe(200);
  });

  it('may be a GET, even one that ends like another path', async () => {
    const { send } = await startGateway();
    const query = `query=${encodeURIComponent(QUERY.query)}`;
    const headers = { 'x-graphql-client': 'test', 'apollo-require-preflight': 'true' };
    for (const path of [`/graphql?${query}`, `/graphql?${query}&x=/health`, `/graphql?x=/ready&${query}`]) {
      const { status, text } = await send({ path, headers });
      expect([status, text]).toEqual([200, '{"data":{"origins":[]}}']);
    }
  });

  it('may name a member of every object among its variables', async () => {
    const { post, bugs } = await startGateway();
    const body = `{"query":"{ origins { source } }","variables":{"__proto__":{"x":1},"constructor":1}}`;
    expect((await post(body)).status).toBe(200);
    expect(bugs).toEqual([]);
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });
});

describe('a request that is not GraphQL over HTTP', () => {
  it.each<[string, string]>([
    ['empty', ''],
    ['no JSON', `{"query": ${CANARY}`],
    ['cut off', `{"query":"{ origins { source } }","variables":{"x":"${CANARY}`],
    ['null', 'null'],
    ['a number', '7'],
    ['a text', `"${CANARY}"`],
    ['an empty list', '[]'],
    ['without a query', '{}'],
    ['with a null query', '{"query":null}'],
    ['with a query that is no text', '{"query":7}'],
    ['with variables that are a list', `{"query":"{ origins { source } }","variables":["${CANARY}"]}`],
    ['with variables that are a text', `{"query":"{ origins { source } }","variables":"${CANARY}"}`],
    ['with extensions that are no object', '{"query":"{ origins { source } }","extensions":1}'],
    ['with a member of its own', `{"query":"{ origins { source } }","mine":"${CANARY}"}`],
  ])('is 400 BAD_REQUEST whatever it accepts, and nothing of it comes back: %s', async (_, body) => {
    const { post, bugs } = await startGateway();
    for (const accept of ['application/graphql-response+json', 'application/json']) {
      const { status, codes, text } = await post(body, { accept });
      expect([status, codes]).toEqual([400, ['BAD_REQUEST']]);
      expect(text).not.toMatch(/canary|originalError|stack|SyntaxError|Unexpected token/);
      expect(JSON.parse(text)).not.toHaveProperty('data');
    }
    expect(bugs).toEqual([]);
  });

  it.each(['variables', 'extensions'])(
    'is 400 BAD_REQUEST with %s in its URL that are no JSON',
    async (name) => {
      const { send, bugs } = await startGateway();
      const path = `/graphql?query=${encodeURIComponent(QUERY.query)}&${name}=${CANARY}`;
      const { status, codes, text } = await send({ path, headers: { 'apollo-require-preflight': 'true' } });
      expect([status, codes]).toEqual([400, ['BAD_REQUEST']]);
      expect(text).not.toContain(CANARY);
      expect(bugs).toEqual([]);
    },
  );

  it.each([JSON.stringify([QUERY]), JSON.stringify([QUERY, QUERY]), '[null]', '[1, 2]'])(
    'is 400 BATCHING_NOT_SUPPORTED when it is a list: %s',
    async (body) => {
      const { post } = await startGateway();
      const { status, codes } = await post(body);
      expect([status, codes]).toEqual([400, ['BATCHING_NOT_SUPPORTED']]);
    },
  );

  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)(
    'is 405 METHOD_NOT_ALLOWED by %s',
    async (method) => {
      const { send } = await startGateway();
      const { status, codes, headers } = await send({ method, headers: JSON_TYPE });
      expect([status, codes]).toEqual([405, ['METHOD_NOT_ALLOWED']]);
      expect(headers['allow']).toContain('POST');
    },
  );

  it('is 405 METHOD_NOT_ALLOWED when it would change something by GET', async () => {
    const { send } = await startGateway();
    const headers = { 'apollo-require-preflight': 'true' };
    const { status, codes } = await send({ path: '/graphql?query=mutation%7Bx%7D', headers });
    expect([status, codes]).toEqual([405, ['METHOD_NOT_ALLOWED']]);
  });

  it.each(['image/png', 'text/html', 'application/xml', 'application/json;charset=utf-16', 'json', ''])(
    'is 406 NOT_ACCEPTABLE when it accepts %j alone',
    async (accept) => {
      const { post } = await startGateway();
      const { status, codes, headers } = await post(QUERY, { accept });
      expect([status, codes]).toEqual([406, ['NOT_ACCEPTABLE']]);
      expect(headers['content-type']).toMatch(/^application\/json/);
    },
  );

  it('is 413 PAYLOAD_TOO_LARGE when it says so, and when it only turns out so', async () => {
    const { post, send } = await startGateway({ maxBodyBytes: 2_000 });
    const large = JSON.stringify({ ...QUERY, variables: { x: CANARY.repeat(200) } });
    const said = await post(large);
    const chunks = Readable.from([Buffer.from(large.slice(0, 1_500)), Buffer.from(large.slice(1_500))]);
    const found = await send({ method: 'POST', headers: JSON_TYPE, body: chunks });
    for (const { status, codes, text } of [said, found]) {
      expect([status, codes]).toEqual([413, ['PAYLOAD_TOO_LARGE']]);
      expect(text).not.toContain(CANARY);
    }
    expect((await post({ ...QUERY, variables: { x: 'y'.repeat(1_900) } })).status).toBe(200);
  });

  it.each([
    'text/plain',
    'text/plain; application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/graphql',
    'application/graphql+json',
    'application/json; charset=utf-16',
    'application/jsonx',
    'application/json, text/plain',
    '',
  ])('is 415 UNSUPPORTED_MEDIA_TYPE when its body is %j', async (type) => {
    const { send } = await startGateway();
    const body = type.includes('form') ? `query=${encodeURIComponent(QUERY.query)}` : JSON.stringify(QUERY);
    const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
    const { status, codes } = await send({ method: 'POST', headers, body });
    expect([status, codes]).toEqual([415, ['UNSUPPORTED_MEDIA_TYPE']]);
  });

  it('is 415 UNSUPPORTED_MEDIA_TYPE when its body is compressed', async () => {
    const { post } = await startGateway();
    const { status, codes } = await post(QUERY, { 'content-encoding': 'gzip' });
    expect([status, codes]).toEqual([415, ['UNSUPPORTED_MEDIA_TYPE']]);
  });

  it.each([
    '/',
    '/graphql/x',
    '/x/graphql',
    '/graphqlx',
    '/?x=/graphql',
    '/GRAPHQL',
    '/health/x',
    '/x/health',
  ])('is 404 at %s', async (path) => {
    const { send } = await startGateway();
    const { status, text } = await send({
      path,
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify(QUERY),
    });
    expect([status, text]).toEqual([404, '']);
  });
});

describe('a request that is no sound GraphQL', () => {
  it.each<[string, unknown, string]>([
    ['a syntax error', { query: '{ origins { source }' }, 'GRAPHQL_PARSE_FAILED'],
    ['no operation', { query: '' }, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: '{ origin { source } }' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown argument', { query: '{ job(di: "x", id: "y") { id } }' }, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'an enum as a text',
      { query: '{ cosJobs(status: "ACTIVE") { totalCount } }' },
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a mutation', { query: 'mutation { x }' }, 'GRAPHQL_VALIDATION_FAILED'],
    ['a subscription', { query: 'subscription { x }' }, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'two operations',
      { query: 'query A { origins { source } } query B { origins { source } }' },
      'OPERATION_RESOLUTION_FAILURE',
    ],
    ['an unknown operation', { ...QUERY, operationName: 'Other' }, 'OPERATION_RESOLUTION_FAILURE'],
    ['only a fragment', { query: 'fragment F on Job { id }' }, 'OPERATION_RESOLUTION_FAILURE'],
    [
      'a variable of another type',
      { query: 'query ($n: Int) { cosJobs(first: $n) { totalCount } }', variables: { n: 'x' } },
      'BAD_USER_INPUT',
    ],
    [
      'a number beyond Int',
      { query: 'query ($n: Int) { cosJobs(first: $n) { totalCount } }', variables: { n: 2 ** 31 } },
      'BAD_USER_INPUT',
    ],
    ['a variable left out', { query: 'query ($id: ID!) { job(id: $id) { id } }' }, 'BAD_USER_INPUT'],
    [
      'an unknown enum value',
      { query: 'query ($s: CosJobStatus) { cosJobs(status: $s) { totalCount } }', variables: { s: 'ACTIV' } },
      'BAD_USER_INPUT',
    ],
    [
      'an unknown member of an input',
      {
        query: 'query ($f: CiJobFilter) { ciJobs(filter: $f) { totalCount } }',
        variables: { f: { nam: 'x' } },
      },
      'BAD_USER_INPUT',
    ],
    [
      'a time that is none',
      {
        query: 'query ($f: CiJobFilter) { ciJobs(filter: $f) { totalCount } }',
        variables: { f: { createdAfter: 'now' } },
      },
      'BAD_USER_INPUT',
    ],
    [
      'a literal time that is none',
      { query: '{ ciJobs(filter: { createdAfter: "now" }) { totalCount } }' },
      'BAD_USER_INPUT',
    ],
  ])('tells its code and no data, with a status that suits what is accepted: %s', async (_, body, code) => {
    const { post, bugs } = await startGateway();
    const strict = await post(body);
    expect([strict.status, strict.codes]).toEqual([400, [code]]);
    expect(JSON.parse(strict.text)).not.toHaveProperty('data');
    const lenient = await post(body, { accept: 'application/json' });
    expect(lenient.codes).toEqual([code]);
    expect([200, 400]).toContain(lenient.status);
    expect(strict.text + lenient.text).not.toMatch(/originalError|stack|Did you mean/);
    expect(bugs).toEqual([]);
  });

  it('is told of names that resemble its own only where introspection is on', async () => {
    const [closed, open] = [await startGateway(), await startGateway({ introspection: true })];
    for (const body of [
      { query: '{ origin { source } }' },
      { query: 'query ($s: CosJobStatus) { cosJobs(status: $s) { totalCount } }', variables: { s: 'ACTIV' } },
    ]) {
      expect((await open.post(body)).text).toContain('Did you mean');
      expect((await closed.post(body)).text).not.toContain('Did you mean');
    }
  });

  it('does not get a long value of its own back as a whole', async () => {
    const { post } = await startGateway();
    const query = 'query ($n: Int) { cosJobs(first: $n) { totalCount } }';
    const { text } = await post({ query, variables: { n: 'x'.repeat(100_000) } });
    expect(text.length).toBeLessThan(1_000);
  });

  it('is told where the fault is', async () => {
    const { post } = await startGateway();
    for (const query of ['{ origin { source } }', '{ § }']) {
      expect((await post({ query })).text).toContain('"locations":[{"line":1,"column":3}]');
    }
  });
});

describe('introspection', () => {
  it.each(['{ __schema { queryType { name } } }', '{ __type(name: "Job") { name } }'])(
    'is refused with INTROSPECTION_DISABLED unless it is on: %s',
    async (query) => {
      const closed = await (await startGateway()).post({ query });
      expect(closed.status).toBe(400);
      expect(new Set(closed.codes)).toEqual(new Set(['INTROSPECTION_DISABLED']));
      const open = await (await startGateway({ introspection: true })).post({ query });
      expect([open.status, open.codes]).toEqual([200, []]);
    },
  );

  it('does not keep clients from asking for type names', async () => {
    const { status, text } = await (await startGateway()).post({ query: '{ __typename }' });
    expect([status, text]).toEqual([200, '{"data":{"__typename":"Query"}}']);
  });
});

describe('GraphiQL', () => {
  const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  it('is served to a browser where it is on, and to nobody else', async () => {
    const { send, post } = await startGateway({ graphiql: true });
    const page = await send({ headers });
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toContain('GraphiQL');
    expect(
      (await send({ headers: { ...headers, 'if-none-match': String(page.headers['etag']) } })).status,
    ).toBe(304);
    expect((await post(QUERY)).status).toBe(200);
  });

  it('is not there where it is off', async () => {
    const { status, text, codes } = await (await startGateway()).send({ headers });
    expect([status, codes]).toEqual([400, ['BAD_REQUEST']]);
    expect(text).not.toContain('<');
  });
});

describe('other sites', () => {
  it.each(['https://evil.example', 'null', 'http://127.0.0.1:4000'])(
    'are allowed nothing: %s',
    async (origin) => {
      const { post, send } = await startGateway();
      const answers = [
        await post(QUERY, { origin }),
        await post('no JSON', { origin }),
        await send({ headers: { origin }, path: '/health' }),
        await send({
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'content-type',
          },
        }),
      ];
      for (const { headers } of answers) {
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    },
  );
});

describe('a bug', () => {
  it('is 500 INTERNAL_SERVER_ERROR without a word of what it was, and is reported', async () => {
    const bugs: unknown[] = [];
    const failure = new Error('canary at /home/x.ts');
    const gateway = createGateway({
      schema,
      contextFor: () => {
        throw failure;
      },
      readiness: () => ({ isDraining: false, details: {} }),
      introspection: false,
      graphiqlTabs: null,
      maxBodyBytes: 10_000,
      onBug: (error) => bugs.push(error),
    });
    const { url, close } = await listen((incoming, outgoing) => void gateway(incoming, outgoing), {
      host: '127.0.0.1',
      port: 0,
    });
    for (const accept of ['application/graphql-response+json', 'application/json']) {
      const { status, codes, text } = await ask(url, {
        method: 'POST',
        headers: { ...JSON_TYPE, accept },
        body: JSON.stringify(QUERY),
      });
      expect([status, codes]).toEqual([500, ['INTERNAL_SERVER_ERROR']]);
      expect(text).not.toContain('canary');
    }
    await close(0);
    await gateway.dispose();
    expect(bugs).toEqual([failure, failure]);
  });
});
