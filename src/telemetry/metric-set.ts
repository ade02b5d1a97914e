import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type MetricName, type MetricRow, METRICS } from './metric-table.ts';

type NameOf<Type extends MetricRow['type']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never;
}[MetricName];

/** The values of a metric's labels, each there and no other. */
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<(typeof METRICS)[Name]['labels'][number], string>
>;

/** The metrics of the table, by their names. */
export interface MetricSet {
  count<Name extends NameOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  /** Adds a value to a histogram. */
  observe<Name extends NameOf<'histogram'>>(name: Name, labels: LabelsOf<Name>, value: number): void;
  set<Name extends NameOf<'gauge'>>(name: Name, labels: LabelsOf<Name>, value: number): void;
  add<Name extends NameOf<'gauge'>>(name: Name, labels: LabelsOf<Name>, by: number): void;
  /** Forgets what a gauge was set to: what is not there any more is not told any more. */
  clear(name: NameOf<'gauge'>): void;
}

/** Puts every metric of the table into a registry. */
export function createMetricSet(registry: Registry): MetricSet {
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  for (const [name, row] of Object.entries<MetricRow>(METRICS)) {
    const { type, help, labels: labelNames, buckets = [] } = row;
    const common = { name, help, labelNames, registers: [registry] };
    switch (type) {
      case 'counter':
        counters.set(name, new Counter(common));
        break;
      case 'gauge':
        gauges.set(name, new Gauge(common));
        break;
      case 'histogram':
        histograms.set(name, new Histogram({ ...common, buckets: [...buckets] }));
        break;
    }
  }
  return {
    count: (name, labels, by = 1) => counters.get(name)?.inc(labels, by),
    observe: (name, labels, value) => histograms.get(name)?.observe(labels, value),
    set: (name, labels, value) => gauges.get(name)?.set(labels, value),
    add: (name, labels, by) => gauges.get(name)?.inc(labels, by),
    clear: (name) => gauges.get(name)?.reset(),
  };
}
