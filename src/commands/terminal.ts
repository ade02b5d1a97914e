/** What a command may use of the process that it runs in. */
export interface Terminal {
  /** Prints a line for people or programs that read the result. */
  out(line: string): void;
  /** The file descriptor behind `out`, for whoever writes much and is not to wait. Absent: there is none. */
  readonly outFd?: number;
  /** Prints a line about what went wrong. */
  error(line: string): void;
  /** Aborted when the process is asked to end (SIGTERM, SIGINT). */
  readonly signal: AbortSignal;
  /** Calls back each time that the process gets SIGHUP, which ends it as long as nobody listens. */
  onHangUp(listener: () => void): void;
}

/** A command of the binary: its help text, and what it does. Gives the exit code. */
export interface Command {
  readonly help: string;
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** Exit codes: sysexits' EX_USAGE and EX_CONFIG, so that a supervisor can tell a fault of ours from one of its own. */
export const EXIT = { ok: 0, failed: 1, usage: 64, config: 78 } as const;

/** Resolves when the process is asked to end. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) {
    return;
  }
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
