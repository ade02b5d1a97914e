import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { batchComputeId, inEmptyWorld, addJobs } from '../../e2e/support.ts';
import { ask, startGateway } from '../support.ts';

const { limits, server } = readConfig({});

interface Told {
  readonly message: string;
  readonly path?: readonly unknown[];
  readonly locations?: readonly unknown[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

const told = (text: string): readonly Told[] => (JSON.parse(text) as { errors?: Told[] }).errors ?? [];

describe('the errors of an answer', () => {
  it('are told to the hundredth, and how many more there are of which code', async () => {
    const { post } = await startGateway();
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } cosJobs { totalCount } }';
    const { status, text } = await post({
      query,
      variables: { ids: Array.from({ length: 500 }, (_, i) => `x${i}`) },
    });
    expect(status).toBe(200);
    const errors = told(text);
    expect(errors).toHaveLength(101);
    const codes = errors.slice(0, 100).map(({ extensions }) => extensions['code']);
    const counts = { INVALID_ID: codes.filter((code) => code === 'INVALID_ID').length, rest: 0 };
    expect(errors.slice(0, 100).every(({ path }) => path !== undefined)).toBe(true);
    const last = errors.at(-1);
    const leftOut = last?.extensions['leftOut'] as Record<string, number>;
    expect((leftOut['INVALID_ID'] ?? 0) + counts.INVALID_ID).toBe(500);
    expect(Object.values(leftOut).reduce((sum, count) => sum + count, 0) + 100).toBe(501);
    expect(last?.message).toMatch(/^401 more errors are not told here: .*INVALID_ID.* Ask for less at once/);
    expect(last?.path).toBeUndefined();
  });

  it('are all told when there are a hundred', async () => {
    const { post } = await startGateway();
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const { codes } = await post({
      query,
      variables: { ids: Array.from({ length: 100 }, (_, i) => `x${i}`) },
    });
    expect(codes).toEqual(Array.from({ length: 100 }, () => 'INVALID_ID'));
  });

  it('tell once what is wrong in many places of a document, with all the places', async () => {
    const { post } = await startGateway();
    const { text } = await post({ query: '{ __typename @aa @aa @ab @aa }' });
    expect(told(text).map(({ message, locations }) => [message, locations?.length])).toEqual([
      ['Unknown directive "@aa".', 3],
      ['Unknown directive "@ab".', 1],
    ]);
  });

  it('of a request are as many as of an answer', async () => {
    const { post } = await startGateway({}, { limits: { ...limits, maxErrors: 3 } });
    const { status, text, codes } = await post({ query: '{ a b c d e }' });
    expect([status, new Set(codes)]).toEqual([400, new Set(['GRAPHQL_VALIDATION_FAILED'])]);
    expect(told(text)).toHaveLength(4);
    expect(told(text).at(-1)?.message).toContain(
      '2 more errors are not told here: 2 GRAPHQL_VALIDATION_FAILED.',
    );
  });
});

describe('operations that run at the same time', () => {
  const query = (id: string): string => JSON.stringify({ query: `{ job(id: "${id}") { displayName } }` });

  it('are 503 beyond the most that may, until others have ended; answers that are kept need no place', async () => {
    await inEmptyWorld(
      async (world) => {
        const [kept = '', slow = ''] = addJobs(world, 'batchCompute', 2);
        const post = (jobId: string): ReturnType<typeof ask> =>
          ask(world.url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: query(batchComputeId(jobId)),
          });
        // Kept whole from its second time on.
        await post(kept);
        await post(kept);
        world.sandbox.faults.add({
          upstream: 'batchCompute',
          times: 1,
          fault: { kind: 'slow', delayMs: 1_500 },
        });
        const running = [post(slow), post(slow)];
        await sleep(400);
        const refused = await post(slow);
        expect([refused.status, refused.codes]).toEqual([503, ['REQUEST_CONCURRENCY_LIMITED']]);
        expect(refused.headers['retry-after']).toBe('1');
        expect(refused.headers['cache-control']).toBe('no-store');
        expect(told(refused.text)[0]?.extensions).toEqual({
          code: 'REQUEST_CONCURRENCY_LIMITED',
          limit: 2,
          retryAfterMs: 1_000,
        });
        expect((await post(kept)).status).toBe(200);
        expect((await ask(world.url, { path: '/health' })).status).toBe(200);
        expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
        expect((await post(slow)).status).toBe(200);
      },
      {
        config: { server: { ...server, maxConcurrentRequests: 2 } },
        cache: { memoryBytes: 10_000_000 },
      },
    );
  });
});
