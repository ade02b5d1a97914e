import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../src/model/errors.ts';
import { join } from '../../src/upstream/join.ts';
import { waitTooLong } from '../../src/upstream/turns/limiter.ts';
import type { CallScope } from '../../src/lib/call-scope.ts';
import type { Send } from '../../src/upstream/send.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { aRequest, aScope, COS_ORIGIN, upstreamErrorOf } from './support.ts';

/** What happens beneath: the scope of each call, and the means to end it. */
function open(): {
  readonly clock: FakeClock;
  readonly send: Send;
  readonly scopes: CallScope[];
  readonly answers: ((text: string) => void)[];
  readonly failures: ((error: Error) => void)[];
} {
  const clock = new FakeClock(0);
  const scopes: CallScope[] = [];
  const answers: ((text: string) => void)[] = [];
  const failures: ((error: Error) => void)[] = [];
  const inner: Send = async (request, scope) => {
    scopes.push(scope);
    const body = await new Promise<string>((resolve, reject) => {
      answers.push(resolve);
      failures.push(reject);
    });
    return request.decode({ status: 200, headers: {}, body, receivedAtMs: 0 });
  };
  return { clock, send: join(COS_ORIGIN, clock)(inner), scopes, answers, failures };
}

describe('calls that ask the same at the same time', () => {
  it('are one call, and all get its answer', async () => {
    const { clock, send, scopes, answers } = open();
    const asking = Array.from({ length: 5 }, () => send(aRequest(), aScope(1_000, clock)));
    await settle();
    expect(scopes).toHaveLength(1);
    expect(scopes[0]!.joined).toBe(5);
    answers[0]!('one');
    expect((await Promise.all(asking)).map(({ body }) => body)).toEqual(Array(5).fill('one'));
    expect(clock.sleeping).toBe(0);
  });

  it.each([
    { path: '/jobs/1' },
    { method: 'POST' as const },
    { action: 'DescribeJob' },
    { query: [['size', '1']] as const },
    { headers: { 'x-tc-region': 'elsewhere' } },
    { body: '{}' },
  ])('are two when one has %o', async (change) => {
    const { clock, send, scopes, answers } = open();
    const asking = [send(aRequest(), aScope(1_000, clock)), send(aRequest(change), aScope(1_000, clock))];
    await settle();
    expect(scopes).toHaveLength(2);
    answers[0]!('one');
    answers[1]!('two');
    expect((await Promise.all(asking)).map(({ body }) => body)).toEqual(['one', 'two']);
  });

  it('share a failure, and the next asks anew', async () => {
    const { clock, send, scopes, answers, failures } = open();
    const asking = [1, 2].map(() => upstreamErrorOf(send(aRequest(), aScope(1_000, clock))));
    await settle();
    failures[0]!(new UpstreamError('UPSTREAM_UNAVAILABLE', COS_ORIGIN, 'busy'));
    expect((await Promise.all(asking)).map(({ message }) => message)).toEqual(['busy', 'busy']);
    const next = send(aRequest(), aScope(1_000, clock));
    await settle();
    answers[1]!('two');
    expect((await next).body).toBe('two');
    expect(scopes).toHaveLength(2);
  });

  it('leave alone: who leaves or runs out of time does not end it for the others', async () => {
    const { clock, send, scopes, answers } = open();
    const caller = new AbortController();
    const leaving = expect(send(aRequest(), aScope(9_000, clock, caller.signal))).rejects.toThrow('left');
    const late = upstreamErrorOf(send(aRequest(), aScope(500, clock)));
    const patient = send(aRequest(), aScope(9_000, clock));
    await settle();
    caller.abort(new Error('left'));
    await leaving;
    await clock.advance(500);
    expect(await late).toMatchObject({ code: 'UPSTREAM_TIMEOUT', retryable: true, origin: COS_ORIGIN });
    expect(scopes[0]!.signal.aborted).toBe(false);
    answers[0]!('one');
    expect((await patient).body).toBe('one');
    expect(clock.sleeping).toBe(0);
  });

  it('are aborted with the last who leaves, and then begun anew by the next', async () => {
    const { clock, send, scopes } = open();
    const callers = [new AbortController(), new AbortController()];
    const leaving = callers.map(({ signal }) =>
      expect(send(aRequest(), aScope(9_000, clock, signal))).rejects.toThrow('left'),
    );
    await settle();
    callers[0]!.abort(new Error('left'));
    await leaving[0];
    expect(scopes[0]!.signal.aborted).toBe(false);
    callers[1]!.abort(new Error('left'));
    await leaving[1];
    expect(scopes[0]!.signal.aborted).toBe(true);
    const next = upstreamErrorOf(send(aRequest(), aScope(100, clock)));
    await settle();
    expect(scopes).toHaveLength(2);
    await clock.advance(100);
    expect((await next).code).toBe('UPSTREAM_TIMEOUT');
    expect(scopes[1]!.signal.aborted).toBe(true);
    expect(clock.sleeping).toBe(0);
  });

  it('have the latest of all deadlines, which grows, and are urgent while anybody waits', async () => {
    const { clock, send, scopes, answers } = open();
    const asking = [send(aRequest(), { ...aScope(100, clock), isBackground: true, callers: new Set(['a']) })];
    await settle();
    const [scope] = scopes;
    expect([scope!.deadlineMs, scope!.isBackground, [...scope!.callers!]]).toEqual([100, true, ['a']]);
    asking.push(send(aRequest(), { ...aScope(900, clock), callers: new Set(['b']) }));
    expect([scope!.deadlineMs, scope!.isBackground, [...scope!.callers!]]).toEqual([900, false, ['a', 'b']]);
    answers[0]!('one');
    await Promise.all(asking);
  });
});

