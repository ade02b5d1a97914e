import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type MetricRow, METRICS } from '../src/telemetry/metric-table.ts';

const OPERATIONS = readFileSync(join(import.meta.dirname, '../docs/operations.md'), 'utf8');

/** The cells of a row of a Markdown table. */
function cellsIn(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

describe('the metrics of the page for operators', () => {
  it('are those that there are, as they are', () => {
    const rows = OPERATIONS.split('\n')
      .filter((line) => line.startsWith('| `jobs_gateway_'))
      .map(cellsIn);
    const expected = Object.entries<MetricRow>(METRICS).map(([name, { type, labels, help }]) => [
      `\`${name}\``,
      type,
      labels.length === 0 ? '–' : labels.join(', '),
      help,
    ]);
    expect(rows).toEqual(expected);
  });
});
