import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../src/model/errors.ts';
import { createBulkhead } from '../../../src/upstream/turns/bulkhead.ts';
import type { Turn } from '../../../src/upstream/turns/limiter.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { aScope, COS_ORIGIN } from '../support.ts';

/** Two places, and a log of who got one when. */
function open(): {
  readonly clock: FakeClock;
  readonly log: string[];
  readonly ask: (name: string, change?: object) => Promise<Turn | null>;
} {
  const clock = new FakeClock(0);
  const bulkhead = createBulkhead({ origin: COS_ORIGIN, clock, calls: 2 });
  const log: string[] = [];
  const ask = async (name: string, change: object = {}): Promise<Turn | null> => {
    const scope = { ...aScope(60_000, clock), callers: new Set([name[0]!]), ...change };
    const ready = { isReady: () => true, makeReady: () => Promise.resolve() };
    try {
      const turn = await bulkhead.acquire({ origin: COS_ORIGIN, scope, ...ready });
      log.push(`${name}@${String(clock.now())}`);
      return turn;
    } catch (error) {
      log.push(`${name}: ${error instanceof UpstreamError ? error.code : String(error)}`);
      return null;
    }
  };
  return { clock, log, ask };
}

describe('a bulkhead of two places', () => {
  it('lets two calls go, and the next when one is over', async () => {
    const { clock, log, ask } = open();
    const [first] = await Promise.all([ask('a1'), ask('a2')]);
    const third = ask('a3');
    await clock.advance(900);
    expect(log).toEqual(['a1@0', 'a2@0']);
    first!.release();
    await third;
    expect(log.at(-1)).toBe('a3@900');
    expect(clock.sleeping).toBe(0);
  });

  it('is fair to callers, and lets background work wait', async () => {
    const { log, ask } = open();
    const [first] = await Promise.all([ask('a1'), ask('a2')]);
    const waiting = [ask('a3'), ask('a4'), ask('c1', { isBackground: true }), ask('b1')];
    await settle();
    first!.release();
    for (const turn of [waiting[0], waiting[3], waiting[1], waiting[2]]) {
      (await turn!)!.release();
    }
    expect(log.slice(2)).toEqual(['a3@0', 'b1@0', 'a4@0', 'c1@0']);
  });

  it('refuses all who wait when nothing has come back for a second, and then at once all who come', async () => {
    const { clock, log, ask } = open();
    await Promise.all([ask('a1'), ask('a2')]);
    await clock.advance(400);
    const waiting = [ask('a3'), ask('b1')];
    await clock.advance(599);
    expect(log).toEqual(['a1@0', 'a2@0']);
    await clock.advance(1);
    await Promise.all(waiting);
    await ask('c1');
    expect(log.slice(2)).toEqual([
      'a3: UPSTREAM_UNAVAILABLE',
      'b1: UPSTREAM_UNAVAILABLE',
      'c1: UPSTREAM_UNAVAILABLE',
    ]);
    expect(clock.sleeping).toBe(0);
  });

  it('queues again once something came back', async () => {
    const { clock, log, ask } = open();
    const [first, second] = await Promise.all([ask('a1'), ask('a2')]);
    await clock.advance(5_000);
    first!.release();
    const waiting = [ask('a3'), ask('a4')];
    await clock.advance(900);
    second!.release();
    await Promise.all(waiting);
    expect(log.slice(2)).toEqual(['a3@5000', 'a4@5900']);
  });

  it('waits on as long as calls come back, however slowly the queue moves', async () => {
    const { clock, log, ask } = open();
    const turns = [ask('a1'), ask('a2'), ask('a3'), ask('a4'), ask('a5')];
    for (const turn of turns.slice(0, 3)) {
      await clock.advance(900);
      (await turn)!.release();
    }
    await Promise.all(turns);
    expect(log).toEqual(['a1@0', 'a2@0', 'a3@900', 'a4@1800', 'a5@2700']);
  });

  it('gives the place of one who leaves to the next, and forgets the signals', async () => {
    const { clock, log, ask } = open();
    const caller = new AbortController();
    const [first] = await Promise.all([ask('a1'), ask('a2')]);
    const waiting = [ask('a3', { signal: caller.signal }), ask('a4', { signal: caller.signal }), ask('a5')];
    await settle();
    caller.abort(new Error('left'));
    first!.release();
    await Promise.all(waiting);
    expect(log.slice(2)).toEqual(['a3: Error: left', 'a4: Error: left', 'a5@0']);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    expect(clock.sleeping).toBe(0);
    await ask('gone', { signal: caller.signal });
    expect(log.at(-1)).toBe('gone: Error: left');
  });

  it('tells that the refusal is its own', async () => {
    const clock = new FakeClock(0);
    const bulkhead = createBulkhead({ origin: COS_ORIGIN, clock, calls: 1 });
    const request = {
      origin: COS_ORIGIN,
      scope: aScope(60_000, clock),
      isReady: () => true,
      makeReady: () => Promise.resolve(),
    };
    await bulkhead.acquire(request);
    await clock.advance(1_000);
    await expect(bulkhead.acquire(request)).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      isLocal: true,
      retryable: true,
      retryAfterMs: 1_000,
      requestId: null,
    });
  });
});