describe('a turn that is expected', () => {
  const refusal = (): Error => waitTooLong(COS_ORIGIN, 700);

  it('too late for some refuses those at once, also who comes afterwards', async () => {
    const { clock, send, scopes, answers } = open();
    const hasty = upstreamErrorOf(send(aRequest(), aScope(600, clock)));
    const patient = send(aRequest(), aScope(9_000, clock));
    await settle();
    scopes[0]!.expectTurn!(700, 550, refusal);
    expect(await hasty).toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retryAfterMs: 700 });
    expect((await upstreamErrorOf(send(aRequest(), aScope(700, clock)))).code).toBe('UPSTREAM_RATE_LIMITED');
    expect(scopes).toHaveLength(1);
    answers[0]!('one');
    expect((await patient).body).toBe('one');
  });
});

describe('a call', () => {
  it.each([0, -1])('that has %i ms left is refused before anything is done', async (leftMs) => {
    const { clock, send, scopes } = open();
    expect((await upstreamErrorOf(send(aRequest(), aScope(leftMs, clock)))).code).toBe('UPSTREAM_TIMEOUT');
    expect(scopes).toHaveLength(0);
  });

  it("rejects with the caller's reason when it had left before, also when its deadline has passed", async () => {
    const { clock, send, scopes } = open();
    const gone = AbortSignal.abort(new Error('left'));
    await expect(send(aRequest(), aScope(-1, clock, gone))).rejects.toThrow('left');
    expect(scopes).toHaveLength(0);
  });

  it('whose body is not known yet is let through as it is', async () => {
    const { clock, send, scopes, answers } = open();
    const scope = aScope(1_000, clock);
    const asking = [1, 2].map(() => send(aRequest({ lateBody: () => 'later' }), scope));
    await settle();
    expect(scopes).toEqual([scope, scope]);
    answers.forEach((answer) => {
      answer('one');
    });
    await Promise.all(asking);
  });

  it('forgets the signal of the caller', async () => {
    const { clock, send, answers } = open();
    const { signal } = new AbortController();
    const asking = send(aRequest(), aScope(1_000, clock, signal));
    await settle();
    answers[0]!('one');
    await asking;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
