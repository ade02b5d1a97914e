import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { redisBinary } from './redis-binary.ts';
import { startProgram, startRedis, type TestRedis } from './redis.ts';

/** What the sentinel calls the master. */
export const MASTER = 'the-master';
export const PASSWORD = 'of:the@servers';
export const SENTINEL_PASSWORD = 'of+the/sentinel';

/** A master, its replica and the sentinel that makes the one the other, each with a password. */
export interface TestSentinel {
  readonly sentinelPort: number;
  /** The one that is the master at first. */
  readonly first: TcpRedis;
  readonly second: TcpRedis;
  /** Makes the replica the master, and the master a replica, both alive. */
  failOver(): Promise<void>;
  /** Stops the sentinel as a crash does. */
  kill9(): Promise<void>;
  /** Ends all of it. Always call it. */
  close(): Promise<void>;
}

interface TcpRedis extends TestRedis {
  readonly port: number;
}

/** How soon the sentinel gives up a master that does not answer. */
const DOWN_MS = 300;
const START_MS = 15_000;

export async function startSentinel(): Promise<TestSentinel> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closers.splice(0).map((each) => each()));
  };
  const started = async (...settings: readonly string[]): Promise<TcpRedis> => {
    const port = await freePort();
    const login = ['--requirepass', PASSWORD, '--masterauth', PASSWORD];
    const server = await startRedis('--port', `${port}`, '--bind', '127.0.0.1', ...login, ...settings);
    closers.push(server.close);
    return Object.assign(server, { port });
  };
  try {
    const first = await started('--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0');
    const second = await started('--replicaof', '127.0.0.1', `${first.port}`);
    // A sentinel asks a master for its replicas every ten seconds, and once as it starts.
    await until(second.url, PASSWORD, async (replica) =>
      /master_link_status:up/.test(await replica.info('replication')),
    );
    const sentinel = await startSentinelOf(first.port);
    closers.push(sentinel.close);
    await until(sentinel.socket, SENTINEL_PASSWORD, async (client) => {
      const replicas = await client.call('SENTINEL', 'REPLICAS', MASTER);
      return Array.isArray(replicas) && replicas.length === 1;
    });
    return {
      sentinelPort: sentinel.port,
      first,
      second,
      failOver: () =>
        until(sentinel.socket, SENTINEL_PASSWORD, async (client) =>
          // Not before it has got to know the replica well enough.
          client.call('SENTINEL', 'FAILOVER', MASTER).then(
            () => true,
            () => false,
          ),
        ),
      kill9: sentinel.kill9,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startSentinelOf(masterPort: number) {
  const folder = await mkdtemp(join(tmpdir(), 'redis-sentinel-'));
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const port = await freePort();
    const socket = join(folder, 'socket');
    // It writes there what it gets to know.
    const settings = join(folder, 'sentinel.conf');
    await writeFile(
      settings,
      `port ${port}
bind 127.0.0.1
unixsocket ${socket}
dir ${folder}
requirepass "${SENTINEL_PASSWORD}"
sentinel monitor ${MASTER} 127.0.0.1 ${masterPort} 1
sentinel auth-pass ${MASTER} ${PASSWORD}
sentinel down-after-milliseconds ${MASTER} ${DOWN_MS}
sentinel failover-timeout ${MASTER} 5000
`,
    );
    const server = await startProgram(await redisBinary(), socket, [settings, '--sentinel']);
    return {
      port,
      socket,
      kill9: server.end,
      close: async () => {
        await server.end();
        await removeFolder();
      },
    };
  } catch (error) {
    await removeFolder();
    throw error;
  }
}

/** Asks whoever listens on the socket again and again. */
async function until(
  path: string,
  password: string,
  isSo: (client: Redis) => Promise<boolean>,
): Promise<void> {
  const client = new Redis({ path, password });
  client.on('error', () => undefined);
  const untilMs = Date.now() + START_MS;
  try {
    while (!(await isSo(client))) {
      if (Date.now() > untilMs) {
        throw new Error(`what was waited for at ${path} has not come`);
      }
      await sleep(20);
    }
  } finally {
    client.disconnect();
  }
}
