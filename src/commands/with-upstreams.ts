import { type Config, ConfigError, readConfig } from '../config.ts';
import { startSandbox } from '../sandbox/sandbox.ts';
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
