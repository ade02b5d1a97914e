import { createHash } from 'node:crypto';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Config, readConfig } from '../../src/config.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { run, Running } from '../commands/support.ts';
import { ask, type Reply } from '../server/support.ts';
import { freePort } from '../support/free-port.ts';
import { makeManifest, TOOLS, writeManifest } from '../support/manifests.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import type { World, WorldSettings } from '../support/world.ts';
import { adminOf, areSharing, keysOf, SOON, startReplicas } from './kept.ts';
import { inWorld } from './support.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface Endpoint {
  readonly url: string;
}

const post = ({ url }: Endpoint, body: object): Promise<Reply> =>
  ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify(body),
  });

const get = ({ url }: Endpoint, members: Readonly<Record<string, string>>): Promise<Reply> =>
  ask(url, { path: `/graphql?${new URLSearchParams(members).toString()}` });

const hashed = (text: string): object => ({
  extensions: { persistedQuery: { version: 1, sha256Hash: sha256(text) } },
});

const dataOf = ({ text }: Reply): unknown => (JSON.parse(text) as { data?: unknown }).data;

const documents = (mode: string, manifest: string): Config['documents'] =>
  readConfig({ DOCUMENTS_MODE: mode, DOCUMENTS_MANIFESTS: manifest }).documents;

const VARIABLES = { first: 5, sources: ['COS'] };

describe.each(TOOLS)('a manifest made by %s', (tool) => {
  it('is what an enforcing gateway runs, by id and by text, and nothing else', async () => {
    const manifest = await makeManifest(tool);
    const enforcing: WorldSettings = { config: { documents: documents('enforce', manifest.path) } };
    const { list } = documents('off', manifest.path);
    expect(list).toHaveLength(2);
    await inWorld(enforcing, async (world) => {
      await inWorld({ runningSandbox: world.sandbox }, async (open) => {
        for (const { id, text } of list) {
          const variables = text.includes('$first') ? VARIABLES : {};
          const expected = await open.askText(text, variables);
          expect(expected.errors).toEqual([]);
          const replies = await Promise.all([
            post(world, { documentId: id, variables }),
            post(world, { doc_id: id, variables }),
            post(world, { documentId: `sha256:${sha256(text)}`, variables }),
            post(world, { ...hashed(text), variables }),
            post(world, { query: text, variables }),
            post(world, { query: text.replaceAll('{', '\n  {'), variables }),
            post(world, { documentId: id, query: text, variables }),
            get(world, { documentId: id, variables: JSON.stringify(variables) }),
          ]);
          expect(replies.map(dataOf)).toEqual(replies.map(() => expected.data));
          expect(JSON.stringify(expected.data)).toContain('sandbox');
          const other = await post(world, { query: text.replace('{', '{ also: __typename '), variables });
          expect(other.codes).toEqual(['QUERY_NOT_IN_SAFELIST']);
        }
        expect((await post(world, { documentId: 'unknown' })).codes).toEqual(['PERSISTED_QUERY_NOT_IN_LIST']);
      });
    });
  });
});

describe('the gateway as a process', () => {
  const SANDBOX = { PORT: '0' };

  it('does not start with documents that this graph cannot answer, and says which', async () => {
    const path = await writeManifest({
      sound: '{ __typename }',
      unknown: 'query Unknown {\n  jobs { nodes { colour } }\n}',
      unparsed: '{ jobs',
      fragment: 'fragment Line on Job { id }',
      mutation: 'mutation { cancel }',
    });
    for (const command of [['serve'], ['check', '--offline']]) {
      const { code, stdout, stderr } = await run(command, { ...SANDBOX, DOCUMENTS_MANIFESTS: path });
      expect([code, stdout]).toEqual([78, '']);
      const fault = (id: string, what: string): string =>
        `  DOCUMENTS_MANIFESTS: "${path}": expected documents of this graph, got ${id}: ${what}\n`;
      expect(stderr).toBe(
        `The configuration has 4 faults:\n${[
          fault('unknown', 'Cannot query field "colour" on type "Job". (line 2, column 18)'),
          fault('unparsed', 'Syntax Error: Expected Name, found <EOF>. (line 1, column 7)'),
          fault('fragment', 'it holds no operation'),
          fault('mutation', 'this graph has no mutation'),
        ].join('')}`,
      );
    }
  });

  it('enforces the manifest of its environment, and tells the operator what it refuses', async () => {
    const path = await writeManifest({ kind: '{ __typename }' });
    const running = new Running(['serve'], {
      ...SANDBOX,
      DOCUMENTS_MODE: 'enforce',
      DOCUMENTS_MANIFESTS: path,
    });
    const [, url = ''] = /serves (\S+)\/graphql/.exec(await running.printed('/graphql\n')) ?? [];
    const unlisted = '{ origins { source } }';
    expect(dataOf(await post({ url }, { documentId: 'kind' }))).toEqual({ __typename: 'Query' });
    expect((await post({ url }, { query: unlisted })).codes).toEqual(['QUERY_NOT_IN_SAFELIST']);
    const { stdout, stderr } = await running.end('SIGTERM');
    // No example that would be refused.
    expect([stdout, stderr]).toEqual([
      expect.stringMatching(/\nOnly the documents of its manifests run: 1\.\n\{/),
      '',
    ]);
    const lines = [...stdout.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line) as { event: string });
    expect(lines.filter(({ event }) => event === 'unlisted-document')).toMatchObject([
      {
        level: 'warn',
        event: 'unlisted-document',
        outcome: 'refused',
        operationName: null,
        sha256: sha256(unlisted),
        client: null,
        untold: 0,
      },
    ]);
  });
});

