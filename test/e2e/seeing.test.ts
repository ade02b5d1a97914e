import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { sha256Hex } from '../../src/lib/sha256.ts';
import { ask, type Question, type Reply } from '../server/support.ts';
import { recordLog, requestsEnded, sampleIn } from '../support/seen.ts';
import type { World } from '../support/world.ts';
import { addJobs, batchComputeId, inEmptyWorld, REGION } from './support.ts';

const COS_JOBS = 'query Newest { cosJobs(first: 2) { nodes { jobId status } } }';

function post(world: World, query: string, headers: Question['headers'] = {}): Promise<Reply> {
  return ask(world.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
}

async function metricsOf(world: World): Promise<string> {
  const { status, text } = await ask(world.url, { path: '/metrics' });
  expect(status).toBe(200);
  return text;
}

interface ShownCall {
  readonly action: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly joined: number;
}

interface Shown {
  readonly requestId: string;
  readonly calls: readonly ShownCall[];
  readonly cachedValues: number;
}

function upstreamIn({ text }: Reply): Shown | undefined {
  return (JSON.parse(text) as { extensions?: { upstream?: Shown } }).extensions?.upstream;
}

/** Cached, and with the waterfall for whoever asks for it. */
const OPEN = { cache: { memoryBytes: 1_000_000 } };

describe('the id of a request', () => {
  it('is the client’s where that is a clean one, else a new one, whoever answers', async () => {
    await inEmptyWorld(async (world) => {
      const given = await post(world, COS_JOBS, { 'x-request-id': 'client-id-1' });
      const unclean = await post(world, COS_JOBS, { 'x-request-id': 'client id\t{}' });
      const short = await post(world, COS_JOBS, { 'x-request-id': 'short' });
      const probe = await ask(world.url, { path: '/health', headers: { 'x-request-id': 'client-id-2' } });
      const nowhere = await ask(world.url, { path: '/nowhere' });
      const ids = [given, unclean, short, probe, nowhere].map(({ headers }) => headers['x-request-id']);
      const made = expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown;
      expect(ids).toEqual(['client-id-1', made, made, 'client-id-2', made]);
      expect(new Set(ids).size).toBe(5);
    });
  });

  it('is that of each who is given a kept answer', async () => {
    await inEmptyWorld(async (world) => {
      const asked = (id: string): Promise<Reply> => post(world, COS_JOBS, { 'x-request-id': id });
      await asked('client-id-1');
      await asked('client-id-2');
      const ended = requestsEnded(1);
      const { lines } = recordLog();
      expect((await asked('client-id-3')).headers['x-request-id']).toBe('client-id-3');
      await ended;
      expect(lines('request')).toMatchObject([{ requestId: 'client-id-3', replayed: true }]);
    }, OPEN);
  });
});

describe('the log', () => {
  it('has a line per request and one per upstream call, tied by the request’s id', async () => {
    await inEmptyWorld(async (world) => {
      addJobs(world, 'cos', 3);
      const { lines } = recordLog();
      const ended = requestsEnded(3);
      await post(world, COS_JOBS, { 'x-request-id': 'client-id-1', 'x-graphql-client': 'web' });
      await post(world, COS_JOBS);
      await post(world, '{ cosJob(jobId: "no such") { jobId } nope }');
      await ended;
      const [first, second, refused] = lines('request');
      const common = {
        method: 'POST',
        path: '/graphql',
        status: 200,
        operation: 'query',
        operationName: 'Newest',
        sha256: sha256Hex(COS_JOBS).slice(0, 16),
        asked: 'text',
      };
      expect(first).toMatchObject({
        ...common,
        requestId: 'client-id-1',
        client: 'web',
        upstreamCalls: 1,
        values: { FRESH: 1 },
      });
      expect(second).toMatchObject({ ...common, upstreamCalls: 0, values: { CACHED: 1 } });
      expect(refused).toMatchObject({ codes: ['GRAPHQL_VALIDATION_FAILED'], upstreamCalls: 0 });
      expect(lines('upstream-call')).toMatchObject([
        {
          level: 'debug',
          source: 'COS',
          region: REGION,
          action: 'ListJobs',
          outcome: 'ok',
          upstreamRequestId: expect.any(String) as unknown,
          requestIds: ['client-id-1'],
        },
      ]);
    }, OPEN);
  });

  it('ties one call to every request that waited for it', async () => {
    await inEmptyWorld(
      async (world) => {
        const ids = addJobs(world, 'batchCompute', 4).map((jobId) => batchComputeId(jobId));
        const { lines } = recordLog();
        const ended = requestsEnded(5);
        const documents = ids.map((id) => `{ job(id: "${id}") { displayName } }`);
        const [first = ''] = documents;
        // The first takes the turn at once; those behind it leave together.
        const answers = [first, ...documents].map((text, index) =>
          post(world, text, { 'x-request-id': `request-${index}` }),
        );
        await Promise.all(answers);
        await ended;
        const calls = lines('upstream-call');
        expect(calls.length).toBeLessThan(5);
        const told = calls.flatMap(({ requestIds }) => requestIds as string[]);
        expect(new Set(told)).toEqual(new Set([0, 1, 2, 3, 4].map((index) => `request-${index}`)));
        expect(lines('request').every(({ upstreamCalls }) => upstreamCalls === 1)).toBe(true);
      },
      { requestsPerSecond: 5 },
    );
  });

  it('is one short line whatever a client writes, and holds none of it but names', async () => {
    await inEmptyWorld(async (world) => {
      const { texts } = recordLog('info');
      const forged = '\\r\\n{"level":"error","event":"forged"}\\u001b[31m';
      const ended = requestsEnded(5);
      await post(world, `query ${'A'.repeat(200_000)} { cosJobs { nodes { jobId } } }`);
      await ask(world.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-graphql-client': 'a{"b":1}' },
        body: `{"query":"{ __typename }","operationName":"${forged}","variables":{"a":"${forged}"}}`,
      });
      await post(world, '{ cosJob(jobId: "\\u001b[31m") { jobId } }', { 'x-request-id': 'x'.repeat(65) });
      await ask(world.url, { path: '/%0d%0aforged?token=forged' });
      await ask(world.url, { path: `/${'a'.repeat(5_000)}` });
      await ended;
      expect(texts).toHaveLength(5);
      for (const text of texts) {
        expect(text.length).toBeLessThan(4_096);
        expect(text).toMatch(/^\{[ -~]*\}\n$/);
        expect(text).not.toMatch(/forged|\[31m|xxxxx/);
      }
    });
  });
});

describe('a request that is refused because there is too much to do', () => {
  it('has its id, its line and its place in the metrics', async () => {
    const server = { ...readConfig({}).server, maxHeapPercent: 1, overloadAfterMs: 1 };
    await inEmptyWorld(
      async (world) => {
        const { lines } = recordLog('info');
        const isRefused = async (): Promise<boolean> => {
          const { status, headers } = await post(world, COS_JOBS, { 'x-request-id': 'client-id-1' });
          expect(headers['x-request-id']).toBe('client-id-1');
          return status === 503;
        };
        await expect.poll(isRefused, { timeout: 10_000 }).toBe(true);
        await expect
          .poll(() => lines('request').find(({ status }) => status === 503))
          .toMatchObject({
            requestId: 'client-id-1',
            codes: ['REQUEST_CONCURRENCY_LIMITED'],
          });
        const shed =
          'jobs_gateway_requests_total{operation="none",status="503",code="REQUEST_CONCURRENCY_LIMITED"}';
        expect(sampleIn(await metricsOf(world), shed)).toBeGreaterThan(0);
      },
      { config: { server } },
    );
  });
});

describe('the metrics', () => {
  it('count requests, kept answers given again, values, calls and their turns', async () => {
    await inEmptyWorld(async (world) => {
      addJobs(world, 'cos', 3);
      const ended = requestsEnded(4);
      for (const query of [COS_JOBS, COS_JOBS, COS_JOBS, '{ nope }']) {
        await post(world, query);
      }
      await ended;
      const text = await metricsOf(world);
      const samples: Readonly<Record<string, number>> = {
        'jobs_gateway_requests_total{operation="query",status="200",code="none"}': 2,
        'jobs_gateway_requests_total{operation="none",status="200",code="none"}': 1,
        'jobs_gateway_requests_total{operation="none",status="200",code="GRAPHQL_VALIDATION_FAILED"}': 1,
        jobs_gateway_requests_in_flight: 0,
        jobs_gateway_replays_total: 1,
        'jobs_gateway_documents_total{asked="text",outcome="ok"}': 2,
        'jobs_gateway_values_total{kind="list",outcome="FRESH",tier="UPSTREAM"}': 1,
        'jobs_gateway_values_total{kind="list",outcome="CACHED",tier="MEMORY"}': 1,
        'jobs_gateway_upstream_calls_total{source="COS",account="sandbox",region="ap-guangzhou",action="ListJobs",outcome="ok"}': 1,
        'jobs_gateway_upstream_turns_total{source="COS",account="sandbox",action="ListJobs",outcome="turn"}': 1,
        'jobs_gateway_origin_breaker_state{source="CI",account="sandbox",region="ap-beijing"}': 0,
        'jobs_gateway_upstream_queue_calls{account="sandbox",action="DescribeJobs"}': 0,
      };
      const found = Object.keys(samples).map((sample) => [sample, sampleIn(text, sample)] as const);
      expect(Object.fromEntries(found)).toEqual(samples);
      expect(sampleIn(text, 'jobs_gateway_cache_bytes{of="values"}')).toBeGreaterThan(0);
      expect(sampleIn(text, 'jobs_gateway_cache_bytes{of="replays"}')).toBeGreaterThan(0);
      expect(sampleIn(text, 'nodejs_eventloop_lag_seconds')).not.toBeNull();
    }, OPEN);
  });

  it('have no series for what clients make up', async () => {
    await inEmptyWorld(async (world) => {
      const series = async (): Promise<number> =>
        (await metricsOf(world)).split('\n').filter((line) => line.startsWith('jobs_gateway_')).length;
      const askOnce = async (name: string): Promise<void> => {
        const ended = requestsEnded(3);
        await post(world, `query ${name} { cosJobs { nodes { jobId } } }`, { 'x-graphql-client': name });
        await post(world, `{ ${name} }`, { 'x-request-id': `request-${name}` });
        await ask(world.url, { path: `/${name}`, method: 'PUT' });
        await ended;
      };
      await askOnce('A');
      const before = await series();
      for (const name of ['B', 'C', 'D', 'E']) {
        await askOnce(name);
      }
      expect(await series()).toBe(before);
    });
  });

  it('show what waits for its turn and since when', async () => {
    await inEmptyWorld(
      async (world) => {
        const ids = addJobs(world, 'batchCompute', 3);
        const details = ids.map((jobId) =>
          post(world, `{ batchComputeJob(jobId: "${jobId}") { stateReason } }`),
        );
        const waiting = async (): Promise<number> =>
          sampleIn(
            await metricsOf(world),
            'jobs_gateway_upstream_queue_calls{account="sandbox",action="DescribeJob"}',
          ) ?? 0;
        await expect.poll(waiting, { interval: 20, timeout: 5_000 }).toBeGreaterThan(0);
        const oldest = 'jobs_gateway_upstream_queue_oldest_seconds{account="sandbox",action="DescribeJob"}';
        expect(sampleIn(await metricsOf(world), oldest)).toBeGreaterThan(0);
        await Promise.all(details);
        expect(await waiting()).toBe(0);
      },
      { requestsPerSecond: 2 },
    );
  });
});

describe('extensions.upstream', () => {
  const WANTED = { 'x-upstream-trace': '1' };

  it('shows whoever asks for it the calls that the request waited for', async () => {
    await inEmptyWorld(async (world) => {
      addJobs(world, 'cos', 3);
      const answer = await post(world, COS_JOBS, { ...WANTED, 'x-request-id': 'client-id-1' });
      expect(upstreamIn(answer)).toEqual({
        requestId: 'client-id-1',
        calls: [
          {
            source: 'COS',
            account: 'sandbox',
            region: REGION,
            action: 'ListJobs',
            startMs: expect.any(Number) as unknown,
            waitedMs: expect.any(Number) as unknown,
            durationMs: expect.any(Number) as unknown,
            attempts: 1,
            outcome: 'ok',
            joined: 1,
            requestId: expect.any(String) as unknown,
          },
        ],
        cachedValues: 0,
      });
      expect(upstreamIn(await post(world, COS_JOBS, WANTED))).toMatchObject({ calls: [], cachedValues: 1 });
    }, OPEN);
  });

  it('is in no answer that is kept, and makes no kept answer be given', async () => {
    await inEmptyWorld(async (world) => {
      for (let times = 0; times < 3; times += 1) {
        const shown = await post(world, COS_JOBS, WANTED);
        expect(shown.headers['cache-control']).toBe('no-store');
        expect(upstreamIn(shown)).toBeDefined();
        const plain = await post(world, COS_JOBS);
        expect(upstreamIn(plain)).toBeUndefined();
        expect(plain.headers['cache-control']).toMatch(/max-age/);
      }
    }, OPEN);
  });

  it('shows a call that others had begun before, from before the request began', async () => {
    await inEmptyWorld(async (world) => {
      world.sandbox.faults.add({ upstream: 'cos', fault: { kind: 'slow', delayMs: 400 } });
      const first = post(world, COS_JOBS);
      await expect.poll(() => world.calls('ListJobs').length).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const shown = upstreamIn(await post(world, COS_JOBS, WANTED));
      await first;
      expect(world.calls('ListJobs')).toHaveLength(1);
      expect(shown?.calls).toMatchObject([{ action: 'ListJobs', joined: 2 }]);
      expect(shown?.calls[0]?.startMs).toBeLessThan(0);
    });
  });

  it('shows a call that the request did not wait for to its end', async () => {
    await inEmptyWorld(async (world) => {
      world.sandbox.faults.add({ upstream: 'cos', fault: { kind: 'hang' } });
      const answer = await post(world, COS_JOBS, { ...WANTED, 'x-timeout-ms': '200' });
      expect(answer.codes).toEqual(['UPSTREAM_TIMEOUT']);
      expect(upstreamIn(answer)?.calls).toMatchObject([{ action: 'ListJobs', attempts: 1 }]);
    });
  });

  it('is not there where it is not allowed', async () => {
    await inEmptyWorld(
      async (world) => {
        expect(upstreamIn(await post(world, COS_JOBS, WANTED))).toBeUndefined();
      },
      { config: { server: { ...readConfig({}).server, upstreamTrace: false } } },
    );
  });
});
