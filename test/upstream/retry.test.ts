import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../src/model/errors.ts';
import type { UpstreamErrorCode, UpstreamFacts } from '../../src/model/errors.ts';
import { retry } from '../../src/upstream/retry.ts';
import { createRetryBudget } from '../../src/upstream/retry-budget.ts';
import type { CallScope } from '../../src/lib/call-scope.ts';
import type { Send } from '../../src/upstream/send.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aRequest, aScope, COS_ORIGIN } from './support.ts';

const failing = (code: UpstreamErrorCode, facts: UpstreamFacts = { retryable: true }): UpstreamError =>
  new UpstreamError(code, COS_ORIGIN, `${code} once`, facts);
const unavailable = failing('UPSTREAM_UNAVAILABLE');

/** Answers with each outcome in turn, the last one for ever; keeps the times of its calls. */
function scripted(
  clock: FakeClock,
  ...outcomes: (Error | 'ok')[]
): { readonly send: Send; readonly atMs: number[] } {
  const startedAtMs = clock.now();
  const atMs: number[] = [];
  const send: Send = (request) => {
    const outcome = outcomes[Math.min(atMs.length, outcomes.length - 1)]!;
    atMs.push(clock.now() - startedAtMs);
    return outcome === 'ok'
      ? Promise.resolve(request.decode({ status: 200, headers: {}, body: 'ok', receivedAtMs: 0 }))
      : Promise.reject(outcome);
  };
  return { send, atMs };
}

/** Runs one call to its end: its outcome, when it was tried, and how long it all took. */
async function run(
  outcomes: (Error | 'ok')[],
  { attempts = 3, jitter = 0.5, leftMs = 60_000 } = {},
): Promise<{
  readonly outcome: unknown;
  readonly atMs: number[];
  readonly tookMs: number;
  readonly sleeping: number;
}> {
  const clock = new FakeClock();
  const startedAtMs = clock.now();
  const inner = scripted(clock, ...outcomes);
  const send = retry({ attempts, clock, random: () => jitter })(inner.send);
  let tookMs = -1;
  const settled = send(aRequest(), aScope(leftMs, clock))
    .then(
      ({ body }) => body,
      (error: unknown) => error,
    )
    .finally(() => {
      tookMs = clock.now() - startedAtMs;
    });
  await clock.advance(leftMs + 60_000);
  return { outcome: await settled, atMs: inner.atMs, tookMs, sleeping: clock.sleeping };
}

