import { type Logger, pino, stdTimeFunctions } from 'pino';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** Takes whole lines, each with its line break. */
export interface LogDestination {
  write(line: string): void;
}

/** A destination that is closed with the process. */
export interface OpenDestination extends LogDestination {
  /** Writes what is left, and waits for that. */
  flush(): void;
}

/** Lines are written together: each alone would cost a request more than all else that is seen of it (bench/seeing.ts). */
const GATHERED_BYTES = 8_192;
const GATHERED_MS = 100;
/** More than this is not kept for a reader who does not read: lines are lost then, and no request waits. */
const MAX_BUFFERED_BYTES = 1_048_576;

/** Writes lines of JSON with their level and time, and nothing about the machine. */
export function createLogger(level: LogLevel, destination: LogDestination): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

/** A file descriptor as a destination, which is written behind whoever logs. */
export function openDestination(fd: number): OpenDestination {
  const stream = pino.destination({
    fd,
    sync: false,
    minLength: GATHERED_BYTES,
    periodicFlush: GATHERED_MS,
    maxLength: MAX_BUFFERED_BYTES,
  });
  // Whoever read the log has gone: that is no reason for the gateway to end.
  stream.on('error', () => undefined);
  return {
    write: (line) => stream.write(line),
    flush: () => {
      try {
        stream.flushSync();
      } catch {
        // Nobody is there to read it, or it is not open yet.
      }
    },
  };
}
