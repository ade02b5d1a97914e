import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BATCH_COMPUTE_STATES } from '../../src/sandbox/batch-compute/batch-compute-states.ts';
import { batchComputeStory, type PlannedTask } from '../../src/sandbox/batch-compute/batch-compute-lives.ts';
import { batchComputeMoment, type Metrics } from '../../src/sandbox/batch-compute/batch-compute-moment.ts';
import { completeBatchComputeJob } from '../../src/sandbox/batch-compute/new-batch-compute-job.ts';
import { still } from '../../src/sandbox/life.ts';
import { createRandom } from '../../src/sandbox/random.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  BATCH_HOST,
  codeOf,
  responseOf,
  send,
  tc3Call,
  type Tc3Call,
  type WireAnswer,
} from './signed-calls.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const MINUTE_MS = 60_000;
const REGION = 'ap-guangzhou';

async function withSandbox(
  options: SandboxOptions,
  act: (sandbox: Sandbox, clock: FakeClock) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock(START);
  const sandbox = await startSandbox({
    clock,
    world: 'empty',
    batchComputeRequestsPerSecond: null,
    ...options,
  });
  try {
    await act(sandbox, clock);
  } finally {
    await sandbox.close();
  }
}

function jsonCall(sandbox: Sandbox, body: object, more: Tc3Call = {}): Promise<WireAnswer> {
  return tc3Call(sandbox, { nowMs: START, body: JSON.stringify(body), ...more });
}

