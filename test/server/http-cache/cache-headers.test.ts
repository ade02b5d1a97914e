import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ListingQuestion, listJobs } from '../../../src/jobs/listing.ts';
import type { Origins } from '../../../src/jobs/origins.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { UpstreamError } from '../../../src/model/errors.ts';
import type { Origin } from '../../../src/model/origin.ts';
import { cacheControlOf } from '../../../src/server/http-cache/cache-control.ts';
import { namesTag } from '../../../src/server/http-cache/etag.ts';
import { Uses } from '../../../src/server/http-cache/uses.ts';
import { withVary } from '../../../src/server/http-cache/vary.ts';
import { startKeptValues, valueOf } from './kept-values.ts';
import { type Reply, startGateway } from '../support.ts';

const SCOPE = { signal: new AbortController().signal, deadlineMs: Number.MAX_SAFE_INTEGER };
const ALL_JOBS: ListingQuestion = {
  filter: {
    sources: null,
    accounts: null,
    regions: null,
    statuses: null,
    createdAfter: null,
    createdBefore: null,
    text: null,
  },
  orderBy: 'NEWEST_FIRST',
  page: { limit: 2, after: null, before: null, backwards: false },
};

// oxlint-disable-next-line eslint/require-yield -- it fails before it could
async function* failingWith(error: Error): AsyncGenerator<never, void, undefined> {
  throw error;
}

const cached = ({ headers }: Reply): unknown => [headers['cache-control'], headers['age']];

describe('an answer that is made of values', () => {
  it.each([
    [{ agoMs: 0 }, 'public, max-age=10', '0'],
    [{ agoMs: 1 }, 'public, max-age=10', '1'],
    [{ agoMs: 1_000 }, 'public, max-age=10', '1'],
    [{ agoMs: 9_999 }, 'public, max-age=10', '10'],
    [{ agoMs: 10_000 }, 'public, max-age=10', '10'],
    [{ agoMs: 10_001 }, 'public, max-age=11', '11'],
    [{ agoMs: 60_000 }, 'public, max-age=60', '60'],
    [{ agoMs: 0, lifeMs: 1_999 }, 'public, max-age=1', '0'],
    [{ agoMs: 1, lifeMs: 999 }, 'public, max-age=1', '1'],
    [{ agoMs: 0, lifeMs: 0 }, 'public, max-age=0', '0'],
    // Another replica's clock goes before ours.
    [{ agoMs: -500 }, 'public, max-age=10', '0'],
  ])('fetched and living %j says %s at the age of %s', async (life, control, age) => {
    const { keep, post } = await startKeptValues();
    keep('a', 'A', life);
    expect(cached(await post(valueOf('a')))).toEqual([control, age]);
  });

  it('is as old as the oldest and lives as long as the first to end', async () => {
    const { keep, post } = await startKeptValues();
    keep('old', 'O', { agoMs: 20_000, lifeMs: 60_000 });
    keep('brief', 'B', { agoMs: 1_000, lifeMs: 5_000 });
    const query = '{ old: value(key: "old") brief: value(key: "brief") origins }';
    expect(cached(await post({ query }))).toEqual(['public, max-age=24', '20']);
  });

  it('is never kept longer than any value lives, nor taken for younger than one is', () => {
    const uses = fc.array(
      fc.record({
        fetchedAtMs: fc.integer({ min: 0, max: 200_000 }),
        lifeMs: fc.integer({ min: 0, max: 90_000 }),
      }),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(uses, fc.integer({ min: 0, max: 300_000 }), (values, nowMs) => {
        const all = new Uses(0);
        values.forEach(({ fetchedAtMs, lifeMs }) => {
          all.add({ fetchedAtMs, freshUntilMs: fetchedAtMs + lifeMs, isCurrent: () => true });
        });
        const told = cacheControlOf(all, nowMs, 'public');
        const ageSeconds = Number(told.age);
        const leftMs = (Number(/max-age=(\d+)$/.exec(told['cache-control'])?.[1]) - ageSeconds) * 1_000;
        const lives = values.map(({ fetchedAtMs, lifeMs }) => fetchedAtMs + lifeMs - nowMs);
        const smallestMs = Math.max(0, Math.min(...lives));
        const oldestMs = Math.max(0, nowMs - Math.min(...values.map(({ fetchedAtMs }) => fetchedAtMs)));
        expect(leftMs).toBeLessThanOrEqual(smallestMs);
        expect(leftMs).toBeGreaterThan(smallestMs - 1_000);
        expect(ageSeconds * 1_000).toBeGreaterThanOrEqual(oldestMs);
        expect(ageSeconds * 1_000).toBeLessThan(oldestMs + 1_000);
      }),
    );
  });

  it.each([[{ authorization: 'Bearer x' }], [{ authorization: '' }], [{ cookie: 'a=b' }]])(
    'is only for a client that says who it is: %j',
    async (headers) => {
      const { keep, post, get } = await startKeptValues();
      keep('a', 'A', { agoMs: 2_000 });
      expect(cached(await post(valueOf('a'), headers))).toEqual(['private, max-age=10', '2']);
      expect(cached(await get(valueOf('a').query, headers))).toEqual(['private, max-age=10', '2']);
    },
  );

  it('varies by what decides about it', async () => {
    const { get, post } = await startKeptValues();
    for (const { headers } of [await post(valueOf('a')), await get('{ broken }'), await post('no JSON')]) {
      expect(headers['vary']).toBe('Accept, Authorization, Router-Authorization');
    }
  });
});

