/** What is seen of a gateway from outside while a test goes on. */
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { type RequestEvent, requests } from '../../src/telemetry/channels.ts';
import { startLog } from '../../src/telemetry/log.ts';
import { createLogger, type LogLevel } from '../../src/telemetry/logger.ts';
import { lookThrough } from './secrets-kept/leaks.ts';

export type LogLine = Readonly<Record<string, unknown>>;

/** Writes the log into memory until the test is over. */
export function recordLog(level: LogLevel = 'debug'): {
  /** As they are written, each with its line break. */
  readonly texts: string[];
  /** Those of one event. */
  lines(event: string): LogLine[];
} {
  const texts: string[] = [];
  const write = (line: string): void => {
    lookThrough(line, 'the log');
    texts.push(line);
  };
  const logger = createLogger(level, { write });
  onTestFinished(startLog(logger, systemClock));
  return {
    texts,
    lines: (event) =>
      texts.map((text) => JSON.parse(text) as LogLine).filter((line) => line['event'] === event),
  };
}

/** Resolves when so many requests have ended since: an answer is there before its end is told. */
export function requestsEnded(count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const stop = requests.subscribe(({ kind }: RequestEvent) => {
      left -= kind === 'end' ? 1 : 0;
      if (left === 0) {
        stop();
        resolve();
      }
    });
  });
}

/** The value of one sample in Prometheus' text form; null when there is none. */
export function sampleIn(text: string, sample: string): number | null {
  const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
  return line === undefined ? null : Number(line.slice(sample.length + 1));
}
