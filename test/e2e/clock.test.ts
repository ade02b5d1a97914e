/** The machine's clock is off, or an upstream's is: signatures go by the upstream's (reliability F20 and U37). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UpstreamName } from '../../src/sandbox/call-log.ts';
import { AllSourcesDocument } from '../operations/generated/graphql.ts';
import { MovedClock } from '../support/moved-clock.ts';
import { startWorld, type World } from '../support/world.ts';
import { dataOf } from './support.ts';

const MINUTE_MS = 60_000;
const UPSTREAMS = ['cos', 'batchCompute', 'ci'] as const;

let clock: MovedClock;
let world: World;
beforeEach(async () => {
  clock = new MovedClock();
  world = await startWorld({ parts: { clock }, sandbox: { world: 'empty' } });
});
afterEach(() => world.close());

/** What the upstreams said to the calls since the last look, by upstream. */
function outcomes(): Record<UpstreamName, string[]> {
  const said: Record<UpstreamName, string[]> = { cos: [], batchCompute: [], ci: [] };
  for (const { upstream, outcome } of world.calls()) {
    said[upstream].push(outcome);
  }
  world.sandbox.clearCalls();
  return said;
}

const ask = () => world.ask(AllSourcesDocument, { first: 1 });
const NOTHING_WRONG = { cos: ['OK'], batchCompute: ['OK'], ci: ['OK'] };

describe('a machine whose clock', () => {
  it('is ten minutes behind corrects each signature once, and the next query needs no correction', async () => {
    clock.movedMs = -10 * MINUTE_MS;
    dataOf(await ask());
    expect(outcomes()).toEqual({
      cos: ['AccessDenied', 'OK'],
      batchCompute: ['AuthFailure.SignatureExpire', 'OK'],
      ci: ['SignatureExpired', 'OK'],
    });
    dataOf(await ask());
    expect(outcomes()).toEqual(NOTHING_WRONG);
  });

  it('is ten minutes ahead corrects what is refused for that', async () => {
    clock.movedMs = 10 * MINUTE_MS;
    dataOf(await ask());
    // The other two mind a quarter of an hour (`cos-signature.md` section 5).
    expect(outcomes()).toEqual({ ...NOTHING_WRONG, batchCompute: ['AuthFailure.SignatureExpire', 'OK'] });
    dataOf(await ask());
    expect(outcomes()).toEqual(NOTHING_WRONG);
  });

  it('is twenty minutes ahead corrects each signature once', async () => {
    clock.movedMs = 20 * MINUTE_MS;
    dataOf(await ask());
    expect(outcomes()).toEqual({
      cos: ['RequestTimeTooSkewed', 'OK'],
      batchCompute: ['AuthFailure.SignatureExpire', 'OK'],
      ci: ['SignatureExpired', 'OK'],
    });
    dataOf(await ask());
    expect(outcomes()).toEqual(NOTHING_WRONG);
  });

  it('is set right again corrects that too', async () => {
    clock.movedMs = -10 * MINUTE_MS;
    dataOf(await ask());
    outcomes();
    clock.movedMs = 20 * MINUTE_MS;
    dataOf(await ask());
    clock.movedMs = 0;
    outcomes();
    dataOf(await ask());
    expect(outcomes()).toEqual({
      cos: ['AccessDenied', 'OK'],
      batchCompute: ['AuthFailure.SignatureExpire', 'OK'],
      ci: ['SignatureExpired', 'OK'],
    });
    dataOf(await ask());
    expect(outcomes()).toEqual(NOTHING_WRONG);
  });

  it.each([-120, 120])('is %i minutes off is told to be set: one attempt each', async (minutes) => {
    clock.movedMs = minutes * MINUTE_MS;
    const { data, errors, text } = await ask();
    expect(data).toEqual({ cosJobs: null, batchComputeJobs: null, ciJobs: null });
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(Array(3).fill('UPSTREAM_AUTH_FAILED'));
    for (const { message, extensions } of errors) {
      expect(message).toContain("set the machine's clock");
      expect(extensions).toMatchObject({ retryable: false, requestId: expect.any(String) });
    }
    expect(text).not.toMatch(/Request has expired|validity window|five minutes from|remedy/);
    const said = outcomes();
    expect(UPSTREAMS.map((upstream) => said[upstream].length)).toEqual([1, 1, 1]);
  });
});

describe.each(UPSTREAMS)('an upstream whose clock is off, %s,', (upstream) => {
  it.each([10, -20])('by %i minutes costs one attempt there and none elsewhere', async (minutes) => {
    world.sandbox.faults.add({ upstream, fault: { kind: 'clock-skew', offsetMs: minutes * MINUTE_MS } });
    dataOf(await ask());
    expect(outcomes()).toEqual({ ...NOTHING_WRONG, [upstream]: [expect.not.stringMatching(/^OK$/), 'OK'] });
    dataOf(await ask());
    expect(outcomes()).toEqual(NOTHING_WRONG);
  });

  it('by two hours is refused, and the others’ jobs are there', async () => {
    world.sandbox.faults.add({ upstream, fault: { kind: 'clock-skew', offsetMs: 120 * MINUTE_MS } });
    const { errors } = await ask();
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['UPSTREAM_AUTH_FAILED']);
    expect(outcomes()).toEqual({ ...NOTHING_WRONG, [upstream]: [expect.not.stringMatching(/^OK$/)] });
  });
});

it('many reads at once are each corrected once', async () => {
  const jobIds = Array.from({ length: 8 }, () => world.sandbox.cos.add('ap-guangzhou', {}));
  clock.movedMs = -10 * MINUTE_MS;
  const query = jobIds.map((jobId, index) => `a${index}: cosJob(jobId: "${jobId}") { jobId }`).join(' ');
  const { data, errors } = await world.askText(`{ ${query} }`);
  expect(errors).toEqual([]);
  expect(Object.values(data!)).toEqual(jobIds.map((jobId) => ({ jobId })));
  const said = outcomes().cos;
  expect(said.filter((outcome) => outcome === 'OK')).toHaveLength(8);
  expect(said.length).toBeLessThanOrEqual(16);
});
