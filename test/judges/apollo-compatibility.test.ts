/**
 * Apollo's subgraph compatibility suite as a judge of our federation module: a small server of the suite's own schema,
 * made a subgraph by `src/federation/` alone, beside the suite's two other subgraphs behind Apollo's gateway.
 */
import { TESTS } from '@apollo/federation-subgraph-compatibility-tests/dist/testRunner.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { runSuite, scoreTable, type SuiteReport } from './apollo-compatibility/suite.ts';
import { startSupergraph } from './apollo-compatibility/supergraph.ts';

describe('Apollo’s subgraph compatibility suite', () => {
  let report: SuiteReport;

  beforeAll(async () => {
    const supergraph = await startSupergraph();
    try {
      report = await runSuite(supergraph);
    } finally {
      await supergraph.close();
    }
    // oxlint-disable-next-line eslint/no-console -- the score is there to be quoted
    console.log(scoreTable(report.scores));
  }, 180_000);

  it.each(TESTS)('finds that $column works', ({ assertion }) => {
    const score = report.scores.find((each) => each.assertion === assertion);
    expect(score?.failures.join('\n\n')).toBe('');
    expect(score?.passed).toBe(true);
  });

  it('has run as a whole', () => {
    expect(report.faults).toEqual([]);
    expect(report.tested).toEqual(new Set(TESTS.map(({ assertion }) => assertion)));
  });
});
