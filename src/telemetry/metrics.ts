import { collectDefaultMetrics, Registry } from 'prom-client';
import {
  cacheFaults,
  keySetReads,
  lostSpans,
  refusedCallers,
  type RequestEvent,
  requests,
  type SeenRequest,
  unmappedCodes,
  type UpstreamEvent,
  upstreamCalls,
} from './channels.ts';
import { createMetricSet, type MetricSet } from './metric-set.ts';

/** What is not told as it happens, but looked at when somebody asks for the metrics. */
export interface Conditions {
  origins(): readonly {
    readonly source: string;
    readonly account: string;
    readonly region: string;
    readonly circuit: keyof typeof BREAKER_STATES;
  }[];
  budgets(): readonly {
    readonly account: string;
    readonly action: string;
    readonly perSecond: number;
    readonly calls: number;
    readonly reads: number;
    readonly oldestMs: number;
  }[];
  redis(): 'connected' | 'away' | null;
  /** Of kept values, and of whole answers. */
  bytes(): { readonly values: number; readonly replays: number };
}

/** The metrics of the process: channels belong to it, and so does what is counted of them. */
export interface Metrics {
  /** Has these looked at too. Gives the way to stop. */
  watch(conditions: Conditions): () => void;
  /** All metrics, in the text form of Prometheus. */
  text(): Promise<{ readonly type: string; readonly body: string }>;
  /** Counts no more. */
  close(): void;
}

const BREAKER_STATES = { closed: 0, 'half-open': 1, open: 2 } as const;

/** The paths at which the gateway is probed: no requests of clients. */
const PROBED: readonly string[] = ['/health', '/ready', '/metrics'];

/** Begins to count, in a registry of its own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const metrics = createMetricSet(registry);
  const ofProcess = processRegistry();
  const watched = new Set<Conditions>();
  const stops = [
    requests.subscribe((event) => countRequest(metrics, event)),
    upstreamCalls.subscribe((event) => countCall(metrics, event)),
    cacheFaults.subscribe(({ kind, command }) =>
      metrics.count('jobs_gateway_cache_faults_total', { kind, command }),
    ),
    unmappedCodes.subscribe(({ origin: { source } }) =>
      metrics.count('jobs_gateway_upstream_unknown_codes_total', { source }),
    ),
    refusedCallers.subscribe(({ reason }) => metrics.count('jobs_gateway_callers_refused_total', { reason })),
    keySetReads.subscribe(({ outcome }) => metrics.count('jobs_gateway_key_set_reads_total', { outcome })),
    lostSpans.subscribe(({ count }) => metrics.count('jobs_gateway_trace_spans_lost_total', {}, count)),
  ];
  return {
    watch: (conditions) => {
      watched.add(conditions);
      return () => {
        watched.delete(conditions);
      };
    },
    text: async () => {
      lookAt([...watched], metrics);
      const texts = await Promise.all([registry.metrics(), ofProcess.metrics()]);
      return { type: registry.contentType, body: texts.join('\n') };
    },
    close: () => {
      stops.forEach((stop) => stop());
      watched.clear();
    },
  };
}

let known: Registry | null = null;

/** Of Node.js and the process. Its loop and its garbage are watched once, however many gateways there are in it. */
function processRegistry(): Registry {
  if (known === null) {
    known = new Registry();
    collectDefaultMetrics({ register: known });
  }
  return known;
}

function countRequest(metrics: MetricSet, event: RequestEvent): void {
  const { request } = event;
  if (PROBED.includes(request.path)) {
    return;
  }
  if (event.kind === 'begin') {
    metrics.add('jobs_gateway_requests_in_flight', {}, 1);
    return;
  }
  const operation = request.operation?.type ?? 'none';
  const [code = 'none'] = request.codes;
  metrics.add('jobs_gateway_requests_in_flight', {}, -1);
  metrics.count('jobs_gateway_requests_total', {
    operation,
    status: event.status === null ? 'left' : String(event.status),
    code,
  });
  metrics.observe('jobs_gateway_request_duration_seconds', { operation }, event.durationMs / 1_000);
  countDocument(metrics, request);
  countValues(metrics, request, request.startedAtMs + event.durationMs);
}

