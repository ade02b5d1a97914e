import dns from 'node:dns';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectRedis, type RedisConnection } from '../../src/lib/redis.ts';
import { redisScript } from '../../src/lib/redis-script.ts';
import { type FakeSentinel, startFakeSentinel } from '../support/fake-sentinel.ts';
import { freePort } from '../support/free-port.ts';
import {
  MASTER,
  PASSWORD,
  SENTINEL_PASSWORD,
  startSentinel,
  type TestSentinel,
} from '../support/redis-sentinel.ts';
import { startRedis } from '../support/redis.ts';
import { TLS_CERTIFICATE, TLS_HOST, TLS_KEY } from '../upstream/tls-fixture.ts';

const TIMEOUT_MS = 500;
/** For what happens soon, on a machine that is busy. */
const SOON = { timeout: 15_000, interval: 20 };

function connected(url: string): RedisConnection {
  const connection = connectRedis(url, TIMEOUT_MS);
  onTestFinished(() => {
    connection.close();
  });
  return connection;
}

async function startedSentinel(): Promise<TestSentinel> {
  const started = await startSentinel();
  onTestFinished(() => started.close());
  return started;
}

const urlOf = (hosts: string): string =>
  `redis+sentinel://:${encodeURIComponent(PASSWORD)}@${hosts}/${MASTER}/2?sentinelPassword=${SENTINEL_PASSWORD}`;

/** Which server a connection reaches; what went wrong, when none. */
async function portOf({ client }: RedisConnection): Promise<number | string> {
  // INFO itself is taken before it is known whether this is a master.
  return client.eval(`return redis.call('INFO', 'server')`, 0).then(
    (text) => Number(/tcp_port:(\d+)/.exec(String(text))?.[1]),
    (error: unknown) => String(error),
  );
}

/** Everything that ioredis or the gateway prints from here on. */
function printed(): readonly string[] {
  const lines: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => lines.push(String(chunk)) > 0);
  }
  for (const name of ['log', 'info', 'warn', 'error'] as const) {
    vi.spyOn(console, name).mockImplementation((...args) => void lines.push(args.join(' ')));
  }
  return lines;
}

describe('the master that a sentinel names', () => {
  it('is connected to, also where the first of the sentinels is dead, and is left for the next one', async () => {
    const { sentinelPort, first, second, failOver } = await startedSentinel();
    const lines = printed();
    const hosts = `127.0.0.1:${await freePort()},127.0.0.1:${sentinelPort}`;
    const stranger = connected(urlOf(hosts).replace(SENTINEL_PASSWORD, 'wrong'));
    const connection = connected(urlOf(hosts));
    expect(await portOf(connection)).toMatch(/^Error/);
    await expect.poll(() => portOf(connection), SOON).toBe(first.port);
    await connection.client.set('key', 'value');
    expect(await connection.client.client('INFO')).toContain(' db=2 ');

    await failOver();
    await expect.poll(() => portOf(connection), SOON).toBe(second.port);
    expect(await connection.client.set('key', 'another')).toBe('OK');
    expect(await portOf(stranger)).toMatch(/^Error/);
    expect(lines).toEqual([]);
  });

  it('is not waited for after a crash: commands are rejected at once until there is another', async () => {
    const { sentinelPort, first, second } = await startedSentinel();
    const connection = connected(urlOf(`127.0.0.1:${sentinelPort}`));
    await expect.poll(() => portOf(connection), SOON).toBe(first.port);
    let times = 0;
    connection.onReady(() => {
      times += 1;
    });
    await first.kill9();
    let failures = 0;
    let slowestMs = 0;
    for (;;) {
      const startedMs = performance.now();
      const outcome = await connection.client.incr('sent').catch(() => null);
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      if (outcome !== null) {
        // None of those that were rejected is sent later.
        expect(outcome).toBe(1);
        break;
      }
      failures += 1;
      await sleep(10);
    }
    expect(failures).toBeGreaterThan(10);
    expect(slowestMs).toBeLessThan(TIMEOUT_MS / 2);
    expect(await portOf(connection)).toBe(second.port);
    expect(times).toBe(1);
  });
});

