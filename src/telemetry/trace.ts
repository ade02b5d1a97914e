import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { CallEnding, ObservedCall, Waiter } from '../lib/observed-call.ts';
import { type RequestEvent, requests, type SeenRequest, upstreamCalls } from './channels.ts';
import { spanQueue, type SpanQueueOptions } from './span-queue.ts';

export interface TraceOptions extends SpanQueueOptions {
  readonly serviceName: string;
  /** Of the requests that came without a trace, how many begin one, in percent. */
  readonly samplePercent: number;
}

/** Traces as they are being written. */
export interface Tracing {
  /** Sends what is left, for so long at most. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Sends a span per request, which goes on with the trace that the request came with, and one per upstream call, with its
 * waits and attempts as events. A call stands in the trace of the first request that waited for it and links to all of them;
 * a request links to all calls that it waited for. Nothing waits for the collector: what it does not take in time is lost.
 */
export function startTracing(options: TraceOptions): Tracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.serviceName }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.samplePercent / 100) }),
    spanProcessors: [spanQueue(options)],
  });
  const stopWriting = writeSpans(provider.getTracer('jobs-gateway'));
  return {
    stop: async (graceMs) => {
      stopWriting();
      await Promise.race([provider.shutdown().catch(() => undefined), elapsed(graceMs)]);
    },
  };
}

/** Holds nobody's process open. */
async function elapsed(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

const propagator = new W3CTraceContextPropagator();

/** More requests than this are not linked to one call, nor more calls to one request. */
const MAX_LINKS = 64;
const MAX_NAME_LENGTH = 64;

function writeSpans(tracer: Tracer): () => void {
  const spans = new WeakMap<Waiter, Span>();
  const callContexts = new WeakMap<ObservedCall, SpanContext>();
  const stops = [
    requests.subscribe((event) => {
      if (event.kind === 'begin') {
        spans.set(event.request, beginRequest(tracer, event.request));
      } else {
        const span = spans.get(event.request);
        if (span !== undefined) {
          endRequest(span, event, callContexts);
        }
      }
    }),
    upstreamCalls.subscribe((event) => {
      if (event.kind === 'call') {
        const waiting = Array.from(event.call.waiters, (waiter) => spans.get(waiter)).filter(
          (span) => span !== undefined,
        );
        callContexts.set(event.call, writeCall(tracer, event.call, event, waiting));
      }
    }),
  ];
  return () => {
    stops.forEach((stop) => stop());
  };
}

function beginRequest(tracer: Tracer, request: SeenRequest): Span {
  const { traceparent, method, path, requestId, startedAtMs } = request;
  return tracer.startSpan(
    `${method} ${path}`,
    {
      kind: SpanKind.SERVER,
      startTime: startedAtMs,
      attributes: { 'http.request.method': method, 'http.route': path, 'jobs_gateway.request_id': requestId },
    },
    contextOf(traceparent),
  );
}

/** The trace that a request came with, where its header is one. */
function contextOf(traceparent: string | null): Context {
  const carrier = traceparent === null ? {} : { traceparent };
  return propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
}

function endRequest(
  span: Span,
  { request, status, durationMs }: RequestEvent & { kind: 'end' },
  callContexts: WeakMap<ObservedCall, SpanContext>,
): void {
  const { operation, codes, calls, isReplay, startedAtMs } = request;
  span.setAttributes({
    ...(status === null ? {} : { 'http.response.status_code': status }),
    ...(operation === null
      ? {}
      : {
          'graphql.operation.type': operation.type,
          'graphql.operation.name': (operation.name ?? '').slice(0, MAX_NAME_LENGTH),
        }),
    ...(codes.length === 0 ? {} : { 'jobs_gateway.codes': [...codes] }),
    'jobs_gateway.upstream_calls': calls.length,
    'jobs_gateway.replayed': isReplay,
  });
  if (codes.length > 0 || status === null || status >= 500) {
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  for (const call of calls.slice(0, MAX_LINKS)) {
    span.addEvent('upstream call', attributesOf(call), call.startedAtMs);
    // One that goes on without this request has no span yet; its own will link here.
    const context = callContexts.get(call);
    if (context !== undefined) {
      span.addLink({ context, attributes: attributesOf(call) });
    }
  }
  span.end(startedAtMs + durationMs);
}

/** A call's span, written when all is known of it. */
function writeCall(
  tracer: Tracer,
  call: ObservedCall,
  ending: CallEnding,
  waiting: readonly Span[],
): SpanContext {
  const first = waiting.find(isSampled);
  const links = waiting.slice(0, MAX_LINKS).map((span): Link => ({ context: span.spanContext() }));
  const span = tracer.startSpan(
    call.action,
    { kind: SpanKind.CLIENT, startTime: call.startedAtMs, links, attributes: attributesOf(call) },
    first === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, first),
  );
  for (const { kind, startedAtMs, durationMs, outcome } of call.steps) {
    span.addEvent(
      kind,
      { 'jobs_gateway.outcome': outcome, 'jobs_gateway.duration_ms': durationMs },
      startedAtMs,
    );
  }
  if (ending.outcome !== 'ok') {
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(call.startedAtMs + ending.durationMs);
  return span.spanContext();
}

function isSampled(span: Span): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}

/** Where a call went and what came of it: no host, no id of a job, and no bucket, whose name holds the number of an account. */
function attributesOf({
  origin,
  action,
  attempts,
  waitedMs,
  joined,
  waiters,
  ending,
  requestId,
}: ObservedCall): Attributes {
  const upstreamRequestId = ending?.requestId ?? requestId;
  return {
    'jobs_gateway.source': origin.source,
    'jobs_gateway.account': origin.account,
    'jobs_gateway.region': origin.region,
    'jobs_gateway.action': action,
    'jobs_gateway.outcome': ending?.outcome ?? 'pending',
    'jobs_gateway.attempts': attempts,
    'jobs_gateway.waited_ms': waitedMs,
    'jobs_gateway.reads': joined,
    'jobs_gateway.requests': waiters.size,
    ...(upstreamRequestId === null ? {} : { 'jobs_gateway.upstream_request_id': upstreamRequestId }),
  };
}
