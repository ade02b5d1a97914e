import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../src/model/errors.ts';
import { correctClock } from '../../../src/upstream/signing/correct-clock.ts';
import { upstreamErrorFor } from '../../../src/upstream/error-table.ts';
import { compose, type Send, type UpstreamResponse } from '../../../src/upstream/send.ts';
import { sign } from '../../../src/upstream/signing/sign.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { aRequest, aScope, COS_ORIGIN } from '../support.ts';

const MINUTE_MS = 60_000;

interface Upstream {
  /** How far its clock is ahead of the machine's. */
  aheadMs: number;
  /** Of its answers' `Date`; left out: its time. Null: it sends none. */
  dateOf?: (nowMs: number) => string | null;
  /** How far a signature may be off. */
  readonly toleranceMs?: number;
}

interface World {
  readonly clock: FakeClock;
  readonly upstream: Upstream;
  readonly send: Send;
  /** The times that signatures were made for, as the machine's clock has them. */
  readonly signedForMs: number[];
}

/** The layer as in the onion, and an upstream that takes 10 ms and refuses signatures that are off. */
function world(upstream: Upstream): World {
  const clock = new FakeClock();
  const startedAtMs = clock.now();
  const signedForMs: number[] = [];
  const inner: Send = async (request, scope) => {
    const signedAtMs = Number(request.headers['authorization']);
    signedForMs.push(signedAtMs - startedAtMs);
    const nowMs = clock.now() + upstream.aheadMs;
    await clock.sleep(10, scope.signal);
    const date = (upstream.dateOf ?? ((ms) => new Date(ms).toUTCString()))(nowMs);
    const isRight = Math.abs(nowMs - signedAtMs) <= (upstream.toleranceMs ?? MINUTE_MS);
    return request.decode({
      status: isRight ? 200 : 403,
      headers: date === null ? {} : { date },
      body: isRight ? 'ok' : 'RequestTimeTooSkewed',
      receivedAtMs: clock.now(),
    });
  };
  const time = correctClock(clock);
  const signer = (_: unknown, atMs: number): Record<string, string> => ({ authorization: String(atMs) });
  const send = compose([time.call, time.attempt, sign(signer, time.signingClock)], inner);
  return { clock, upstream, send, signedForMs };
}

/** As a source's client does it: an error of the upstream, or the body. */
function decode(response: UpstreamResponse): UpstreamResponse {
  if (response.status !== 200) {
    const { status: httpStatus, body: upstreamCode } = response;
    throw upstreamErrorFor(COS_ORIGIN, { httpStatus, upstreamCode, requestId: 'R1' });
  }
  return response;
}

async function ask({ clock, send }: World, leftMs = 5_000): Promise<unknown> {
  const outcome = send(aRequest({ decode }), aScope(leftMs, clock)).then(
    ({ body }) => body,
    (error: unknown) => error,
  );
  await clock.advance(100);
  return outcome;
}

const REFUSED = { code: 'UPSTREAM_AUTH_FAILED', upstreamCode: 'RequestTimeTooSkewed' };