describe('sentinels', () => {
  it('are asked for ever, whatever they answer', async () => {
    const server = await startedServer();
    // No port: ioredis gives up for good on such an answer.
    const sentinel = await startedFake(99_999);
    const connection = connected(`redis+sentinel://127.0.0.1:${sentinel.port}/${MASTER}`);
    await expect.poll(() => sentinel.asked, SOON).toBeGreaterThanOrEqual(3);
    expect(await portOf(connection)).toMatch(/^Error/);
    sentinel.masterPort = server.port;
    await expect.poll(() => portOf(connection), SOON).toBe(server.port);
  });

  it('that stand still are not waited for', async () => {
    const server = await startedServer();
    const silent = await startedFake(null);
    const sentinel = await startedFake(server.port);
    const connection = connected(
      `redis+sentinel://127.0.0.1:${silent.port},127.0.0.1:${sentinel.port}/${MASTER}`,
    );
    await expect.poll(() => portOf(connection), { ...SOON, timeout: 2_000 }).toBe(server.port);
    expect(silent.asked).toBe(1);
  });

  it('that announce a new master are believed at once, also while the old one answers', async () => {
    const [cutOff, next] = await Promise.all([startedServer(), startedServer()]);
    const sentinel = await startedFake(cutOff.port);
    const connection = connected(`redis+sentinel://127.0.0.1:${sentinel.port}/${MASTER}`);
    let times = 0;
    connection.onReady(() => {
      times += 1;
    });
    await expect.poll(() => portOf(connection), SOON).toBe(cutOff.port);
    await expect.poll(() => sentinel.listeners, SOON).toBe(1);
    sentinel.masterPort = next.port;
    sentinel.announce('somebody-elses', next.port);
    await sleep(200);
    expect(await portOf(connection)).toBe(cutOff.port);

    sentinel.announce(MASTER, next.port);
    await expect.poll(() => portOf(connection), { ...SOON, timeout: 2_000 }).toBe(next.port);
    // As the second of the sentinels does.
    sentinel.announce(MASTER, next.port);
    await sleep(200);
    expect(times).toBe(2);
  });

  it('that announce a new master while they are asked for it are asked again', async () => {
    const [old, next] = await Promise.all([startedServer(), startedServer()]);
    const slow = await startedFake(null);
    const connection = connected(`redis+sentinel://127.0.0.1:${slow.port}/${MASTER}`);
    await expect.poll(() => Math.min(slow.listeners, slow.asked), SOON).toBe(1);
    slow.announce(MASTER, next.port);
    await sleep(100);
    slow.masterPort = old.port;
    slow.answerAll();
    slow.masterPort = next.port;
    await expect.poll(() => portOf(connection), { ...SOON, timeout: 2_000 }).toBe(next.port);
  });

  it('are asked again when the master has become a replica, which no command is sent to twice', async () => {
    const [old, next] = await Promise.all([startedServer(), startedServer()]);
    const sentinel = await startedFake(old.port);
    const connection = connected(`redis+sentinel://127.0.0.1:${sentinel.port}/${MASTER}`);
    await expect.poll(() => portOf(connection), SOON).toBe(old.port);
    await connection.client.call('REPLICAOF', '127.0.0.1', `${next.port}`);
    expect(await portOf(connection)).toBe(old.port);
    const incremented = redisScript(connection, `return redis.call('INCR', KEYS[1])`);
    await expect(incremented(['key'], [])).rejects.toThrow('READONLY');

    // They do not know yet: a replica is not taken for the master.
    await sleep(200);
    expect(await portOf(connection)).toMatch(/^Error/);
    sentinel.masterPort = next.port;
    await expect.poll(() => portOf(connection), { ...SOON, timeout: 2_000 }).toBe(next.port);
    expect(await incremented(['key'], [])).toBe(1);
  });

  it.each<[string, () => Promise<number | null>]>([
    ['name a master', async () => (await startedServer()).port],
    ['name one that is not there', freePort],
    ['have not answered yet', async () => null],
    ['name what cannot be connected to', async () => 99_999],
  ])('that %s are left alone once the connection is closed', async (_what, portGiven) => {
    const sentinel = await startedFake(await portGiven());
    const connection = connectRedis(`redis+sentinel://127.0.0.1:${sentinel.port}/${MASTER}`, TIMEOUT_MS);
    await expect.poll(() => Math.min(sentinel.listeners, sentinel.asked), SOON).toBeGreaterThan(0);
    connection.close();
    expect(await portOf(connection)).toMatch(/^Error/);
    const { asked } = sentinel;
    await expect.poll(() => sentinel.connections, { ...SOON, timeout: 3_000 }).toBe(0);
    await sleep(500);
    expect(sentinel).toMatchObject({ asked, connections: 0 });
    expect(connection.client.status).toMatch(/^(end|reconnecting)$/);
  });
});

