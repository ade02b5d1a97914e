import type { Config } from '../config.ts';
import { loadConfig } from './load-config.ts';
import { EXIT, type Terminal } from './terminal.ts';

/**
 * Runs `work` with the configuration and the files that it was read from, and with simulated upstreams while it runs where
 * nothing is configured. Reports a faulty configuration, every fault on its line, and gives EX_CONFIG then.
 */
export async function withUpstreams(
  terminal: Terminal,
  work: (config: Config, files: readonly string[]) => Promise<number>,
): Promise<number> {
  const { config, message, files } = await loadConfig();
  if (config === null) {
    terminal.error(message);
    return EXIT.config;
  }
  if (!config.isSandbox) {
    return work(config, files);
  }
  const { sandboxRequestsPerSecond } = config;
  const { startSandbox } = await import('../sandbox/sandbox.ts');
  const { sandboxAccount } = await import('./sandbox-account.ts');
  const sandbox = await startSandbox({ batchComputeRequestsPerSecond: sandboxRequestsPerSecond });
  try {
    const accounts = [sandboxAccount(sandbox, sandboxRequestsPerSecond)];
    return await work({ ...config, accounts }, files);
  } finally {
    await sandbox.close();
  }
}
