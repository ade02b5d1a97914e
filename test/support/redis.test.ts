import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished, vi } from 'vitest';
import { redisBinary } from './redis-binary.ts';
import { startRedis, type TestRedis } from './redis.ts';

function clientOf({ url }: TestRedis): Redis {
  const client = new Redis(url);
  client.on('error', () => undefined);
  onTestFinished(() => {
    client.disconnect();
  });
  return client;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it('starts a server that knows nothing, and leaves neither a process nor a file', async () => {
  const server = await startRedis();
  const client = clientOf(server);
  expect(await client.dbsize()).toBe(0);
  await client.set('key', 'value');
  await server.close();
  expect(isRunning(server.pid)).toBe(false);
  expect(existsSync(dirname(server.url))).toBe(false);
});

it('starts it again in the same place after a crash', async () => {
  const server = await startRedis();
  onTestFinished(() => server.close());
  const client = clientOf(server);
  await client.set('key', 'value');
  const { pid } = server;
  await server.kill9();
  expect(isRunning(pid)).toBe(false);
  await server.restart();
  expect(server.pid).not.toBe(pid);
  expect(await client.get('key')).toBeNull();
});

it('ends one that stands still', async () => {
  const server = await startRedis();
  server.stop();
  await server.close();
  expect(isRunning(server.pid)).toBe(false);
});

it('lets no server outlive the process that started it', async () => {
  const start = `
    import { startRedis } from ${JSON.stringify(new URL('redis.ts', import.meta.url).href)};
    const { pid, url } = await startRedis();
    console.log(JSON.stringify({ pid, url }));
    setInterval(() => undefined, 1_000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', start], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { pid, url } = JSON.parse(line.toString()) as Pick<TestRedis, 'pid' | 'url'>;
  onTestFinished(() => {
    rmSync(dirname(url), { recursive: true });
  });
  expect(isRunning(pid)).toBe(true);
  child.kill('SIGKILL');
  await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
});

it('says what Redis had to say when it does not start', async () => {
  await expect(startRedis('--no-such-setting', 'x')).rejects.toThrow(/does not start:[^]*no-such-setting/);
});

it('says what to install where there is no Redis and none can be downloaded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'no-redis-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  vi.stubEnv('PATH', folder);
  await expect(redisBinary(join(folder, 'redis-server'))).rejects.toThrow('Install redis-server');
  expect(readdirSync(folder)).toEqual([]);
});
