import { describe, expect, it, onTestFinished } from 'vitest';
import { lostSpans } from '../../src/telemetry/channels.ts';
import { startTracing, type TraceOptions, type Tracing } from '../../src/telemetry/trace.ts';
import { ask, type Reply } from '../server/support.ts';
import { attributeOf, type CollectedSpan, startCollector } from '../support/collector.ts';
import { requestsEnded } from '../support/seen.ts';
import type { World } from '../support/world.ts';
import { addJobs, inEmptyWorld, REGION } from './support.ts';

const COS_JOBS = 'query Newest { cosJobs(first: 2) { nodes { jobId } } }';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';

function trace(otlpUrl: string, options: Partial<TraceOptions> = {}): Tracing {
  const tracing = startTracing({
    otlpUrl,
    serviceName: 'jobs-gateway',
    samplePercent: 100,
    maxQueuedSpans: 2_048,
    exportEveryMs: 50,
    exportTimeoutMs: 300,
    ...options,
  });
  onTestFinished(() => tracing.stop(0));
  return tracing;
}

/** Sends the query, and resolves when its end has been told of. */
async function post(world: World, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  const ended = requestsEnded(1);
  const answer = await ask(world.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: COS_JOBS }),
  });
  await ended;
  return answer;
}

function named(spans: readonly CollectedSpan[], name: string): CollectedSpan[] {
  return spans.filter((span) => span.name === name);
}

describe('traces', () => {
  it('go on with the trace that a request brings, down to the attempts at the upstream', async () => {
    const collector = await startCollector();
    await inEmptyWorld(async (world) => {
      addJobs(world, 'cos', 3);
      const tracing = trace(`${collector.url}/`);
      await post(world, {
        traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`,
        'x-request-id': 'client-id-1',
      });
      await tracing.stop(5_000);
    });
    expect(collector.requests[0]).toMatchObject({ url: '/v1/traces' });
    const [request] = named(collector.spans, 'POST /graphql');
    const [call] = named(collector.spans, 'ListJobs');
    expect(request).toMatchObject({ traceId: TRACE_ID, parentSpanId: PARENT_ID });
    expect(call).toMatchObject({ traceId: TRACE_ID, parentSpanId: request?.spanId });
    expect(call?.events?.map(({ name }) => name)).toEqual(['wait', 'attempt']);
    expect(attributeOf(request!, 'jobs_gateway.request_id')).toBe('client-id-1');
    expect(attributeOf(request!, 'graphql.operation.name')).toBe('Newest');
    expect(attributeOf(call!, 'jobs_gateway.region')).toBe(REGION);
    const lasted = ({ startTimeUnixNano, endTimeUnixNano }: CollectedSpan): bigint =>
      BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano);
    expect(lasted(call!)).toBeLessThanOrEqual(lasted(request!) + 2_000_000n);
  });

  it('show a call once, linked with every request that waited for it', async () => {
    const collector = await startCollector();
    await inEmptyWorld(async (world) => {
      world.sandbox.faults.add({ upstream: 'cos', fault: { kind: 'slow', delayMs: 300 } });
      const tracing = trace(collector.url);
      await Promise.all(
        ['request-1', 'request-2', 'request-3'].map((id) => post(world, { 'x-request-id': id })),
      );
      expect(world.calls('ListJobs')).toHaveLength(1);
      await tracing.stop(5_000);
    });
    const requests = named(collector.spans, 'POST /graphql');
    const calls = named(collector.spans, 'ListJobs');
    expect([requests.length, calls.length]).toEqual([3, 1]);
    const ids = (spans: readonly { readonly spanId: string }[] = []): Set<string> =>
      new Set(spans.map(({ spanId }) => spanId));
    expect(ids(calls[0]?.links)).toEqual(ids(requests));
    requests.forEach((request) => {
      const { links, events } = request;
      expect(attributeOf(request, 'jobs_gateway.upstream_calls')).toBe(1);
      expect([ids(links), events?.map(({ name }) => name)]).toEqual([ids(calls), ['upstream call']]);
    });
    expect(new Set(requests.map(({ traceId }) => traceId)).size).toBe(3);
  });

  it('leave out what the caller’s trace leaves out, and begin as many as they are told to', async () => {
    const collector = await startCollector();
    await inEmptyWorld(async (world) => {
      const tracing = trace(collector.url, { samplePercent: 0 });
      await post(world);
      await post(world, { traceparent: `00-${TRACE_ID}-${PARENT_ID}-00` });
      await post(world, { traceparent: 'not a trace\u00ff' });
      await post(world, { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` });
      await tracing.stop(5_000);
    });
    expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
    expect(named(collector.spans, 'POST /graphql')).toHaveLength(1);
  });

  it('do not reach the upstream, which is somebody else’s', async () => {
    const collector = await startCollector();
    await inEmptyWorld(async (world) => {
      trace(collector.url);
      await post(world, { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` });
      const [call] = world.calls('ListJobs');
      expect(JSON.stringify(call)).not.toContain(TRACE_ID);
    });
  });
});

describe('a collector that', () => {
  it.each([
    ['hangs', async () => (await startCollector(() => undefined)).url],
    ['refuses', async () => (await startCollector((response) => response.writeHead(400).end())).url],
    ['is not there', () => Promise.resolve('http://127.0.0.1:1')],
  ])('%s fails no request, and its spans are told to be lost', async (_how, start) => {
    const url = await start();
    let lost = 0;
    onTestFinished(lostSpans.subscribe(({ count }) => (lost += count)));
    await inEmptyWorld(async (world) => {
      const tracing = trace(url, { maxQueuedSpans: 10 });
      for (let sent = 0; sent < 30; sent += 1) {
        expect((await post(world)).codes).toEqual([]);
      }
      const beganAtMs = performance.now();
      await tracing.stop(500);
      expect(performance.now() - beganAtMs).toBeLessThan(3_000);
    });
    // Each request and each call; those of the last batch may still be on their way.
    expect(lost).toBeGreaterThanOrEqual(40);
  });
});
