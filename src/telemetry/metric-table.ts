/** One metric as it is exposed. */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Every value of a label comes from the configuration or from a closed list: nothing that a client chooses is one. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];
const REQUEST_SECONDS = [0.0005, ...SECONDS];
const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const AGE_SECONDS = [1, 5, 10, 30, 60, 300, 600, 3_600, 86_400];

/** All metrics of the gateway itself, by name. Those of Node.js and of the process are prom-client's. */
export const METRICS = {
  jobs_gateway_requests_total: {
    type: 'counter',
    help: 'Requests answered, by operation type (none: nothing was run, or a whole answer was given again), HTTP status (left: the client did not wait) and first error code',
    labels: ['operation', 'status', 'code'],
  },
  jobs_gateway_request_duration_seconds: {
    type: 'histogram',
    help: 'From the headers of a request to the end of its answer, by operation type',
    labels: ['operation'],
    buckets: REQUEST_SECONDS,
  },
  jobs_gateway_requests_in_flight: {
    type: 'gauge',
    help: 'Requests being served',
    labels: [],
  },
  jobs_gateway_replays_total: {
    type: 'counter',
    help: 'Requests for which a whole answer was given again',
    labels: [],
  },
  jobs_gateway_documents_total: {
    type: 'counter',
    help: 'Requests by how they ask for their document (text, id, id-and-text) and what came of it: ok, or the code that refused it',
    labels: ['asked', 'outcome'],
  },
  jobs_gateway_values_total: {
    type: 'counter',
    help: 'Values that answers were made of, by kind (job, detail, list), by outcome (FRESH: read for this request, CACHED, STALE) and where they came from (UPSTREAM, MEMORY, REDIS, REPLAY)',
    labels: ['kind', 'outcome', 'tier'],
  },
  jobs_gateway_answer_age_seconds: {
    type: 'histogram',
    help: 'Age of the oldest value of each answer that is made of any',
    labels: [],
    buckets: AGE_SECONDS,
  },
  jobs_gateway_cache_bytes: {
    type: 'gauge',
    help: 'Memory taken by kept values, and by whole answers (replays), by estimate',
    labels: ['of'],
  },
  jobs_gateway_cache_faults_total: {
    type: 'counter',
    help: 'Times that the cache did without its Redis, by kind and command',
    labels: ['kind', 'command'],
  },
  jobs_gateway_redis_connected: {
    type: 'gauge',
    help: '1 while the cache is connected to its Redis, 0 while it is not; absent without one',
    labels: ['of'],
  },
  jobs_gateway_upstream_calls_total: {
    type: 'counter',
    help: 'Logical upstream calls, by outcome: ok, an error code, aborted when everybody had left, or bug',
    labels: ['source', 'account', 'region', 'action', 'outcome'],
  },
  jobs_gateway_upstream_call_duration_seconds: {
    type: 'histogram',
    help: 'Logical upstream calls from beginning to end: waits, attempts and pauses',
    labels: ['source', 'action'],
    buckets: SECONDS,
  },
  jobs_gateway_upstream_attempts_total: {
    type: 'counter',
    help: 'Attempts at upstream calls as the upstream sees them',
    labels: ['source', 'account', 'region', 'action', 'outcome'],
  },
  jobs_gateway_upstream_attempt_duration_seconds: {
    type: 'histogram',
    help: 'Attempts at upstream calls, without the wait for a turn',
    labels: ['source', 'action'],
    buckets: SECONDS,
  },
  jobs_gateway_upstream_reads_per_call: {
    type: 'histogram',
    help: 'Reads that one upstream call answered, or would have',
    labels: ['source', 'action'],
    buckets: COUNTS,
  },
  jobs_gateway_upstream_jobs_per_call: {
    type: 'histogram',
    help: 'Jobs that one upstream call asked for by id, up to 100',
    labels: ['source', 'action'],
    buckets: [1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
  },
  jobs_gateway_upstream_turns_total: {
    type: 'counter',
    help: 'Waits for a turn, by how they ended: turn, refused (it would have come too late) or left (nobody waited any more)',
    labels: ['source', 'account', 'action', 'outcome'],
  },
  jobs_gateway_upstream_turn_wait_seconds: {
    type: 'histogram',
    help: 'Waits for a turn, however they ended',
    labels: ['source', 'action'],
    buckets: SECONDS,
  },
  jobs_gateway_upstream_budget_per_second: {
    type: 'gauge',
    help: 'Calls that a budget grants in a second at most, to all who share it',
    labels: ['account', 'action'],
  },
  jobs_gateway_upstream_queue_calls: {
    type: 'gauge',
    help: 'Calls that wait for a turn of a budget',
    labels: ['account', 'action'],
  },
  jobs_gateway_upstream_queue_reads: {
    type: 'gauge',
    help: 'Reads that wait for those calls',
    labels: ['account', 'action'],
  },
  jobs_gateway_upstream_queue_oldest_seconds: {
    type: 'gauge',
    help: 'How long the first call in the queue of a budget has been waiting',
    labels: ['account', 'action'],
  },
  jobs_gateway_upstream_unknown_codes_total: {
    type: 'counter',
    help: 'Refusals with an error code that the gateway does not know',
    labels: ['source'],
  },
  jobs_gateway_origin_breaker_state: {
    type: 'gauge',
    help: '0: the origin is asked; 1: one call finds out whether it is back; 2: it is left alone. The worst of several buckets in one region',
    labels: ['source', 'account', 'region'],
  },
  jobs_gateway_callers_refused_total: {
    type: 'counter',
    help: 'Requests that were not let in, by the reason, which their callers are not told',
    labels: ['reason'],
  },
  jobs_gateway_key_set_reads_total: {
    type: 'counter',
    help: 'Readings of the keys of the issuer of tokens, by outcome',
    labels: ['outcome'],
  },
  jobs_gateway_trace_spans_lost_total: {
    type: 'counter',
    help: 'Spans that could not be sent to the collector',
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof METRICS;
