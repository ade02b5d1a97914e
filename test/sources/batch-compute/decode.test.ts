import { describe, expect, it } from 'vitest';
import { decodeDescription, decodeListing } from '../../../src/sources/batch-compute/decode.ts';
import type { BatchComputeJob } from '../../../src/sources/batch-compute/model.ts';
import { anAnswer, BATCH_COMPUTE_ORIGIN, FETCHED_AT, fixture, upstreamErrorOf } from '../support.ts';

const NO_TASKS = {
  submitted: 0,
  pending: 0,
  runnable: 0,
  starting: 0,
  running: 0,
  succeeded: 0,
  failed: 0,
  failedInterrupted: 0,
};
const JOB = {
  JobId: 'job-a0q7m2xe',
  JobName: 'nightly-report',
  JobState: 'RUNNING',
  Priority: 1,
  Placement: { Zone: 'ap-guangzhou-4' },
  CreateTime: '2026-03-01T00:00:05Z',
  EndTime: null,
  TaskMetrics: { RunningCount: 1 },
  Tags: [],
};
const DETAIL = {
  JobState: 'RUNNING',
  JobId: 'job-k3v8xw2p',
  TaskSet: [],
  DependenceSet: [],
  TaskInstanceMetrics: {},
  StateReason: '',
  NextAction: '',
  RequestId: 'req-1',
};

const list = (body: string) => decodeListing(BATCH_COMPUTE_ORIGIN, anAnswer(body));
const listBody = (job: object): string =>
  JSON.stringify({ Response: { TotalCount: 1, JobSet: [job], RequestId: 'req-1' } });
const listed = (change: object): BatchComputeJob => list(listBody({ ...JOB, ...change })).jobs[0]!;
const without = (member: string): object =>
  Object.fromEntries(Object.entries(JOB).filter(([name]) => name !== member));
const describe1 = (body: string, jobId = 'job-k3v8xw2p') =>
  decodeDescription(BATCH_COMPUTE_ORIGIN, jobId, anAnswer(body))?.detail ?? null;
const detailBody = (change: object): string => JSON.stringify({ Response: { ...DETAIL, ...change } });

describe('the documented answers', () => {
  const base = {
    source: 'BATCH_COMPUTE',
    account: 'media',
    region: 'ap-guangzhou',
    description: null,
    startedAt: null,
    fetchedAt: FETCHED_AT,
  };
  const placement = (zone: string) => ({ zone, projectId: null, hostId: null, hostIds: null });

  it('decodes the example of the seed page', () => {
    expect(list(fixture('batch-compute/describe-jobs-seed.json'))).toEqual({
      jobs: [
        {
          ...base,
          jobId: 'job-3n2weaqt',
          name: 'hello-test-job',
          status: 'RUNNING',
          upstreamStatus: 'STARTING',
          isFinished: false,
          priority: 1,
          createdAt: '2020-09-22T07:14:54Z',
          endedAt: null,
          progress: { total: 1, succeeded: 0, failed: 0, running: 1, pending: 0 },
          placement: placement('ap-guangzhou-4'),
          taskMetrics: { ...NO_TASKS, starting: 1 },
          tags: [{ key: 'batch-test-tag-job-key', value: 'batch-test-tag-job-value' }],
        },
        {
          ...base,
          jobId: 'job-7e7evk2x',
          name: 'hello-test-job',
          status: 'FAILED',
          upstreamStatus: 'FAILED',
          isFinished: true,
          priority: 1,
          createdAt: '2020-09-21T08:57:01Z',
          endedAt: '2020-09-21T08:59:45Z',
          progress: { total: 1, succeeded: 0, failed: 1, running: 0, pending: 0 },
          placement: placement('ap-guangzhou-4'),
          taskMetrics: { ...NO_TASKS, failed: 1 },
          tags: [
            { key: 'job-key1', value: 'job-value1' },
            { key: 'job-key', value: 'job-value' },
          ],
        },
      ],
      totalCount: 2,
      fetchedAt: FETCHED_AT,
    });
  });

  it('decodes an answer of three jobs: a name in Chinese, a kept machine, null tags', () => {
    const { jobs, totalCount } = list(fixture('batch-compute/describe-jobs-four-ids.json'));
    expect(totalCount).toBe(3);
    expect(jobs).toMatchObject([
      { jobId: 'job-k3v8xw2p', progress: { total: 3, succeeded: 1, failed: 0, running: 1, pending: 1 } },
      {
        jobId: 'job-h5n1d9rt',
        name: 'render-预览-042',
        status: 'FAILED',
        upstreamStatus: 'FAILED_INTERRUPTED',
        isFinished: false,
        progress: { total: 1, failed: 1 },
        tags: [],
      },
      { jobId: 'job-a0q7m2xe', status: 'COMPLETED', isFinished: true, priority: 0, tags: [] },
    ]);
  });

  it('decodes an empty listing', () => {
    expect(list(fixture('batch-compute/describe-jobs-empty.json'))).toEqual({
      jobs: [],
      totalCount: 0,
      fetchedAt: FETCHED_AT,
    });
  });

  it('decodes a description', () => {
    const createdAt = '2026-03-04T02:11:09Z';
    expect(describe1(fixture('batch-compute/describe-job.json'))).toEqual({
      stateReason: null,
      nextAction: null,
      tasks: [
        { name: 'prep', state: 'SUCCEED', createdAt, endedAt: '2026-03-04T02:15:30Z' },
        { name: 'align', state: 'RUNNING', createdAt, endedAt: null },
        { name: 'merge', state: 'PENDING', createdAt, endedAt: null },
      ],
      dependencies: [
        { startTask: 'prep', endTask: 'align' },
        { startTask: 'align', endTask: 'merge' },
      ],
      taskInstanceMetrics: { ...NO_TASKS, pending: 1, running: 2, succeeded: 3 },
    });
  });
});

