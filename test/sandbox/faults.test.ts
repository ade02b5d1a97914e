import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../src/sandbox/faults.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  CI_HOST,
  ciCall,
  codeOf,
  cosCall,
  responseOf,
  tc3Call,
  windowAt,
  type WireAnswer,
} from './signed-calls.ts';

const START = Date.parse('2026-03-01T12:00:00Z');

describe('faults on demand', () => {
  let clock: FakeClock;
  let sandbox: Sandbox;
  const cos = (path = '/jobs'): Promise<WireAnswer> =>
    cosCall(sandbox, { path, keyTime: windowAt(clock.now()) });
  const ci = (): Promise<WireAnswer> =>
    ciCall(sandbox, { path: '/inventorytriggerjob', keyTime: windowAt(clock.now()) });
  const batch = (body = '{}', action = 'DescribeJobs'): Promise<WireAnswer> =>
    tc3Call(sandbox, { nowMs: clock.now(), body, action });
  const add = (fault: Fault, times?: number): void => {
    for (const upstream of ['cos', 'batchCompute', 'ci'] as const) {
      sandbox.faults.add({ upstream, fault, ...(times === undefined ? {} : { times }) });
    }
  };

  beforeEach(async () => {
    clock = new FakeClock(START);
    sandbox = await startSandbox({ clock, world: 'empty', batchComputeRequestsPerSecond: null });
  });
  afterEach(() => sandbox.close());

  it.each<[string, number, number, number]>([
    ['SlowDown', 503, 429, 200],
    ['InternalError', 500, 500, 200],
    ['ServiceUnavailable', 500, 503, 200],
    ['RequestLimitExceeded', 500, 500, 200],
    ['AuthFailure.TokenFailure', 500, 500, 200],
    ['AccessDenied', 403, 401, 200],
    ['UnavailableForLegalReasons', 451, 451, 200],
  ])(
    'gives %s with the status that each service documents',
    async (code, cosStatus, ciStatus, batchStatus) => {
      add({ kind: 'error', code });
      const answers = [await cos(), await ci(), await batch()];
      expect(answers.map((answer) => answer.status)).toEqual([cosStatus, ciStatus, batchStatus]);
      expect(answers.map(codeOf)).toEqual([code, code, code]);
    },
  );

  it('gives another status and message when told to', async () => {
    add({ kind: 'error', code: 'ServiceUnavailable', status: 503, message: 'later' });
    for (const answer of [await cos(), await ci(), await batch()]) {
      expect(answer.status).toBe(503);
      expect(answer.body).toContain('later');
    }
  });

  it('strikes as often as told, after letting as many pass as told, then no more', async () => {
    sandbox.faults.add({ upstream: 'cos', skip: 1, times: 2, fault: { kind: 'empty', status: 503 } });
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      statuses.push((await cos()).status);
    }
    expect(statuses).toEqual([200, 503, 503, 200, 200]);
  });

  it('strikes until cleared, or until the one rule is withdrawn', async () => {
    const withdraw = sandbox.faults.add({ upstream: 'cos', fault: { kind: 'empty', status: 500 } });
    sandbox.faults.add({ upstream: 'ci', fault: { kind: 'empty', status: 500 } });
    expect([(await cos()).status, (await ci()).status]).toEqual([500, 500]);
    withdraw();
    expect([(await cos()).status, (await ci()).status]).toEqual([200, 500]);
    sandbox.faults.clear();
    expect([(await cos()).status, (await ci()).status]).toEqual([200, 200]);
  });

  it('strikes only the action, place and job that the rule names', async () => {
    sandbox.faults.add({
      upstream: 'batchCompute',
      action: 'DescribeJobs',
      jobId: 'job-aaaaaaa1',
      fault: { kind: 'error', code: 'InternalError' },
    });
    sandbox.faults.add({ upstream: 'cos', region: 'ap-shanghai', fault: { kind: 'empty', status: 500 } });
    sandbox.faults.add({ upstream: 'cos', jobId: 'x', fault: { kind: 'empty', status: 502 } });
    sandbox.faults.add({ upstream: 'ci', bucket: 'media-1250000000', fault: { kind: 'empty', status: 500 } });
    expect(codeOf(await batch('{"JobIds":["job-aaaaaaa2","job-aaaaaaa1"]}'))).toBe('InternalError');
    expect(codeOf(await batch('{"JobIds":["job-aaaaaaa2"]}'))).toBeNull();
    expect(codeOf(await batch('{"JobId":"job-aaaaaaa1"}', 'DescribeJob'))).toBe('ResourceNotFound.Job');
    expect((await cos()).status).toBe(200);
    expect((await cos('/jobs/x')).status).toBe(502);
    expect((await ci()).status).toBe(200);
  });

  it.each([502, 200])('gives an HTML page with status %i', async (status) => {
    add({ kind: 'html', status });
    for (const answer of [await cos(), await ci(), await batch()]) {
      expect(answer.status).toBe(status);
      expect(answer.headers['content-type']).toBe('text/html');
      expect(answer.body).toMatch(/^<html>/);
    }
  });

  it('gives an empty body with a status', async () => {
    add({ kind: 'empty', status: 500 });
    for (const answer of [await cos(), await ci(), await batch()]) {
      expect([answer.status, answer.body, answer.headers['content-length']]).toEqual([500, '', '0']);
      // nor a Date, which could only be the machine's
      expect(answer.headers['date']).toBeUndefined();
    }
  });

  it('gives any raw answer', async () => {
    add({ kind: 'raw', status: 418, headers: { 'X-Odd': 'yes' }, body: '{"Response":{}}' });
    const answer = await batch();
    expect([answer.status, answer.headers['x-odd'], answer.body]).toEqual([418, 'yes', '{"Response":{}}']);
  });

  it('cuts a body in half and still frames it correctly', async () => {
    sandbox.batchCompute.add('ap-guangzhou');
    add({ kind: 'truncate' });
    const answer = await batch();
    expect(answer.status).toBe(200);
    expect(answer.body).toMatch(/^\{"Response":/);
    expect(() => responseOf(answer)).toThrow(SyntaxError);
    expect((await cos()).body).toMatch(/^<ListJobsResult>(?!.*<\/ListJobsResult>)/s);
  });

  it.each(['before-answer', 'within-body'] as const)('breaks the connection %s', async (when) => {
    add({ kind: 'drop', when }, 1);
    await expect(cos()).rejects.toThrow(/socket hang up|aborted/);
    await expect(ci()).rejects.toThrow(/socket hang up|aborted/);
    await expect(batch()).rejects.toThrow(/socket hang up|aborted/);
    expect((await cos()).status).toBe(200);
    expect(sandbox.calls.map((call) => call.outcome)).toEqual([
      'fault:drop',
      'fault:drop',
      'fault:drop',
      'OK',
    ]);
  });

  it('answers late by its own clock, and then truly', async () => {
    add({ kind: 'slow', delayMs: 5_000 }, 1);
    let answered = false;
    const late = cos().finally(() => {
      answered = true;
    });
    await expect.poll(() => clock.sleeping).toBe(1);
    await clock.advance(4_999);
    expect(answered).toBe(false);
    expect(sandbox.calls[0]?.outcome).toBe('pending');
    await clock.advance(1);
    expect((await late).status).toBe(200);
    expect(sandbox.calls[0]?.outcome).toBe('OK');
  });

  it('sends half of the body at once and the rest late', async () => {
    add({ kind: 'slow-body', delayMs: 5_000 }, 1);
    const late = cos();
    await expect.poll(() => clock.sleeping).toBe(1);
    await clock.advance(5_000);
    expect((await late).body).toMatch(/^<ListJobsResult>.*<\/ListJobsResult>$/s);
  });

  it('notes a caller that hangs up while it waits, and leaves no timer behind', async () => {
    add({ kind: 'slow', delayMs: 60_000 }, 1);
    const controller = new AbortController();
    const gone = fetch(`${sandbox.endpoints.ci}/inventorytriggerjob`, { signal: controller.signal });
    await expect.poll(() => clock.sleeping).toBe(1);
    controller.abort();
    await expect(gone).rejects.toThrow('aborted');
    await expect.poll(() => sandbox.calls[0]?.outcome).toBe('abandoned');
    expect(clock.sleeping).toBe(0);
  });

  it('never answers, and closing breaks the connection', async () => {
    add({ kind: 'hang' }, 1);
    const hanging = expect(cos()).rejects.toThrow('socket hang up');
    await expect.poll(() => sandbox.calls[0]?.outcome).toBe('fault:hang');
    expect(sandbox.calls[0]?.httpStatus).toBeNull();
    await sandbox.close();
    await hanging;
  });

  it('believes in another time, and shows it in the Date header', async () => {
    add({ kind: 'clock-skew', offsetMs: 20 * 60_000 });
    const answers = [await cos(), await ci(), await batch()];
    expect(answers.map(codeOf)).toEqual(['AccessDenied', 'SignatureExpired', 'AuthFailure.SignatureExpire']);
    expect(answers.map((answer) => answer.headers['date'])).toEqual(
      Array(3).fill('Sun, 01 Mar 2026 12:20:00 GMT'),
    );
    sandbox.faults.clear();
    add({ kind: 'clock-skew', offsetMs: -20 * 60_000 });
    expect(codeOf(await cos())).toBe('RequestTimeTooSkewed');
  });

  it('lets the session run out', async () => {
    add({ kind: 'expired-token' });
    const answers = [await cos(), await ci(), await batch()];
    expect(answers.map((answer) => [answer.status, codeOf(answer)])).toEqual([
      [400, 'ExpiredToken'],
      [401, 'AccessDenied'],
      [200, 'AuthFailure.TokenFailure'],
    ]);
  });
});

