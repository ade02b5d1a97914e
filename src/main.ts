#!/usr/bin/env node
import { runCli } from './cli.ts';

const ending = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // A second signal is Node's own: it ends the process at once.
  process.once(signal, () => {
    ending.abort();
  });
}

process.exitCode = await runCli(process.argv.slice(2), {
  out: (line) => console.log(line),
  error: (line) => console.error(line),
  signal: ending.signal,
});
