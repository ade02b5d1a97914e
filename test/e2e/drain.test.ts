/** A gateway is told to end while clients ask it (reliability F15). */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, request } from 'undici';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { accountOf, configFile, Running } from '../commands/support.ts';
import { Balancer } from '../support/balancer.ts';
import { openLoop } from '../support/open-loop.ts';

const DRAIN_DELAY_MS = 1_000;

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({ batchComputeRequestsPerSecond: null });
  return () => sandbox.close();
});

interface Replica {
  readonly url: string;
  readonly process: Running;
}

async function startReplica(drainMs = 15_000, drainDelayMs = DRAIN_DELAY_MS): Promise<Replica> {
  const yaml = accountOf(sandbox).replace(
    /deadlines: .*/,
    `deadlines: { drainMs: ${drainMs}, drainDelayMs: ${drainDelayMs} }`,
  );
  const running = new Running(['serve'], { PORT: '0', ...configFile(yaml) });
  const [, url = ''] = /serves (\S+)\/graphql/.exec(await running.printed('/graphql\n')) ?? [];
  return { url, process: running };
}

const QUERY = JSON.stringify({ query: '{ cosJobs(first: 2) { nodes { jobId status } } }' });
const JSON_TYPE = { 'content-type': 'application/json' };

/** What a client that is new sees: status and what becomes of the connection. */
async function look(url: string, path: string, body?: string): Promise<[number, string | undefined]> {
  const pool = new Pool(url);
  try {
    const answer = await pool.request({
      path,
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? {} : JSON_TYPE,
      body: body ?? null,
    });
    await answer.body.dump();
    return [answer.statusCode, answer.headers['connection']?.toString()];
  } finally {
    await pool.destroy();
  }
}

async function untilDraining(url: string): Promise<void> {
  while ((await look(url, '/ready'))[0] === 200) {
    await sleep(10);
  }
}

describe('two replicas behind a balancer', () => {
  it('lose no request when one after the other is told to end', async () => {
    const balancer = await Balancer.start();
    onTestFinished(() => balancer.close());
    // Long enough for a balancer that shares a busy machine with everything else.
    const start = (): Promise<Replica> => startReplica(15_000, 3_000);
    const replicas = [await start()];
    await balancer.add(replicas[0]!.url);
    for (let run = 0; run < 3; run += 1) {
      replicas.push(await start());
      await balancer.add(replicas[1]!.url);
      const load = openLoop({
        url: balancer.url,
        perSecond: 60,
        lastsMs: 5_000,
        // A third of the questions are new, so that whole answers are given again and others are made.
        bodyOf: (number) =>
          number % 3 > 0 ? QUERY : QUERY.replace('{ cosJobs', `query Q${number} { cosJobs`),
      });
      await sleep(800);
      const [old] = replicas.splice(0, 1);
      const outcome = await old!.process.end('SIGTERM');
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      const sent = await load;
      expect(sent.length).toBeGreaterThanOrEqual(300);
      expect(sent.filter(({ status, text }) => status !== 200 || text.includes('"errors"'))).toEqual([]);
      await balancer.remove(old!.url);
    }
  }, 90_000);
});

describe('a replica that is told to end', () => {
  it('says so first, serves who still comes, and asks everybody to leave, also where an answer is given again', async () => {
    const { url, process: running } = await startReplica();
    await look(url, '/graphql', QUERY);
    await look(url, '/graphql', QUERY);
    expect(await look(url, '/ready')).toEqual([200, 'keep-alive']);
    expect(await look(url, '/graphql', QUERY)).toEqual([200, 'keep-alive']);
    const calls = sandbox.calls.length;
    const ended = running.end('SIGTERM');
    await untilDraining(url);
    expect(await look(url, '/ready')).toEqual([503, 'close']);
    expect(await look(url, '/health')).toEqual([200, 'close']);
    expect(await look(url, '/graphql', QUERY)).toEqual([200, 'close']);
    expect(sandbox.calls.length).toBe(calls);
    expect(await look(url, '/graphql', QUERY.replace('first: 2', 'first: 3'))).toEqual([200, 'close']);
    expect((await ended).code).toBe(0);
    await expect(look(url, '/ready')).rejects.toThrow('ECONNREFUSED');
  });

  it('finishes the answer that it has begun to look for, and then ends at once, whoever is still connected', async () => {
    const { url, process: running } = await startReplica();
    const silent = await connected(url);
    const idle = new Pool(url);
    onTestFinished(() => idle.destroy());
    await (await idle.request({ path: '/health', method: 'GET' })).body.dump();
    sandbox.faults.add({ upstream: 'cos', times: 1, fault: { kind: 'slow', delayMs: 400 } });
    // It is asked shortly before the listener closes, and answered after.
    const ended = running.end('SIGTERM');
    await sleep(DRAIN_DELAY_MS - 200);
    const answer = await request(`${url}/graphql`, { method: 'POST', headers: JSON_TYPE, body: QUERY });
    const text = await answer.body.text();
    const answeredAtMs = performance.now();
    expect([answer.statusCode, answer.headers['connection']]).toEqual([200, 'close']);
    expect(text).not.toContain('"errors"');
    expect((await ended).code).toBe(0);
    expect(performance.now() - answeredAtMs).toBeLessThan(5_000);
    expect(silent.destroyed || silent.readableEnded || silent.errored !== null).toBe(true);
  });

  it('cuts what is still under way when its time is over', async () => {
    const { url, process: running } = await startReplica(1_500, 200);
    const socket = await connected(url);
    // A body that never ends is no answer under way that could finish.
    socket.write(
      'POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
    );
    await sleep(100);
    const startedAtMs = performance.now();
    const { code } = await running.end('SIGTERM');
    expect(code).toBe(0);
    expect(performance.now() - startedAtMs).toBeGreaterThan(1_200);
    expect(performance.now() - startedAtMs).toBeLessThan(6_000);
  });

  it('ends at once when it is told twice', async () => {
    const { url, process: running } = await startReplica(15_000, 10_000);
    void running.end('SIGTERM');
    await untilDraining(url);
    const startedAtMs = performance.now();
    const { code } = await running.end('SIGTERM');
    expect(code).toBe(143);
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
  });
});

/** A client that connects and says nothing. */
async function connected(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket.resume();
}
