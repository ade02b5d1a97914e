#!/usr/bin/env node
import { constants } from 'node:os';
import { runCli } from './cli.ts';

const ending = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (ending.signal.aborted) {
      // Told twice. Not left to the system, which spares the first process of a container.
      process.exit(128 + constants.signals[signal]);
    }
    ending.abort();
  });
}

process.exitCode = await runCli(process.argv.slice(2), {
  out: (line) => console.log(line),
  outFd: 1,
  error: (line) => console.error(line),
  signal: ending.signal,
  onHangUp: (listener) => {
    process.on('SIGHUP', listener);
  },
});
