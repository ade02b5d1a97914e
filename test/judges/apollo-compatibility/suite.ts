import { TESTS } from '@apollo/federation-subgraph-compatibility-tests/dist/testRunner.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from './child.ts';
import { JEST, TESTS_FOLDER } from './package-files.ts';
import type { Supergraph } from './supergraph.ts';

/** What came of one of the suite's assertions, which may be several tests. */
export interface Score {
  readonly assertion: string;
  /** What the suite's own table calls it. */
  readonly column: string;
  readonly fedVersion: number;
  readonly tests: number;
  /** Stricter than the suite, to which a test that did not run is no failure: at least one ran, and all that did passed. */
  readonly passed: boolean;
  /** What jest says of each test that did not pass. */
  readonly failures: readonly string[];
}

export interface SuiteReport {
  /** One for each assertion that the suite gives marks for, in its order. */
  readonly scores: readonly Score[];
  /** The assertions that the tests which ran belong to. */
  readonly tested: ReadonlySet<string>;
  /** Whatever failed without being a test of the suite, such as a file that does not load. */
  readonly faults: readonly string[];
}

/** The part that is read here of what jest prints. */
interface JestOutput {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly JestResult[];
  }[];
}

interface JestResult {
  readonly ancestorTitles: readonly string[];
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** The whole suite, on a machine that is busy. */
const SUITE_MS = 120_000;
const TEST_MS = 30_000;

/** Runs the suite's own tests, as they come, by its own jest. Rejects with what jest printed when it gives no results. */
export async function runSuite({ productsUrl, routerUrl }: Supergraph): Promise<SuiteReport> {
  const cacheDirectory = await mkdtemp(join(tmpdir(), 'apollo-compatibility-'));
  const config = JSON.stringify({
    rootDir: TESTS_FOLDER,
    testEnvironment: 'node',
    // They are compiled already, and below node_modules.
    transform: {},
    testPathIgnorePatterns: [],
    haste: { retainAllFiles: true },
    watchman: false,
    cacheDirectory,
  });
  const limits = ['--runInBand', '--forceExit', `--testTimeout=${String(TEST_MS)}`];
  const jest = startChild(JEST, ['--ci', '--json', ...limits, '--config', config], {
    PRODUCTS_URL: productsUrl,
    // The suite knows its router by a fixed address. Its client takes that to the proxy, and the router is the proxy.
    http_proxy: routerUrl,
    no_proxy: new URL(productsUrl).hostname,
  });
  try {
    await jest.happens('close', SUITE_MS);
    return reportOf(outputOf(jest));
  } finally {
    await jest.end();
    await rm(cacheDirectory, { recursive: true, force: true });
  }
}

function outputOf({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): JestOutput {
  try {
    return JSON.parse(stdout) as JestOutput;
  } catch (cause) {
    throw new Error(`Jest gave no results:\n${stdout}${stderr}`, { cause });
  }
}

function reportOf({ testResults }: JestOutput): SuiteReport {
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    scores: TESTS.map(({ assertion, column, fedVersion }) => {
      const tests = results.filter((result) => assertionOf(result) === assertion);
      const failures = tests
        .filter(({ status }) => status !== 'passed')
        .map(
          ({ fullName, status, failureMessages }) => `${fullName} ${status}: ${failureMessages.join('\n')}`,
        );
      const passed = tests.length > 0 && failures.length === 0;
      return { assertion, column, fedVersion, tests: tests.length, passed, failures };
    }),
    tested: new Set(results.map(assertionOf)),
    faults: testResults
      .filter(({ assertionResults }) => assertionResults.length === 0)
      .map(({ name, message }) => `${name}: ${message}`),
  };
}

/** As the suite tells it: the name of the group, or of a test that stands alone. */
function assertionOf({ ancestorTitles, fullName }: JestResult): string {
  return ancestorTitles[0] ?? fullName;
}

/** The scores as a table in Markdown. */
export function scoreTable(scores: readonly Score[]): string {
  const rows = scores.map(
    ({ column, fedVersion, tests, passed }) =>
      `| ${String(fedVersion)} | ${column} | ${String(tests)} | ${passed ? 'pass' : 'FAIL'} |`,
  );
  return ['| Federation | assertion | tests | result |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
