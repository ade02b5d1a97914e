import { describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../../../src/config.ts';
import { startKeptValues, valueOf } from '../http-cache/kept-values.ts';
import { startGateway, type TestGateway } from '../support.ts';

const QUERY = '{ origins { source } }';
const PATH = `/graphql?query=${encodeURIComponent(QUERY)}`;
const APP = 'https://app.example.com';

function startOpen(origins: readonly string[] = [APP, 'http://localhost:5173']): Promise<TestGateway> {
  return startGateway({ cors: { origins } });
}

const crossHeaders = (headers: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control')));

describe('a GET that a page of another site could make a browser send', () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ['without headers', {}],
    ['with the type of a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['with a type that is no form', { 'content-type': 'text/plain' }],
    ['with the type of JSON', { 'content-type': 'application/json' }],
    ['with an empty header', { 'apollo-require-preflight': '' }],
    ['with an origin', { origin: APP }],
    ['with a cookie', { cookie: 'a=b' }],
  ])('is 405 METHOD_NOT_ALLOWED, %s', async (_how, headers) => {
    for (const gateway of [await startGateway(), await startOpen()]) {
      for (const accept of ['application/graphql-response+json', 'application/json', '*/*']) {
        const answer = await gateway.send({ path: PATH, headers: { accept, ...headers } });
        expect([answer.status, answer.codes]).toEqual([405, ['METHOD_NOT_ALLOWED']]);
        expect(answer.headers['allow']).toBe('POST');
        expect(answer.text).toContain('apollo-require-preflight or x-graphql-client');
        expect(answer.headers['cache-control']).toBe('no-store');
      }
    }
  });

  it('is refused with an id beside its text, too: who sends the text may have made up the id', async () => {
    const { send } = await startGateway();
    const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } });
    for (const members of [`documentId=x`, `extensions=${encodeURIComponent(extensions)}`]) {
      expect((await send({ path: `${PATH}&${members}` })).codes).toEqual(['METHOD_NOT_ALLOWED']);
    }
  });
});

describe('a GET that no such page can send', () => {
  it.each([{ 'apollo-require-preflight': '1' }, { 'x-graphql-client': 'dashboard' }])(
    'is answered: %j',
    async (headers) => {
      const { send } = await startGateway();
      const { status, text } = await send({ path: PATH, headers: { ...headers } });
      expect([status, text]).toEqual([200, '{"data":{"origins":[]}}']);
    },
  );

  it('is one for a document by its id', async () => {
    const documents = {
      ...readConfig({}).documents,
      list: [{ id: 'places', text: QUERY, manifest: 'manifest.json' }],
    } as Config['documents'];
    const { send } = await startGateway({}, { documents });
    const { status, text } = await send({ path: '/graphql?documentId=places' });
    expect([status, text]).toEqual([200, '{"data":{"origins":[]}}']);
    expect((await send({ path: '/graphql?documentId=other' })).codes).toEqual([
      'PERSISTED_QUERY_NOT_IN_LIST',
    ]);
  });

  it('asks nothing', async () => {
    const { send } = await startGateway();
    const { status, codes } = await send({ path: '/graphql' });
    expect([status, codes]).toEqual([400, ['BAD_REQUEST']]);
  });
});

describe('a page of an origin that is configured', () => {
  it.each([APP, 'http://localhost:5173'])('may ask, and read what clients need: %s', async (origin) => {
    const { post } = await startOpen();
    for (const answer of [await post({ query: QUERY }, { origin }), await post('no JSON', { origin })]) {
      expect(answer.headers['access-control-allow-origin']).toBe(origin);
      expect(answer.headers['access-control-expose-headers']).toMatch(/Age, ETag, .*X-Request-Id/);
      expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
      expect(answer.headers['vary']).toContain('Origin');
    }
  });

  it('is told beforehand what it may send', async () => {
    const { send } = await startOpen();
    const { status, headers, text } = await send({
      method: 'OPTIONS',
      headers: {
        origin: APP,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-graphql-client',
      },
    });
    expect([status, text]).toEqual([204, '']);
    expect(headers['access-control-allow-origin']).toBe(APP);
    expect(headers['access-control-allow-methods']).toBe('GET, POST');
    const allowed = String(headers['access-control-allow-headers']).toLowerCase().split(', ');
    expect(allowed).toEqual(
      expect.arrayContaining([
        'content-type',
        'authorization',
        'apollo-require-preflight',
        'x-graphql-client',
      ]),
    );
    expect(headers['access-control-max-age']).toBe('7200');
    expect(headers['vary']).toContain('Origin');
  });

  it('may know that it has the answer', async () => {
    const { send } = await startOpen();
    const headers = { origin: APP, 'x-graphql-client': 'app' };
    const first = await send({ path: PATH, headers });
    const second = await send({
      path: PATH,
      headers: { ...headers, 'if-none-match': String(first.headers['etag']) },
    });
    expect([first.status, second.status]).toEqual([200, 304]);
    expect(second.headers['access-control-allow-origin']).toBe(APP);
  });
});

describe('a page of any other origin', () => {
  it.each([
    'https://evil.example',
    'https://app.example.com.evil.example',
    'http://app.example.com',
    'https://APP.example.com',
    'https://app.example.com:444',
    'null',
    '',
  ])('is told nothing: %j', async (origin) => {
    const { post, send } = await startOpen();
    const preflight = await send({
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect([preflight.status, crossHeaders(preflight.headers)]).toEqual([204, {}]);
    for (const answer of [await post({ query: QUERY }, { origin }), await post('no JSON', { origin })]) {
      expect(crossHeaders(answer.headers)).toEqual({});
      expect(answer.headers['vary']).toContain('Origin');
    }
  });

  it('makes no difference where no origin is configured', async () => {
    const { post } = await startGateway();
    const { headers } = await post({ query: QUERY }, { origin: APP });
    expect(crossHeaders(headers)).toEqual({});
    expect(headers['vary']).not.toContain('Origin');
  });
});

describe('an answer that is given again', () => {
  it('is given to the origin that it is for, and to no other', async () => {
    const gateway = await startKeptValues({ corsOrigins: [APP, 'https://other.example.com'] });
    gateway.keep('a', 'A');
    for (const origin of [
      APP,
      'https://other.example.com',
      'https://evil.example',
      APP,
      'https://evil.example',
    ]) {
      const { headers, text } = await gateway.post(valueOf('a'), { origin });
      expect(text).toBe('{"data":{"value":"A"}}');
      const isAllowed = origin !== 'https://evil.example';
      expect(headers['access-control-allow-origin']).toBe(isAllowed ? origin : undefined);
      expect(headers['vary']).toContain('Origin');
    }
    // The last two were not run.
    expect(gateway.run).toHaveLength(3);
  });
});

describe('an origin that is none', () => {
  it.each([
    '*',
    'https://*.example.com',
    'app.example.com',
    'https://app.example.com/',
    'https://app.example.com/x',
    'https://user:pass@app.example.com',
    'https://app.example.com:443',
    'HTTPS://app.example.com',
    'ftp://app.example.com',
    'null',
    '',
  ])('is a fault of the configuration: %j', (origin) => {
    const file = `accounts: []\nserver: { cors: { origins: [${JSON.stringify(origin)}] } }`;
    const read = (): unknown => readConfig({ GATEWAY_CONFIG: 'x.yaml' }, () => file);
    expect(read).toThrow(/server\.cors\.origins\[0\]: expected an origin/);
    expect(read).not.toThrow(/pass/);
  });
});
