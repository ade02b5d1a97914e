import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ContentStore } from '../../../src/cache/content-store.ts';
import { type Config, readConfig } from '../../../src/config.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { DocumentsMode, PersistedDocument } from '../../../src/model/persisted-document.ts';
import { chooseText } from '../../../src/server/documents/choice.ts';
import { DocumentList } from '../../../src/server/documents/document-list.ts';
import { type UnlistedDocumentEvent, unlistedDocuments } from '../../../src/telemetry/channels.ts';
import { startKeptValues } from '../http-cache/kept-values.ts';
import { type Reply, startGateway, type TestGateway } from '../support.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const PLACES = 'query Places { places: origins { source } }';
const KIND = 'query Kind {\n  kind: __typename # of the root\n}\n';
const OTHER = '{ other: __typename }';
const LIST = [
  { id: 'places', text: PLACES },
  { id: createHash('md5').update(KIND).digest('hex'), text: KIND },
];
const KIND_ID = LIST[1]?.id ?? '';

type Documents = Config['documents'];

interface Settings extends Partial<Omit<Documents, 'list'>> {
  readonly list?: readonly PersistedDocument[];
}

function start(
  { list = LIST, ...documents }: Settings = {},
  config: Partial<Config> = {},
): Promise<TestGateway> {
  const defaults = readConfig({}).documents;
  const listed = list.map(({ id, text }) => ({ id, text, manifest: 'manifest.json' }));
  return startGateway({}, { documents: { ...defaults, list: listed, ...documents }, ...config });
}

const hashed = (hash: string, query?: string): object => ({
  query,
  extensions: { persistedQuery: { version: 1, sha256Hash: hash } },
});

const pathOf = (members: Readonly<Record<string, string>>): string =>
  `/graphql?${new URLSearchParams(members).toString()}`;

const hashPath = (hash: string): string =>
  pathOf({ extensions: JSON.stringify({ persistedQuery: { version: 1, sha256Hash: hash } }) });

const dataOf = ({ text }: Reply): unknown => (JSON.parse(text) as { data?: unknown }).data;

const MODES = ['off', 'log', 'enforce'] as const;

describe.each(MODES)('a document of a manifest, in the mode %s', (mode) => {
  it.each([
    ['documentId', { documentId: 'places' }],
    ['doc_id', { doc_id: 'places' }],
    ['the SHA-256 of its text', { documentId: `sha256:${sha256(PLACES)}` }],
    ['sha256Hash', hashed(sha256(PLACES))],
    ['its id as sha256Hash', hashed('places')],
    ['several ids that mean the same', { documentId: `sha256:${sha256(PLACES)}`, ...hashed(sha256(PLACES)) }],
    ['an id and an empty text', { documentId: 'places', query: '' }],
    ['an id and no text', { documentId: 'places', query: null }],
    ['its text', { query: PLACES }],
    ['its text without the space between', { query: 'query Places{places:origins{source}}' }],
    ['its text with a comment and commas', { query: `# hello\n${PLACES.replace('{ source', ',{ ,source')}` }],
    ['an id and its text', { documentId: 'places', query: PLACES }],
    ['an id and its text, written otherwise', { documentId: 'places', query: `${PLACES}\n` }],
    ['its hash and its text', hashed(sha256(PLACES), PLACES)],
  ])('is run by %s', async (_how, body) => {
    const { post } = await start({ mode });
    const reply = await post(body);
    expect([reply.status, dataOf(reply)]).toEqual([200, { places: [] }]);
  });

  it.each([
    ['documentId', pathOf({ documentId: 'places' })],
    ['doc_id', pathOf({ doc_id: 'places' })],
    ['the SHA-256 of its text', pathOf({ documentId: `sha256:${sha256(PLACES)}`, operationName: 'Places' })],
    ['sha256Hash', hashPath(sha256(PLACES))],
    ['an empty member besides', `${pathOf({ documentId: 'places' })}&doc_id=`],
  ])('is run by GET with %s, and tagged', async (_how, path) => {
    const { send } = await start({ mode });
    const reply = await send({ path });
    expect([reply.status, dataOf(reply)]).toEqual([200, { places: [] }]);
    expect(reply.headers['cache-control']).toBe('public, max-age=60');
    const etag = String(reply.headers['etag']);
    expect((await send({ path, headers: { 'if-none-match': etag } })).status).toBe(304);
    const other = pathOf({ documentId: KIND_ID });
    expect(dataOf(await send({ path: other, headers: { 'if-none-match': etag } }))).toEqual({
      kind: 'Query',
    });
  });

  it('is not run for a text that is not its own', async () => {
    const { post } = await start({ mode });
    for (const body of [
      { documentId: 'places', query: KIND },
      { documentId: `sha256:${sha256(PLACES)}`, query: KIND },
      hashed(sha256(PLACES), KIND),
      // The hash is of every letter.
      hashed(sha256(PLACES), `${PLACES}\n`),
    ]) {
      const reply = await post(body);
      expect([reply.status, reply.codes, dataOf(reply)]).toEqual([400, ['BAD_REQUEST'], undefined]);
    }
  });

  it('takes variables and chooses an operation', async () => {
    const text =
      'query A($skip: Boolean!) { a: __typename b: __typename @skip(if: $skip) } query B { b: __typename }';
    const { post } = await start({ mode, list: [{ id: 'two', text }] });
    const ask = async (operationName: string): Promise<unknown> =>
      dataOf(await post({ documentId: 'two', operationName, variables: { skip: true } }));
    expect([await ask('A'), await ask('B')]).toEqual([{ a: 'Query' }, { b: 'Query' }]);
    expect((await post({ documentId: 'two' })).codes).toEqual(['OPERATION_RESOLUTION_FAILURE']);
    expect((await post({ documentId: 'two', operationName: 'A' })).codes).toEqual(['BAD_USER_INPUT']);
  });
});

