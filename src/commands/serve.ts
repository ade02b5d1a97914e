import { parseArgs } from 'node:util';
import type { Command } from './terminal.ts';
import { withUpstreams } from './with-upstreams.ts';

export const serve: Command = {
  help: `jobs-gateway serve

Serves the graph at http://HOST:PORT/graphql until it is told to end (SIGTERM or SIGINT).
It then answers what is under way and what still comes in deadlines.drainDelayMs; told
twice, it ends at once. SIGHUP, or a change of its files, makes it read them anew.
Without TENCENTCLOUD_SECRET_ID and without GATEWAY_CONFIG the data is simulated: three
upstreams are started on this machine and read instead of the real ones.

Settings come from the environment and from the YAML file that GATEWAY_CONFIG names.
Exit code 78: the configuration has faults; each is printed on its line.`,
  run: async (args, terminal) => {
    parseArgs({ args: [...args], options: {} });
    return withUpstreams(terminal, async (config, files) => {
      // Loaded for a sound configuration only: of a faulty one people learn three times as soon.
      const { serveUntilAborted } = await import('./serving.ts');
      return serveUntilAborted(config, files, terminal);
    });
  },
};
