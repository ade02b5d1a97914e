import { type Config, readConfig } from '../config.ts';
import { createLiveApp, type LiveApp } from '../live-app.ts';
import { encodeGlobalId } from '../model/global-id.ts';
import { SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID } from '../sandbox/sample-jobs.ts';
import { listenLimits } from '../server/connections/connection-limits.ts';
import { listen, type Listening } from '../server/connections/listen.ts';
import { systemClock } from '../lib/clock.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { metricsListener, nothingElse } from '../server/seeing/metrics-listener.ts';
import { startSeeing } from './seeing.ts';
import { reloadOnChange } from './reloading.ts';
import { EXIT, type Terminal, untilAborted } from './terminal.ts';

/** Serves the graph by this configuration, and by each that its files come to hold, until the process is told to end. */
export async function serveUntilAborted(
  config: Config,
  files: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const onBug = (error: unknown): void => {
    terminal.error(
      `unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  };
  const metrics = config.server.metrics ? createMetrics() : null;
  const stopSeeing = await startSeeing(config, terminal);
  const live = createLiveApp(config, {
    metrics,
    exampleJobId: config.isSandbox ? exampleJobId() : null,
    onBug,
    // The account of the simulated upstreams is in no configuration.
    rereadConfig: config.isSandbox ? null : () => readConfig(),
    onWarning: (message) => terminal.error(`Warning: ${message}`),
  });
  let stopReloading = (): void => undefined;
  let metricsServer: Listening | null = null;
  try {
    if (!config.isSandbox) {
      stopReloading = reloadOnChange({ live, terminal, clock: systemClock, files });
    }
    // First: a gateway that cannot have it ends, and is to have let in nobody by then.
    metricsServer = await listenForMetrics(config, metrics);
    const server = await takeAddress('PORT or HOST', config.server, (address) =>
      listen(live.listener, address, listenLimits(config.server)),
    );
    welcome(config, server.url).forEach((line) => terminal.out(line));
    if (metricsServer !== null) {
      terminal.out(`Its metrics are at ${metricsServer.url}/metrics.`);
    }
    await untilAborted(terminal.signal);
    await drain(live, server);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof AddressError) {
      terminal.error(error.message);
      return EXIT.failed;
    }
    throw error;
  } finally {
    stopReloading();
    await live.close();
    await metricsServer?.close(0);
    metrics?.close();
    await stopSeeing();
  }
}

/**
 * Takes the server out of service without losing a request (reliability F15): first `/ready` says so, while new connections are
 * still served, for as long as balancers need to notice; only then nothing new is accepted. Simulated data has no balancer.
 */
async function drain(live: LiveApp, server: Listening): Promise<void> {
  const { isSandbox, deadlines } = live.config;
  const delayMs = isSandbox ? 0 : deadlines.drainDelayMs;
  live.drain();
  server.drain();
  await systemClock.sleep(delayMs);
  await server.close(deadlines.drainMs - delayMs);
}

/** Serves the metrics where nothing else is, if they have a port of their own. */
async function listenForMetrics({ server }: Config, metrics: Metrics | null): Promise<Listening | null> {
  const { host, metricsPort } = server;
  return metrics === null || metricsPort === null
    ? null
    : await takeAddress('server.metricsPort', { host, port: metricsPort }, (address) =>
        listen(
          metricsListener(nothingElse, () => metrics.text()),
          address,
        ),
      );
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** An address that cannot be listened on, in a sentence for whoever chose it. */
class AddressError extends Error {
  constructor({ host, port }: Address, code: string, setting: string) {
    super(`Cannot listen on ${host}:${port}: ${code}. Set ${setting}.`);
    this.name = 'AddressError';
  }
}

/** Listens on the address of a setting. Rejects with `AddressError` when it is taken, not this machine's, or not allowed. */
async function takeAddress(
  setting: string,
  address: Address,
  take: (address: Address) => Promise<Listening>,
): Promise<Listening> {
  try {
    return await take(address);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw /^(EADDR|EACCES|ENOTFOUND|EAI_)/.test(code) ? new AddressError(address, code, setting) : error;
  }
}

function welcome({ isSandbox, server, documents, auth }: Config, url: string): string[] {
  const query =
    '{ cosJobs(first: 2) { nodes { jobId status } } batchComputeJobs(first: 2) { nodes { jobId status } } ciJobs(first: 2) { nodes { jobId status } } }';
  const body = JSON.stringify({ query });
  const token = auth === null ? '' : ' -H "authorization: Bearer $TOKEN"';
  return [
    `jobs-gateway serves ${url}/graphql`,
    ...(isSandbox ? ['The data is simulated: no account is configured, so nothing here is real.'] : []),
    ...(auth === null ? [] : [`Who asks needs a token of ${auth.issuer}.`]),
    ...(documents.mode === 'enforce'
      ? [`Only the documents of its manifests run: ${documents.list.length}.`]
      : [
          server.graphiql ? `Open it in a browser for GraphiQL, or try:` : 'Try:',
          `  curl -s ${url}/graphql -H 'content-type: application/json'${token} -d '${body}'`,
        ]),
  ];
}

function exampleJobId(): string {
  const jobId = SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID;
  return encodeGlobalId({ source: 'BATCH_COMPUTE', account: 'sandbox', place: 'ap-guangzhou', jobId });
}