describe('an id that nobody knows', () => {
  it.each([
    ['off', true, { documentId: 'unknown' }, 'PERSISTED_QUERY_NOT_IN_LIST'],
    ['off', true, { documentId: 'unknown', query: OTHER }, 'PERSISTED_QUERY_NOT_IN_LIST'],
    ['off', true, { documentId: sha256(OTHER) }, 'PERSISTED_QUERY_NOT_IN_LIST'],
    ['off', true, { documentId: `sha256:${sha256(OTHER)}` }, 'PERSISTED_QUERY_NOT_FOUND'],
    ['log', true, hashed(sha256(OTHER)), 'PERSISTED_QUERY_NOT_FOUND'],
    ['off', false, hashed(sha256(OTHER)), 'PERSISTED_QUERY_NOT_IN_LIST'],
    ['enforce', true, hashed(sha256(OTHER)), 'PERSISTED_QUERY_NOT_IN_LIST'],
    ['enforce', true, { documentId: 'unknown', query: PLACES }, 'PERSISTED_QUERY_NOT_IN_LIST'],
  ] as const)('in the mode %s, automatic %s, %j: %s', async (mode, automatic, body, code) => {
    const { post } = await start({ mode, automatic });
    const reply = await post(body);
    const asJson = await post(body, { accept: 'application/json' });
    expect([reply.status, reply.headers['content-type']]).toEqual([
      400,
      'application/graphql-response+json; charset=utf-8',
    ]);
    expect(asJson.status).toBe(200);
    for (const { text, codes, headers } of [reply, asJson]) {
      expect(Object.keys(JSON.parse(text) as object)).toEqual(['errors']);
      expect(codes).toEqual([code]);
      expect(headers['cache-control']).toBe('no-store');
    }
  });

  it('is told so by GET too, in Apollo’s word', async () => {
    const { send } = await start();
    const { status, text, headers } = await send({ path: hashPath(sha256(OTHER)) });
    expect([status, headers['cache-control'], headers['etag']]).toEqual([200, 'no-store', undefined]);
    expect(JSON.parse(text)).toEqual({
      errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
    });
  });
});

