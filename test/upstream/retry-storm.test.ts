/** Reliability F10: an upstream that always fails is asked hardly more often than one that works. Over real sockets. */
import { expect, it, onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { createBreaker } from '../../src/upstream/breaker/breaker.ts';
import { upstreamErrorFor } from '../../src/upstream/error-table.ts';
import { createHttp } from '../../src/upstream/http.ts';
import { retry } from '../../src/upstream/retry.ts';
import { compose, type Middleware, type Send } from '../../src/upstream/send.ts';
import { aRequest, aScope, COS_ORIGIN, httpServer, upstreamErrorOf } from './support.ts';

const CALLS = 300;

/** Pauses take no time, so that a storm does not take a minute. */
const HASTY: Clock = { ...systemClock, sleep: () => Promise.resolve() };

async function failingUpstream(
  status: number,
): Promise<{ readonly send: Send; readonly requests: unknown[] }> {
  const { endpoint, requests } = await httpServer((_, response) => {
    response.statusCode = status;
    response.end();
  });
  const http = createHttp({
    origin: COS_ORIGIN,
    endpoint,
    clock: HASTY,
    limits: { connectTimeoutMs: 1_000, maxBodyBytes: 1_000, connections: 16 },
  });
  onTestFinished(() => http.close());
  return { send: http.send, requests };
}

/** Twenty callers at a time; how many requests the upstream saw. */
async function storm(status: number, layers: readonly Middleware[]): Promise<number> {
  const upstream = await failingUpstream(status);
  const send = compose(layers, upstream.send);
  const request = aRequest({
    decode: ({ status: httpStatus }) => {
      throw upstreamErrorFor(COS_ORIGIN, { httpStatus, upstreamCode: null, requestId: null });
    },
  });
  for (let call = 0; call < CALLS; call += 20) {
    await Promise.all(
      Array.from({ length: 20 }, () => upstreamErrorOf(send(request, aScope(60_000, HASTY)))),
    );
  }
  return upstream.requests.length;
}

const retrying = (): Middleware => retry({ attempts: 3, clock: HASTY, random: Math.random });

it.each([503, 429])('retries add at most a quarter to what is asked: %i', async (status) => {
  const requests = await storm(status, [retrying()]);
  expect(requests).toBeGreaterThan(CALLS);
  expect(requests).toBeLessThanOrEqual(1.25 * CALLS);
});

it('with a breaker there are far fewer', async () => {
  const { admission, departure } = createBreaker({
    origin: COS_ORIGIN,
    clock: HASTY,
    attemptTimeoutMs: 2_500,
    // However slow the machine is, no probe comes into it.
    settings: { openMs: 600_000 },
  });
  const requests = await storm(503, [retrying(), admission, departure]);
  // Those that were under way when the fifth failed are not called back.
  expect(requests).toBeGreaterThanOrEqual(5);
  expect(requests).toBeLessThanOrEqual(40);
});
