import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectRedis, type RedisConnection } from '../../src/lib/redis.ts';
import { redisScript } from '../../src/lib/redis-script.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { TLS_CERTIFICATE, TLS_KEY } from '../upstream/tls-fixture.ts';

const TIMEOUT_MS = 500;
/** For what happens soon, on a machine that is busy. */
const SOON = { timeout: 15_000, interval: 20 };

let server: TestRedis;

beforeEach(async () => {
  server = await startRedis();
});

afterEach(async () => {
  await server.close();
});

function connected(url = server.url): RedisConnection {
  const connection = connectRedis(url, TIMEOUT_MS);
  onTestFinished(() => {
    connection.close();
  });
  return connection;
}

const pong = ({ client }: RedisConnection): Promise<string> =>
  client.ping().catch((error: unknown) => String(error));

describe('a connection', () => {
  it('calls back when commands are taken, and after each new connection again', async () => {
    const connection = connected();
    let times = 0;
    const stop = connection.onReady(() => {
      times += 1;
    });
    await expect.poll(() => times, SOON).toBe(1);
    expect(await pong(connection)).toBe('PONG');
    await server.kill9();
    await server.restart();
    await expect.poll(() => times, SOON).toBe(2);
    stop();
    await server.restart();
    await expect.poll(() => pong(connection), SOON).toBe('PONG');
    expect(times).toBe(2);
  });

  it('is not waited for: commands are rejected at once while there is none, and none is sent later', async () => {
    await server.kill9();
    const connection = connected();
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, () => connection.client.incr('sent').catch(() => 'rejected')),
    );
    expect(new Set(outcomes)).toEqual(new Set(['rejected']));
    await server.restart();
    await expect.poll(() => pong(connection), SOON).toBe('PONG');
    expect(await connection.client.get('sent')).toBeNull();
  });

  it('rejects every command that gets no answer in time, and is made anew when Redis goes on', async () => {
    const connection = connected();
    await expect.poll(() => pong(connection), SOON).toBe('PONG');
    server.stop();
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => pong(connection)));
    outcomes.forEach((outcome) => expect(outcome).toMatch(/^Error/));
    server.cont();
    await expect.poll(() => pong(connection), SOON).toBe('PONG');
  });

  it('ends at once, whatever is under way, and is not made again', async () => {
    const connection = connectRedis(server.url, 60_000);
    await expect.poll(() => pong(connection), SOON).toBe('PONG');
    server.stop();
    const command = pong(connection);
    connection.close();
    expect(await command).toMatch(/^Error/);
    server.cont();
    expect(await pong(connection)).toMatch(/^Error/);
    expect(connection.client.status).toBe('end');
  });

  it('says nothing of a wrong password, nor of what it tried', async () => {
    const written: string[] = [];
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
    }
    for (const name of ['log', 'info', 'warn', 'error'] as const) {
      vi.spyOn(console, name).mockImplementation((...args) => void written.push(args.join(' ')));
    }
    const guarded = await startRedis('--requirepass', 'right');
    onTestFinished(() => guarded.close());
    const connection = connected(`${guarded.url}?password=CANARY`);
    const outcomes: string[] = [];
    for (let attempt = 0; attempt < 10; attempt += 1) {
      outcomes.push(await pong(connection));
      await sleep(50);
    }
    outcomes.forEach((outcome) => expect(outcome).toMatch(/^Error/));
    expect(`${outcomes.join()} ${written.join()}`).not.toContain('CANARY');
    expect(written).toEqual([]);
  });
});

describe('a script', () => {
  it('runs on its key with its arguments, also after the server has forgotten it', async () => {
    const connection = connected();
    await expect.poll(() => pong(connection), SOON).toBe('PONG');
    const script = redisScript(connection, 'return { KEYS[1], ARGV[1], tonumber(ARGV[2]) }');
    expect(await script(['key'], ['text', 7])).toEqual(['key', 'text', 7]);
    await connection.client.script('FLUSH');
    expect(await script(['key'], ['text', 8])).toEqual(['key', 'text', 8]);
  });

  it('rejects with its own error', async () => {
    const connection = connected();
    await expect.poll(() => pong(connection), SOON).toBe('PONG');
    await expect(
      redisScript(connection, `return redis.error_reply('OUT of luck')`)(['key'], []),
    ).rejects.toThrow('OUT of luck');
  });
});

describe('rediss://', () => {
  it('is not spoken with a server whose certificate nobody vouches for', async () => {
    const refused: unknown[] = [];
    let accepted = 0;
    const relay = createServer({ key: TLS_KEY, cert: TLS_CERTIFICATE }, (socket) => {
      accepted += 1;
      socket.pipe(connect(server.url)).pipe(socket);
    });
    relay.on('tlsClientError', (error) => refused.push(error));
    await once(relay.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void relay.close());
    const connection = connected(`rediss://127.0.0.1:${(relay.address() as AddressInfo).port}`);
    await expect.poll(() => refused.length, SOON).toBeGreaterThanOrEqual(2);
    expect(await pong(connection)).toMatch(/^Error/);
    expect(accepted).toBe(0);
  });
});

describe('several addresses', () => {
  it('are those of one Cluster, whose nodes all take the same password', async () => {
    const port = await freePort();
    // Not the address that the client is given: it has to take the password along to where it is sent.
    const asCluster = ['--cluster-enabled', 'yes', '--cluster-announce-ip', 'localhost'];
    const node = await startRedis('--port', `${port}`, '--requirepass', 'right', ...asCluster);
    onTestFinished(() => node.close());
    const admin = connected(`${node.url}?password=right`);
    await expect.poll(() => pong(admin), SOON).toBe('PONG');
    await admin.client.call('CLUSTER', 'ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => slot));

    const address = `redis://:right@127.0.0.1:${port}`;
    const connection = connected(`${address}, ${address}`);
    const script = redisScript(connection, `redis.call('INCR', KEYS[1]); return redis.call('GET', KEYS[1])`);
    await expect.poll(() => script(['{key}'], []).catch(String), SOON).toBe('1');
    expect(connection.client.isCluster).toBe(true);

    await node.kill9();
    const startedMs = performance.now();
    const outcome = await script(['{key}'], []).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(Error);
    expect(performance.now() - startedMs).toBeLessThan(10 * TIMEOUT_MS);
  });
});