describe('Vary', () => {
  it.each([
    [null, 'Accept, Authorization, Router-Authorization'],
    ['', 'Accept, Authorization, Router-Authorization'],
    ['Origin', 'Origin, Accept, Authorization, Router-Authorization'],
    ['accept', 'accept, Authorization, Router-Authorization'],
    [
      'AUTHORIZATION,Origin , Accept,router-authorization',
      'AUTHORIZATION,Origin , Accept,router-authorization',
    ],
    ['*', '*'],
  ])('%j becomes %j', (given, merged) => {
    expect(withVary(given)).toBe(merged);
  });
});

describe('an answer that is made of no value', () => {
  it.each([
    '{ __typename }',
    '{ origins }',
    '{ __schema { queryType { name } } }',
    '{ ... { ...Own } __type(name: "Query") { name } } fragment Own on Query { origins }',
  ])('holds for a minute when the configuration tells it all: %s', async (query) => {
    const { post } = await startKeptValues();
    expect(cached(await post({ query }))).toEqual(['public, max-age=60', undefined]);
    expect(cached(await post({ query }, { cookie: 'a=b' }))).toEqual(['private, max-age=60', undefined]);
  });

  it.each([
    ['{ untold }', null],
    ['{ origins untold }', null],
    ['{ ... { ...Own } } fragment Own on Query { origins untold }', null],
    ['{ origins: untold }', null],
    ['query A { origins } query B { untold }', 'A'],
  ])('is not stored when something was read that nobody told of: %s', async (query, operationName) => {
    const { post } = await startKeptValues();
    const reply = await post({ query, operationName });
    expect([reply.status, reply.codes, ...(cached(reply) as unknown[])]).toEqual([
      200,
      [],
      'no-store',
      undefined,
    ]);
  });
});

