import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Overload, type Strain, watchProcess } from '../../src/server/overload.ts';
import { sheddingListener } from '../../src/server/shedding-listener.ts';
import { loadShedding, type LoadSheddingEvent } from '../../src/telemetry/channels.ts';

const LIMITS = { maxEventLoopDelayMs: 200, maxHeapPercent: 90, overloadAfterMs: 2_000 };
const EASY: Strain = { forMs: 500, eventLoopDelayMs: 50, heapPercent: 90 };
const LATE: Strain = { ...EASY, eventLoopDelayMs: 201 };
const FULL: Strain = { ...EASY, heapPercent: 91 };

/** An overload guard that is told of what the test says. */
function guard(): {
  overload: Overload;
  feel: (...strains: readonly Strain[]) => void;
  lateBy: (ms: number) => void;
} {
  let tell: (strain: Strain) => void = () => undefined;
  let delayMs = 0;
  const overload = new Overload({
    ...LIMITS,
    watch: (onStrain) => {
      tell = onStrain;
      return { delayNowMs: () => delayMs, stop: () => undefined };
    },
  });
  return {
    overload,
    feel: (...strains) => strains.forEach((strain) => tell(strain)),
    lateBy: (ms) => {
      delayMs = ms;
    },
  };
}

function admitted({ overload }: { readonly overload: Overload }, requests: number): number {
  return Array.from({ length: requests }, () => overload.admits()).filter(Boolean).length;
}

describe('an overload', () => {
  it.each([
    ['a late event loop', LATE],
    ['a full heap', FULL],
  ])('begins when %s has lasted for the whole time, and not before', (_, strain) => {
    const events: LoadSheddingEvent[] = [];
    onTestFinished(loadShedding.subscribe((event) => events.push(event)));
    const its = guard();
    its.feel(strain, strain, strain);
    expect(events).toEqual([]);
    its.feel(strain);
    expect(events).toHaveLength(1);
    expect(admitted(its, 10)).toBe(1);
    expect(admitted(its, 10)).toBe(0);
  });

  it('does not begin where there was a break, nor at the limits themselves', () => {
    const its = guard();
    its.feel(LATE, FULL, LATE, EASY, LATE, FULL, LATE, EASY, EASY);
    expect(admitted(its, 10)).toBe(10);
  });

  it('counts a while that was longer than it should be as what it was', () => {
    const its = guard();
    its.feel({ ...LATE, forMs: 2_000 });
    expect(admitted(its, 10)).toBe(1);
  });

  it('lets one request through per while, and ends with the first while that is in order', () => {
    const its = guard();
    its.feel(LATE, LATE, LATE, LATE);
    expect(admitted(its, 10)).toBe(1);
    expect(admitted(its, 10)).toBe(0);
    its.feel(FULL);
    expect(admitted(its, 10)).toBe(1);
    its.feel(EASY);
    expect(admitted(its, 10)).toBe(10);
  });

  it('is told of as it begins and as it ends', () => {
    const events: LoadSheddingEvent[] = [];
    onTestFinished(loadShedding.subscribe((event) => events.push(event)));
    const { feel } = guard();
    feel(LATE, LATE, LATE, LATE, LATE, EASY, EASY);
    expect(events).toEqual([
      { state: 'begun', eventLoopDelayMs: 201, heapPercent: 90 },
      { state: 'over', eventLoopDelayMs: 50, heapPercent: 90 },
    ]);
  });
});

describe('an event loop that is a little late', () => {
  const A_LITTLE: Strain = { forMs: 100, eventLoopDelayMs: 51, heapPercent: 0 };
  const IN_TIME: Strain = { ...A_LITTLE, eventLoopDelayMs: 50 };

  it('again and again takes in no more in a turn that has lasted long enough, and all in the next', () => {
    const its = guard();
    its.feel(A_LITTLE, A_LITTLE, A_LITTLE);
    its.lateBy(50);
    expect(admitted(its, 10)).toBe(10);
    its.lateBy(51);
    expect(admitted(its, 10)).toBe(0);
    its.lateBy(0);
    expect(admitted(its, 10)).toBe(10);
  });

  it('once is no reason, and neither is what is over', () => {
    const its = guard();
    its.feel(A_LITTLE, A_LITTLE);
    its.lateBy(10_000);
    expect(admitted(its, 10)).toBe(10);
    its.feel(A_LITTLE);
    expect(admitted(its, 10)).toBe(0);
    its.feel(IN_TIME);
    expect(admitted(its, 10)).toBe(10);
  });
});

describe('the strain of this process', () => {
  it('shows every stall of the event loop, also where one follows the other', async () => {
    const strains: Strain[] = [];
    const { stop } = watchProcess((strain) => strains.push(strain));
    onTestFinished(stop);
    for (let stalls = 0; stalls < 4; stalls += 1) {
      const untilMs = performance.now() + 600;
      while (performance.now() < untilMs) {
        // It is all that this does.
      }
      await sleep(1);
    }
    expect(strains.length).toBeGreaterThanOrEqual(3);
    for (const { forMs, eventLoopDelayMs, heapPercent } of strains) {
      expect(forMs).toBeGreaterThanOrEqual(100);
      expect(eventLoopDelayMs).toBeGreaterThan(400);
      expect(heapPercent).toBeGreaterThan(0);
      expect(heapPercent).toBeLessThan(100);
    }
  });
});

describe('a server that is overloaded', () => {
  it('refuses with 503, a time to come back and a code, and answers those who watch it', async () => {
    const served: string[] = [];
    const server = createServer(
      sheddingListener(
        ({ url }, outgoing) => {
          served.push(String(url));
          outgoing.end();
        },
        { admits: () => false },
      ),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const accept = 'application/graphql-response+json';
    const refused = await request(`${url}/graphql`, { method: 'POST', headers: { accept }, body: '{}' });
    expect(refused.statusCode).toBe(503);
    expect(refused.headers).toMatchObject({
      'content-type': `${accept}; charset=utf-8`,
      'retry-after': '1',
      'cache-control': 'no-store',
    });
    expect(await refused.body.json()).toEqual({
      errors: [
        {
          message: expect.stringContaining('again'),
          extensions: { code: 'REQUEST_CONCURRENCY_LIMITED', retryAfterMs: 1_000 },
        },
      ],
    });
    const plain = await request(`${url}/healthy`);
    expect([plain.statusCode, plain.headers['content-type']]).toEqual([
      503,
      'application/json; charset=utf-8',
    ]);
    for (const path of ['/health', '/ready', '/ready?verbose', '/metrics']) {
      expect((await request(`${url}${path}`)).statusCode).toBe(200);
    }
    expect(served).toEqual(['/health', '/ready', '/ready?verbose', '/metrics']);
  });
});
