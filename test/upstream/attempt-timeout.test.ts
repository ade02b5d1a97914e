import { describe, expect, it } from 'vitest';
import { attemptTimeout } from '../../src/upstream/attempt-timeout.ts';
import type { CallScope } from '../../src/lib/call-scope.ts';
import type { Send } from '../../src/upstream/send.ts';
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
