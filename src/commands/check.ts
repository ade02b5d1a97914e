import { parseArgs } from 'node:util';
import type { AuthConfig, Config } from '../config.ts';
import type { Origins } from '../jobs/origins.ts';
import { systemClock } from '../lib/clock.ts';
import { GatewayError, UpstreamError } from '../model/errors.ts';
import type { Origin } from '../model/origin.ts';
import type { ListSlice } from '../sources/source.ts';
import { upstreamCalls } from '../telemetry/channels.ts';
import type { CallScope } from '../lib/call-scope.ts';
import { wireOrigins } from '../wiring.ts';
import { clockWarning, hintFor } from './check-hints.ts';
import { checkIssuer } from './check-issuer.ts';
import { type Command, EXIT, type Terminal } from './terminal.ts';
import { watchUpstreamClocks } from './upstream-clocks.ts';
import { withUpstreams } from './with-upstreams.ts';

export const check: Command = {
  help: `jobs-gateway check [--offline]

Reads the configuration and reports every fault at once; then signs and sends one cheap
read to each configured origin and prints a table: origin, outcome, the upstream's request
id, milliseconds; below it, for each origin that failed, what to look at first. Where
tokens are asked for, it reads the keys of their issuer too. Without a configuration it
checks the simulated upstreams.

  --offline   check the configuration only, call nobody

Exit code 1: an origin failed, or no key of the issuer can be used. Exit code 78: the configuration has faults.`,
  run: (args, terminal) => {
    const { values } = parseArgs({ args: [...args], options: { offline: { type: 'boolean' } } });
    return withUpstreams(terminal, (config) => checkOrigins(config, terminal, values.offline === true));
  },
};

interface Row {
  readonly origin: Origin;
  readonly outcome: string;
  readonly requestId: string;
  readonly durationMs: string;
  readonly failure: unknown;
}

async function checkOrigins(config: Config, terminal: Terminal, isOffline: boolean): Promise<number> {
  const { origins, close } = wireOrigins(config, systemClock);
  try {
    terminal.out(
      `The configuration is sound: ${origins.all().length} origins${config.isSandbox ? ', simulated' : ''}.`,
    );
    if (isOffline) {
      return EXIT.ok;
    }
    const scope: CallScope = {
      signal: terminal.signal,
      deadlineMs: systemClock.now() + config.deadlines.requestMs,
      // What others have read shows nothing.
      noCache: true,
    };
    const clocks = watchUpstreamClocks(systemClock);
    const rows = await readEach(origins, scope).finally(() => clocks.stop());
    table(rows).forEach((line) => terminal.out(line));
    rows.flatMap((row) => adviceOn(row, config, clocks.offsetsMs)).forEach((line) => terminal.error(line));
    const warning = clockWarning(clocks.offsetsMs);
    if (warning !== null) {
      terminal.error(`Warning: ${warning}.`);
    }
    const canCheckTokens = config.auth === null || (await tellOfIssuer(config.auth, terminal));
    return canCheckTokens && rows.every(({ outcome }) => outcome === 'ok') ? EXIT.ok : EXIT.failed;
  } finally {
    await close();
  }
}

/** Gives whether tokens can be checked. */
async function tellOfIssuer(auth: AuthConfig, terminal: Terminal): Promise<boolean> {
  const { line, hint } = await checkIssuer(auth, { signal: terminal.signal, clock: systemClock });
  if (hint === null) {
    terminal.out(line);
    return true;
  }
  terminal.error(line);
  terminal.error(`  Hint: ${hint}.`);
  return false;
}

/** What is told of a read that failed, and what to look at first. */
function adviceOn({ origin, failure }: Row, { accounts }: Config, offsetsMs: readonly number[]): string[] {
  if (!(failure instanceof GatewayError)) {
    return [];
  }
  const account = accounts.find(({ name }) => name === origin.account);
  const [clockOffsetMs = null] = offsetsMs.toSorted((one, other) => Math.abs(other) - Math.abs(one));
  const hint =
    failure instanceof UpstreamError ? hintFor({ origin, error: failure, account, clockOffsetMs }) : null;
  return [`${nameOf(origin)}: ${failure.message}`, ...(hint === null ? [] : [`  Hint: ${hint}.`])];
}

/** One listing of one job per origin, side by side. */
async function readEach({ sources }: Origins, scope: CallScope): Promise<Row[]> {
  const requestIds = new Map<string, string>();
  const unsubscribe = upstreamCalls.subscribe((event) => {
    if (event.kind === 'call' && event.requestId !== null) {
      requestIds.set(Object.values(event.origin).join(), event.requestId);
    }
  });
  const read = async <F>(
    source: { readonly origin: Origin; list(slice: ListSlice<F>, scope: CallScope): Promise<unknown> },
    filter: F,
  ): Promise<Row> => {
    const startedAtMs = performance.now();
    const failure = await source
      .list({ filter, limit: 1, backwards: false, after: null, before: null }, scope)
      .then(
        () => null,
        (error: unknown) => error,
      );
    const { origin } = source;
    return {
      origin,
      outcome: failure === null ? 'ok' : describe(failure),
      requestId: requestIds.get(Object.values(origin).join()) ?? '-',
      durationMs: (performance.now() - startedAtMs).toFixed(0),
      failure,
    };
  };
  try {
    return await Promise.all([
      ...sources.cos.map((source) => read(source, { status: null })),
      ...sources.batchCompute.map((source) => read(source, NO_BATCH_COMPUTE_FILTER)),
      ...sources.ci.map((source) => read(source, NO_CI_FILTER)),
    ]);
  } finally {
    unsubscribe();
  }
}

const NO_BATCH_COMPUTE_FILTER = {
  jobIds: null,
  names: null,
  states: null,
  zones: null,
  tagKeys: null,
  tagValues: null,
  tags: null,
};
const NO_CI_FILTER = {
  type: null,
  states: null,
  name: null,
  workflowId: null,
  jobId: null,
  createdAfter: null,
  createdBefore: null,
  order: 'NEWEST_FIRST',
} as const;

function nameOf({ source, account, region, bucket }: Origin): string {
  return [source, account, region, ...(bucket === null ? [] : [bucket])].join('/');
}

function describe(failure: unknown): string {
  if (failure instanceof UpstreamError) {
    return failure.upstreamCode === null ? failure.code : `${failure.code} (${failure.upstreamCode})`;
  }
  return failure instanceof GatewayError ? failure.code : 'unexpected error';
}

function table(rows: readonly Row[]): string[] {
  const cells = [
    ['ORIGIN', 'OUTCOME', 'REQUEST ID', 'MS'],
    ...rows.map(({ origin, outcome, requestId, durationMs }) => [
      nameOf(origin),
      outcome,
      requestId,
      durationMs,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
