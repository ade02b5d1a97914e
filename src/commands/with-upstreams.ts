import { type Config, ConfigError, readConfig } from '../config.ts';
import { clientSchema } from '../graphql/schema.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
import { documentCheck } from '../server/documents/document-check.ts';
import { sandboxAccount } from './sandbox-account.ts';
import { EXIT, type Terminal } from './terminal.ts';

/**
 * Runs `work` with the configuration, and with simulated upstreams while it runs where nothing is configured. Reports
 * a faulty configuration, every fault on its line, and gives EX_CONFIG then.
 */
export async function withUpstreams(
  terminal: Terminal,
  work: (config: Config) => Promise<number>,
): Promise<number> {
  let config: Config;
  try {
    config = readConfig();
    checkDocuments(config);
  } catch (error) {
    if (error instanceof ConfigError) {
      terminal.error(error.message);
      return EXIT.config;
    }
    throw error;
  }
  if (!config.isSandbox) {
    return work(config);
  }
  const { sandboxRequestsPerSecond } = config;
  const sandbox = await startSandbox({ batchComputeRequestsPerSecond: sandboxRequestsPerSecond });
  try {
    return await work({ ...config, accounts: [sandboxAccount(sandbox, sandboxRequestsPerSecond)] });
  } finally {
    await sandbox.close();
  }
}

/** Throws `ConfigError` for the documents that this graph could not answer. */
function checkDocuments({ documents, federation }: Config): void {
  const faultOf = documentCheck(clientSchema(federation));
  const faults = documents.list.flatMap(({ id, text, manifest }) => {
    const fault = faultOf(text);
    return fault === null ? [] : [`${manifest}: expected documents of this graph, got ${id}: ${fault}`];
  });
  if (faults.length > 0) {
    throw new ConfigError(faults);
  }
}
