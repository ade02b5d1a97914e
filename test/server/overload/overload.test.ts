import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { corsHeadersFor } from '../../../src/server/http/cors.ts';
import { Overload } from '../../../src/server/overload/overload.ts';
import { sheddingListener } from '../../../src/server/overload/shedding-listener.ts';
import { type Strain, thisProcess } from '../../../src/server/overload/strain.ts';
import { loadShedding, type LoadSheddingEvent } from '../../../src/telemetry/channels.ts';

const LIMITS = { maxEventLoopDelayMs: 200, maxHeapPercent: 90, overloadAfterMs: 2_000 };
const EASY: Strain = { forMs: 500, eventLoopDelayMs: 50, heapPercent: 90 };
const LATE: Strain = { ...EASY, eventLoopDelayMs: 201 };
const FULL: Strain = { ...EASY, heapPercent: 91 };

/** An overload guard that is told of what the test says. */
function guard(): {
  overload: Overload;
  feel: (...strains: readonly Strain[]) => void;
  turn: (lastedMs: number) => void;
} {
  let tell: (strain: Strain) => void = () => undefined;
  const onTurns = new Set<(lastedMs: number) => void>();
  const overload = new Overload({
    ...LIMITS,
    watch: {
      strain: (onStrain) => {
        tell = onStrain;
        return () => {
          tell = () => undefined;
        };
      },
      turns: (onTurn) => {
        onTurns.add(onTurn);
        return () => onTurns.delete(onTurn);
      },
    },
  });
  return {
    overload,
    feel: (...strains) => strains.forEach((strain) => tell(strain)),
    turn: (lastedMs) => onTurns.forEach((onTurn) => onTurn(lastedMs)),
  };
}

/** Of so many requests, how many begin at once or wait. */
function taken({ overload }: { readonly overload: Overload }, requests: number): number {
  return Array.from({ length: requests }, () => overload.offer(() => undefined)).filter(Boolean).length;
}

describe('an overload', () => {
  it.each([
    ['a late event loop', LATE],
    ['a full heap', FULL],
  ])('begins when %s has lasted for the whole time, and not before', (_, strain) => {
    const its = guard();
    its.feel({ ...strain, forMs: 1_999 });
    expect(taken(its, 2)).toBe(2);
    its.feel({ ...strain, forMs: 1 });
    expect(taken(its, 10)).toBe(1);
    expect(taken(its, 10)).toBe(0);
  });

  it('does not begin where there was a break, nor at the limits themselves', () => {
    const its = guard();
    const justNot: Strain = { ...EASY, eventLoopDelayMs: 200 };
    its.feel(LATE, FULL, LATE, EASY, LATE, FULL, LATE, justNot, justNot, justNot, justNot, justNot);
    expect(taken(its, 2)).toBe(2);
  });

  it('counts a while that was longer than it should be as what it was', () => {
    const its = guard();
    its.feel({ ...LATE, forMs: 2_000 });
    expect(taken(its, 10)).toBe(1);
  });

  it('lets one request through per while, and ends with the first while that is in order', () => {
    const its = guard();
    its.feel(LATE, LATE, LATE, LATE);
    expect(taken(its, 10)).toBe(1);
    expect(taken(its, 10)).toBe(0);
    its.feel(FULL);
    expect(taken(its, 10)).toBe(1);
    its.feel(EASY);
    expect(taken(its, 10)).toBe(10);
  });

  it('begins whom it takes, and nobody else', () => {
    const its = guard();
    const begun: number[] = [];
    its.feel(LATE, LATE, LATE, LATE);
    [1, 2, 3].forEach((number) => its.overload.offer(() => begun.push(number)));
    expect(begun).toEqual([1]);
    its.feel(EASY);
    [4, 5, 6].forEach((number) => its.overload.offer(() => begun.push(number)));
    for (let turns = 0; turns < 5; turns += 1) {
      its.turn(1);
    }
    expect(begun).toEqual([1, 4, 5, 6]);
  });

  it('is told of with the first that is refused, and as all are let in again', () => {
    const events: LoadSheddingEvent[] = [];
    onTestFinished(loadShedding.subscribe((event) => events.push(event)));
    const its = guard();
    its.feel(LATE, LATE, LATE, LATE, LATE);
    expect(events).toEqual([]);
    taken(its, 2);
    its.feel(LATE, LATE);
    expect(events).toEqual([{ state: 'begun', eventLoopDelayMs: 201, heapPercent: 90 }]);
    its.feel(EASY, EASY);
    expect(events.slice(1)).toEqual([{ state: 'over', eventLoopDelayMs: 50, heapPercent: 90 }]);
  });
});