const PLACES_QUERY = gql`
  query Places {
    origins {
      source
      account
    }
  }
`;

interface Sent {
  readonly method: string;
  readonly hasText: boolean;
  readonly status: number;
}

/** Apollo Client with its own link, and what it sends. */
function apolloClient(
  { url }: Endpoint,
  useGETForHashedQueries: boolean,
): {
  readonly sent: Sent[];
  places(): Promise<unknown>;
} {
  const sent: Sent[] = [];
  const watched: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const said = decodeURIComponent(JSON.stringify([input, init?.body]));
    sent.push({
      method: init?.method ?? 'GET',
      hasText: said.includes('query Places'),
      status: response.status,
    });
    return response;
  };
  const link = new PersistedQueryLink({ sha256, useGETForHashedQueries }).concat(
    new HttpLink({ uri: `${url}/graphql`, fetch: watched }),
  );
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  return {
    sent,
    places: async () => (await client.query({ query: PLACES_QUERY, fetchPolicy: 'network-only' })).data,
  };
}

describe('Apollo Client', () => {
  it.each([
    ['POST', false],
    ['GET', true],
  ])('sends a text once, and by %s its hash from then on', async (method, useGet) => {
    await inWorld({}, async (world) => {
      const first = apolloClient(world, useGet);
      const data = await first.places();
      expect(data).toMatchObject({ origins: [{ account: 'sandbox' }, {}, {}, {}, {}, {}] });
      expect(await first.places()).toEqual(data);
      expect(first.sent).toEqual([
        { method, hasText: false, status: 400 },
        { method: 'POST', hasText: true, status: 200 },
        { method, hasText: false, status: 200 },
      ]);
      const second = apolloClient(world, useGet);
      expect(await second.places()).toEqual(data);
      expect(second.sent).toEqual([{ method, hasText: false, status: 200 }]);
    });
  });
});

const TEXT = 'query Kind { kind: __typename }';
const OTHER = 'query Other { other: __typename }';
const KIND = { kind: 'Query' };