describe('an id of a wrong form', () => {
  it.each([
    [{ documentId: '' }],
    [{ documentId: 5 }],
    [{ documentId: ['places'] }],
    [{ documentId: 'a b' }],
    [{ documentId: 'a/b' }],
    [{ documentId: ':a' }],
    [{ documentId: 'a:' }],
    [{ documentId: 'x'.repeat(257) }],
    [{ doc_id: {} }],
    [{ documentId: 'places', doc_id: 'other' }],
    [{ documentId: 'places', ...hashed(sha256(PLACES)) }],
    [{ extensions: { persistedQuery: 'x' } }],
    [{ extensions: { persistedQuery: { sha256Hash: sha256(OTHER) } } }],
    [{ extensions: { persistedQuery: { version: 2, sha256Hash: sha256(OTHER) } } }],
    [{ extensions: { persistedQuery: { version: 1 } } }],
    [{ extensions: { persistedQuery: { version: 1, sha256Hash: 5 } }, query: OTHER }],
    [{ extensions: { persistedQuery: { version: 1, sha256Hash: 'not a hash' } } }],
  ])('is refused: %j', async (body) => {
    const { post, bugs } = await start();
    const reply = await post(body);
    expect([reply.status, reply.codes, dataOf(reply)]).toEqual([400, ['BAD_REQUEST'], undefined]);
    expect(bugs).toEqual([]);
  });
});

describe('requests without an id', () => {
  it.each([
    [{}, 'BAD_REQUEST'],
    [{ documentId: null }, 'BAD_REQUEST'],
    [{ query: null }, 'BAD_REQUEST'],
    [{ query: '' }, 'GRAPHQL_PARSE_FAILED'],
    [{ query: '', documentId: null, extensions: { persistedQuery: null } }, 'GRAPHQL_PARSE_FAILED'],
    [{ query: 5 }, 'BAD_REQUEST'],
    [{ query: 5, documentId: 'places' }, 'BAD_REQUEST'],
    [{ query: PLACES, extensions: 'x' }, 'BAD_REQUEST'],
    [{ id: 'places' }, 'BAD_REQUEST'],
    [[{ documentId: 'places' }], 'BATCHING_NOT_SUPPORTED'],
    ['null', 'BAD_REQUEST'],
    ['"places"', 'BAD_REQUEST'],
  ])('are refused as ever: %j with %s', async (body, code) => {
    for (const mode of MODES) {
      const { post, bugs } = await start({ mode });
      const reply = await post(body);
      expect([reply.status, reply.codes, dataOf(reply)]).toEqual([400, [code], undefined]);
      expect(bugs).toEqual([]);
    }
  });

  it('are answered as ever', async () => {
    for (const mode of ['off', 'log'] as const) {
      const { post, send } = await start({ mode });
      const nothing = { documentId: null, extensions: { persistedQuery: null, other: 1 } };
      expect(dataOf(await post({ query: OTHER, ...nothing }))).toEqual({ other: 'Query' });
      const headers = { 'apollo-require-preflight': '1' };
      expect(dataOf(await send({ path: `${pathOf({ query: OTHER })}&documentId=`, headers }))).toEqual({
        other: 'Query',
      });
    }
  });
});

describe('a text that no manifest holds', () => {
  it.each([
    [OTHER],
    [`${PLACES} query More { __typename }`],
    [PLACES.replace('source', 'source region')],
    [PLACES.replace('Places', 'Places2')],
    ['{ __schema { queryType { name } } }'],
    ['not GraphQL'],
    ['"'],
    [`{ a(x: ${'['.repeat(20_000)} }`],
  ])('is refused when manifests are enforced: %s', async (query) => {
    const { post, bugs } = await start({ mode: 'enforce' });
    for (const body of [{ query }, hashed(sha256(query), query)]) {
      const reply = await post(body);
      expect([reply.status, reply.codes, dataOf(reply)]).toEqual([400, ['QUERY_NOT_IN_SAFELIST'], undefined]);
      expect(reply.headers['cache-control']).toBe('no-store');
    }
    expect((await post({ query }, { accept: 'application/json' })).status).toBe(200);
    expect(bugs).toEqual([]);
  });

  it('is run for a router that proves to be one, and not made known by it', async () => {
    const secret = 'a secret of the router';
    const federation = { routerSecrets: [new Secret(secret)], relayNode: true };
    const { post } = await start({ mode: 'enforce' }, { federation });
    const asRouter = { 'router-authorization': secret };
    expect(dataOf(await post({ query: '{ _service { __typename } }' }, asRouter))).toEqual({
      _service: { __typename: '_Service' },
    });
    expect(dataOf(await post(hashed(sha256(OTHER), OTHER), asRouter))).toEqual({ other: 'Query' });
    expect((await post(hashed(sha256(OTHER)), asRouter)).codes).toEqual(['PERSISTED_QUERY_NOT_IN_LIST']);
    expect((await post({ query: OTHER })).codes).toEqual(['QUERY_NOT_IN_SAFELIST']);
    expect((await post({ query: OTHER }, { 'router-authorization': 'another' })).codes).toEqual([
      'UNAUTHENTICATED',
    ]);
  });

  it.each([
    ['off', false, true],
    ['log', false, true],
    ['enforce', true, false],
  ] as const)('is made known in the mode %s, trusted %s: %s', async (mode, isTrusted, isKept) => {
    const store = { get: () => Promise.resolve(null), set: () => undefined };
    const reference = { id: sha256(OTHER), sha256: sha256(OTHER) };
    const asked = { reference, text: OTHER, isTrusted };
    expect(await chooseText({ mode, list: new DocumentList(LIST), store }, asked)).toEqual({
      text: OTHER,
      toKeep: isKept ? sha256(OTHER) : null,
    });
  });

  it('is refused of everybody where no router has a secret', async () => {
    const { post } = await start({ mode: 'enforce' });
    const reply = await post({ query: '{ _service { sdl } }' }, { 'router-authorization': 'anything' });
    expect(reply.codes).toEqual(['QUERY_NOT_IN_SAFELIST']);
  });
});