describe('retry', () => {
  it('gives the first answer that comes', async () => {
    expect(await run(['ok'])).toMatchObject({ outcome: 'ok', atMs: [0], sleeping: 0 });
    expect(await run([unavailable, 'ok'])).toMatchObject({ outcome: 'ok', atMs: [0, 25] });
  });

  it('tries as often as allowed, and throws the last error without a pause after it', async () => {
    const last = failing('UPSTREAM_TIMEOUT');
    const result = await run([unavailable, unavailable, last]);
    expect(result.outcome).toBe(last);
    expect(result).toMatchObject({ atMs: [0, 25, 75], tookMs: 75 });
    expect((await run([unavailable], { attempts: 2 })).atMs).toHaveLength(2);
    expect((await run([unavailable], { attempts: 1 })).atMs).toHaveLength(1);
  });

  it.each([
    [0, [0, 0, 0]],
    [0.984375, [0, 49.21875, 147.65625]],
  ])('takes the whole range as jitter: %f', async (jitter, atMs) => {
    expect((await run([unavailable], { jitter })).atMs).toEqual(atMs);
  });

  it.each<[string, Error]>([
    ['an error that says so', failing('UPSTREAM_UNAVAILABLE', { retryable: false })],
    ['a refusal', failing('UPSTREAM_REJECTED', {})],
    ['any other error', new TypeError('a bug')],
    [
      'what the gateway refused by itself',
      failing('UPSTREAM_UNAVAILABLE', { retryable: true, retryAfterMs: 10, isLocal: true }),
    ],
  ])('does not retry %s', async (_, error) => {
    const result = await run([error, 'ok']);
    expect(result.outcome).toBe(error);
    expect(result.atMs).toEqual([0]);
  });

  it('retries an unusable answer once at most', async () => {
    const bad = failing('UPSTREAM_BAD_RESPONSE');
    expect((await run([bad], { attempts: 5 })).atMs).toHaveLength(2);
    expect((await run([bad, unavailable, bad, 'ok'], { attempts: 5 })).atMs).toHaveLength(3);
    expect((await run([bad, 'ok'])).outcome).toBe('ok');
  });

  it('pauses a second rather than 50 ms after too many calls', async () => {
    expect((await run([failing('UPSTREAM_RATE_LIMITED')])).atMs).toEqual([0, 500, 1_500]);
  });

  it('waits at least as long as the upstream asks', async () => {
    const later = failing('UPSTREAM_RATE_LIMITED', { retryable: true, retryAfterMs: 2_000 });
    expect((await run([later, 'ok'])).atMs).toEqual([0, 2_000]);
    const soon = failing('UPSTREAM_RATE_LIMITED', { retryable: true, retryAfterMs: 10 });
    expect((await run([soon, 'ok'])).atMs).toEqual([0, 500]);
    const unavailableLater = failing('UPSTREAM_UNAVAILABLE', { retryable: true, retryAfterMs: 300 });
    expect((await run([unavailableLater, 'ok'])).atMs).toEqual([0, 300]);
  });

  it.each([
    [25, [0]],
    [26, [0, 25]],
  ])('throws at once rather than sleep to its deadline: %i ms left', async (leftMs, atMs) => {
    const result = await run([unavailable], { leftMs });
    expect(result.outcome).toBe(unavailable);
    expect(result.atMs).toEqual(atMs);
    expect(result.tookMs).toBe(atMs.at(-1));
  });

  it('stops pausing when the caller leaves', async () => {
    const clock = new FakeClock();
    const inner = scripted(clock, unavailable);
    const caller = new AbortController();
    const send = retry({ attempts: 3, clock, random: () => 0.5 })(inner.send);
    const outcome = expect(send(aRequest(), aScope(1_000, clock, caller.signal))).rejects.toThrow('left');
    await clock.advance(10);
    expect(clock.sleeping).toBe(1);
    caller.abort(new Error('left'));
    await outcome;
    expect(clock.sleeping).toBe(0);
    expect(inner.atMs).toHaveLength(1);
  });

  it('throws what the upstream said when the gateway itself refuses another attempt', async () => {
    const refusal = failing('UPSTREAM_UNAVAILABLE', { retryable: true, isLocal: true });
    const result = await run([unavailable, refusal, 'ok']);
    expect(result.outcome).toBe(unavailable);
    expect(result.atMs).toEqual([0, 25]);
  });

  it.each([
    ['grows', 10, 60_000, [0, 25, 75]],
    ['comes nearer', 60_000, 10, [0]],
  ])(
    'goes by the deadline as it is when an attempt has failed: one that %s',
    async (_, leftMs, laterMs, atMs) => {
      const clock = new FakeClock();
      const inner = scripted(clock, unavailable);
      const startedAtMs = clock.now();
      let deadlineMs = startedAtMs + leftMs;
      const scope: CallScope = {
        signal: new AbortController().signal,
        get deadlineMs() {
          return deadlineMs;
        },
      };
      const send = retry({ attempts: 3, clock, random: () => 0.5 })((request, given) => {
        deadlineMs = startedAtMs + laterMs;
        return inner.send(request, given);
      });
      const outcome = expect(send(aRequest(), scope)).rejects.toBe(unavailable);
      await clock.advance(1_000);
      await outcome;
      expect(inner.atMs).toEqual(atMs);
    },
  );
});