describe('more than can be done', () => {
  it('is refused, and told of, although the process is in time', () => {
    const events: LoadSheddingEvent[] = [];
    onTestFinished(loadShedding.subscribe((event) => events.push(event)));
    const its = guard();
    let refused = 0;
    for (let turns = 0; turns < 100; turns += 1) {
      refused += 100 - taken(its, 100);
      its.turn(26);
    }
    expect(refused).toBeGreaterThan(8_000);
    its.feel(EASY);
    expect(events).toEqual([{ state: 'begun', eventLoopDelayMs: 50, heapPercent: 90 }]);
    its.feel(EASY);
    expect(events.slice(1)).toEqual([{ state: 'over', eventLoopDelayMs: 50, heapPercent: 90 }]);
  });
});

function stall(forMs: number): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs) {
    // It is all that this does.
  }
}

describe('this process', () => {
  it('shows every stall of the event loop, also where one follows the other', async () => {
    const strains: Strain[] = [];
    onTestFinished(thisProcess.strain((strain) => strains.push(strain)));
    for (let stalls = 0; stalls < 4; stalls += 1) {
      stall(600);
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

  it('tells how long each turn of the event loop lasted, until it is not wanted any more', async () => {
    const turns: number[] = [];
    const end = thisProcess.turns((lastedMs) => turns.push(lastedMs));
    await sleep(1);
    stall(300);
    await sleep(50);
    end();
    const told = turns.length;
    expect(told).toBeGreaterThan(2);
    expect(Math.max(...turns)).toBeGreaterThanOrEqual(300);
    await sleep(50);
    expect(turns).toHaveLength(told);
  });
});

describe('a server that is overloaded', () => {
  it('refuses with 503, a time to come back and a code, and answers those who watch it', async () => {
    const served: string[] = [];
    const refusals: string[] = [];
    const server = createServer(
      sheddingListener(
        ({ url }, outgoing) => {
          served.push(String(url));
          outgoing.end();
        },
        {
          overload: { offer: () => false },
          corsHeaders: corsHeadersFor(['https://app.example.com']),
          onRefused: ({ url }) => refusals.push(String(url)),
        },
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
    const origin = 'https://app.example.com';
    const toPage = await request(url, { headers: { origin } });
    expect(toPage.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': expect.stringContaining('Retry-After'),
      vary: 'Origin',
    });
    const toOther = await request(url, { headers: { origin: 'https://evil.example.com' } });
    expect(toOther.statusCode).toBe(503);
    expect(toOther.headers).not.toHaveProperty('access-control-allow-origin');
    const plain = await request(`${url}/healthy`);
    expect([plain.statusCode, plain.headers['content-type']]).toEqual([
      503,
      'application/json; charset=utf-8',
    ]);
    for (const path of ['/health', '/ready', '/ready?verbose', '/metrics']) {
      expect((await request(`${url}${path}`)).statusCode).toBe(200);
    }
    expect(served).toEqual(['/health', '/ready', '/ready?verbose', '/metrics']);
    expect(refusals).toEqual(['/graphql', '/', '/', '/healthy']);
  });
});

describe('a server with more requests than a turn can take', () => {
  async function echo(): Promise<{ url: string; turn: () => void; served: string[] }> {
    const served: string[] = [];
    const { overload, turn } = guard();
    const answer: RequestListener = (incoming, outgoing) => {
      void text(incoming).then((body) => {
        served.push(body);
        outgoing.end(body);
      });
    };
    const server = createServer(
      sheddingListener(answer, { overload, corsHeaders: () => ({}), onRefused: () => undefined }),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { url, turn: () => turn(1), served };
  }

  it('answers those who wait, bodies and all', async () => {
    const { url, turn } = await echo();
    const answers = Array.from({ length: 100 }, async (_, number) => {
      const { body } = await request(url, { method: 'POST', body: `${number} ${'x'.repeat(50_000)}` });
      return (await body.text()).split(' ')[0];
    });
    const turning = setInterval(turn, 2);
    onTestFinished(() => {
      clearInterval(turning);
    });
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 100 }, (_, number) => String(number)));
  });

  it('does not answer those who left while they waited', async () => {
    const { url, turn, served } = await echo();
    const leaves = new AbortController();
    const answers = Array.from({ length: 30 }, (_, number) =>
      request(url, { method: 'POST', body: `${number}`, signal: leaves.signal }).then(({ body }) =>
        body.text(),
      ),
    );
    const outcomes = Promise.allSettled(answers);
    await vi.waitFor(() => {
      expect(served.length).toBeGreaterThan(0);
    });
    await sleep(200);
    const before = served.length;
    expect(before).toBeLessThan(30);
    leaves.abort();
    await outcomes;
    await sleep(100);
    for (let turns = 0; turns < 20; turns += 1) {
      turn();
    }
    await sleep(50);
    expect(served).toHaveLength(before);
  });
});
