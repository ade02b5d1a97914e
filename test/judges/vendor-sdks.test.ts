/**
 * Foreign clients as judges of the sandbox: what the vendor's own SDKs sign, send and read must be right, so if the sandbox gets on
 * with them, it speaks the vendor's language.
 */
import { createRequire } from 'node:module';
import type * as sdkModule from 'tencentcloud-sdk-nodejs-common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID,
  SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID,
  SAMPLE_CI_WORKFLOW_JOB_ID,
  SAMPLE_COS_COPY_JOB_ID,
} from '../../src/sandbox/sample-jobs.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { ciCall, ciList, cosCall, cosList, type BatchResponse } from '../sandbox/signed-calls.ts';

// By require, for Node and the test runner disagree on what a CommonJS module's named exports are.
const { CommonClient } = createRequire(import.meta.url)('tencentcloud-sdk-nodejs-common') as typeof sdkModule;

interface ClientChanges {
  readonly secretKey?: string;
  readonly secretId?: string;
  readonly token?: string;
  readonly region?: string;
  readonly reqMethod?: 'GET' | 'POST';
}

/** The official generic client, pointed at the sandbox. */
function sdkClient(
  sandbox: Sandbox,
  changes: ClientChanges = {},
): (action: string, request: object) => Promise<BatchResponse> {
  const endpoint = new URL(sandbox.endpoints.batchCompute).host;
  const { region = 'ap-guangzhou', reqMethod = 'POST', ...credential } = changes;
  const { secretId, secretKey } = sandbox.account;
  const client = new CommonClient(endpoint, '2017-03-12', {
    credential: { secretId, secretKey, ...credential },
    region,
    profile: { httpProfile: { endpoint, protocol: 'http://', reqMethod } },
  });
  return (action, request) => client.request(action, request) as Promise<BatchResponse>;
}