describe('the operator', () => {
  function toldOf(): UnlistedDocumentEvent[] {
    const events: UnlistedDocumentEvent[] = [];
    onTestFinished(unlistedDocuments.subscribe((event) => events.push(event)));
    return events;
  }
  const query = 'query Canary($secret: Boolean!) { a: __typename @skip(if: $secret) }';
  const body = { query, variables: { secret: true } };

  it('is told what runs although no manifest holds it, and no word of the text', async () => {
    const events = toldOf();
    const { post } = await start({ mode: 'log' });
    await post(body, { 'x-graphql-client': 'web' });
    await post(hashed(sha256(OTHER), OTHER), { 'x-graphql-client': 'a\u00e4' });
    await post(hashed(sha256(OTHER)));
    expect(events).toEqual([
      { outcome: 'ran', operationName: 'Canary', sha256: sha256(query), client: 'web' },
      { outcome: 'ran', operationName: null, sha256: sha256(OTHER), client: null },
      { outcome: 'ran', operationName: null, sha256: sha256(OTHER), client: null },
    ]);
  });

  it('is told what was refused', async () => {
    const events = toldOf();
    const { post } = await start({ mode: 'enforce' });
    await post({ ...body, operationName: 'Canary' });
    await post({ query: OTHER, operationName: 'no\nname' });
    // Not for its text.
    await post({ documentId: 'places', query: KIND });
    expect(events).toEqual([
      { outcome: 'refused', operationName: 'Canary', sha256: sha256(query), client: null },
      { outcome: 'refused', operationName: null, sha256: sha256(OTHER), client: null },
    ]);
  });

  it('is not told of what is listed, does not run, or comes from a router', async () => {
    const events = toldOf();
    const federation = { routerSecrets: [new Secret('a secret of the router')], relayNode: true };
    const { post } = await start({ mode: 'log' }, { federation });
    await post({ documentId: 'places' });
    await post({ query: ` ${PLACES}` });
    await post({ query: '{ unknown }' });
    await post({ query: OTHER }, { 'router-authorization': 'a secret of the router' });
    const off = await start({ mode: 'off' });
    await off.post(body);
    expect(events).toEqual([]);
  });
});

