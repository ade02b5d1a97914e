/** What a gateway in this process tells apart from its answers: looked through, whoever reads it. */
import { inspect } from 'node:util';
import { request } from 'undici';
import { systemClock } from '../../../src/lib/clock.ts';
import { startLog } from '../../../src/telemetry/log.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { lookThrough } from './leaks.ts';

let isLogging = false;

/** Looks through the log of all gateways of this process, at its lowest level, from now on. */
export function lookThroughLog(): void {
  if (!isLogging) {
    isLogging = true;
    startLog(createLogger('debug', { write: (line) => lookThrough(line, 'the log') }), systemClock);
  }
}

/** Has a gateway tell its metrics, as far as it still does: the answer is looked through like any. */
export async function lookThroughMetrics(url: string): Promise<void> {
  try {
    const { body } = await request(`${url}/metrics`, { signal: AbortSignal.timeout(2_000) });
    await body.dump();
  } catch {
    // It has ended, or is about to.
  }
}

/** Looks through an error as anyone would print it. */
export function lookThroughError(error: unknown): void {
  lookThrough(inspect(error, { depth: 8 }), 'an error');
}