describe('rediss+sentinel://', () => {
  beforeEach(() => {
    vi.spyOn(dns, 'lookup').mockImplementation(((
      _name: string,
      _options: unknown,
      callback: (error: null, addresses: unknown) => void,
    ) => {
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    }) as typeof dns.lookup);
  });

  it('speaks TLS with the sentinels and with the master', async () => {
    const trusted = getCACertificates();
    setDefaultCACertificates([TLS_CERTIFICATE]);
    onTestFinished(() => {
      setDefaultCACertificates(trusted);
    });
    const server = await startedServer();
    const front = await encryptedFront(server.port);
    const sentinel = await startedFake(front.port);
    sentinel.masterHost = TLS_HOST;
    const { port } = await encryptedFront(sentinel.port);
    const connection = connected(`rediss+sentinel://${TLS_HOST}:${port}/${MASTER}`);
    await expect.poll(() => portOf(connection), SOON).toBe(server.port);
    await expect.poll(() => sentinel.listeners, SOON).toBe(1);
    expect(front.accepted()).toBe(1);
  });

  it('tells nothing to a sentinel whose certificate nobody vouches for', async () => {
    const sentinel = await startedFake(1);
    const front = await encryptedFront(sentinel.port);
    const connection = connected(`rediss+sentinel://${TLS_HOST}:${front.port}/${MASTER}`);
    await expect.poll(front.refused, SOON).toBeGreaterThanOrEqual(4);
    expect(front.accepted()).toBe(0);
    expect(await portOf(connection)).toMatch(/^Error/);
  });
});

async function startedFake(masterPort: number | null): Promise<FakeSentinel> {
  const fake = await startFakeSentinel(masterPort);
  onTestFinished(() => fake.close());
  return fake;
}

async function startedServer(): Promise<{ readonly port: number }> {
  const port = await freePort();
  const server = await startRedis('--port', `${port}`, '--bind', '127.0.0.1');
  onTestFinished(() => server.close());
  return { port };
}

/** Takes TLS for whoever listens at the port and does not speak it. */
async function encryptedFront(target: number) {
  let accepted = 0;
  let refused = 0;
  const front = createServer({ key: TLS_KEY, cert: TLS_CERTIFICATE }, (socket) => {
    accepted += 1;
    const behind = connect(target, '127.0.0.1');
    for (const each of [socket, behind]) {
      each.on('error', () => undefined);
    }
    socket.pipe(behind).pipe(socket);
  });
  front.on('tlsClientError', () => {
    refused += 1;
  });
  await once(front.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void front.close());
  return {
    port: (front.address() as AddressInfo).port,
    accepted: () => accepted,
    refused: () => refused,
  };
}