describe('a job that varies', () => {
  it.each(['Tags', 'Placement', 'CreateTime', 'EndTime', 'JobName', 'Priority'])(
    'may lack %s, or have null for it',
    (member) => {
      const names: Record<string, [keyof BatchComputeJob, unknown]> = {
        Tags: ['tags', []],
        Placement: ['placement', null],
        CreateTime: ['createdAt', null],
        EndTime: ['endedAt', null],
        JobName: ['name', null],
        Priority: ['priority', null],
      };
      const [field, expected] = names[member]!;
      expect(list(listBody(without(member))).jobs[0]![field]).toEqual(expected);
      expect(listed({ [member]: null })[field]).toEqual(expected);
    },
  );

  it('has null for empty texts and for a time that is none', () => {
    expect(listed({ JobName: '', EndTime: '', CreateTime: 'yesterday' })).toMatchObject({
      name: null,
      endedAt: null,
      createdAt: null,
    });
  });

  it('keeps an unknown state by its word', () => {
    expect(listed({ JobState: 'PAUSED' })).toMatchObject({
      status: 'UNKNOWN',
      upstreamStatus: 'PAUSED',
      isFinished: false,
    });
    expect(listed({ JobState: 'toString' }).status).toBe('UNKNOWN');
  });

  it('adds up eight counters', () => {
    const TaskMetrics = {
      SubmittedCount: 1,
      PendingCount: 2,
      RunnableCount: 4,
      StartingCount: 8,
      RunningCount: 16,
      SucceedCount: 32,
      FailedCount: 64,
      FailedInterruptedCount: 4_294_967_296,
    };
    expect(listed({ TaskMetrics })).toMatchObject({
      taskMetrics: {
        submitted: 1,
        pending: 2,
        runnable: 4,
        starting: 8,
        running: 16,
        succeeded: 32,
        failed: 64,
        failedInterrupted: 4_294_967_296,
      },
      progress: {
        total: 127 + 4_294_967_296,
        succeeded: 32,
        failed: 64 + 4_294_967_296,
        running: 24,
        pending: 7,
      },
    });
  });

  it('counts a counter that is none as 0', () => {
    const TaskMetrics = { SubmittedCount: '1', PendingCount: -1, RunnableCount: 0.5, StartingCount: 1e30 };
    expect(listed({ TaskMetrics }).taskMetrics).toEqual(NO_TASKS);
  });

  it.each([
    [{}, 0],
    [{ RunningCount: null }, 0],
    [{ RunningCount: 2, FailedCount: 1 }, 3],
  ])('adds up what %j tells', (TaskMetrics, total) => {
    expect(listed({ TaskMetrics }).progress?.total).toBe(total);
  });

  it.each([
    { RunningCount: 2, FailedCount: -1 },
    { RunningCount: '2' },
    { RunningCount: 0.5 },
    { RunningCount: Number.MAX_SAFE_INTEGER, FailedCount: 1 },
  ])('tells no progress rather than a wrong one: %j', (TaskMetrics) => {
    expect(listed({ TaskMetrics }).progress).toBeNull();
  });

  it.each([
    [2_147_483_647, 2_147_483_647],
    [-1, -1],
    [2_147_483_648, null],
    [0.5, null],
  ])('reads the priority %j as %j', (Priority, expected) => {
    expect(listed({ Priority }).priority).toBe(expected);
  });

  it('takes only the documented members of a placement', () => {
    const Placement = { Zone: '', ProjectId: 0, HostId: 'host-1', HostIds: ['abc'], RackId: 'r' };
    expect(listed({ Placement }).placement).toEqual({
      zone: null,
      projectId: 0,
      hostId: 'host-1',
      hostIds: ['abc'],
    });
  });

  it('allows a tag without value and cleans texts of control characters', () => {
    expect(listed({ Tags: [{ Key: 'k', Value: null }, {}], JobName: ' a\u001b[31m ' })).toMatchObject({
      tags: [
        { key: 'k', value: null },
        { key: null, value: null },
      ],
      name: ' a\ufffd[31m ',
    });
  });

  it('keeps more rows than anybody asked for, but not any number of them', () => {
    const { JobId, JobState } = JOB;
    const row = { JobId, JobState, TaskMetrics: {} };
    const body = (rows: number): string =>
      JSON.stringify({
        Response: { TotalCount: 1, JobSet: Array.from({ length: rows }, () => row), RequestId: 'req-1' },
      });
    expect(list(body(1_001)).jobs).toHaveLength(1_001);
    expect(upstreamErrorOf(() => list(body(1_201)))).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      requestId: 'req-1',
    });
  });

  it('keeps every row of an answer, so that offsets count', () => {
    const body = JSON.stringify({ Response: { TotalCount: 2, JobSet: [JOB, JOB], RequestId: 'req-1' } });
    expect(list(body).jobs).toHaveLength(2);
  });
});

