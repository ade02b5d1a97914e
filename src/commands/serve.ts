import { parseArgs } from 'node:util';
import { createApp } from '../app.ts';
import { type Config, readConfig } from '../config.ts';
import { encodeGlobalId } from '../model/global-id.ts';
import { SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID } from '../sandbox/sample-jobs.ts';
import { listen } from '../server/listen.ts';
import { systemClock } from '../lib/clock.ts';
import {
  logCacheTrouble,
  logUnlistedDocuments,
  logUpstreamCalls,
  logUpstreamTrouble,
} from '../telemetry/log.ts';
import { type Command, EXIT, type Terminal, untilAborted } from './terminal.ts';
import { withUpstreams } from './with-upstreams.ts';

export const serve: Command = {
  help: `jobs-gateway serve

Serves the graph at http://HOST:PORT/graphql until it is told to end (SIGTERM or SIGINT).
Without TENCENTCLOUD_SECRET_ID and without GATEWAY_CONFIG the data is simulated: three
upstreams are started on this machine and read instead of the real ones.

Settings come from the environment and from the YAML file that GATEWAY_CONFIG names.
Exit code 78: the configuration has faults; each is printed on its line.`,
  run: async (args, terminal) => {
    parseArgs({ args: [...args], options: {} });
    return withUpstreams(terminal, (config) => serveUntilAborted(config, terminal));
  },
};

async function serveUntilAborted(config: Config, terminal: Terminal): Promise<number> {
  const onBug = (error: unknown): void => {
    terminal.error(
      `unexpected error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  };
  const app = createApp(config, {
    exampleJobId: config.isSandbox ? exampleJobId() : null,
    onBug,
    // The account of the simulated upstreams is in no configuration.
    rereadConfig: config.isSandbox ? null : () => readConfig(),
    onWarning: (message) => terminal.error(`Warning: ${message}`),
  });
  const stopLog = log(config, terminal);
  try {
    const { url, close } = await listen(app.listener, config.server);
    welcome(config, url).forEach((line) => terminal.out(line));
    await untilAborted(terminal.signal);
    app.drain();
    await close(config.deadlines.drainMs);
    return EXIT.ok;
  } catch (error) {
    if (isAddressFault(error)) {
      terminal.error(
        `Cannot listen on ${config.server.host}:${config.server.port}: ${error.code}. Set PORT or HOST.`,
      );
      return EXIT.failed;
    }
    throw error;
  } finally {
    stopLog();
    await app.close();
  }
}

/** Returns the way to stop. */
function log({ log: { level } }: Config, terminal: Terminal): () => void {
  const isQuiet = level === 'silent' || level === 'error';
  const stops = [
    isQuiet ? null : logUpstreamTrouble((line) => terminal.error(line)),
    isQuiet ? null : logCacheTrouble((line) => terminal.error(line), systemClock),
    isQuiet ? null : logUnlistedDocuments((line) => terminal.error(line), systemClock),
    level === 'debug' ? logUpstreamCalls((line) => terminal.out(line)) : null,
  ];
  return () => {
    stops.forEach((stop) => stop?.());
  };
}

function welcome({ isSandbox, server, documents }: Config, url: string): string[] {
  const query =
    '{ cosJobs(first: 2) { nodes { jobId status } } batchComputeJobs(first: 2) { nodes { jobId status } } ciJobs(first: 2) { nodes { jobId status } } }';
  const body = JSON.stringify({ query });
  return [
    `jobs-gateway serves ${url}/graphql`,
    ...(isSandbox ? ['The data is simulated: no account is configured, so nothing here is real.'] : []),
    ...(documents.mode === 'enforce'
      ? [`Only the documents of its manifests run: ${documents.list.length}.`]
      : [
          server.graphiql ? `Open it in a browser for GraphiQL, or try:` : 'Try:',
          `  curl -s ${url}/graphql -H 'content-type: application/json' -d '${body}'`,
        ]),
  ];
}

function exampleJobId(): string {
  const jobId = SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID;
  return encodeGlobalId({ source: 'BATCH_COMPUTE', account: 'sandbox', place: 'ap-guangzhou', jobId });
}

function isAddressFault(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && /^(EADDR|EACCES|ENOTFOUND)/.test(String(error.code));
}
