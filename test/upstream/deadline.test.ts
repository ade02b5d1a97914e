import { describe, expect, it } from 'vitest';
import { attemptTimeout } from '../../src/upstream/attempt-timeout.ts';
import { deadline } from '../../src/upstream/deadline.ts';
import type { CallScope, Send } from '../../src/upstream/send.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { aRequest, aScope, COS_ORIGIN, upstreamErrorOf } from './support.ts';

/** An inner layer that never answers and does not even hear an abort; keeps the scopes it was called with. */
function hangingSend(): { readonly send: Send; readonly scopes: CallScope[] } {
  const scopes: CallScope[] = [];
  const send: Send = (_, scope) => {
    scopes.push(scope);
    return new Promise(() => undefined);
  };
  return { send, scopes };
}

const answering: Send = (request) =>
  Promise.resolve(request.decode({ status: 200, headers: {}, body: 'ok', receivedAtMs: 0 }));

describe('the deadline', () => {
  it('ends a call at once at its deadline whatever the inner layers do', async () => {
    const clock = new FakeClock();
    const inner = hangingSend();
    const failure = upstreamErrorOf(
      deadline(COS_ORIGIN, clock)(inner.send)(aRequest(), aScope(8_000, clock)),
    );
    await clock.advance(7_999);
    expect(inner.scopes[0]!.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(await failure).toMatchObject({ code: 'UPSTREAM_TIMEOUT', retryable: true, origin: COS_ORIGIN });
    expect(inner.scopes[0]!.signal.aborted).toBe(true);
    expect(clock.sleeping).toBe(0);
  });

  it.each([0, -1])('refuses a call that has %i ms left before anything is done', async (leftMs) => {
    const clock = new FakeClock();
    const inner = hangingSend();
    const failure = await upstreamErrorOf(
      deadline(COS_ORIGIN, clock)(inner.send)(aRequest(), aScope(leftMs, clock)),
    );
    expect(failure.code).toBe('UPSTREAM_TIMEOUT');
    expect(inner.scopes).toHaveLength(0);
  });

  it('hands the deadline on and leaves no timer after an answer', async () => {
    const clock = new FakeClock();
    const scope = aScope(100, clock);
    const seen: number[] = [];
    const noting: Send = (request, inner) => {
      seen.push(inner.deadlineMs);
      return answering(request, inner);
    };
    const answer = await deadline(COS_ORIGIN, clock)(noting)(aRequest(), scope);
    expect(answer.body).toBe('ok');
    expect(seen).toEqual([scope.deadlineMs]);
    expect(clock.sleeping).toBe(0);
  });

  it("rejects with the caller's reason when it leaves, also when its deadline has passed", async () => {
    const clock = new FakeClock();
    const caller = new AbortController();
    const send = deadline(COS_ORIGIN, clock)(hangingSend().send);
    const outcome = expect(send(aRequest(), aScope(100, clock, caller.signal))).rejects.toThrow('left');
    caller.abort(new Error('left'));
    await outcome;
    await expect(send(aRequest(), aScope(-1, clock, caller.signal))).rejects.toThrow('left');
  });
});

describe('the time of one attempt', () => {
  const limited = (clock: FakeClock, next: Send): Send =>
    attemptTimeout({ origin: COS_ORIGIN, clock, attemptTimeoutMs: 2_500 })(next);

  it('is its limit', async () => {
    const clock = new FakeClock();
    const inner = hangingSend();
    const failure = upstreamErrorOf(limited(clock, inner.send)(aRequest(), aScope(8_000, clock)));
    await clock.advance(2_499);
    expect(inner.scopes[0]!.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(await failure).toMatchObject({ code: 'UPSTREAM_TIMEOUT', retryable: true });
    expect((await failure).message).toContain('within 2500 ms');
    expect(inner.scopes[0]!.signal.aborted).toBe(true);
    expect(clock.sleeping).toBe(0);
  });

  it('is what the call has left when that is less', async () => {
    const clock = new FakeClock();
    const failure = upstreamErrorOf(limited(clock, hangingSend().send)(aRequest(), aScope(300, clock)));
    await clock.advance(300);
    expect((await failure).message).toContain('within 300 ms');
  });

  it('leaves no timer after an answer', async () => {
    const clock = new FakeClock();
    expect((await limited(clock, answering)(aRequest(), aScope(8_000, clock))).body).toBe('ok');
    expect(clock.sleeping).toBe(0);
  });
});
