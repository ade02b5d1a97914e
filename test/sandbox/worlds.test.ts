import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BATCH_COMPUTE_STATES } from '../../src/sandbox/batch-compute/batch-compute-states.ts';
import { CI_STATES } from '../../src/sandbox/ci/ci-states.ts';
import { COS_STATUSES } from '../../src/sandbox/cos/cos-statuses.ts';
import {
  SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID,
  SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID,
  SAMPLE_CI_WORKFLOW_JOB_ID,
  SAMPLE_COS_COPY_JOB_ID,
  SAMPLE_COS_RESTORE_JOB_ID,
} from '../../src/sandbox/sample-jobs.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  CI_HOST,
  ciCall,
  ciList,
  cosCall,
  cosList,
  COS_HOST,
  responseOf,
  tc3Call,
  windowAt,
  type CiDetail,
  type CosMember,
  type JobViewJson,
} from './signed-calls.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const HOUR_MS = 3_600_000;
const CI_SHANGHAI = 'media-1250000000.ci.ap-shanghai.myqcloud.com';

async function allCos(sandbox: Sandbox, nowMs: number, host = COS_HOST): Promise<readonly CosMember[]> {
  return cosList(await cosCall(sandbox, { path: '/jobs', host, keyTime: windowAt(nowMs) })).members;
}

async function allBatchCompute(
  sandbox: Sandbox,
  nowMs: number,
  region = 'ap-guangzhou',
): Promise<readonly JobViewJson[]> {
  const jobs: JobViewJson[] = [];
  for (let total = 1; jobs.length < total;) {
    const body = JSON.stringify({ Offset: jobs.length, Limit: 100 });
    const answer = responseOf(await tc3Call(sandbox, { nowMs, region, body }));
    jobs.push(...answer.JobSet);
    total = answer.TotalCount;
  }
  return jobs;
}

async function allCi(sandbox: Sandbox, nowMs: number, host = CI_HOST): Promise<readonly CiDetail[]> {
  const details: CiDetail[] = [];
  let token: string | undefined = '';
  do {
    const query: Record<string, string> = { size: '100', nextToken: token };
    const page = ciList(
      await ciCall(sandbox, { path: '/inventorytriggerjob', host, query, keyTime: windowAt(nowMs) }),
    );
    details.push(...page.details);
    token = page.nextToken;
  } while (token !== undefined && token !== '');
  return details;
}

function words(list: readonly string[]): readonly string[] {
  return [...new Set(list)].toSorted();
}