describe('the record of calls', () => {
  it('forgets the oldest calls in the long run', async () => {
    const sandbox = await startSandbox({ world: 'empty', recordedCalls: 3 });
    try {
      const counts: number[] = [];
      for (let index = 0; index < 8; index += 1) {
        await cosCall(sandbox, { path: `/jobs/${index}` });
        counts.push(sandbox.calls.length);
      }
      expect(counts).toEqual([1, 2, 3, 4, 5, 3, 4, 5]);
      expect(sandbox.calls.at(-1)?.jobIds).toEqual(['7']);
    } finally {
      await sandbox.close();
    }
  });

  it('tells what was asked, where, by whom, and how it ended', async () => {
    const sandbox = await startSandbox({
      clock: new FakeClock(START),
      world: 'empty',
      batchComputeRequestsPerSecond: null,
    });
    try {
      const keyTime = windowAt(START);
      const answer = await cosCall(sandbox, { path: '/jobs', keyTime, query: { maxResults: '5' } });
      await cosCall(sandbox, { path: '/jobs/some-id', keyTime });
      await ciCall(sandbox, { path: '/inventorytriggerjob/b1', keyTime, secretKey: 'wrong' });
      await tc3Call(sandbox, {
        nowMs: START,
        region: 'ap-shanghai',
        body: '{"JobIds":["job-aaaaaaa1","job-aaaaaaa2"],"Limit":2}',
      });
      const common = { arrivedAtMs: START, secretId: sandbox.account.secretId };
      expect(sandbox.calls).toMatchObject([
        {
          ...common,
          upstream: 'cos',
          action: 'ListJobs',
          region: 'ap-guangzhou',
          bucket: null,
          jobIds: [],
          params: { maxResults: '5' },
          outcome: 'OK',
          httpStatus: 200,
          requestId: answer.headers['x-cos-request-id'],
        },
        {
          ...common,
          upstream: 'cos',
          action: 'DescribeJob',
          jobIds: ['some-id'],
          outcome: 'NoSuchJob',
          httpStatus: 404,
        },
        {
          ...common,
          upstream: 'ci',
          action: 'DescribeInventoryTriggerJob',
          host: CI_HOST,
          region: 'ap-beijing',
          bucket: 'bucket-1250000000',
          jobIds: ['b1'],
          outcome: 'SignatureDoesNotMatch',
        },
        {
          ...common,
          upstream: 'batchCompute',
          action: 'DescribeJobs',
          host: 'batch.tencentcloudapi.com',
          region: 'ap-shanghai',
          jobIds: ['job-aaaaaaa1', 'job-aaaaaaa2'],
          params: { Limit: 2 },
          outcome: 'OK',
        },
      ]);
      sandbox.clearCalls();
      expect(sandbox.calls).toEqual([]);
    } finally {
      await sandbox.close();
    }
  });
});