describe('an answer that is not stored', () => {
  it.each([
    ['has an error', { query: '{ value(key: "a") broken }' }, {}, 200],
    ['lacks what could not be read', { query: '{ value(key: "a") failing }' }, {}, 200],
    ['is invalid', { query: '{ nothing }' }, {}, 200],
    [
      'is invalid with a status',
      { query: '{ nothing }' },
      { accept: 'application/graphql-response+json' },
      400,
    ],
    ['is no JSON', '{', {}, 400],
    ['is of another type', '{}', { 'content-type': 'text/plain' }, 415],
    ['cannot be written', valueOf('a'), { accept: 'image/png' }, 406],
    ['has a bad timeout', valueOf('a'), { 'x-timeout-ms': 'soon' }, 400],
    ['comes in parts', valueOf('a'), { accept: 'text/event-stream' }, 200],
  ])('%s', async (_, body, headers, status) => {
    const { keep, post } = await startKeptValues();
    keep('a', 'A');
    const reply = await post(body, headers);
    expect([reply.status, ...(cached(reply) as unknown[])]).toEqual([status, 'no-store', undefined]);
    expect(reply.headers['vary']).toContain('Accept');
  });

  it('was asked with a method that is none', async () => {
    const { send } = await startKeptValues();
    const reply = await send({ method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{}' });
    expect([reply.status, ...(cached(reply) as unknown[])]).toEqual([405, 'no-store', undefined]);
    const head = await send({ method: 'HEAD', path: '/graphql?query=%7Borigins%7D' });
    expect([head.status, head.headers['cache-control'], head.text]).toEqual([405, 'no-store', '']);
  });

  it('lacks the jobs of an origin that failed', async () => {
    const origin = (region: string): Origin => ({ source: 'COS', account: 'a', region, bucket: null });
    const [sound, failing] = [origin('sound'), origin('failing')];
    const error = new UpstreamError('UPSTREAM_TIMEOUT', failing, 'away', { retryable: false });
    const origins = {
      all: () => [sound, failing],
      scannable: () => [
        { origin: sound, scan: () => Readable.from([]).iterator() },
        { origin: failing, scan: () => failingWith(error) },
      ],
    } as unknown as Origins;
    const failuresAmong = async (sources: readonly Origin[]): Promise<number> => {
      let count = 0;
      const scope = { ...SCOPE, onFailure: () => void (count += 1) };
      const asked = {
        ...ALL_JOBS,
        filter: { ...ALL_JOBS.filter, regions: sources.map(({ region }) => region) },
      };
      await listJobs(origins, asked, { originMs: 5_000, maxScannedJobs: 100 }, systemClock, scope);
      return count;
    };
    expect(await failuresAmong([sound])).toBe(0);
    expect(await failuresAmong([sound, failing])).toBe(1);
  });
});

describe('a GET', () => {
  it('carries a tag that changes with the body and with its type, and nothing else', async () => {
    const { keep, get, post, clock } = await startKeptValues();
    keep('a', 'A', { lifeMs: 60_000 });
    const { query } = valueOf('a');
    const first = await get(query);
    expect(first.headers['etag']).toMatch(/^"[\w-]{22}"$/);
    await clock.advance(3_000);
    const later = await get(query, { 'x-graphql-client': 'other' });
    expect([later.headers['etag'], later.headers['age']]).toEqual([first.headers['etag'], '4']);
    const typed = await get(query, { accept: 'application/graphql-response+json' });
    expect([typed.text, typed.headers['etag'] === first.headers['etag']]).toEqual([first.text, false]);
    keep('a', 'B', { lifeMs: 60_000 });
    expect((await get(query)).headers['etag']).not.toBe(first.headers['etag']);
    expect((await post(valueOf('a'))).headers['etag']).toBeUndefined();
    expect((await get('{ untold }')).headers['etag']).toBeUndefined();
    expect((await get('{ value(key: "a") broken }')).headers['etag']).toBeUndefined();
  });

  it('is 304 without a body for who has the answer, with what a cache must know', async () => {
    const { keep, get, clock } = await startKeptValues();
    keep('a', 'A', { agoMs: 0 });
    const { query } = valueOf('a');
    const etag = String((await get(query)).headers['etag']);
    await clock.advance(4_000);
    const { status, text, headers } = await get(query, { 'if-none-match': etag });
    expect([status, text]).toEqual([304, '']);
    expect(headers).toMatchObject({
      etag,
      'cache-control': 'public, max-age=10',
      age: '4',
      vary: 'Accept, Authorization, Router-Authorization',
      date: expect.stringContaining('GMT'),
    });
    expect(headers['content-type']).toBeUndefined();
    keep('a', 'B');
    const changed = await get(query, { 'if-none-match': etag });
    expect([changed.status, changed.text]).toEqual([200, '{"data":{"value":"B"}}']);
  });

  it('is answered in full when its answer must not be stored, whatever the client has', async () => {
    const { get } = await startKeptValues();
    for (const query of ['{ untold }', '{ broken }']) {
      expect((await get(query, { 'if-none-match': '*' })).status).toBe(200);
    }
  });
});

describe('If-None-Match', () => {
  const TAG = '"abc,d"';
  it.each<[string, boolean]>([
    ['*', true],
    [' * ', true],
    [TAG, true],
    [`W/${TAG}`, true],
    [`"x", ${TAG}`, true],
    [`"x",W/"y" ,W/${TAG}, "z"`, true],
    ['"x"', false],
    ['"abc"', false],
    ['abc,d', false],
    ['"x, *"', false],
    ['', false],
  ])('%j', (value, names) => {
    expect(namesTag(value, TAG)).toBe(names);
  });
});

describe('a request', () => {
  it.each<[Record<string, string>, boolean]>([
    [{}, false],
    [{ 'cache-control': 'no-cache' }, true],
    [{ 'cache-control': 'No-Store' }, true],
    [{ 'cache-control': 'max-age=0' }, true],
    [{ 'cache-control': 'max-stale=5 , max-age=00' }, true],
    [{ 'cache-control': 'max-age=10' }, false],
    [{ 'cache-control': 'min-fresh=0' }, false],
    [{ 'cache-control': 'x-no-cache' }, false],
    [{ pragma: 'no-cache' }, true],
    [{ pragma: 'No-Cache, x' }, true],
    [{ pragma: 'x-no-cache' }, false],
    [{ pragma: 'no-cache', 'cache-control': 'max-age=10' }, false],
  ])('with %j wants only what is read from now on: %s', async (headers, noCache) => {
    const { post, run } = await startKeptValues();
    await post(valueOf('a'), headers);
    expect(run.map((facts) => facts.noCache)).toEqual([noCache]);
  });
});

describe('other pages', () => {
  it('say of themselves how long they may be kept', async () => {
    const { send } = await startGateway({ graphiql: true });
    const page = await send({ headers: { accept: 'text/html' } });
    expect(page.headers['cache-control']).toBe('private, max-age=0, must-revalidate');
    expect(page.headers['vary']).toBe('accept, accept-encoding');
    for (const path of ['/health', '/ready']) {
      const { headers } = await send({ path });
      expect([headers['cache-control'], headers['vary']]).toEqual(['no-store', undefined]);
    }
  });
});
