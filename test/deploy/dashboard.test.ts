import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { type MetricRow, METRICS } from '../../src/telemetry/metric-table.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
}

const DASHBOARD = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../deploy/grafana/jobs-gateway.json'), 'utf8'),
) as { readonly panels: readonly Panel[]; readonly templating: unknown };

const QUERIES = DASHBOARD.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, expr })),
);

/** What every target of Prometheus has. */
const LABELS_OF_TARGETS = ['job', 'instance', 'le'];

/** The names of metrics in a query, without the endings of a histogram’s series. */
function metricsIn(expr: string): string[] {
  return [...expr.matchAll(/\b(?:jobs_gateway|nodejs|process)_\w+/g)].map(([name]) =>
    name.replace(/_(?:bucket|sum|count)$/, ''),
  );
}

/** The labels by which a query groups and selects. */
function labelsIn(expr: string): string[] {
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/));
  const selected = [...expr.matchAll(/[{,]\s*(\w+)(?:=|!=|=~)"/g)].map(([, name = '']) => name);
  return [...grouped, ...selected].filter((name) => name !== '' && !LABELS_OF_TARGETS.includes(name));
}

describe('the dashboard', () => {
  it('asks for metrics that exist, by labels that they have', async () => {
    const metrics = createMetrics();
    const { body } = await metrics.text();
    metrics.close();
    const exposed = new Set([...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    expect(QUERIES.length).toBeGreaterThan(20);
    for (const { title, expr } of QUERIES) {
      const names = metricsIn(expr);
      expect(names, title).not.toEqual([]);
      expect(
        names.filter((name) => !exposed.has(name)),
        title,
      ).toEqual([]);
      const own = names.filter((name) => name in METRICS);
      const labels = own.flatMap(
        (name) => (METRICS as Readonly<Record<string, MetricRow>>)[name]?.labels ?? [],
      );
      expect(
        own.length === 0 ? [] : labelsIn(expr).filter((label) => !labels.includes(label)),
        title,
      ).toEqual([]);
    }
  });

  it('shows every metric of the gateway', () => {
    const shown = new Set(QUERIES.flatMap(({ expr }) => metricsIn(expr)));
    expect(Object.keys(METRICS).filter((name) => !shown.has(name))).toEqual([]);
  });

  it('is well-formed: each panel with an id, a place and queries of its own', () => {
    const { panels, templating } = DASHBOARD;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size).toBe(panels.length);
    panels.forEach(({ targets = [] }) => {
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    });
    expect(metricsIn(JSON.stringify(templating)).every((name) => name in METRICS)).toBe(true);
  });
});