describe('the budget of retries', () => {
  /** How often each of so many calls, one after the other, was tried. */
  async function triesOf(
    calls: number,
    send: Send,
    clock: FakeClock,
    count: () => number,
  ): Promise<number[]> {
    const tries: number[] = [];
    for (let call = 0; call < calls; call += 1) {
      const before = count();
      const ended = send(aRequest(), aScope(60_000, clock)).catch(() => undefined);
      await clock.advance(30_000);
      await ended;
      tries.push(count() - before);
    }
    return tries;
  }

  it.each<[string, Error]>([
    ['fails', unavailable],
    ['throttles', failing('UPSTREAM_RATE_LIMITED')],
  ])('is ten, and then a tenth of the calls, when the upstream %s', async (_, error) => {
    const clock = new FakeClock();
    const inner = scripted(clock, error);
    // For the budget no time passes.
    const budget = createRetryBudget(new FakeClock());
    const send = retry({ attempts: 3, clock, random: () => 0.5, budget })(inner.send);
    const tries = await triesOf(35, send, clock, () => inner.atMs.length);
    // Five calls take the ten; from then on ten calls earn one.
    expect(tries.slice(0, 5)).toEqual([3, 3, 3, 3, 3]);
    expect(tries.filter((count) => count > 1)).toHaveLength(8);
    expect(tries.reduce((sum, count) => sum + count)).toBe(35 + 10 + 3);
  });

  it('gives the error as it came, at once, when it is spent', async () => {
    const clock = new FakeClock();
    const inner = scripted(clock, unavailable);
    const budget = createRetryBudget(new FakeClock());
    while (budget.spend()) {
      // until it is empty
    }
    const send = retry({ attempts: 3, clock, random: () => 0.5, budget })(inner.send);
    await expect(send(aRequest(), aScope(60_000, clock))).rejects.toBe(unavailable);
    expect([inner.atMs, clock.sleeping]).toEqual([[0], 0]);
  });

  it('is not spent on what is not tried again', async () => {
    const clock = new FakeClock();
    const spent: number[] = [];
    const budget = { earn: () => undefined, spend: () => spent.push(clock.now()) > 0 };
    const tryOnce = async (error: Error, leftMs = 60_000, attempts = 3): Promise<void> => {
      const send = retry({ attempts, clock, random: () => 0.5, budget })(scripted(clock, error).send);
      await expect(send(aRequest(), aScope(leftMs, clock))).rejects.toBe(error);
    };
    await tryOnce(failing('UPSTREAM_REJECTED', {}));
    await tryOnce(failing('UPSTREAM_UNAVAILABLE', { retryable: true, isLocal: true }));
    await tryOnce(unavailable, 20);
    await tryOnce(unavailable, 60_000, 1);
    expect(spent).toEqual([]);
  });

  it('fills up by one in ten seconds, to ten, also where hardly anything is asked', async () => {
    const clock = new FakeClock();
    const budget = createRetryBudget(clock);
    const spendAll = (): number => {
      let spent = 0;
      while (budget.spend()) {
        spent += 1;
      }
      return spent;
    };
    expect(spendAll()).toBe(10);
    await clock.advance(9_999);
    expect(spendAll()).toBe(0);
    await clock.advance(1);
    expect(spendAll()).toBe(1);
    await clock.advance(3_600_000);
    expect(spendAll()).toBe(10);
    clock.jump(-3_600_000);
    expect(spendAll()).toBe(0);
    await clock.advance(10_000);
    expect(spendAll()).toBe(1);
  });

  it('never pays for more than ten retries and a tenth of the calls', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 500, size: 'max' }), (steps) => {
        const budget = createRetryBudget(new FakeClock());
        let [calls, retries] = [0, 0];
        for (const isCall of steps) {
          if (isCall) {
            budget.earn();
            calls += 1;
          } else if (budget.spend()) {
            retries += 1;
          }
          expect(retries).toBeLessThanOrEqual(10 + calls / 10);
        }
      }),
    );
  });
});