describe('the full world', () => {
  let sandbox: Sandbox;
  const clock = new FakeClock(START);

  beforeAll(async () => {
    sandbox = await startSandbox({ clock, batchComputeRequestsPerSecond: null });
  });
  afterAll(() => sandbox.close());

  it('is the same for the same seed and start, and another for another seed', async () => {
    const again = await startSandbox({ clock: new FakeClock(START) });
    const other = await startSandbox({ clock: new FakeClock(START), seed: 2 });
    try {
      for (const region of sandbox.regions) {
        expect(again.cos.jobIds(region)).toEqual(sandbox.cos.jobIds(region));
        expect(again.batchCompute.jobIds(region)).toEqual(sandbox.batchCompute.jobIds(region));
        expect(other.cos.jobIds(region)).not.toEqual(sandbox.cos.jobIds(region));
      }
      for (const { name } of sandbox.buckets) {
        expect(again.ci.jobIds(name)).toEqual(sandbox.ci.jobIds(name));
        expect(other.ci.jobIds(name)).not.toEqual(sandbox.ci.jobIds(name));
      }
    } finally {
      await Promise.all([again.close(), other.close()]);
    }
  });

  it('holds some sixteen hundred jobs, no id twice', () => {
    const ids = [
      ...sandbox.regions.flatMap((region) => [
        ...sandbox.cos.jobIds(region),
        ...sandbox.batchCompute.jobIds(region),
      ]),
      ...sandbox.buckets.flatMap(({ name }) => sandbox.ci.jobIds(name)),
    ];
    expect(ids.length).toBeGreaterThan(1_600);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(['ap-guangzhou', 'ap-shanghai'])(
    'has every COS status in %s, and one that nobody knows',
    async (region) => {
      const members = await allCos(sandbox, START, COS_HOST.replace('ap-guangzhou', region));
      expect(words(members.map((job) => job.Status))).toEqual([...COS_STATUSES, 'Archiving'].toSorted());
    },
  );

  it.each(['ap-guangzhou', 'ap-shanghai'])(
    'has every BatchCompute state in %s, and one that nobody knows',
    async (region) => {
      const jobs = await allBatchCompute(sandbox, START, region);
      expect(words(jobs.map((job) => job.JobState))).toEqual(
        [...BATCH_COMPUTE_STATES, 'ARCHIVING'].toSorted(),
      );
    },
  );

  it.each([CI_HOST, CI_SHANGHAI])(
    'has every CI state in both types at %s, and one that nobody knows',
    async (host) => {
      const details = await allCi(sandbox, START, host);
      const expected = [...CI_STATES, 'Expired'].flatMap((state) => [`Job ${state}`, `Workflow ${state}`]);
      expect(words(details.map((job) => `${job.Type ?? ''} ${job.State}`))).toEqual(expected.toSorted());
    },
  );

  it('has the awkward COS jobs: every operation, huge counters, no description, markup and other scripts', async () => {
    const members = await allCos(sandbox, START);
    expect(words(members.map((job) => job.Operation))).toEqual([
      'COSDeleteObject',
      'COSInitiateRestoreObject',
      'COSPutObjectCopy',
      'COSPutObjectRetention',
      'COSPutObjectTagging',
    ]);
    expect(members.some((job) => Number(job.ProgressSummary.TotalNumberOfTasks) > 2 ** 31)).toBe(true);
    expect(members.some((job) => job.Description === undefined)).toBe(true);
    expect(members.some((job) => /[&<>"']/.test(job.Description ?? ''))).toBe(true);
    expect(members.some((job) => /\p{Script=Han}/u.test(job.Description ?? ''))).toBe(true);
    expect(members.some((job) => job.Priority === '2147483647')).toBe(true);
    const times = members.map((job) => job.CreationTime);
    expect(new Set(times).size).toBeLessThan(times.length - 5);
  });

  it('describes every COS job, all documented sub-elements appearing somewhere', async () => {
    const ids = sandbox.cos.jobIds('ap-guangzhou');
    const bodies: string[] = [];
    for (const jobId of ids.slice(0, 250)) {
      const answer = await cosCall(sandbox, { path: `/jobs/${jobId}`, keyTime: windowAt(START) });
      expect(answer.status).toBe(200);
      bodies.push(answer.body);
    }
    const names = new Set(bodies.flatMap((body) => [...body.matchAll(/<(\w+)/g)].map((match) => match[1])));
    for (const name of `
      AccessControlDirective AccessControlGrants DisplayName CannedAccessControlList PrefixReplace
      ResourcesPrefix TargetKeyPrefix MetadataDirective ModifiedSinceConstraint UnModifiedSinceConstraint
      CacheControl ContentDisposition ContentEncoding ContentType HttpExpiresDate
      SSEAlgorithm UserMetadata TaggingDirective NewObjectTagging StorageClass
      TargetResource ExpirationInDays JobTier TagSet ObjectVersionId
      Fields Prefix SuspendedDate SuspendedCause TerminationDate
      StatusUpdateReason`
      .trim()
      .split(/\s+/)) {
      expect(names).toContain(name);
    }
    expect(bodies.some((body) => body.includes('<ObjectArn>qcs::cos:ap-guangzhou::ops'))).toBe(true);
    expect(bodies.some((body) => body.includes('<ObjectArn>qcs::cos:ap-guangzhou:uid/1250000000:ops'))).toBe(
      true,
    );
    const all = await Promise.all(
      ids
        .slice(250)
        .map(
          async (jobId) =>
            (await cosCall(sandbox, { path: `/jobs/${jobId}`, keyTime: windowAt(START) })).body,
        ),
    );
    expect([...bodies, ...all].filter((body) => body.includes('<ClientRequestToken>'))).toHaveLength(1);
  });

  it('has the awkward BatchCompute jobs: every shape of tags, placement and end', async () => {
    const jobs = await allBatchCompute(sandbox, START);
    expect(jobs.some((job) => job.Tags === null)).toBe(true);
    expect(jobs.some((job) => job.Tags?.length === 0)).toBe(true);
    expect(jobs.some((job) => (job.Tags?.length ?? 0) > 1)).toBe(true);
    expect(jobs.some((job) => job.Placement === null)).toBe(true);
    expect(jobs.some((job) => job.Placement !== null && 'RackId' in job.Placement)).toBe(true);
    expect(jobs.some((job) => job.JobName === '')).toBe(true);
    expect(jobs.every((job) => (job.EndTime !== null) === ['SUCCEED', 'FAILED'].includes(job.JobState))).toBe(
      true,
    );
    expect(jobs.every((job) => job.EndTime === null || job.EndTime >= job.CreateTime)).toBe(true);
  });

  it('has CI jobs of many kinds', async () => {
    const jobs = await allCi(sandbox, START);
    const tags = words(jobs.map((job) => job.Operation.Tag ?? ''));
    expect(tags).toEqual([
      '',
      'PicProcess',
      'Snapshot',
      'StreamExtract',
      'Transcode',
      'VideoTag',
      'VoiceSeparate',
    ]);
    const elements = new Set(jobs.flatMap((job) => Object.keys(job.Operation)));
    for (const name of [
      'UserData',
      'CallBack',
      'CallBackFormat',
      'CallBackMqConfig',
      'CallBackKafkaConfig',
      'QueueId',
      'QueueType',
      'JobLevel',
      'TimeInterval',
    ]) {
      expect(elements).toContain(name);
    }
    expect(jobs.some((job) => (job.Operation.WorkflowIds ?? '').includes(','))).toBe(true);
  });

  it('gives the sample jobs of the BatchCompute page with exactly its values, in its order', async () => {
    const body = JSON.stringify({
      JobIds: [SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID, SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID],
    });
    const { JobSet, TotalCount } = responseOf(await tc3Call(sandbox, { nowMs: START, body }));
    const none = {
      PendingCount: 0,
      FailedCount: 0,
      StartingCount: 0,
      SucceedCount: 0,
      FailedInterruptedCount: 0,
      SubmittedCount: 0,
      RunnableCount: 0,
      RunningCount: 0,
    };
    expect(TotalCount).toBe(2);
    expect(JobSet).toEqual([
      {
        EndTime: null,
        JobState: 'STARTING',
        Tags: [{ Key: 'batch-test-tag-job-key', Value: 'batch-test-tag-job-value' }],
        TaskMetrics: { ...none, StartingCount: 1 },
        JobId: 'job-3n2weaqt',
        Priority: 1,
        Placement: { Zone: 'ap-guangzhou-4' },
        JobName: 'hello-test-job',
        CreateTime: '2020-09-22T07:14:54Z',
      },
      {
        EndTime: '2020-09-21T08:59:45Z',
        JobState: 'FAILED',
        Tags: [
          { Key: 'job-key1', Value: 'job-value1' },
          { Key: 'job-key', Value: 'job-value' },
        ],
        TaskMetrics: { ...none, FailedCount: 1 },
        JobId: 'job-7e7evk2x',
        Priority: 1,
        Placement: { Zone: 'ap-guangzhou-4' },
        JobName: 'hello-test-job',
        CreateTime: '2020-09-21T08:57:01Z',
      },
    ]);
  });

  it('gives the sample job of the CI page with exactly its values', async () => {
    const path = `/inventorytriggerjob/${SAMPLE_CI_WORKFLOW_JOB_ID}`;
    const { body } = await ciCall(sandbox, { path, keyTime: windowAt(START) });
    expect(
      body
        .replaceAll('\t', '')
        .replace(/<RequestId>[^<]*/, '<RequestId>NjJiZDU1ZmZfOTBmYTUwNjRfNzdjY18xYQ=='),
    ).toBe(
      `<Response>
<RequestId>NjJiZDU1ZmZfOTBmYTUwNjRfNzdjY18xYQ==</RequestId>
<JobsDetail>
<Code>Success</Code>
<Type>Workflow</Type>
<Message/>
<Name>demo</Name>
<JobId>b3deffea2f84911ec9cb15254008618d9</JobId>
<State>Running</State>
<CreationTime>2022-06-27T15:23:10+0800</CreationTime>
<StartTime>-</StartTime>
<EndTime>-</EndTime>
<Input>
<Prefix>input</Prefix>
</Input>
<Operation>
<TimeInterval>
<Start>2022-02-01T12:00:00+0800</Start>
<End>2022-05-01T12:00:00+0800</End>
</TimeInterval>
<WorkflowIds>w7476ff3564ee45b7b490d64bccaba6cc</WorkflowIds>
</Operation>
</JobsDetail>
</Response>`,
    );
  });

  it('gives the composed COS samples, moved to today', async () => {
    const members = await allCos(sandbox, START);
    expect(members.find((job) => job.JobId === SAMPLE_COS_COPY_JOB_ID)).toEqual({
      CreationTime: '2026-03-01T10:00:00Z',
      Description: 'nightly archive copy',
      JobId: '1b7e4c02-8d35-4f6a-a0c9-5e2d91f36b70',
      Operation: 'COSPutObjectCopy',
      Priority: '20',
      ProgressSummary: {
        NumberOfTasksFailed: '3',
        NumberOfTasksSucceeded: '4180',
        TotalNumberOfTasks: '12000',
      },
      Status: 'Active',
    });
    expect(members.find((job) => job.JobId === SAMPLE_COS_RESTORE_JOB_ID)).toEqual({
      CreationTime: '2026-03-01T09:46:35Z',
      JobId: '44d09a1f-2c7b-4e18-93ad-7f60c5be8d21',
      Operation: 'COSInitiateRestoreObject',
      Priority: '5',
      ProgressSummary: { NumberOfTasksFailed: '0', NumberOfTasksSucceeded: '0', TotalNumberOfTasks: '860' },
      Status: 'Active',
    });
  });

  it('lives on plausibly for hours: states move forward, counters never shrink and always fit', async () => {
    const own = new FakeClock(START);
    const living = await startSandbox({ clock: own, batchComputeRequestsPerSecond: null });
    const ended = new Set<string>();
    const done = new Map<string, number>();
    const changed = { cos: 0, batchCompute: 0, ci: 0 };
    let before = new Map<string, string>();
    try {
      for (let step = 0; step < 5; step += 1) {
        const now = new Map<string, string>();
        for (const job of await allCos(living, own.now())) {
          const { NumberOfTasksFailed, NumberOfTasksSucceeded, TotalNumberOfTasks } = job.ProgressSummary;
          const finished = Number(NumberOfTasksFailed) + Number(NumberOfTasksSucceeded);
          expect(finished).toBeLessThanOrEqual(Number(TotalNumberOfTasks));
          expect(finished).toBeGreaterThanOrEqual(done.get(job.JobId) ?? 0);
          done.set(job.JobId, finished);
          now.set(job.JobId, job.Status);
          changed.cos += Number((before.get(job.JobId) ?? job.Status) !== job.Status);
        }
        for (const job of await allBatchCompute(living, own.now())) {
          now.set(job.JobId, job.JobState);
          changed.batchCompute += Number((before.get(job.JobId) ?? job.JobState) !== job.JobState);
        }
        for (const job of await allCi(living, own.now())) {
          now.set(job.JobId, job.State);
          changed.ci += Number((before.get(job.JobId) ?? job.State) !== job.State);
        }
        for (const [jobId, state] of now) {
          expect(ended.has(jobId) && before.get(jobId) !== state).toBe(false);
          if (['Complete', 'Cancelled', 'SUCCEED', 'FAILED', 'Success', 'Cancel'].includes(state)) {
            ended.add(jobId);
          }
        }
        before = now;
        await own.advance(1.5 * HOUR_MS);
      }
    } finally {
      await living.close();
    }
    expect(changed.cos).toBeGreaterThan(10);
    expect(changed.batchCompute).toBeGreaterThan(10);
    expect(changed.ci).toBeGreaterThan(10);
    // pinned ones keep every status present
    expect(words([...before.values()]).length).toBeGreaterThanOrEqual(13 + 8 + 6 - 1);
  });
});

describe('a world with arrivals', () => {
  it('brings new jobs into being as the clock moves, and has none of them before', async () => {
    const clock = new FakeClock(START);
    const sandbox = await startSandbox({ clock, arrivalsPerHour: 12 });
    const still = await startSandbox({ clock });
    try {
      const places = (of: Sandbox): readonly (readonly string[])[] => [
        ...of.regions.flatMap((region) => [of.cos.jobIds(region), of.batchCompute.jobIds(region)]),
        ...of.buckets.map(({ name }) => of.ci.jobIds(name)),
      ];
      const before = places(sandbox);
      expect(before).toEqual(places(still));
      await clock.advance(4 * HOUR_MS);
      const after = places(sandbox);
      after.forEach((ids, place) => {
        const arrived = ids.length - (before[place]?.length ?? 0);
        expect(arrived).toBeGreaterThan(20);
        expect(arrived).toBeLessThan(90);
      });
    } finally {
      await Promise.all([sandbox.close(), still.close()]);
    }
  });
});

describe('the empty world', () => {
  it('holds exactly what a test adds', async () => {
    const sandbox = await startSandbox({ clock: new FakeClock(START), world: 'empty' });
    try {
      const ids = Array.from({ length: 1_000 }, (_, index) =>
        sandbox.cos.add('ap-guangzhou', { createdAtMs: START - index * 1000, status: 'Complete' }),
      );
      expect((await allCos(sandbox, START)).map((job) => job.JobId)).toEqual(ids.toSorted());
      expect(sandbox.cos.jobIds('ap-shanghai')).toEqual([]);
      sandbox.cos.remove('ap-guangzhou', ids[0] ?? '');
      expect(sandbox.cos.jobIds('ap-guangzhou')).toHaveLength(999);
      expect(() => sandbox.cos.add('ap-guangzhou', { jobId: ids[1] ?? '' })).toThrow(
        'expected a fresh COS job id',
      );
      expect(() => sandbox.cos.add('nowhere')).toThrow(
        'expected one of ap-guangzhou, ap-shanghai, got nowhere',
      );
    } finally {
      await sandbox.close();
    }
  });

  it('shows an added job at once in the status asked for', async () => {
    const sandbox = await startSandbox({
      clock: new FakeClock(START),
      world: 'empty',
      batchComputeRequestsPerSecond: null,
    });
    try {
      COS_STATUSES.forEach((status) => sandbox.cos.add('ap-guangzhou', { status }));
      BATCH_COMPUTE_STATES.forEach((state) => sandbox.batchCompute.add('ap-guangzhou', { state }));
      CI_STATES.forEach((state) => sandbox.ci.add('bucket-1250000000', { state }));
      expect(words((await allCos(sandbox, START)).map((job) => job.Status))).toEqual(
        [...COS_STATUSES].toSorted(),
      );
      expect(words((await allBatchCompute(sandbox, START)).map((job) => job.JobState))).toEqual(
        [...BATCH_COMPUTE_STATES].toSorted(),
      );
      expect(words((await allCi(sandbox, START)).map((job) => job.State))).toEqual([...CI_STATES].toSorted());
    } finally {
      await sandbox.close();
    }
  });
});

describe('starting', () => {
  it('leaves nothing listening when one of the ports is taken', async () => {
    const first = await startSandbox({ world: 'empty' });
    const free = await startSandbox({ world: 'empty' });
    const [taken, cos, ci] = [first.endpoints.ci, free.endpoints.cos, free.endpoints.ci].map((url) =>
      Number(new URL(url).port),
    ) as [number, number, number];
    await free.close();
    try {
      const ports = { cos, batchCompute: taken, ci };
      await expect(startSandbox({ world: 'empty', ports })).rejects.toThrow('EADDRINUSE');
      const again = await startSandbox({ world: 'empty', ports: { ...ports, batchCompute: 0 } });
      expect(again.endpoints.cos).toBe(`http://127.0.0.1:${cos}`);
      await again.close();
    } finally {
      await first.close();
    }
  });
});
