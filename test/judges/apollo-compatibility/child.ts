import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A Node program in a process of its own. */
export interface Child {
  /** What it has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /**
   * Resolves when it sends its first message or closes, whichever is meant. Rejects with what it has printed when it
   * closes instead or when the time is over.
   */
  happens(event: 'message' | 'close', withinMs: number): Promise<void>;
  /** Ends it, whatever its state; resolves when it is gone. */
  end(): Promise<void>;
}

/** The channel between the two breaks with either, so the program outlives this process in no case. */
const END_WITH_PARENT = `data:text/javascript,process.once('disconnect', () => process.exit(1));`;

/** Runs a module. Nothing of this process's environment reaches it but where to find programs. */
export function startChild(
  path: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Child {
  const child = fork(path, args, {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    execArgv: ['--import', END_WITH_PARENT],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
  }
  return {
    get stdout() {
      return said.stdout;
    },
    get stderr() {
      return said.stderr;
    },
    happens: async (event, withinMs) => {
      const first = await firstOf(child, withinMs);
      if (first !== event) {
        const what = first === 'late' ? `takes more than ${String(withinMs)} ms` : 'has ended';
        throw new Error(`${path} ${what}:\n${said.stdout}${said.stderr}`);
      }
    },
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    },
  };
}

async function firstOf(child: ChildProcess, withinMs: number): Promise<'message' | 'close' | 'late'> {
  const over = new AbortController();
  const { signal } = over;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(() => 'message' as const),
      once(child, 'close', { signal }).then(() => 'close' as const),
      sleep(withinMs, 'late' as const, { signal }),
    ]);
  } finally {
    over.abort();
  }
}
