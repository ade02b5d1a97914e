import { describe, expect, it, onTestFinished } from 'vitest';
import { breakerChanges, cacheFaults, lostSpans, unmappedCodes } from '../../src/telemetry/channels.ts';
import { type MetricRow, METRICS } from '../../src/telemetry/metric-table.ts';
import { type Conditions, createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { sampleIn } from '../support/seen.ts';

const NOTHING: Conditions = {
  origins: () => [],
  budgets: () => [],
  redis: () => null,
  bytes: () => ({ values: 0, replays: 0 }),
};

function start(): Metrics {
  const metrics = createMetrics();
  onTestFinished(() => metrics.close());
  return metrics;
}

async function sample(metrics: Metrics, name: string): Promise<number | null> {
  return sampleIn((await metrics.text()).body, name);
}

describe('the table of metrics', () => {
  it.each(Object.entries<MetricRow>(METRICS))('names %s as Prometheus wants it', (name, row) => {
    expect(name).toMatch(/^jobs_gateway_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(row.type === 'counter');
    // A summary of buckets says nothing without them.
    expect(row.buckets !== undefined).toBe(row.type === 'histogram');
    const buckets = row.buckets ?? [];
    expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
  });

  it('is all that is exposed besides what Node.js tells of itself', async () => {
    const { body, type } = await start().text();
    const exposed = [...body.matchAll(/^# TYPE (jobs_gateway_\S+) (\S+)$/gm)].map(([, name, kind]) => [
      name,
      kind,
    ]);
    expect(exposed).toEqual(Object.entries<MetricRow>(METRICS).map(([name, row]) => [name, row.type]));
    expect(type).toContain('text/plain; version=0.0.4');
  });
});

describe('metrics', () => {
  it('count what is told on the channels', async () => {
    const metrics = start();
    const origin = { source: 'COS', account: 'media', region: 'ap-guangzhou', bucket: null };
    cacheFaults.publish({ kind: 'timeout', command: 'lookup', code: null });
    cacheFaults.publish({ kind: 'timeout', command: 'lookup', code: null });
    unmappedCodes.publish({ origin, upstreamCode: 'New', httpStatus: 400 });
    lostSpans.publish({ count: 7 });
    expect(await sample(metrics, 'jobs_gateway_cache_faults_total{kind="timeout",command="lookup"}')).toBe(2);
    expect(await sample(metrics, 'jobs_gateway_upstream_unknown_codes_total{source="COS"}')).toBe(1);
    expect(await sample(metrics, 'jobs_gateway_trace_spans_lost_total')).toBe(7);
  });

  it('tell of several buckets in a region the worst, and nothing of origins that are gone', async () => {
    const metrics = start();
    const at = (circuit: 'closed' | 'open') =>
      ({ source: 'CI', account: 'media', region: 'ap-beijing', circuit }) as const;
    const state = 'jobs_gateway_origin_breaker_state{source="CI",account="media",region="ap-beijing"}';
    const stop = metrics.watch({ ...NOTHING, origins: () => [at('open'), at('closed')] });
    expect(await sample(metrics, state)).toBe(2);
    stop();
    expect(await sample(metrics, state)).toBeNull();
  });

  it('tell of Redis only where there is one', async () => {
    const metrics = start();
    const connected = 'jobs_gateway_redis_connected{of="cache"}';
    metrics.watch(NOTHING);
    expect(await sample(metrics, connected)).toBeNull();
    metrics.watch({ ...NOTHING, redis: () => 'away' });
    expect(await sample(metrics, connected)).toBe(0);
  });

  it('add up what two configurations keep while one takes over from the other', async () => {
    const metrics = start();
    metrics.watch({ ...NOTHING, bytes: () => ({ values: 5, replays: 1 }) });
    metrics.watch({ ...NOTHING, bytes: () => ({ values: 7, replays: 2 }) });
    expect(await sample(metrics, 'jobs_gateway_cache_bytes{of="values"}')).toBe(12);
    expect(await sample(metrics, 'jobs_gateway_cache_bytes{of="replays"}')).toBe(3);
  });

  it('listen to nothing once they are closed', async () => {
    const metrics = createMetrics();
    metrics.close();
    cacheFaults.publish({ kind: 'timeout', command: 'lookup', code: null });
    expect([cacheFaults.hasSubscribers, lostSpans.hasSubscribers, breakerChanges.hasSubscribers]).toEqual([
      false,
      false,
      false,
    ]);
    expect(
      await sample(metrics, 'jobs_gateway_cache_faults_total{kind="timeout",command="lookup"}'),
    ).toBeNull();
  });
});
