import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../src/model/errors.ts';
import { limit, type TurnRequest, waitTooLong } from '../../../src/upstream/turns/limiter.ts';
import type { Send } from '../../../src/upstream/send.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { aRequest, aScope, BATCH_ORIGIN } from '../support.ts';

const READY = { isReady: () => true, makeReady: () => Promise.resolve() };

/** The layer over a limiter that notes what it is asked and told. */
function open(inner: Send): { readonly send: Send; readonly notes: string[]; readonly asked: TurnRequest[] } {
  const notes: string[] = [];
  const asked: TurnRequest[] = [];
  const send = limit({
    origin: BATCH_ORIGIN,
    limiterFor: (action) => ({
      acquire: (request) => {
        asked.push(request);
        notes.push(`turn for ${action}`);
        return Promise.resolve({
          release: () => {
            notes.push('release');
          },
        });
      },
      pushBack: (ms) => {
        notes.push(`push back ${String(ms)}`);
      },
    }),
    readiness: READY,
    clock: new FakeClock(0),
    onWaited: () => undefined,
  })(inner);
  return { send, notes, asked };
}

const throttled = (facts: object = {}): UpstreamError =>
  new UpstreamError('UPSTREAM_RATE_LIMITED', BATCH_ORIGIN, 'too many', { retryable: true, ...facts });

describe('the limit of a call', () => {
  it('is that of its action; the turn is given back when the call is over', async () => {
    const { send, notes, asked } = open((request) => {
      notes.push('call');
      return Promise.resolve(request.decode({ status: 200, headers: {}, body: '', receivedAtMs: 0 }));
    });
    const scope = aScope();
    await send(aRequest({ action: 'DescribeJobs' }), scope);
    expect(notes).toEqual(['turn for DescribeJobs', 'call', 'release']);
    expect(asked).toEqual([{ origin: BATCH_ORIGIN, scope, ...READY }]);
  });

  it.each([
    ['a second', throttled(), 1_000],
    ['what the upstream asks for when that is more', throttled({ retryAfterMs: 3_000 }), 3_000],
    ['a second when the upstream asks for less', throttled({ retryAfterMs: 10 }), 1_000],
  ])('is pushed back by %s after a refusal for too many calls', async (_, refusal, ms) => {
    const { send, notes } = open(() => Promise.reject(refusal));
    await expect(send(aRequest(), aScope())).rejects.toBe(refusal);
    expect(notes).toEqual(['turn for ListJobs', `push back ${String(ms)}`, 'release']);
  });

  it.each([
    ['another failure', new UpstreamError('UPSTREAM_UNAVAILABLE', BATCH_ORIGIN, 'busy')],
    ['a refusal of our own', waitTooLong(BATCH_ORIGIN, 700)],
    ['a bug', new TypeError('a bug')],
  ])('is not pushed back by %s', async (_, failure) => {
    const { send, notes } = open(() => Promise.reject(failure));
    await expect(send(aRequest(), aScope())).rejects.toBe(failure);
    expect(notes).toEqual(['turn for ListJobs', 'release']);
  });
});