describe('a clock that is off', () => {
  it.each([10 * MINUTE_MS, -10 * MINUTE_MS, 2 * MINUTE_MS, 59 * MINUTE_MS, -59 * MINUTE_MS])(
    'by %i ms costs one attempt, once',
    async (aheadMs) => {
      const there = world({ aheadMs });
      expect(await ask(there)).toBe('ok');
      // To the second, as `Date` tells it, and not counting the way of the answer.
      expect(there.signedForMs).toEqual([0, aheadMs]);
      there.signedForMs.length = 0;
      expect(await ask(there)).toBe('ok');
      expect(there.signedForMs).toEqual([100 + aheadMs - 10]);
    },
  );

  it.each([60 * MINUTE_MS + 2_000, -60 * MINUTE_MS - 2_000, 120 * MINUTE_MS, -365 * 24 * 60 * MINUTE_MS])(
    'by %i ms is not corrected: the error stays and says what to do',
    async (aheadMs) => {
      const there = world({ aheadMs });
      for (const attempts of [1, 2]) {
        const error = await ask(there);
        expect(error).toBeInstanceOf(UpstreamError);
        expect(error).toMatchObject(REFUSED);
        expect((error as UpstreamError).message).toContain("set the machine's clock");
        expect(there.signedForMs).toHaveLength(attempts);
      }
    },
  );

  it('is corrected again when it changes, also when somebody sets it right', async () => {
    const there = world({ aheadMs: 10 * MINUTE_MS });
    await ask(there);
    there.upstream.aheadMs = 30 * MINUTE_MS;
    expect(await ask(there)).toBe('ok');
    there.upstream.aheadMs = 0;
    expect(await ask(there)).toBe('ok');
    expect(there.signedForMs).toHaveLength(6);
    expect(await ask(there)).toBe('ok');
    expect(there.signedForMs).toHaveLength(7);
    expect(there.signedForMs.at(-1)).toBeLessThan(1_000);
  });

  it('is corrected once for a call, however the second attempt ends', async () => {
    // Each answer tells another time.
    let minutes = 0;
    const there = world({
      aheadMs: 0,
      toleranceMs: -1,
      dateOf: (nowMs) => new Date(nowMs + (minutes += 5) * MINUTE_MS).toUTCString(),
    });
    expect(await ask(there)).toMatchObject(REFUSED);
    expect(there.signedForMs).toHaveLength(2);
  });

  it.each<readonly [string, (nowMs: number) => string | null]>([
    ['without a Date', () => null],
    ['with a Date of another form', (nowMs) => new Date(nowMs).toISOString()],
    ['with a Date that is none', () => 'Thu, 99 Foo 2026 00:00:05 GMT'],
  ])('stays so after an answer %s', async (_, dateOf) => {
    const there = world({ aheadMs: 10 * MINUTE_MS, dateOf });
    expect(await ask(there)).toMatchObject(REFUSED);
    expect(there.signedForMs).toEqual([0]);
  });

  it('is not what is wrong when the Date agrees: the error stays', async () => {
    const there = world({ aheadMs: 29_000, toleranceMs: 0 });
    expect(await ask(there)).toMatchObject(REFUSED);
    expect(there.signedForMs).toEqual([0]);
  });
});

describe('calls that are refused side by side', () => {
  it('are each tried once more, and right then', async () => {
    const there = world({ aheadMs: 10 * MINUTE_MS });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => ask(there)));
    expect(outcomes).toEqual(Array(20).fill('ok'));
    expect(there.signedForMs).toHaveLength(40);
  });

  it('learn from each other what their own answers do not tell', async () => {
    let answers = 0;
    const there = world({
      aheadMs: 10 * MINUTE_MS,
      dateOf: (nowMs) => ((answers += 1) === 1 ? new Date(nowMs).toUTCString() : null),
    });
    expect(await Promise.all([1, 2, 3].map(() => ask(there)))).toEqual(['ok', 'ok', 'ok']);
    expect(there.signedForMs).toHaveLength(6);
  });

  it('go by what each was signed with, not by what is known when its answer comes', async () => {
    const there = world({ aheadMs: 10 * MINUTE_MS });
    const { clock, send } = there;
    const first = send(aRequest({ decode }), aScope(5_000, clock));
    await clock.advance(5);
    // Signed with the old time, refused after the first one was corrected.
    const second = send(aRequest({ decode }), aScope(5_000, clock));
    await clock.advance(100);
    expect([(await first).body, (await second).body]).toEqual(['ok', 'ok']);
    expect(there.signedForMs).toHaveLength(4);
  });
});

describe('the second attempt', () => {
  it('is not made for any other error, whatever the Date says', async () => {
    const there = world({ aheadMs: 10 * MINUTE_MS });
    const other = (): never => {
      throw upstreamErrorFor(COS_ORIGIN, {
        httpStatus: 403,
        upstreamCode: 'SignatureDoesNotMatch',
        requestId: null,
      });
    };
    const failure = there.send(aRequest({ decode: other }), aScope(5_000, there.clock));
    const expected = expect(failure).rejects.toMatchObject({ upstreamCode: 'SignatureDoesNotMatch' });
    await there.clock.advance(100);
    await expected;
    expect(there.signedForMs).toHaveLength(1);
  });

  it('is not made when no time is left: the error stays', async () => {
    const there = world({ aheadMs: 10 * MINUTE_MS });
    expect(await ask(there, 10)).toMatchObject(REFUSED);
    expect(there.signedForMs).toHaveLength(1);
    expect(await ask(there)).toBe('ok');
    expect(there.signedForMs).toHaveLength(2);
  });

  it('is not made when the caller has left', async () => {
    const there = world({ aheadMs: 10 * MINUTE_MS });
    const caller = new AbortController();
    const outcome = there.send(
      aRequest({
        decode: (response) => {
          caller.abort(new Error('left'));
          return decode(response);
        },
      }),
      aScope(5_000, there.clock, caller.signal),
    );
    const expected = expect(outcome).rejects.toThrow('left');
    await there.clock.advance(100);
    await expected;
    expect(there.signedForMs).toHaveLength(1);
  });
});
