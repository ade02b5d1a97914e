import type { Config } from '../config.ts';
import { systemClock } from '../lib/clock.ts';
import { startLog } from '../telemetry/log.ts';
import { createLogger, openDestination } from '../telemetry/logger.ts';
import type { Terminal } from './terminal.ts';

/** How long the end of the process waits for what has not reached the collector yet. */
const FLUSH_MS = 2_000;

/** Writes the log and, where a collector is configured, sends traces. Returns the way to stop, which leaves nothing behind. */
export async function startSeeing(
  { log, tracing }: Pick<Config, 'log' | 'tracing'>,
  terminal: Terminal,
): Promise<() => Promise<void>> {
  const destination =
    terminal.outFd === undefined
      ? { write: (line: string) => terminal.out(line.trimEnd()), flush: () => undefined }
      : openDestination(terminal.outFd);
  const stopLog = startLog(createLogger(log.level, destination), systemClock);
  const stopTracing = await startTraces(tracing);
  return async () => {
    await stopTracing();
    stopLog();
    destination.flush();
  };
}

/** The SDK costs time and memory, so it is not even loaded where nobody wants traces. */
async function startTraces({ otlpUrl, ...options }: Config['tracing']): Promise<() => Promise<void>> {
  if (otlpUrl === null) {
    return () => Promise.resolve();
  }
  const { startTracing } = await import('../telemetry/trace.ts');
  const tracing = startTracing({ otlpUrl, ...options });
  return () => tracing.stop(FLUSH_MS);
}