beforeEach(() => {
  // the SDK sends everything there, calls to loopback included
  vi.stubEnv('http_proxy', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the official Node SDK of the cloud API', () => {
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await startSandbox({ batchComputeRequestsPerSecond: null });
  });
  afterAll(() => sandbox.close());

  it('reads the sample jobs by id', async () => {
    const answer = await sdkClient(sandbox)('DescribeJobs', {
      JobIds: [SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID, SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID],
    });
    expect(answer.TotalCount).toBe(2);
    expect(answer.JobSet.map((job) => [job.JobId, job.JobState, job.EndTime])).toEqual([
      [SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID, 'STARTING', null],
      [SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID, 'FAILED', '2020-09-21T08:59:45Z'],
    ]);
    expect(answer.RequestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('walks all jobs of a region page by page', async () => {
    const request = sdkClient(sandbox, { region: 'ap-shanghai' });
    const ids: string[] = [];
    for (let total = 1; ids.length < total;) {
      const page = await request('DescribeJobs', { Offset: ids.length, Limit: 40 });
      ids.push(...page.JobSet.map((job) => job.JobId));
      total = page.TotalCount;
    }
    expect(ids).toEqual(sandbox.batchCompute.jobIds('ap-shanghai'));
  });

  it.each(['POST', 'GET'] as const)('filters by %s, names in other scripts included', async (reqMethod) => {
    const name = `测试 job & "more" (${reqMethod})*`;
    const jobId = sandbox.batchCompute.add('ap-guangzhou', { jobName: name, state: 'RUNNING' });
    const answer = await sdkClient(sandbox, { reqMethod })('DescribeJobs', {
      Filters: [
        { Name: 'job-name', Values: [name, 'b&c'] },
        { Name: 'job-state', Values: ['RUNNING'] },
      ],
      Limit: 5,
    });
    expect(answer.JobSet.map((job) => job.JobId)).toEqual([jobId]);
  });

  it('describes a job', async () => {
    const job = await sdkClient(sandbox)('DescribeJob', { JobId: SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID });
    expect(job.JobState).toBe('FAILED');
    expect(job.TaskSet).toMatchObject([{ TaskName: 'hello', TaskState: 'FAILED' }]);
  });

  it.each<[string, ClientChanges, string, object, string]>([
    ['a wrong key', { secretKey: 'wrong' }, 'DescribeJobs', {}, 'AuthFailure.SignatureFailure'],
    ['an unknown id', { secretId: 'AKIDUNKNOWN' }, 'DescribeJobs', {}, 'AuthFailure.SecretIdNotFound'],
    ['a token of nobody', { token: 'x' }, 'DescribeJobs', {}, 'AuthFailure.TokenFailure'],
    ['an unknown job', {}, 'DescribeJob', { JobId: 'job-zzzzzzzz' }, 'ResourceNotFound.Job'],
    ['a malformed id', {}, 'DescribeJobs', { JobIds: ['job_7'] }, 'InvalidParameter.JobIdMalformed'],
    ['another action', {}, 'TerminateJob', { JobId: 'job-zzzzzzzz' }, 'InvalidAction'],
  ])('throws its own exception with our code for %s', async (_what, changes, action, request, code) => {
    await expect(sdkClient(sandbox, changes)(action, request)).rejects.toMatchObject({
      code,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
  });

  it('meets the rate limit with the documented message', async () => {
    const limited = await startSandbox({ world: 'empty', batchComputeRequestsPerSecond: 0 });
    try {
      await expect(sdkClient(limited)('DescribeJobs', {})).rejects.toMatchObject({
        code: 'RequestLimitExceeded',
        message: expect.stringContaining('exceeds the frequency limit `0` for a second') as string,
      });
    } finally {
      await limited.close();
    }
  });

  it('passes with the session token of temporary credentials', async () => {
    const temporary = await startSandbox({ world: 'empty', sessionToken: 'made-up/with+odd=characters==' });
    try {
      const request = sdkClient(temporary, { token: 'made-up/with+odd=characters==' });
      expect(await request('DescribeJobs', {})).toMatchObject({ TotalCount: 0, JobSet: [] });
    } finally {
      await temporary.close();
    }
  });
});

describe('the signer of the official COS SDK', () => {
  let sandbox: Sandbox;
  const strict: SandboxOptions = { strictSignedHeaders: true };

  beforeAll(async () => {
    sandbox = await startSandbox(strict);
  });
  afterAll(() => sandbox.close());

  it('lists COS jobs page by page', async () => {
    const ids: string[] = [];
    let token: string | undefined;
    do {
      const query: Record<string, string> = {
        maxResults: '150',
        ...(token === undefined ? {} : { nextToken: token }),
      };
      const page = cosList(await cosCall(sandbox, { path: '/jobs', query }));
      ids.push(...page.members.map((member) => member.JobId));
      token = page.nextToken;
    } while (token !== undefined && token !== '');
    expect(ids).toEqual(sandbox.cos.jobIds('ap-guangzhou'));
  });

  it('describes a COS job', async () => {
    const answer = await cosCall(sandbox, { path: `/jobs/${SAMPLE_COS_COPY_JOB_ID}` });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('<Description>nightly archive copy</Description>');
  });

  it('lists CI jobs page by page, with signs that must be escaped', async () => {
    const ids: string[] = [];
    let token: string | undefined = '';
    do {
      const query: Record<string, string> = {
        size: '100',
        nextToken: token,
        states: 'Success,Failed',
        startCreationTime: '2020-01-01T00:00:00+0800',
      };
      const page = ciList(await ciCall(sandbox, { path: '/inventorytriggerjob', query }));
      ids.push(...page.details.map((detail) => detail.JobId));
      token = page.nextToken;
    } while (token !== undefined && token !== '');
    expect(ids.length).toBeGreaterThan(100);
    expect(sandbox.ci.jobIds('bucket-1250000000')).toEqual(expect.arrayContaining(ids));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('describes a CI job', async () => {
    const answer = await ciCall(sandbox, { path: `/inventorytriggerjob/${SAMPLE_CI_WORKFLOW_JOB_ID}` });
    expect(answer.body).toContain('<CreationTime>2022-06-27T15:23:10+0800</CreationTime>');
  });
});