describe('two gateways that share a Redis', () => {
  let sandbox: Sandbox;
  let redis: TestRedis;
  let redisUrl: string;

  beforeEach(async () => {
    sandbox = await startSandbox({ world: 'empty' });
    onTestFinished(() => sandbox.close());
    const port = await freePort();
    redis = await startRedis('--port', String(port));
    onTestFinished(() => redis.close());
    redisUrl = `redis://127.0.0.1:${port}`;
  });

  const startTwo = async (settings: WorldSettings = {}): Promise<readonly [World, World]> => {
    const [one, other] = await startReplicas(2, sandbox, redisUrl, settings);
    if (one === undefined || other === undefined) {
      throw new Error('expected two replicas');
    }
    await expect.poll(() => areSharing(sandbox, one, other), SOON).toBe(true);
    return [one, other];
  };

  const makeKnown = async (one: Endpoint, other: Endpoint, text: string): Promise<void> => {
    await expect
      .poll(async () => {
        expect((await post(one, { query: text, ...hashed(text) })).status).toBe(200);
        return (await post(other, hashed(text))).status;
      }, SOON)
      .toBe(200);
  };

  it('know what either was told', async () => {
    const [one, other] = await startTwo();
    expect((await post(other, hashed(TEXT))).codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    await makeKnown(one, other, TEXT);
    expect(dataOf(await post(other, hashed(TEXT)))).toEqual(KIND);
    expect(dataOf(await get(other, { documentId: `sha256:${sha256(TEXT)}` }))).toEqual(KIND);
  });

  it('learn anew what Redis has lost, whichever of them the client meets', async () => {
    const [one, other] = await startTwo();
    await post(one, { query: TEXT, ...hashed(TEXT) });
    const admin = adminOf(redisUrl);
    await expect.poll(async () => (await documentKeys(admin)).length, SOON).toBe(1);
    await admin.flushall();
    expect((await post(other, hashed(TEXT))).codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
    await expect
      .poll(async () => {
        // The client is told so by one, and sends the text to the one that knows it.
        await post(one, { query: TEXT, ...hashed(TEXT) });
        return (await post(other, hashed(TEXT))).status;
      }, SOON)
      .toBe(200);
  });

  it.each([
    ['killed', () => redis.kill9(), () => undefined],
    ['halted', async () => redis.stop(), () => redis.cont()],
  ])('go on with what each knows while Redis is %s', async (_how, harm, mend) => {
    const [one, other] = await startTwo({ cache: { redisReadMs: 30, redisWriteMs: 100 } });
    await makeKnown(one, other, TEXT);
    await harm();
    try {
      const startedAtMs = performance.now();
      for (let round = 0; round < 20; round += 1) {
        expect(dataOf(await post(other, hashed(TEXT)))).toEqual(KIND);
        const unknown = `query U${round} { __typename }`;
        expect((await post(one, hashed(unknown))).codes).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
        const registered = await post(one, { query: unknown, ...hashed(unknown) });
        expect([registered.status, dataOf(registered)]).toEqual([200, { __typename: 'Query' }]);
        expect((await post(one, hashed(unknown))).status).toBe(200);
      }
      // 80 requests; three waits of 30 ms and one a second are all that Redis may cost.
      expect(performance.now() - startedAtMs).toBeLessThan(5_000);
    } finally {
      mend();
    }
  });

  it('never run what somebody else put there', async () => {
    const [one] = await startTwo();
    const admin = adminOf(redisUrl);
    await post(one, { query: TEXT, ...hashed(TEXT) });
    await expect.poll(async () => (await documentKeys(admin)).length, SOON).toBe(1);
    const [key = ''] = await documentKeys(admin);
    const sound = (await admin.get(key)) ?? '';
    expect(sound.endsWith(TEXT)).toBe(true);
    for (const value of [
      sound.replace(TEXT, OTHER),
      sound.replace(TEXT, `${TEXT} `),
      sound.replace(TEXT, ''),
      'garbage',
      '',
      '\u0000\u0001',
    ]) {
      await admin.set(key, value);
      const [fresh] = await startReplicas(1, sandbox, redisUrl);
      if (fresh === undefined) {
        throw new Error('expected a replica');
      }
      await expect.poll(() => areSharing(sandbox, one, fresh), SOON).toBe(true);
      const reply = await post(fresh, hashed(TEXT));
      expect([reply.codes, dataOf(reply)]).toEqual([['PERSISTED_QUERY_NOT_FOUND'], undefined]);
      expect(dataOf(await post(fresh, { query: TEXT, ...hashed(TEXT) }))).toEqual(KIND);
    }
    await admin.del(key);
    await admin.lpush(key, 'a list');
    expect(dataOf(await post(one, hashed(TEXT)))).toEqual(KIND);
  });

  it('fill no more of it than was granted, however many texts come', async () => {
    const settings = { ...readConfig({}).documents, maxAutomaticInRedis: 8, maxAutomaticPerMinute: 60 };
    const [one] = await startTwo({ config: { documents: settings } });
    const texts = Array.from({ length: 100 }, (_, index) => `query Q${index} { __typename }`);
    const replies = await Promise.all(texts.map((query) => post(one, { query, ...hashed(query) })));
    expect(replies.map(({ status }) => status)).toEqual(texts.map(() => 200));
    const known = await Promise.all(texts.map((text) => post(one, hashed(text))));
    expect(known.filter(({ status }) => status === 200)).toHaveLength(60);
    const admin = adminOf(redisUrl);
    await expect.poll(async () => (await documentKeys(admin)).length, SOON).toBeGreaterThan(4);
    expect((await documentKeys(admin)).length).toBeLessThanOrEqual(8);
  });
});

async function documentKeys(admin: ReturnType<typeof adminOf>): Promise<string[]> {
  return (await keysOf(admin)).filter((key) => key.includes('{documents}'));
}