function countDocument(metrics: MetricSet, { document, operation, codes }: SeenRequest): void {
  if (document !== null) {
    // What was run was found, whatever became of it.
    const outcome = operation === null ? (codes[0] ?? 'none') : 'ok';
    metrics.count('jobs_gateway_documents_total', { asked: document, outcome });
  }
}

function countValues(metrics: MetricSet, request: SeenRequest, nowMs: number): void {
  if (request.isReplay) {
    metrics.count('jobs_gateway_replays_total', {});
  }
  request.values().forEach(({ kind, outcome, tier, count }) => {
    metrics.count('jobs_gateway_values_total', { kind, outcome, tier }, count);
  });
  const { oldestFetchedAtMs } = request;
  if (Number.isFinite(oldestFetchedAtMs)) {
    const ageSeconds = Math.max(0, nowMs - oldestFetchedAtMs) / 1_000;
    metrics.observe('jobs_gateway_answer_age_seconds', {}, ageSeconds);
  }
}

function countCall(metrics: MetricSet, event: UpstreamEvent): void {
  const { action, outcome } = event;
  const { source, account, region } = event.origin;
  switch (event.kind) {
    case 'call': {
      const seconds = event.durationMs / 1_000;
      metrics.count('jobs_gateway_upstream_calls_total', { source, account, region, action, outcome });
      metrics.observe('jobs_gateway_upstream_call_duration_seconds', { source, action }, seconds);
      metrics.observe('jobs_gateway_upstream_reads_per_call', { source, action }, event.joined);
      if (event.batchSize !== null) {
        metrics.observe('jobs_gateway_upstream_jobs_per_call', { source, action }, event.batchSize);
      }
      break;
    }
    case 'attempt': {
      const seconds = event.durationMs / 1_000;
      metrics.count('jobs_gateway_upstream_attempts_total', { source, account, region, action, outcome });
      metrics.observe('jobs_gateway_upstream_attempt_duration_seconds', { source, action }, seconds);
      break;
    }
    case 'wait':
      metrics.count('jobs_gateway_upstream_turns_total', { source, account, action, outcome });
      metrics.observe('jobs_gateway_upstream_turn_wait_seconds', { source, action }, event.waitedMs / 1_000);
      break;
  }
}

/** Sets what is looked at. While one configuration takes over from another there are two of everything. */
function lookAt(watched: readonly Conditions[], metrics: MetricSet): void {
  const bytes = watched.map((conditions) => conditions.bytes());
  metrics.set('jobs_gateway_cache_bytes', { of: 'values' }, sum(bytes.map(({ values }) => values)));
  metrics.set('jobs_gateway_cache_bytes', { of: 'replays' }, sum(bytes.map(({ replays }) => replays)));

  const redis = watched.map((conditions) => conditions.redis()).findLast((condition) => condition !== null);
  metrics.clear('jobs_gateway_redis_connected');
  if (redis !== undefined) {
    metrics.set('jobs_gateway_redis_connected', { of: 'cache' }, redis === 'connected' ? 1 : 0);
  }

  metrics.clear('jobs_gateway_upstream_budget_per_second');
  metrics.clear('jobs_gateway_upstream_queue_calls');
  metrics.clear('jobs_gateway_upstream_queue_reads');
  metrics.clear('jobs_gateway_upstream_queue_oldest_seconds');
  for (const { account, action, perSecond, calls, reads, oldestMs } of watched.flatMap((each) =>
    each.budgets(),
  )) {
    const labels = { account, action };
    metrics.set('jobs_gateway_upstream_budget_per_second', labels, perSecond);
    metrics.set('jobs_gateway_upstream_queue_calls', labels, calls);
    metrics.set('jobs_gateway_upstream_queue_reads', labels, reads);
    metrics.set('jobs_gateway_upstream_queue_oldest_seconds', labels, oldestMs / 1_000);
  }

  metrics.clear('jobs_gateway_origin_breaker_state');
  // Sorted, so that of several buckets in a region the worst is set last.
  const origins = watched.flatMap((each) => each.origins());
  for (const { source, account, region, circuit } of origins.toSorted(
    (a, b) => BREAKER_STATES[a.circuit] - BREAKER_STATES[b.circuit],
  )) {
    metrics.set('jobs_gateway_origin_breaker_state', { source, account, region }, BREAKER_STATES[circuit]);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