describe('a description that varies', () => {
  it('allows tasks without times and instances without counters', () => {
    const body = detailBody({
      TaskSet: [{ TaskName: 't', TaskState: 'NEW_WORD' }],
      TaskInstanceMetrics: null,
      StateReason: 'out of quota',
      NextAction: 'TERMINATING',
    });
    expect(describe1(body)).toEqual({
      stateReason: 'out of quota',
      nextAction: 'TERMINATING',
      tasks: [{ name: 't', state: 'NEW_WORD', createdAt: null, endedAt: null }],
      dependencies: [],
      taskInstanceMetrics: null,
    });
  });

  it('is null for an unknown job', () => {
    expect(
      describe1('{"Response":{"Error":{"Code":"ResourceNotFound.Job","Message":"m"},"RequestId":"r"}}'),
    ).toBeNull();
  });

  it.each([
    ['another job', { JobId: 'job-other' }],
    ['no id', { JobId: null }],
    ['null tasks', { TaskSet: null }],
    ['null dependencies', { DependenceSet: null }],
    ['a task without name', { TaskSet: [{ TaskState: 'RUNNING' }] }],
    ['a task without state', { TaskSet: [{ TaskName: 't' }] }],
    ['a dependency without end', { DependenceSet: [{ StartTask: 'a' }] }],
    ['counters that are a list', { TaskInstanceMetrics: [] }],
    ['a structure where a text is due', { StateReason: {} }],
  ])('is refused with %s, and carries the request id', (_, change) => {
    expect(upstreamErrorOf(() => describe1(detailBody(change)))).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      requestId: 'req-1',
    });
  });
});