describe('a text that a client makes known by its hash', () => {
  it('is asked for by the hash from then on, by POST and by GET', async () => {
    const { post, send } = await start({ list: [] });
    expect((await post(hashed(sha256(OTHER)))).codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    expect(dataOf(await post(hashed(sha256(OTHER), OTHER)))).toEqual({ other: 'Query' });
    expect(dataOf(await post(hashed(sha256(OTHER))))).toEqual({ other: 'Query' });
    expect(dataOf(await post({ documentId: `sha256:${sha256(OTHER)}` }))).toEqual({ other: 'Query' });
    expect(dataOf(await send({ path: hashPath(sha256(OTHER)) }))).toEqual({ other: 'Query' });
  });

  it('is asked for again byte for byte', async () => {
    const { post, send } = await start({ list: [] });
    const query = '{ origins { source } }';
    await post({ documentId: `sha256:${sha256(query)}`, query });
    const path = pathOf({ documentId: `sha256:${sha256(query)}` });
    const { headers } = await send({ path });
    expect(headers['cache-control']).toBe('public, max-age=60');
    const again = await send({ path, headers: { 'if-none-match': String(headers['etag']) } });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  it('may be made known by GET', async () => {
    const { send } = await start({ list: [] });
    const path = `${hashPath(sha256(OTHER))}&query=${encodeURIComponent(OTHER)}`;
    const headers = { 'apollo-require-preflight': '1' };
    expect(dataOf(await send({ path, headers }))).toEqual({ other: 'Query' });
    expect(dataOf(await send({ path: hashPath(sha256(OTHER)) }))).toEqual({ other: 'Query' });
  });

  it.each([
    ['is no GraphQL', '{', 'GRAPHQL_PARSE_FAILED'],
    ['is none of this graph', '{ unknown }', 'GRAPHQL_VALIDATION_FAILED'],
    ['is of a kind that this graph has not', 'mutation { __typename }', 'GRAPHQL_VALIDATION_FAILED'],
    ['asks what may not be asked', '{ __schema { __typename } }', 'INTROSPECTION_DISABLED'],
  ])('is not kept when it %s', async (_why, query, code) => {
    const { post } = await start({ list: [] });
    expect((await post(hashed(sha256(query), query))).codes).toContain(code);
    expect((await post(hashed(sha256(query)))).codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
  });

  it('is run and not kept when it is too long, or others came too fast', async () => {
    const { post } = await start({ list: [], maxAutomaticBytes: OTHER.length, maxAutomaticPerMinute: 1 });
    const long = `${OTHER} `;
    const second = OTHER.replace('other', 'again');
    for (const query of [long, OTHER, second]) {
      expect((await post(hashed(sha256(query), query))).status).toBe(200);
    }
    expect((await post(hashed(sha256(long)))).codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    expect((await post(hashed(sha256(OTHER)))).status).toBe(200);
    expect((await post(hashed(sha256(second)))).codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
  });

  it('is never kept under the hash of another', async () => {
    const { post } = await start({ list: [] });
    const reply = await post(hashed(sha256(OTHER), PLACES));
    expect([reply.status, reply.codes]).toEqual([400, ['BAD_REQUEST']]);
    expect((await post(hashed(sha256(OTHER)))).codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    expect((await post(hashed(sha256(PLACES)))).codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    expect(dataOf(await post(hashed(sha256(OTHER), OTHER)))).toEqual({ other: 'Query' });
  });

  it('is run without being kept where that is switched off, and cannot be where manifests are enforced', async () => {
    const off = await start({ automatic: false });
    expect(dataOf(await off.post(hashed(sha256(OTHER), OTHER)))).toEqual({ other: 'Query' });
    expect((await off.post(hashed(sha256(OTHER)))).codes).toEqual(['PERSISTED_QUERY_NOT_IN_LIST']);
    const enforced = await start({ mode: 'enforce' });
    expect((await enforced.post(hashed(sha256(OTHER), OTHER))).codes).toEqual(['QUERY_NOT_IN_SAFELIST']);
  });

  it('does not stand for a listed id, even where that looks like its hash', async () => {
    const { post } = await start({ list: [{ id: sha256(OTHER), text: PLACES }] });
    expect((await post(hashed(sha256(OTHER), OTHER))).codes).toEqual(['BAD_REQUEST']);
    expect(dataOf(await post(hashed(sha256(OTHER))))).toEqual({ places: [] });
  });
});

/** One operation a value, in two ways to write it. */
const TEXTS = ['a', 'b', 'c', 'd'].flatMap((key) => [
  `query Of { ${key}: value(key: "${key}") }`,
  `query Of { ${key}: value(key: "${key}") } # the same`,
]);
const keyIn = (text: string): string => /key: "(.)"/.exec(text)?.[1] ?? '';

interface Step {
  readonly how: 'text' | 'hash' | 'hash and text' | 'id' | 'id and text' | 'GET hash' | 'GET id';
  readonly one: string;
  readonly other: string;
}

describe('whatever is asked in whatever order', () => {
  const step = fc.record<Step>({
    how: fc.constantFrom('text', 'hash', 'hash and text', 'id', 'id and text', 'GET hash', 'GET id'),
    one: fc.constantFrom(...TEXTS),
    other: fc.constantFrom(...TEXTS),
  });
  /** Half of the texts are listed. */
  const list = new DocumentList(TEXTS.slice(0, 4).map((text, index) => ({ id: `id-${index}`, text })));
  const idOf = (text: string): string => `id-${TEXTS.indexOf(text)}`;

  it.each(MODES)('no answer is that of another operation, in the mode %s', async (mode) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const store = new ContentStore({
          clock: systemClock,
          shared: null,
          memoryBytes: 2_000,
          maxTextBytes: 1_000,
          ttlMs: 60_000,
          maxSharedTexts: 10,
          maxNewPerMinute: 100,
        });
        const world = await shared(mode, list);
        world.use(store);
        for (const { how, one, other } of steps) {
          const reply = await world.ask(how, one, other, idOf(one));
          const data = dataOf(reply) as Record<string, unknown> | undefined;
          const isListed = TEXTS.indexOf(one) < 4;
          if (
            (isListed && /^(text|hash|id|GET hash|GET id)$/.test(how)) ||
            (mode !== 'enforce' && how === 'text')
          ) {
            expect(data).toBeDefined();
          }
          const key = keyIn(one);
          if (data !== undefined) {
            expect([data, reply.status]).toEqual([{ [key]: `read ${key}` }, 200]);
          } else {
            expect(reply.codes[0]).toMatch(/^(PERSISTED_QUERY_|QUERY_NOT_IN_SAFELIST|BAD_REQUEST)/);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

interface SharedWorld {
  use(store: ContentStore): void;
  ask(how: Step['how'], one: string, other: string, id: string): Promise<Reply>;
}

const worlds = new Map<DocumentsMode, Promise<SharedWorld>>();

/** One gateway for all runs, so that what earlier ones left behind is part of the trial. */
function shared(mode: DocumentsMode, list: DocumentList): Promise<SharedWorld> {
  const world = worlds.get(mode) ?? startShared(mode, list);
  worlds.set(mode, world);
  return world;
}

async function startShared(mode: DocumentsMode, list: DocumentList): Promise<SharedWorld> {
  let current: ContentStore | null = null;
  const { post, send } = await startKeptValues({
    documents: {
      mode,
      list,
      store: {
        get: async (hash) => (await current?.get(hash)) ?? null,
        set: (hash, text) => current?.set(hash, text),
      },
    },
  });
  return {
    use: (store) => {
      current = store;
    },
    ask: (how, one, other, id) => {
      switch (how) {
        case 'text':
          return post({ query: one });
        case 'hash':
          return post(hashed(sha256(one)));
        case 'hash and text':
          return post(hashed(sha256(one), other));
        case 'id':
          return post({ documentId: id });
        case 'id and text':
          return post({ documentId: id, query: other });
        case 'GET hash':
          return send({ path: hashPath(sha256(one)) });
        case 'GET id':
          return send({ path: pathOf({ documentId: id }) });
      }
    },
  };
}

describe('an answer to an id', () => {
  it('is given again byte for byte as long as it holds, and never to another id', async () => {
    const list = new DocumentList(
      ['a', 'b'].map((key) => ({ id: key, text: `{ it: value(key: "${key}") }` })),
    );
    const { post, run, keep } = await startKeptValues({ documents: { mode: 'enforce', list, store: null } });
    keep('a', 'A');
    keep('b', 'B');
    const first = await post({ documentId: 'a' });
    expect(run).toHaveLength(1);
    const again = await post({ documentId: 'a' });
    expect([again.text, run.length]).toEqual([first.text, 1]);
    expect(dataOf(await post({ documentId: 'b' }))).toEqual({ it: 'B' });
    keep('a', 'changed');
    expect(dataOf(await post({ documentId: 'a' }))).toEqual({ it: 'changed' });
  });
});
