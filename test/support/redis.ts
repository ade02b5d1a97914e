import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisBinary, redisBinary } from './redis-binary.ts';

/** A real Redis server of one test's own. */
export interface TestRedis {
  /** Where clients reach it: the path of its socket, as ioredis takes it in place of a URL. */
  readonly url: string;
  readonly pid: number;
  /** Stops its process: connections stay, and nobody is answered. */
  stop(): void;
  /** Lets a stopped one go on. */
  cont(): void;
  /** Ends it as a crash does; resolves when it is gone, with all that it knew. */
  kill9(): Promise<void>;
  /** Starts it again in the same place, knowing nothing. */
  restart(): Promise<void>;
  /** Ends it, whatever its state, and removes what it put on the disk. Always call it. */
  close(): Promise<void>;
}

/**
 * Runs a program until its own standard input ends, which happens at the latest when the process that holds the other end
 * does, whatever ended that: no server outlives its test.
 */
const UNTIL_INPUT_ENDS = '"$@" <&- 2>&1 & pid=$!; echo $pid; exec >&-; read -r _; kill -9 $pid; wait $pid';

/** Looks at a server that still runs before it is closed. */
type Inspection = (socket: string, password: string | undefined) => Promise<void>;

const inspections: Inspection[] = [];

/** Has all servers of this process looked at before they are closed. */
export function inspectBeforeClosing(inspection: Inspection): void {
  inspections.push(inspection);
}

/** How long a start may take on a machine that is busy. */
const START_MS = 15_000;

/** Starts a Redis that listens on a socket in a folder of its own and keeps nothing; `settings` are further arguments. */
export async function startRedis(...settings: readonly string[]): Promise<TestRedis> {
  const binary = await redisBinary();
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const socket = join(folder, 'socket');
  const start = (): Promise<Server> => startServer(binary, socket, settings);
  try {
    let server = await start();
    let isServing = true;
    const signal = (name: NodeJS.Signals): void => {
      process.kill(server.pid, name);
    };
    return {
      url: socket,
      get pid() {
        return server.pid;
      },
      stop: () => {
        isServing = false;
        signal('SIGSTOP');
      },
      cont: () => {
        isServing = true;
        signal('SIGCONT');
      },
      kill9: async () => {
        isServing = false;
        await server.end();
      },
      restart: async () => {
        await server.end();
        server = await start();
        isServing = true;
      },
      close: async () => {
        if (isServing) {
          await Promise.all(inspections.map((inspect) => inspect(socket, passwordIn(settings))));
        }
        isServing = false;
        await server.end();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function passwordIn(settings: readonly string[]): string | undefined {
  const at = settings.indexOf('--requirepass');
  return at < 0 ? undefined : settings[at + 1];
}

/** The process of a Redis server or sentinel. */
export interface Server {
  readonly pid: number;
  end(): Promise<void>;
}

async function startServer(
  binary: RedisBinary,
  socket: string,
  settings: readonly string[],
): Promise<Server> {
  const kept = ['--dir', dirname(socket), '--save', '', '--appendonly', 'no'];
  return startProgram(binary, socket, ['--port', '0', '--unixsocket', socket, ...kept, ...settings]);
}

/** Runs the binary with the arguments, which make it listen on the socket; resolves when it answers there. */
export async function startProgram(
  { path, environment }: RedisBinary,
  socket: string,
  args: readonly string[],
): Promise<Server> {
  const program = [path, ...args];
  const child = spawn('sh', ['-c', UNTIL_INPUT_ENDS, 'sh', ...program], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = Number.parseInt(line.toString(), 10);
  // Nobody but the server holds the other end by now.
  const said = text(child.stdout);
  const end = async (): Promise<void> => {
    child.stdin.end();
    await ended(child);
  };
  const over = new AbortController();
  void said.then(() => {
    over.abort();
  });
  if (!(await answers(socket, over.signal))) {
    await end();
    throw new Error(`${path} does not start:\n${line.toString()}${await said}`);
  }
  return { pid, end };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    await once(child, 'exit');
  }
}

/** Whether it does before it ends, in the time that a start may take. */
async function answers(socket: string, over: AbortSignal): Promise<boolean> {
  const untilMs = Date.now() + START_MS;
  while (Date.now() < untilMs && !over.aborted) {
    if (await ping(socket)) {
      return true;
    }
    await sleep(10);
  }
  return false;
}

/** Any answer will do: one that asks for a password comes from a server that has started. */
async function ping(path: string): Promise<boolean> {
  const connection = connect({ path });
  connection.end('PING\r\n');
  const answer = await text(connection).catch(() => '');
  return /^[+-]/.test(answer);
}