describe('an answer that is no such thing', () => {
  const envelope = (content: object): string =>
    JSON.stringify({ Response: { RequestId: 'req-1', ...content } });

  it.each([
    ['a job without id', listBody(without('JobId'))],
    ['a job with a foreign id', listBody({ ...JOB, JobId: 'job-A' })],
    ['a job with a list for an id', listBody({ ...JOB, JobId: ['job-a'] })],
    ['a job without state', listBody(without('JobState'))],
    ['a job with an empty state', listBody({ ...JOB, JobState: '' })],
    ['a job without counters', listBody(without('TaskMetrics'))],
    ['a job with null counters', listBody({ ...JOB, TaskMetrics: null })],
    ['a structure where a text is due', listBody({ ...JOB, JobName: { a: 1 } })],
    ['a number where a text is due', listBody({ ...JOB, EndTime: 5 })],
    ['a text where tags are due', listBody({ ...JOB, Tags: 'a' })],
    ['a text where a placement is due', listBody({ ...JOB, Placement: 'a' })],
    ['null among the jobs', envelope({ TotalCount: 1, JobSet: [null] })],
    ['a null JobSet', envelope({ TotalCount: 0, JobSet: null })],
    ['an object for a JobSet', envelope({ TotalCount: 0, JobSet: {} })],
    ['no JobSet', envelope({ TotalCount: 0 })],
    ['no count', envelope({ JobSet: [] })],
    ['a negative count', envelope({ TotalCount: -1, JobSet: [] })],
    ['an Error without a code', envelope({ Error: {} })],
    ['an Error that is a text', envelope({ Error: 'no' })],
  ])('refuses %s whole, with the request id', (_, body) => {
    expect(upstreamErrorOf(() => list(body))).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      requestId: 'req-1',
      origin: BATCH_COMPUTE_ORIGIN,
    });
  });

  it.each([
    ['HTML', '<html><body>sign in</body></html>'],
    ['XML', '<Error><Code>AccessDenied</Code></Error>'],
    ['cut JSON', '{"Response":{"TotalCount":0,"JobSet":['],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['no Response', '{}'],
    ['an empty Response', '{"Response":{}}'],
    ['a null Response', '{"Response":null}'],
    ['a list for a Response', '{"Response":[]}'],
    ['no request id', '{"Response":{"TotalCount":0,"JobSet":[]}}'],
  ])('refuses %s', (_, body) => {
    expect(upstreamErrorOf(() => list(body))).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      requestId: null,
    });
  });

  it.each([
    ['is cut', '{"Response":{"RequestId": "req-1","JobSet":['],
    ['has too many values', `{"Response":{"RequestId":"req-1","JobSet":[${'[],'.repeat(50_000)}0]}}`],
  ])('finds the request id of an answer that %s', (_, body) => {
    expect(upstreamErrorOf(() => list(body))).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      requestId: 'req-1',
    });
  });

  it('drops a request id that is not fit to be shown', () => {
    const body = JSON.stringify({ Response: { TotalCount: 0, RequestId: 'a\r\nb' } });
    expect(upstreamErrorOf(() => list(body)).requestId).toBeNull();
  });
});

describe('an error', () => {
  it.each([
    ['batch-compute/error-request-limit-exceeded.json', 'UPSTREAM_RATE_LIMITED', 'RequestLimitExceeded'],
    ['batch-compute/error-job-id-malformed.json', 'UPSTREAM_REJECTED', 'InvalidParameter.JobIdMalformed'],
  ])('inside a 200 is understood: %s', (file, code, upstreamCode) => {
    const error = upstreamErrorOf(() => list(fixture(file)));
    expect(error).toMatchObject({ code, upstreamCode, httpStatus: 200 });
    expect(error.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(error.message).not.toContain('frequency');
  });

  it('of an unknown job is an error for a listing', () => {
    const body = '{"Response":{"Error":{"Code":"ResourceNotFound.Job","Message":"m"},"RequestId":"r"}}';
    expect(upstreamErrorOf(() => list(body)).upstreamCode).toBe('ResourceNotFound.Job');
  });

  it.each([
    [500, '', 'UPSTREAM_UNAVAILABLE'],
    [502, '<html>bad gateway</html>', 'UPSTREAM_UNAVAILABLE'],
    [429, '{"message":"slow"}', 'UPSTREAM_RATE_LIMITED'],
    [503, listBody(JOB), 'UPSTREAM_UNAVAILABLE'],
    [
      400,
      '{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure"},"RequestId":"r"}}',
      'UPSTREAM_AUTH_FAILED',
    ],
    [500, '{"Response":{"Error":{"Code":7}}}', 'UPSTREAM_UNAVAILABLE'],
    [204, '', 'UPSTREAM_BAD_RESPONSE'],
    [206, '{"Response":{"TotalCount":0', 'UPSTREAM_BAD_RESPONSE'],
  ])('with status %i and body %s is %s', (status, body, code) => {
    const answer = anAnswer(body, { status });
    expect(upstreamErrorOf(() => decodeListing(BATCH_COMPUTE_ORIGIN, answer)).code).toBe(code);
  });
});