describe('BatchCompute', () => {
  let sandbox: Sandbox;
  const call = (body: object, more: Tc3Call = {}): Promise<WireAnswer> => jsonCall(sandbox, body, more);
  const ids = async (body: object): Promise<readonly string[]> =>
    responseOf(await call(body)).JobSet.map((job) => job.JobId);

  beforeAll(async () => {
    sandbox = await startSandbox({
      clock: new FakeClock(START),
      world: 'empty',
      batchComputeRequestsPerSecond: null,
    });
    const team = { Key: 'team', Value: 'genomics' };
    sandbox.batchCompute.add(REGION, {
      jobId: 'job-aaaaaaa1',
      createdAtMs: START - 30 * MINUTE_MS,
      state: 'SUCCEED',
      jobName: 'one',
      zone: 'ap-guangzhou-4',
      tags: [team],
    });
    sandbox.batchCompute.add(REGION, {
      jobId: 'job-aaaaaaa3',
      createdAtMs: START - 20 * MINUTE_MS,
      state: 'RUNNING',
      jobName: '基因测序-α',
      zone: 'ap-guangzhou-6',
      tags: [{ Key: 'env', Value: 'genomics' }],
    });
    sandbox.batchCompute.add(REGION, {
      jobId: 'job-aaaaaaa2',
      createdAtMs: START - 20 * MINUTE_MS,
      state: 'FAILED',
      jobName: 'one',
      zone: 'ap-guangzhou-4',
      tags: null,
    });
    sandbox.batchCompute.add(REGION, {
      jobId: 'job-aaaaaaa4',
      createdAtMs: START - 10 * MINUTE_MS,
      state: 'PENDING',
      placement: null,
      tags: [],
    });
    sandbox.batchCompute.add(REGION, { jobId: 'job-aaaaaaa5', createdAtMs: START + MINUTE_MS });
    sandbox.batchCompute.add('ap-shanghai', { jobId: 'job-bbbbbbb1' });
  });
  afterAll(() => sandbox.close());

  it('lists newest first, then by id, with the true total', async () => {
    const answer = responseOf(await call({}));
    expect(answer.TotalCount).toBe(4);
    expect(answer.JobSet.map((job) => job.JobId)).toEqual([
      'job-aaaaaaa4',
      'job-aaaaaaa2',
      'job-aaaaaaa3',
      'job-aaaaaaa1',
    ]);
    expect(sandbox.batchCompute.jobIds(REGION)).toEqual(answer.JobSet.map((job) => job.JobId));
  });

  it('reads the region of X-TC-Region, and the first one without it', async () => {
    expect(responseOf(await call({}, { region: 'ap-shanghai' })).JobSet.map((job) => job.JobId)).toEqual([
      'job-bbbbbbb1',
    ]);
    expect(responseOf(await call({}, { region: null })).TotalCount).toBe(4);
  });

  it('answers with exactly application/json, a fresh UUID and the trace id of the call', async () => {
    const one = await call({}, { unsigned: { 'X-TC-TraceId': 'trace-1' } });
    const other = await call({});
    expect(one.headers['content-type']).toBe('application/json');
    expect(one.headers['x-tc-traceid']).toBe('trace-1');
    expect(responseOf(one).RequestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(responseOf(one).RequestId).not.toBe(responseOf(other).RequestId);
  });

  it('gives all the fields of a JobView, null where nothing is known', async () => {
    const { JobSet } = responseOf(await call({ JobIds: ['job-aaaaaaa4'] }));
    const job = JobSet[0];
    expect(Object.keys(job ?? {}).toSorted()).toEqual([
      'CreateTime',
      'EndTime',
      'JobId',
      'JobName',
      'JobState',
      'Placement',
      'Priority',
      'Tags',
      'TaskMetrics',
    ]);
    expect(job).toMatchObject({
      JobState: 'PENDING',
      EndTime: null,
      Placement: null,
      Tags: [],
      CreateTime: '2026-03-01T11:50:00Z',
    });
  });

  it('answers an id query in its own order, without the ids that it does not know', async () => {
    const answer = responseOf(
      await call({ JobIds: ['job-aaaaaaa1', 'job-zzzzzzzz', 'job-aaaaaaa4', 'job-aaaaaaa1'] }),
    );
    expect(answer.TotalCount).toBe(2);
    expect(answer.JobSet.map((job) => job.JobId)).toEqual(['job-aaaaaaa4', 'job-aaaaaaa1']);
  });

  it('takes an empty id list as no restriction', async () => {
    expect(await ids({ JobIds: [] })).toHaveLength(4);
  });

  it('pages by Offset and Limit, and beyond the end still tells the total', async () => {
    expect(await ids({ Offset: 1, Limit: 2 })).toEqual(['job-aaaaaaa2', 'job-aaaaaaa3']);
    const beyond = responseOf(await call({ Offset: 50 }));
    expect([beyond.TotalCount, beyond.JobSet]).toEqual([4, []]);
  });

  it('applies the default Limit of 20 to id queries too', async () => {
    await withSandbox({}, async (own) => {
      const many = Array.from({ length: 30 }, () => own.batchCompute.add(REGION));
      const answer = responseOf(await jsonCall(own, { JobIds: many }));
      expect([answer.TotalCount, answer.JobSet.length]).toEqual([30, 20]);
      expect(responseOf(await jsonCall(own, { JobIds: many, Limit: 30 })).JobSet).toHaveLength(30);
    });
  });

  it.each<[string, object[], string[]]>([
    ['job-id', [{ Name: 'job-id', Values: ['job-aaaaaaa1'] }], ['job-aaaaaaa1']],
    ['job-name, whole and non-ASCII', [{ Name: 'job-name', Values: ['基因测序-α', 'on'] }], ['job-aaaaaaa3']],
    [
      'job-state, any of several',
      [{ Name: 'job-state', Values: ['RUNNING', 'FAILED'] }],
      ['job-aaaaaaa2', 'job-aaaaaaa3'],
    ],
    ['zone', [{ Name: 'zone', Values: ['ap-guangzhou-6'] }], ['job-aaaaaaa3']],
    ['tag-key', [{ Name: 'tag-key', Values: ['team'] }], ['job-aaaaaaa1']],
    ['tag-value', [{ Name: 'tag-value', Values: ['genomics'] }], ['job-aaaaaaa3', 'job-aaaaaaa1']],
    ['tag:<key>', [{ Name: 'tag:env', Values: ['genomics', 'x'] }], ['job-aaaaaaa3']],
    [
      'two filters at once',
      [
        { Name: 'job-name', Values: ['one'] },
        { Name: 'job-state', Values: ['SUCCEED'] },
      ],
      ['job-aaaaaaa1'],
    ],
  ])('filters by %s', async (_what, Filters, expected) => {
    expect(await ids({ Filters })).toEqual(expected);
  });

  const filter = (Name: string, ...Values: string[]): object => ({ Filters: [{ Name, Values }] });

  it.each<[string, object, string]>([
    ['an undeclared parameter', { JobId: 'job-aaaaaaa1' }, 'UnknownParameter'],
    ['a parameter in another case', { jobIds: [] }, 'UnknownParameter'],
    [
      'an undeclared member of a filter',
      { Filters: [{ Name: 'zone', Values: ['x'], Op: 'eq' }] },
      'UnknownParameter',
    ],
    ['ids that are no list', { JobIds: 'job-aaaaaaa1' }, 'InvalidParameter'],
    ['ids that are no strings', { JobIds: [1] }, 'InvalidParameter'],
    ['a Limit as text', { Limit: '5' }, 'InvalidParameter'],
    ['a fractional Limit', { Limit: 1.5 }, 'InvalidParameter'],
    ['a Limit of 0', { Limit: 0 }, 'InvalidParameterValue'],
    ['a Limit of 101', { Limit: 101 }, 'InvalidParameterValue'],
    ['a negative Offset', { Offset: -1 }, 'InvalidParameterValue'],
    ['101 ids', { JobIds: Array.from({ length: 101 }, () => 'job-aaaaaaa1') }, 'InvalidParameterValue'],
    [
      'one malformed id among good ones',
      { JobIds: ['job-aaaaaaa1', 'job_7'] },
      'InvalidParameter.JobIdMalformed',
    ],
    ['an id in upper case', { JobIds: ['job-AAAAAAA1'] }, 'InvalidParameter.JobIdMalformed'],
    [
      'ids together with filters',
      { JobIds: ['job-aaaaaaa1'], ...filter('job-name', 'one') },
      'InvalidParameter.InvalidParameterCombination',
    ],
    ['an unknown filter', filter('job-owner', 'x'), 'InvalidFilter'],
    ['a tag filter without a key', filter('tag:', 'x'), 'InvalidFilter'],
    ['a filter without values', filter('job-name'), 'InvalidParameterValue.InvalidFilter'],
    ['a filter without Values', { Filters: [{ Name: 'job-name' }] }, 'InvalidParameterValue.InvalidFilter'],
    ['a filter without a Name', { Filters: [{ Values: ['x'] }] }, 'InvalidParameterValue.InvalidFilter'],
    [
      'a filter given twice',
      {
        Filters: [
          { Name: 'job-name', Values: ['x'] },
          { Name: 'job-name', Values: ['y'] },
        ],
      },
      'InvalidParameterValue.InvalidFilter',
    ],
    ['six values', filter('job-name', '1', '2', '3', '4', '5', '6'), 'InvalidParameterValue.LimitExceeded'],
    [
      'eleven filters',
      { Filters: Array.from({ length: 11 }, (_, index) => ({ Name: `tag:${index}`, Values: ['x'] })) },
      'InvalidParameterValue.LimitExceeded',
    ],
    ['an unknown state', filter('job-state', 'SUCCEEDED'), 'InvalidParameterValue'],
    ['a zone of another region', filter('zone', 'ap-shanghai-2'), 'InvalidZone.MismatchRegion'],
    ['a region as a zone', filter('zone', 'ap-guangzhou'), 'InvalidZone.MismatchRegion'],
  ])('refuses %s in an envelope of status 200', async (_what, body, code) => {
    const answer = await call(body);
    expect([answer.status, codeOf(answer)]).toEqual([200, code]);
    expect(Object.keys(responseOf(answer)).toSorted()).toEqual(['Error', 'RequestId']);
  });

  it.each<[string, Tc3Call, string]>([
    ['of another action', { action: 'TerminateJob' }, 'InvalidAction'],
    ['of another version', { unsigned: { 'X-TC-Version': '2016-01-01' } }, 'NoSuchVersion'],
    ['without an action', { unsigned: { 'X-TC-Action': '' } }, 'MissingParameter'],
    ['without a timestamp', { unsigned: { 'X-TC-Timestamp': '' } }, 'MissingParameter'],
    ['to a region that is not served', { region: 'ap-nowhere' }, 'UnsupportedRegion'],
    ["to another product's host", { host: 'cvm.tencentcloudapi.com' }, 'NoSuchProduct'],
    ['that is not JSON', { body: '{' }, 'InvalidParameter'],
    ['that is no object', { body: '[]' }, 'InvalidParameter'],
    ['that is empty', { body: '' }, 'InvalidParameter'],
    ['301 seconds late', { nowMs: START - 301_000 }, 'AuthFailure.SignatureExpire'],
    ['301 seconds early', { nowMs: START + 301_000 }, 'AuthFailure.SignatureExpire'],
    ['of an unknown key', { secretId: 'AKIDUNKNOWN' }, 'AuthFailure.SecretIdNotFound'],
    ['of no cloud key', { secretId: 'user' }, 'AuthFailure.InvalidSecretId'],
    ['with another secret', { secretKey: 'wrong' }, 'AuthFailure.SignatureFailure'],
    ['with the scope of another service', { service: 'cvm' }, 'AuthFailure.SignatureFailure'],
    [
      'with a charset added after signing',
      { unsigned: { 'Content-Type': 'application/json; charset=utf-8' } },
      'AuthFailure.SignatureFailure',
    ],
    [
      'with a malformed Authorization',
      { unsigned: { Authorization: 'TC3' } },
      'AuthFailure.InvalidAuthorization',
    ],
    ['with a token that nobody issued', { unsigned: { 'X-TC-Token': 'x' } }, 'AuthFailure.TokenFailure'],
  ])('refuses a call %s', async (_what, more, code) => {
    const answer = await call({}, more);
    expect([answer.status, codeOf(answer)]).toEqual([200, code]);
  });

  it('accepts a clock that is exactly five minutes off', async () => {
    expect(codeOf(await call({}, { nowMs: START - 300_000 }))).toBeNull();
    expect(codeOf(await call({}, { nowMs: START + 300_000 }))).toBeNull();
  });

  it('refuses other methods than GET and POST', async () => {
    const answer = await send(sandbox.endpoints.batchCompute, {
      method: 'PUT',
      path: '/',
      headers: { Host: BATCH_HOST },
    });
    expect([answer.status, codeOf(answer)]).toEqual([200, 'UnsupportedProtocol']);
  });

  it('refuses a body of more than ten megabytes', async () => {
    const answer = await call({ JobIds: ['x'.repeat(10 * 1024 * 1024)] });
    expect(codeOf(answer)).toBe('RequestSizeLimitExceeded');
  });

  it('describes a job with a flat zone, its tasks and the metrics of both kinds', async () => {
    const answer = await call({ JobId: 'job-aaaaaaa1' }, { action: 'DescribeJob' });
    const { Response } = JSON.parse(answer.body) as { Response: object };
    expect(Object.keys(Response)).toEqual([
      'JobId',
      'JobName',
      'Zone',
      'Priority',
      'JobState',
      'CreateTime',
      'EndTime',
      'TaskSet',
      'DependenceSet',
      'TaskMetrics',
      'TaskInstanceMetrics',
      'StateReason',
      'Tags',
      'NextAction',
      'RequestId',
    ]);
    expect(Response).toMatchObject({
      Zone: 'ap-guangzhou-4',
      JobState: 'SUCCEED',
      StateReason: '',
      NextAction: '',
      EndTime: '2026-03-01T11:40:00Z',
    });
  });

  it.each<[string, object, string]>([
    ['an unknown id', { JobId: 'job-zzzzzzzz' }, 'ResourceNotFound.Job'],
    ['a malformed id', { JobId: 'job-1' }, 'InvalidParameter.JobIdMalformed'],
    ['no id', {}, 'MissingParameter'],
    ['an id that is no text', { JobId: 7 }, 'InvalidParameter'],
    ['an undeclared parameter', { JobId: 'job-aaaaaaa1', Limit: 1 }, 'UnknownParameter'],
  ])('refuses to describe with %s', async (_what, body, code) => {
    expect(codeOf(await call(body, { action: 'DescribeJob' }))).toBe(code);
  });
});

describe('the request rate', () => {
  it('lets the first two calls of a second pass, per action, and names the counts in the refusal', async () => {
    await withSandbox({ batchComputeRequestsPerSecond: 2 }, async (sandbox, clock) => {
      const codes = async (action: string, count: number): Promise<(string | null)[]> => {
        const answers: (string | null)[] = [];
        for (let index = 0; index < count; index += 1) {
          const body = action === 'DescribeJob' ? { JobId: 'job-zzzzzzzz' } : {};
          answers.push(codeOf(await jsonCall(sandbox, body, { action, nowMs: clock.now() })));
        }
        return answers;
      };
      expect(await codes('DescribeJobs', 3)).toEqual([null, null, 'RequestLimitExceeded']);
      expect(await codes('DescribeJob', 2)).toEqual(['ResourceNotFound.Job', 'ResourceNotFound.Job']);
      await clock.advance(999);
      const refused = await jsonCall(sandbox, {}, { nowMs: clock.now() });
      expect(responseOf(refused).Error).toEqual({
        Code: 'RequestLimitExceeded',
        Message:
          'Your current request times equals to `4` in a second, which exceeds the frequency limit `2` for a second. Please reduce the frequency of calls.',
      });
      await clock.advance(1);
      expect(await codes('DescribeJobs', 3)).toEqual([null, null, 'RequestLimitExceeded']);
    });
  });

  it('is checked before parameters but after the signature', async () => {
    await withSandbox({ batchComputeRequestsPerSecond: 1 }, async (sandbox) => {
      expect(codeOf(await jsonCall(sandbox, {}, { secretKey: 'wrong' }))).toBe(
        'AuthFailure.SignatureFailure',
      );
      expect(codeOf(await jsonCall(sandbox, { Limit: 0 }))).toBe('InvalidParameterValue');
      expect(codeOf(await jsonCall(sandbox, { Limit: 0 }))).toBe('RequestLimitExceeded');
    });
  });
});

describe('BatchCompute options', () => {
  it('demands the session token, and blames the token rather than the signature', async () => {
    await withSandbox({ sessionToken: 'tok/en+with=signs' }, async (sandbox) => {
      expect(codeOf(await jsonCall(sandbox, {}))).toBe('AuthFailure.TokenFailure');
      expect(codeOf(await jsonCall(sandbox, {}, { unsigned: { 'X-TC-Token': 'other' } }))).toBe(
        'AuthFailure.TokenFailure',
      );
      expect(
        codeOf(await jsonCall(sandbox, {}, { unsigned: { 'X-TC-Token': 'tok/en+with=signs' } })),
      ).toBeNull();
    });
  });

  it('demands region and vendor host in the strict modes', async () => {
    await withSandbox({ requireRegion: true, requireVendorHost: true }, async (sandbox) => {
      expect(codeOf(await jsonCall(sandbox, {}, { region: null }))).toBe('MissingParameter');
      expect(codeOf(await jsonCall(sandbox, {}, { host: 'localhost', service: 'localhost' }))).toBe(
        'NoSuchProduct',
      );
      expect(
        codeOf(await jsonCall(sandbox, {}, { host: 'batch.ap-guangzhou.tencentcloudapi.com' })),
      ).toBeNull();
    });
  });

  it('shifts offset pages when a job is submitted or deleted between two of them', async () => {
    await withSandbox({}, async (sandbox, clock) => {
      const added: string[] = [];
      for (let index = 0; index < 4; index += 1) {
        added.unshift(sandbox.batchCompute.add(REGION));
        await clock.advance(1000);
      }
      const page = async (Offset: number): Promise<readonly string[]> =>
        responseOf(await jsonCall(sandbox, { Offset, Limit: 2 }, { nowMs: clock.now() })).JobSet.map(
          (job) => job.JobId,
        );
      expect(await page(0)).toEqual(added.slice(0, 2));
      sandbox.batchCompute.add(REGION);
      expect(await page(2)).toEqual(added.slice(1, 3));
      sandbox.batchCompute.remove(REGION, added[0] ?? '');
      expect(await page(2)).toEqual(added.slice(2, 4));
    });
  });
});

describe('the lives of BatchCompute jobs', () => {
  it('leave a failed task at least one failed instance', () => {
    const setting = { region: REGION, random: createRandom(1, 'failed'), nowMs: START };
    const tasks = [{ name: 'a', instances: 4, life: still('FAILED', 1), showsTimes: true }];
    const { instanceMetrics } = batchComputeMoment(completeBatchComputeJob({ tasks }, setting), START);
    expect(instanceMetrics).toMatchObject({ SucceedCount: 3, FailedCount: 1 });
  });

  const plan: readonly PlannedTask[] = [
    { name: 'prep', instances: 3, after: [] },
    { name: 'align', instances: 40, after: ['prep'] },
    { name: 'merge', instances: 1, after: ['align'] },
  ];
  const sum = (metrics: Metrics): number => Object.values(metrics).reduce((a, b) => a + b, 0);

  it.each([
    ['success', 'SUCCEED'],
    ['failed', 'FAILED'],
    ['failed-interrupted', 'FAILED_INTERRUPTED'],
    ['terminated', 'FAILED'],
    ['long-running', 'RUNNING'],
  ] as const)('end, after the script %s, in %s, with all counters adding up on the way', (script, last) => {
    const setting = { region: REGION, random: createRandom(7, script), nowMs: START };
    const story = batchComputeStory(script, plan, setting.random);
    const job = completeBatchComputeJob({ ...story, dependences: [] }, setting);
    const states: string[] = [];
    const actions = new Set<string>();
    // every second of the first minutes, when states are short; then every half minute of a day
    for (
      let elapsedMs = 0;
      elapsedMs < 24 * 60 * MINUTE_MS;
      elapsedMs += elapsedMs < 10 * MINUTE_MS ? 1000 : 30_000
    ) {
      const moment = batchComputeMoment(job, START + elapsedMs);
      const counts = Object.values(moment.instanceMetrics);
      if (sum(moment.taskMetrics) !== 3 || sum(moment.instanceMetrics) !== 44 || Math.min(...counts) < 0) {
        expect.fail(`counters do not add up after ${elapsedMs} ms: ${JSON.stringify(moment)}`);
      }
      if (states.at(-1) !== moment.state) {
        states.push(moment.state);
      }
      actions.add(`${moment.state} ${moment.nextAction}`.trim());
    }
    const ranks = states.map((state) => (BATCH_COMPUTE_STATES as readonly string[]).indexOf(state));
    expect(ranks).toEqual(ranks.toSorted((left, right) => left - right));
    expect(states[0]).toBe('SUBMITTED');
    expect(states.at(-1)).toBe(last);
    expect(actions.has('RUNNING TERMINATING')).toBe(script === 'terminated');
    expect([...actions].some((entry) => entry.startsWith('FAILED TERM'))).toBe(false);
  });
});
