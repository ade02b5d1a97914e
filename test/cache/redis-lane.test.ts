import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { BadReplyError, createRedisLane, refusalCode, type RedisLane } from '../../src/cache/redis-lane.ts';
import type { CacheFaultEvent } from '../../src/telemetry/channels.ts';
import { MovedClock } from '../support/moved-clock.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { recordedFaults, SOON } from './faults.ts';

const PATIENCE_MS = 100;

let server: TestRedis;
let clock: MovedClock;
let faults: CacheFaultEvent[];

beforeEach(async () => {
  server = await startRedis();
  clock = new MovedClock();
  faults = recordedFaults();
});

afterEach(async () => {
  await server.close();
});

function laneTo(url = server.url): RedisLane {
  const lane = createRedisLane(url, PATIENCE_MS, clock);
  onTestFinished(() => {
    lane.close();
  });
  return lane;
}

const pong = (lane: RedisLane): Promise<string | null> =>
  lane.ask('lookup', () => lane.connection.client.ping());

/** One that Redis answers, with nothing told yet. */
async function readyLane(): Promise<RedisLane> {
  const lane = laneTo();
  await expect.poll(() => pong(lane), SOON).toBe('PONG');
  faults.length = 0;
  return lane;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

const TIMEOUT: CacheFaultEvent = { kind: 'timeout', command: 'lookup', code: null };

describe('a command', () => {
  it('gives what Redis answers', async () => {
    expect(await pong(await readyLane())).toBe('PONG');
    expect(faults).toEqual([]);
  });

  it('that Redis refuses gives nothing and tells Redis’ word for it, as often as it is asked', async () => {
    const lane = await readyLane();
    await lane.connection.client.set('list', 'no list');
    for (let time = 0; time < 10; time += 1) {
      expect(await lane.ask('store', () => lane.connection.client.lpush('list', 'secret'))).toBeNull();
    }
    const refused = { kind: 'refused', command: 'store', code: 'WRONGTYPE' };
    expect(faults).toEqual(Array.from({ length: 10 }, () => refused));
    expect(await pong(lane)).toBe('PONG');
  });

  it('whose answer is none of the known forms gives nothing', async () => {
    const lane = await readyLane();
    expect(await lane.ask('drop', () => Promise.reject(new BadReplyError('expected …')))).toBeNull();
    expect(faults).toEqual([{ kind: 'bad-value', command: 'drop', code: null }]);
  });

  it('is no wait in vain when it was this process that was busy', async () => {
    const lane = await readyLane();
    const answers = Promise.all([pong(lane), pong(lane), pong(lane), pong(lane)]);
    // The commands leave, and the answers come while nobody looks.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1.5 * PATIENCE_MS);
    expect(await answers).toEqual(['PONG', 'PONG', 'PONG', 'PONG']);
    expect(faults).toEqual([]);
  });
});

describe('a Redis that stands still', () => {
  it('is waited for three times, then not asked for a second', async () => {
    const lane = await readyLane();
    server.stop();
    for (let wait = 0; wait < 3; wait += 1) {
      expect(await timed(() => pong(lane))).toBeLessThan(4 * PATIENCE_MS);
    }
    expect(faults).toEqual([TIMEOUT, TIMEOUT, TIMEOUT]);
    let tries = 0;
    const tried = await Promise.all(
      Array.from({ length: 1_000 }, () => lane.ask('lookup', async () => (tries += 1))),
    );
    expect(new Set(tried)).toEqual(new Set([null]));
    expect(tries).toBe(0);
    expect(faults).toHaveLength(3);
  });

  it('is asked by one at a time after that, and by all again when that one gets an answer', async () => {
    const lane = await readyLane();
    server.stop();
    for (let wait = 0; wait < 3; wait += 1) {
      await pong(lane);
    }
    clock.movedMs += 1_000;
    const tries: string[] = [];
    const [asked, other] = [
      lane.ask('lookup', async () => {
        tries.push('one');
        return lane.connection.client.ping();
      }),
      lane.ask('lookup', async () => tries.push('other')),
    ];
    expect(await Promise.all([asked, other])).toEqual([null, null]);
    expect(tries).toEqual(['one']);
    server.cont();
    clock.movedMs += 1_000;
    await expect.poll(() => pong(lane), SOON).toBe('PONG');
    expect(await Promise.all([pong(lane), pong(lane)])).toEqual(['PONG', 'PONG']);
  });
});

describe('a Redis that is not there', () => {
  it('costs nobody a wait, is asked each time, and is used as soon as it is back', async () => {
    const lane = await readyLane();
    await server.kill9();
    const tookMs = await timed(async () => {
      for (let time = 0; time < 100; time += 1) {
        expect(await pong(lane)).toBeNull();
      }
    });
    expect(tookMs).toBeLessThan(4 * PATIENCE_MS);
    const missing = { kind: 'no-connection', command: 'lookup', code: null };
    expect(faults).toEqual(Array.from({ length: 100 }, () => missing));
    await server.restart();
    await expect.poll(() => pong(lane), SOON).toBe('PONG');
  });

  it.each([
    ['?password=CANARY', 'WRONGPASS'],
    ['', 'NOAUTH'],
  ])('because it lets nobody in with %o tells why, and nothing else', async (query, code) => {
    const guarded = await startRedis('--requirepass', 'right');
    onTestFinished(() => guarded.close());
    const lane = laneTo(guarded.url + query);
    await expect
      .poll(async () => {
        await pong(lane);
        return faults.at(-1);
      }, SOON)
      .toEqual({ kind: 'no-connection', command: 'lookup', code });
    expect(JSON.stringify(faults)).not.toContain('CANARY');
  });
});

describe('a closed lane', () => {
  it('gives nothing at once, also of what is under way, and tells of no fault', async () => {
    const lane = await readyLane();
    server.stop();
    const underWay = pong(lane);
    lane.close();
    expect(await Promise.all([underWay, pong(lane)])).toEqual([null, null]);
    expect(faults).toEqual([]);
    server.cont();
  });
});

describe('the word of an error', () => {
  it.each([
    ['READONLY You can’t write against a read only replica.', 'READONLY'],
    ['-OOM command not allowed', 'OOM'],
    ['NOAUTH', 'NOAUTH'],
    ['WRONGTYPE', 'WRONGTYPE'],
    ['secret value', null],
    ['AKIDsecret', null],
    ['A', null],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZ', null],
    ['', null],
  ])('%o is %o', (message, code) => {
    expect(refusalCode(message)).toBe(code);
  });
});
