import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { still } from '../../src/sandbox/life.ts';
import {
  SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID,
  SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID,
  SAMPLE_CI_WORKFLOW_JOB_ID,
  SAMPLE_COS_COPY_JOB_ID,
  SAMPLE_COS_RESTORE_JOB_ID,
} from '../../src/sandbox/sample-jobs.ts';
import {
  AllSourcesDocument,
  type AllSourcesQuery,
  BatchComputeJobsDocument,
  BatchComputeJobWholeDocument,
  CiJobsDocument,
  CiJobWholeDocument,
  CosJobsDocument,
  CosJobWholeDocument,
  NodesByIdDocument,
  OriginsDocument,
  type SummaryFragment,
} from '../operations/generated/graphql.ts';
import { startWorld, type World } from '../support/world.ts';
import {
  batchComputeId,
  BUCKET,
  callCounts,
  ciId,
  cosId,
  dataOf,
  inEmptyWorld,
  OTHER_BUCKET,
  OTHER_REGION,
  REGION,
  utc,
} from './support.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
/** Whole seconds, as the upstreams keep them. */
const anHourAgo = (): number => Math.floor((Date.now() - HOUR_MS) / SECOND_MS) * SECOND_MS;

const AWKWARD = `归档 & <b>"quoted" 'single'</b> ✓ 🚀 %20+`;

describe('a world full of jobs', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());
  beforeEach(() => {
    world.sandbox.clearCalls();
  });

  it('answers one query from all three upstreams with one call to each', async () => {
    const startedMs = Date.now();
    const data = dataOf(await world.ask(AllSourcesDocument, { first: 7 }));
    expect(callCounts(world)).toEqual({
      'cos ListJobs': 1,
      'batchCompute DescribeJobs': 1,
      'ci DescribeInventoryTriggerJobs': 1,
    });
    const { sandbox } = world;
    expect(data.cosJobs?.nodes.map(({ jobId }) => jobId)).toEqual(sandbox.cos.jobIds(REGION).slice(0, 7));
    expect(data.batchComputeJobs?.nodes.map(({ jobId }) => jobId)).toEqual(
      sandbox.batchCompute.jobIds(REGION).slice(0, 7),
    );
    expect(data.ciJobs?.nodes.map(({ jobId }) => jobId)).toEqual(sandbox.ci.jobIds(BUCKET).slice(0, 7));
    const all = jobsOf(data);
    expect(all).toHaveLength(21);
    for (const { freshness, account, displayName } of all) {
      expect(account).toBe('sandbox');
      expect(displayName).not.toBe('');
      expect(freshness.stale).toBe(false);
      expect(Date.parse(freshness.fetchedAt)).toBeGreaterThanOrEqual(startedMs);
      expect(Date.parse(freshness.fetchedAt)).toBeLessThanOrEqual(Date.now());
    }
  });

  it('tells the configured origins without asking any of them', async () => {
    const { origins } = dataOf(await world.ask(OriginsDocument, {}));
    expect(origins).toEqual([
      { source: 'COS', account: 'sandbox', region: REGION, bucket: null },
      { source: 'COS', account: 'sandbox', region: OTHER_REGION, bucket: null },
      { source: 'BATCH_COMPUTE', account: 'sandbox', region: REGION, bucket: null },
      { source: 'BATCH_COMPUTE', account: 'sandbox', region: OTHER_REGION, bucket: null },
      { source: 'CI', account: 'sandbox', region: 'ap-beijing', bucket: BUCKET },
      { source: 'CI', account: 'sandbox', region: 'ap-shanghai', bucket: OTHER_BUCKET },
    ]);
    expect(world.calls()).toEqual([]);
  });

  it('reports of each listing which origin answered, when, and how many match where the product tells', async () => {
    const cos = dataOf(await world.ask(CosJobsDocument, { first: 1, region: OTHER_REGION }));
    const batchCompute = dataOf(await world.ask(BatchComputeJobsDocument, { first: 1 }));
    const ci = dataOf(await world.ask(CiJobsDocument, { first: 1, bucket: OTHER_BUCKET }));
    const total = world.sandbox.batchCompute.jobIds(REGION).length;
    const asked = { outcome: 'FRESH', error: null, account: 'sandbox', fetchedAt: expect.any(String) };
    expect(cos.cosJobs?.origins).toEqual([
      { ...asked, source: 'COS', region: OTHER_REGION, bucket: null, totalCount: null },
    ]);
    expect(batchCompute.batchComputeJobs?.origins).toEqual([
      { ...asked, source: 'BATCH_COMPUTE', region: REGION, bucket: null, totalCount: total },
    ]);
    expect(ci.ciJobs?.origins).toEqual([
      { ...asked, source: 'CI', region: 'ap-shanghai', bucket: OTHER_BUCKET, totalCount: null },
    ]);
    expect(cos.cosJobs?.totalCount).toBeNull();
    expect(batchCompute.batchComputeJobs?.totalCount).toBe(total);
    expect(ci.ciJobs?.totalCount).toBeNull();
  });

  it('reads jobs of the second region and bucket where a query names them', async () => {
    const { sandbox } = world;
    const cosJob = sandbox.cos.jobIds(OTHER_REGION)[0] ?? '';
    const batchComputeJob = sandbox.batchCompute.jobIds(OTHER_REGION)[0] ?? '';
    const ciJob = sandbox.ci.jobIds(OTHER_BUCKET)[0] ?? '';
    const cos = dataOf(await world.ask(CosJobWholeDocument, { jobId: cosJob, region: OTHER_REGION }));
    const batchCompute = dataOf(
      await world.ask(BatchComputeJobWholeDocument, { jobId: batchComputeJob, region: OTHER_REGION }),
    );
    const ci = dataOf(await world.ask(CiJobWholeDocument, { jobId: ciJob, bucket: OTHER_BUCKET }));
    expect(cos.cosJob).toMatchObject({ jobId: cosJob, region: OTHER_REGION });
    expect(batchCompute.batchComputeJob).toMatchObject({ jobId: batchComputeJob, region: OTHER_REGION });
    expect(ci.ciJob).toMatchObject({ jobId: ciJob, bucket: OTHER_BUCKET, region: 'ap-shanghai' });
    expect(world.calls().map(({ region }) => region)).toEqual(Array(4).fill(OTHER_REGION));
  });

  it('gives every job of a listing an id that leads back to the same job', async () => {
    const data = dataOf(await world.ask(AllSourcesDocument, { first: 5 }));
    const listed = jobsOf(data);
    const { nodes } = dataOf(await world.ask(NodesByIdDocument, { ids: listed.map(({ id }) => id) }));
    // Progress moves on while a job runs.
    const stable = (job: SummaryFragment | null): object => ({ ...job, progress: null, freshness: null });
    expect(nodes.map(stable)).toEqual(listed.map(stable));
  });

  it('shows the two sample jobs of the BatchCompute pages with exactly their values', async () => {
    const ids = [SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID, SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID];
    const { batchComputeJobs } = dataOf(
      await world.ask(BatchComputeJobsDocument, { filter: { jobIds: ids } }),
    );
    const none = {
      submitted: 0,
      pending: 0,
      runnable: 0,
      starting: 0,
      running: 0,
      succeeded: 0,
      failed: 0,
      failedInterrupted: 0,
    };
    const common = {
      __typename: 'BatchComputeJob',
      source: 'BATCH_COMPUTE',
      account: 'sandbox',
      region: REGION,
      name: 'hello-test-job',
      description: null,
      displayName: 'hello-test-job',
      priority: 1,
      startedAt: null,
      placement: { zone: 'ap-guangzhou-4', projectId: null, hostId: null, hostIds: null },
      freshness: { stale: false, fetchedAt: expect.any(String) },
    };
    expect(batchComputeJobs?.totalCount).toBe(2);
    expect(batchComputeJobs?.edges.map(({ node }) => node)).toEqual([
      {
        ...common,
        id: batchComputeId(SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID),
        jobId: 'job-3n2weaqt',
        status: 'RUNNING',
        upstreamStatus: 'STARTING',
        batchComputeState: 'STARTING',
        isFinished: false,
        createdAt: '2020-09-22T07:14:54Z',
        endedAt: null,
        progress: { total: 1, succeeded: 0, failed: 0, running: 1, pending: 0, percent: 0 },
        taskMetrics: { ...none, starting: 1 },
        tags: [{ key: 'batch-test-tag-job-key', value: 'batch-test-tag-job-value' }],
      },
      {
        ...common,
        id: batchComputeId(SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID),
        jobId: 'job-7e7evk2x',
        status: 'FAILED',
        upstreamStatus: 'FAILED',
        batchComputeState: 'FAILED',
        isFinished: true,
        createdAt: '2020-09-21T08:57:01Z',
        endedAt: '2020-09-21T08:59:45Z',
        progress: { total: 1, succeeded: 0, failed: 1, running: 0, pending: 0, percent: 100 },
        taskMetrics: { ...none, failed: 1 },
        tags: [
          { key: 'job-key1', value: 'job-value1' },
          { key: 'job-key', value: 'job-value' },
        ],
      },
    ]);
  });

  it('shows the sample job of the CI page with exactly its values', async () => {
    const { ciJob } = dataOf(await world.ask(CiJobWholeDocument, { jobId: SAMPLE_CI_WORKFLOW_JOB_ID }));
    expect(ciJob).toEqual({
      __typename: 'CiJob',
      id: ciId('b3deffea2f84911ec9cb15254008618d9'),
      jobId: 'b3deffea2f84911ec9cb15254008618d9',
      source: 'CI',
      account: 'sandbox',
      region: 'ap-beijing',
      bucket: 'bucket-1250000000',
      name: 'demo',
      description: null,
      displayName: 'demo',
      status: 'RUNNING',
      upstreamStatus: 'Running',
      ciState: 'RUNNING',
      type: 'WORKFLOW',
      isFinished: false,
      priority: null,
      createdAt: '2022-06-27T07:23:10Z',
      startedAt: null,
      endedAt: null,
      progress: null,
      freshness: { stale: false, fetchedAt: expect.any(String) },
      code: 'Success',
      message: null,
      input: { manifest: null, urlFile: null, prefix: 'input', object: null },
      operation: {
        timeInterval: { start: '2022-02-01T04:00:00Z', end: '2022-05-01T04:00:00Z' },
        workflowIds: ['w7476ff3564ee45b7b490d64bccaba6cc'],
        tag: null,
        queueId: null,
        queueType: null,
        userData: null,
        jobLevel: null,
        callBack: null,
        callBackFormat: null,
        callBackType: null,
        output: null,
        jobParam: null,
      },
      failures: [],
    });
  });

  it('shows the two sample jobs of COS with exactly their values', async () => {
    const copy = dataOf(await world.ask(CosJobWholeDocument, { jobId: SAMPLE_COS_COPY_JOB_ID })).cosJob;
    const restore = dataOf(await world.ask(CosJobWholeDocument, { jobId: SAMPLE_COS_RESTORE_JOB_ID })).cosJob;
    const createdMs = Date.parse(copy?.createdAt ?? '');
    expect(copy).toEqual({
      __typename: 'CosJob',
      id: cosId(SAMPLE_COS_COPY_JOB_ID),
      jobId: SAMPLE_COS_COPY_JOB_ID,
      source: 'COS',
      account: 'sandbox',
      region: REGION,
      name: null,
      description: 'nightly archive copy',
      displayName: 'nightly archive copy',
      status: 'RUNNING',
      upstreamStatus: 'Active',
      cosStatus: 'ACTIVE',
      isFinished: false,
      priority: 20,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      startedAt: null,
      endedAt: null,
      progress: {
        total: 12_000,
        succeeded: 4_180,
        failed: 3,
        running: null,
        pending: null,
        percent: (4_183 / 12_000) * 100,
      },
      freshness: { stale: false, fetchedAt: expect.any(String) },
      operationName: 'COSPutObjectCopy',
      operation: {
        __typename: 'CosPutObjectCopyOperation',
        name: 'COSPutObjectCopy',
        accessControlDirective: 'Replaced',
        accessControlGrants: [
          {
            grantee: {
              identifier: 'qcs::cam::uin/100000000001:uin/100000000007',
              typeIdentifier: 'ID',
              displayName: null,
            },
            permission: 'READ',
          },
        ],
        cannedAccessControlList: null,
        prefixReplace: null,
        resourcesPrefix: null,
        targetKeyPrefix: null,
        metadataDirective: 'Add',
        modifiedSinceConstraint: null,
        unModifiedSinceConstraint: null,
        newObjectMetadata: {
          cacheControl: 'max-age=86400',
          contentDisposition: null,
          contentEncoding: null,
          contentType: null,
          httpExpiresDate: null,
          sseAlgorithm: 'AES256',
          userMetadata: [{ key: 'owner', value: 'ops' }],
        },
        taggingDirective: 'Copy',
        newObjectTagging: [],
        storageClass: 'STANDARD_IA',
        targetResource: 'qcs::cos:ap-shanghai:uid/1250000000:cold-1250000000',
      },
      confirmationRequired: true,
      clientRequestToken: null,
      manifest: {
        location: {
          etag: '"9f3c2a7be1d04856c0a1b27f3e5d6c48"',
          objectArn: 'qcs::cos:ap-guangzhou:uid/1250000000:ops-1250000000/lists/2024-05-06.csv',
          objectVersionId: null,
        },
        spec: { format: 'COSBatchOperations_CSV_V1', fields: ['Bucket', 'Key', 'VersionId'] },
      },
      report: {
        bucket: 'qcs::cos:ap-guangzhou:uid/1250000000:ops-1250000000',
        enabled: true,
        format: 'Report_CSV_V1',
        prefix: 'reports/copy',
        reportScope: 'FailedTasksOnly',
      },
      roleArn: 'qcs::cam::uin/100000000001:roleName/BatchRunner',
      statusUpdateReason: 'confirmed by on-call',
      suspendedCause: null,
      suspendedAt: utc(createdMs + 12 * SECOND_MS),
      failures: [],
    });
    expect(restore).toMatchObject({
      description: null,
      displayName: SAMPLE_COS_RESTORE_JOB_ID,
      priority: 5,
      progress: { total: 860, succeeded: 0, failed: 0, percent: 0 },
      operation: {
        __typename: 'CosInitiateRestoreObjectOperation',
        name: 'COSInitiateRestoreObject',
        expirationInDays: 7,
        jobTier: 'Bulk',
      },
      manifest: { spec: { format: 'COSInventoryReport_CSV_V1', fields: [] } },
      report: { prefix: null, reportScope: 'AllTasks' },
      confirmationRequired: false,
      suspendedAt: null,
    });
  });
});

describe('statuses', () => {
  const COS_TABLE = [
    ['New', 'NEW', 'QUEUED', false],
    ['Preparing', 'PREPARING', 'QUEUED', false],
    ['Ready', 'READY', 'QUEUED', false],
    ['Suspended', 'SUSPENDED', 'SUSPENDED', false],
    ['Active', 'ACTIVE', 'RUNNING', false],
    ['Completing', 'COMPLETING', 'RUNNING', false],
    ['Pausing', 'PAUSING', 'PAUSED', false],
    ['Paused', 'PAUSED', 'PAUSED', false],
    ['Cancelling', 'CANCELLING', 'STOPPING', false],
    ['Failing', 'FAILING', 'STOPPING', false],
    ['Complete', 'COMPLETE', 'COMPLETED', true],
    ['Failed', 'FAILED', 'FAILED', true],
    ['Cancelled', 'CANCELLED', 'CANCELLED', true],
    ['Hibernating', 'UNKNOWN', 'UNKNOWN', false],
    ['ACTIVE', 'UNKNOWN', 'UNKNOWN', false],
    ['constructor', 'UNKNOWN', 'UNKNOWN', false],
  ] as const;
  const BATCH_COMPUTE_TABLE = [
    ['SUBMITTED', 'SUBMITTED', 'QUEUED', false],
    ['PENDING', 'PENDING', 'QUEUED', false],
    ['RUNNABLE', 'RUNNABLE', 'QUEUED', false],
    ['STARTING', 'STARTING', 'RUNNING', false],
    ['RUNNING', 'RUNNING', 'RUNNING', false],
    ['SUCCEED', 'SUCCEED', 'COMPLETED', true],
    ['FAILED', 'FAILED', 'FAILED', true],
    ['FAILED_INTERRUPTED', 'FAILED_INTERRUPTED', 'FAILED', false],
    ['TERMINATED', 'UNKNOWN', 'UNKNOWN', false],
    ['Running', 'UNKNOWN', 'UNKNOWN', false],
    ['toString', 'UNKNOWN', 'UNKNOWN', false],
  ] as const;
  const CI_TABLE = [
    ['Submitted', 'SUBMITTED', 'QUEUED', false],
    ['Running', 'RUNNING', 'RUNNING', false],
    ['Pause', 'PAUSE', 'PAUSED', false],
    ['Success', 'SUCCESS', 'COMPLETED', true],
    ['Failed', 'FAILED', 'FAILED', true],
    ['Cancel', 'CANCEL', 'CANCELLED', true],
    ['Archived', 'UNKNOWN', 'UNKNOWN', false],
    ['SUCCESS', 'UNKNOWN', 'UNKNOWN', false],
    ['valueOf', 'UNKNOWN', 'UNKNOWN', false],
  ] as const;

  it('of COS are told in both vocabularies, in a listing and alone', () =>
    inEmptyWorld(async (world) => {
      const jobs = COS_TABLE.map(([status, cosStatus]) => {
        const createdAtMs = anHourAgo();
        const unknown = { life: still(status), updateReasons: { [status]: 'nobody knows' }, createdAtMs };
        return world.sandbox.cos.add(REGION, cosStatus === 'UNKNOWN' ? unknown : { status, createdAtMs });
      });
      const { cosJobs } = dataOf(await world.ask(CosJobsDocument, { first: 100 }));
      const listed = new Map(cosJobs?.edges.map(({ node }) => [node.jobId, node]));
      for (const [index, row] of COS_TABLE.entries()) {
        const jobId = jobs[index] ?? '';
        const { cosJob } = dataOf(await world.ask(CosJobWholeDocument, { jobId }));
        for (const job of [listed.get(jobId), cosJob]) {
          expect([job?.upstreamStatus, job?.cosStatus, job?.status, job?.isFinished]).toEqual(row);
          expect(job?.endedAt === null).toBe(!row[3]);
        }
      }
    }));

  it('of BatchCompute are told in both vocabularies, and a job whose machine is kept is not finished', () =>
    inEmptyWorld(async (world) => {
      const jobs = BATCH_COMPUTE_TABLE.map(([state]) =>
        world.sandbox.batchCompute.add(REGION, { state, createdAtMs: anHourAgo() }),
      );
      const { batchComputeJobs } = dataOf(await world.ask(BatchComputeJobsDocument, { first: 100 }));
      const listed = new Map(batchComputeJobs?.edges.map(({ node }) => [node.jobId, node]));
      for (const [index, row] of BATCH_COMPUTE_TABLE.entries()) {
        const jobId = jobs[index] ?? '';
        const { batchComputeJob } = dataOf(await world.ask(BatchComputeJobWholeDocument, { jobId }));
        for (const job of [listed.get(jobId), batchComputeJob]) {
          expect([job?.upstreamStatus, job?.batchComputeState, job?.status, job?.isFinished]).toEqual(row);
        }
      }
    }));

  it('of CI are told in both vocabularies, in a listing and alone', () =>
    inEmptyWorld(async (world) => {
      const jobs = CI_TABLE.map(([state]) =>
        world.sandbox.ci.add(BUCKET, { state, createdAtMs: anHourAgo() }),
      );
      const { ciJobs } = dataOf(await world.ask(CiJobsDocument, { first: 100 }));
      const listed = new Map(ciJobs?.edges.map(({ node }) => [node.jobId, node]));
      for (const [index, row] of CI_TABLE.entries()) {
        const jobId = jobs[index] ?? '';
        const { ciJob } = dataOf(await world.ask(CiJobWholeDocument, { jobId }));
        for (const job of [listed.get(jobId), ciJob]) {
          expect([job?.upstreamStatus, job?.ciState, job?.status, job?.isFinished]).toEqual(row);
          expect(job?.endedAt === null).toBe(!row[3]);
        }
      }
    }));
});

describe('progress', () => {
  it('of COS counts far beyond 2^31, and a count that no JSON number can hold makes it unknown rather than wrong', () =>
    inEmptyWorld(async (world) => {
      const add = (totalTasks: number, status: string): string =>
        world.sandbox.cos.add(REGION, { totalTasks, status, failShare: 0.001, createdAtMs: anHourAgo() });
      const ids = [
        add(5_000_000_000, 'Complete'),
        add(Number.MAX_SAFE_INTEGER, 'Ready'),
        add(2 ** 53, 'Ready'),
        add(0, 'Complete'),
        add(80, 'New'),
      ];
      const { cosJobs } = dataOf(await world.ask(CosJobsDocument, {}));
      const byId = new Map(cosJobs?.edges.map(({ node }) => [node.jobId, node.progress]));
      const untold = { running: null, pending: null };
      expect(ids.map((id) => byId.get(id))).toEqual([
        { total: 5_000_000_000, succeeded: 4_995_000_000, failed: 5_000_000, percent: 100, ...untold },
        { total: Number.MAX_SAFE_INTEGER, succeeded: 0, failed: 0, percent: 0, ...untold },
        null,
        { total: 0, succeeded: 0, failed: 0, percent: null, ...untold },
        { total: 0, succeeded: 0, failed: 0, percent: null, ...untold },
      ]);
    }));

  it('of BatchCompute joins the eight counters, and its instances count beyond 2^31', () =>
    inEmptyWorld(async (world) => {
      const states = [
        'SUBMITTED',
        'PENDING',
        'RUNNABLE',
        'STARTING',
        'RUNNING',
        'SUCCEED',
        'FAILED',
        'FAILED_INTERRUPTED',
      ];
      const tasks = states.flatMap((state, index) =>
        Array.from({ length: index + 1 }, (_, copy) => ({
          name: `${state}-${copy}`,
          instances: state === 'RUNNING' ? 3_000_000_000 : 1,
          life: still(state),
          showsTimes: true,
        })),
      );
      const jobId = world.sandbox.batchCompute.add(REGION, { tasks, createdAtMs: anHourAgo() });
      const { batchComputeJob } = dataOf(await world.ask(BatchComputeJobWholeDocument, { jobId }));
      expect(batchComputeJob?.taskMetrics).toEqual({
        submitted: 1,
        pending: 2,
        runnable: 3,
        starting: 4,
        running: 5,
        succeeded: 6,
        failed: 7,
        failedInterrupted: 8,
      });
      expect(batchComputeJob?.progress).toEqual({
        total: 36,
        succeeded: 6,
        failed: 15,
        running: 9,
        pending: 6,
        percent: (21 / 36) * 100,
      });
      expect(batchComputeJob?.taskInstanceMetrics?.running).toBe(15_000_000_000);
      expect(batchComputeJob?.tasks).toHaveLength(36);
    }));

  it('of CI does not exist', () =>
    inEmptyWorld(async (world) => {
      world.sandbox.ci.add(BUCKET, { state: 'Running' });
      const { ciJobs } = dataOf(await world.ask(CiJobsDocument, {}));
      expect(ciJobs?.edges.map(({ node }) => node.progress)).toEqual([null]);
    }));
});

describe('names, texts and times', () => {
  it('are called by name, else by description, else by id', () =>
    inEmptyWorld(async (world) => {
      const { cos, batchCompute, ci } = world.sandbox;
      cos.add(REGION, { jobId: 'a-described', description: 'nightly copy' });
      cos.add(REGION, { jobId: 'b-bare', description: null });
      cos.add(REGION, { jobId: 'c-empty', description: '' });
      batchCompute.add(REGION, { jobId: 'job-named', jobName: 'align', createdAtMs: anHourAgo() });
      batchCompute.add(REGION, { jobId: 'job-nameless', jobName: '' });
      ci.add(BUCKET, { jobId: 'named', name: 'thumbnails', createdAtMs: anHourAgo() });
      ci.add(BUCKET, { jobId: 'nameless', name: '' });
      const data = dataOf(await world.ask(AllSourcesDocument, {}));
      const names = (page: { nodes: { displayName: string }[] } | null): string[] | undefined =>
        page?.nodes.map(({ displayName }) => displayName);
      expect(names(data.cosJobs)).toEqual(['nightly copy', 'b-bare', 'c-empty']);
      expect(names(data.batchComputeJobs)).toEqual(['job-nameless', 'align']);
      expect(names(data.ciJobs)).toEqual(['nameless', 'thumbnails']);
    }));

  it('keep every character of texts in any writing, in a listing and alone', () =>
    inEmptyWorld(async (world) => {
      const { cos, batchCompute, ci } = world.sandbox;
      const cosJob = cos.add(REGION, {
        description: AWKWARD,
        status: 'Failed',
        failure: { code: 'ManifestUnreadable', reason: AWKWARD },
        operation: ['COSPutObjectTagging', [['TagSet', [['COSTag', pair(AWKWARD, AWKWARD)]]]]],
      });
      const batchComputeJob = batchCompute.add(REGION, {
        jobName: AWKWARD,
        tags: [{ Key: AWKWARD, Value: AWKWARD }],
        state: 'FAILED',
        stateReason: AWKWARD,
        createdAtMs: anHourAgo(),
      });
      const ciJob = ci.add(BUCKET, {
        name: AWKWARD,
        state: 'Failed',
        failure: { code: 'InvalidObject', message: AWKWARD },
        input: [['Object', AWKWARD]],
        operation: [['UserData', AWKWARD]],
        createdAtMs: anHourAgo(),
      });
      const listed = dataOf(await world.ask(AllSourcesDocument, {}));
      expect(listed.cosJobs?.nodes[0]?.description).toBe(AWKWARD);
      expect(listed.batchComputeJobs?.nodes[0]?.name).toBe(AWKWARD);
      expect(listed.ciJobs?.nodes[0]?.name).toBe(AWKWARD);
      const alone = [
        dataOf(await world.ask(CosJobWholeDocument, { jobId: cosJob })).cosJob,
        dataOf(await world.ask(BatchComputeJobWholeDocument, { jobId: batchComputeJob })).batchComputeJob,
        dataOf(await world.ask(CiJobWholeDocument, { jobId: ciJob })).ciJob,
      ];
      expect(alone).toMatchObject([
        {
          description: AWKWARD,
          operation: { tagSet: [{ key: AWKWARD, value: AWKWARD }] },
          failures: [{ code: 'ManifestUnreadable', reason: AWKWARD }],
        },
        {
          name: AWKWARD,
          tags: [{ key: AWKWARD, value: AWKWARD }],
          stateReason: AWKWARD,
          failures: [{ code: null, reason: AWKWARD }],
        },
        {
          name: AWKWARD,
          message: AWKWARD,
          input: { object: AWKWARD },
          operation: { userData: AWKWARD },
          failures: [{ code: 'InvalidObject', reason: AWKWARD }],
        },
      ]);
    }));

  it('show the times of CI in UTC, and its dashes as null', () =>
    inEmptyWorld(async (world) => {
      const createdAtMs = Date.parse('2024-12-31T23:59:58Z');
      const life = [
        { status: 'Submitted', fromMs: 0, done: 0 },
        { status: 'Running', fromMs: 3 * SECOND_MS, done: 0 },
        { status: 'Success', fromMs: 90 * SECOND_MS, done: 0 },
      ] as const;
      world.sandbox.ci.add(BUCKET, { jobId: 'done', createdAtMs, life });
      world.sandbox.ci.add(BUCKET, { jobId: 'waits', createdAtMs, state: 'Submitted' });
      const { ciJobs } = dataOf(await world.ask(CiJobsDocument, { filter: { order: 'OLDEST_FIRST' } }));
      const times = ciJobs?.edges.map(({ node: { jobId, createdAt, startedAt, endedAt } }) => [
        jobId,
        createdAt,
        startedAt,
        endedAt,
      ]);
      expect(times).toEqual([
        ['done', '2024-12-31T23:59:58Z', '2025-01-01T00:00:01Z', '2025-01-01T00:01:28Z'],
        ['waits', '2024-12-31T23:59:58Z', null, null],
      ]);
    }));

  it('understand the older form of CI answers, without a type and with empty times', () =>
    inEmptyWorld(
      async (world) => {
        const jobId = world.sandbox.ci.add(BUCKET, { type: 'Workflow', state: 'Submitted' });
        const { ciJob } = dataOf(await world.ask(CiJobWholeDocument, { jobId }));
        expect(ciJob).toMatchObject({ type: 'WORKFLOW', startedAt: null, endedAt: null, failures: [] });
      },
      { sandbox: { ciShape: 'legacy' } },
    ));
});

describe('what a product leaves out or adds', () => {
  it('shows null tags as an empty list and a null placement as null, and all of a rich placement', () =>
    inEmptyWorld(async (world) => {
      const { batchCompute } = world.sandbox;
      batchCompute.add(REGION, { tags: null, placement: null, createdAtMs: anHourAgo() });
      batchCompute.add(REGION, {
        tags: [],
        placement: { Zone: 'ap-guangzhou-3', ProjectId: 0, HostId: 'host-1', HostIds: ['host-1', 'host-2'] },
      });
      const { batchComputeJobs } = dataOf(await world.ask(BatchComputeJobsDocument, {}));
      expect(batchComputeJobs?.edges.map(({ node: { tags, placement } }) => ({ tags, placement }))).toEqual([
        {
          tags: [],
          placement: {
            zone: 'ap-guangzhou-3',
            projectId: 0,
            hostId: 'host-1',
            hostIds: ['host-1', 'host-2'],
          },
        },
        { tags: [], placement: null },
      ]);
    }));

  it('shows an operation that no document knows with its parameters as they came', () =>
    inEmptyWorld(async (world) => {
      const jobId = world.sandbox.cos.add(REGION, {
        operation: [
          'COSPutObjectRetention',
          [
            ['Mode', 'COMPLIANCE'],
            ['Rule', [['Days', '30']]],
            ['Rule', [['Days', '0060']]],
            ['Empty', ''],
          ],
        ],
      });
      const { cosJob } = dataOf(await world.ask(CosJobWholeDocument, { jobId }));
      expect(cosJob?.operationName).toBe('COSPutObjectRetention');
      expect(cosJob?.operation).toEqual({
        __typename: 'CosOtherOperation',
        name: 'COSPutObjectRetention',
        parameters: { Mode: 'COMPLIANCE', Rule: [{ Days: '30' }, { Days: '0060' }], Empty: '' },
      });
    }));

  it('shows each documented operation of COS as its own type', () =>
    inEmptyWorld(async (world) => {
      const copy = world.sandbox.cos.add(REGION, {
        operation: [
          'COSPutObjectCopy',
          [
            ['PrefixReplace', 'true'],
            ['ResourcesPrefix', 'incoming/'],
            ['TargetKeyPrefix', 'archive/'],
            ['CannedAccessControlList', 'private'],
            ['ModifiedSinceConstraint', '1704067200'],
            ['UnModifiedSinceConstraint', '1735689600'],
            ['NewObjectTagging', [['COSTag', pair('team', 'media')]]],
            ['TargetResource', 'qcs::cos:ap-guangzhou::cold-1250000000'],
          ],
        ],
      });
      const tagging = world.sandbox.cos.add(REGION, {
        operation: [
          'COSPutObjectTagging',
          [
            ['TaggingDirective', 'Add'],
            [
              'TagSet',
              [
                ['COSTag', pair('tier', 'cold')],
                ['COSTag', pair('数据', '')],
              ],
            ],
          ],
        ],
      });
      const removal = world.sandbox.cos.add(REGION, { operation: ['COSDeleteObject', []] });
      const operations = [];
      for (const jobId of [copy, tagging, removal]) {
        operations.push(dataOf(await world.ask(CosJobWholeDocument, { jobId })).cosJob?.operation);
      }
      expect(operations).toMatchObject([
        {
          __typename: 'CosPutObjectCopyOperation',
          prefixReplace: true,
          resourcesPrefix: 'incoming/',
          targetKeyPrefix: 'archive/',
          cannedAccessControlList: 'private',
          modifiedSinceConstraint: '1704067200',
          unModifiedSinceConstraint: '1735689600',
          newObjectTagging: [{ key: 'team', value: 'media' }],
          targetResource: 'qcs::cos:ap-guangzhou::cold-1250000000',
        },
        {
          __typename: 'CosPutObjectTaggingOperation',
          taggingDirective: 'Add',
          tagSet: [
            { key: 'tier', value: 'cold' },
            { key: '数据', value: null },
          ],
        },
        { __typename: 'CosDeleteObjectOperation', name: 'COSDeleteObject' },
      ]);
    }));

  it('shows the parameters of a CI job as the product writes them, with repeated elements as lists', () =>
    inEmptyWorld(async (world) => {
      const jobId = world.sandbox.ci.add(BUCKET, {
        type: 'Job',
        operation: [
          ['QueueId', 'p1'],
          ['QueueType', 'SpeedTranscoding'],
          ['CallBack', 'https://hooks.example.com/ci?a=1&b=2'],
          ['CallBackFormat', 'JSON'],
          ['CallBackType', 'Url'],
          ['Tag', 'Transcode'],
          [
            'JobParam',
            [
              ['TranscodeTemplateId', 't1'],
              ['WatermarkTemplateId', 't2'],
              ['WatermarkTemplateId', 't3'],
              ['RemoveWatermark', [['Dx', '007']]],
            ],
          ],
          [
            'Output',
            [
              ['Region', 'ap-beijing'],
              ['Bucket', BUCKET],
              ['Object', 'out/${InputName}'],
              ['AuObject', 'au/${InputName}'],
              ['SpriteObject', 'sprite/${Number}'],
            ],
          ],
          ['JobLevel', '2'],
        ],
      });
      const { ciJob } = dataOf(await world.ask(CiJobWholeDocument, { jobId }));
      expect(ciJob?.type).toBe('JOB');
      expect(ciJob?.operation).toEqual({
        timeInterval: null,
        workflowIds: [],
        tag: 'Transcode',
        queueId: 'p1',
        queueType: 'SpeedTranscoding',
        userData: null,
        jobLevel: 2,
        callBack: 'https://hooks.example.com/ci?a=1&b=2',
        callBackFormat: 'JSON',
        callBackType: 'Url',
        output: {
          region: 'ap-beijing',
          bucket: BUCKET,
          object: 'out/${InputName}',
          auObject: 'au/${InputName}',
          spriteObject: 'sprite/${Number}',
        },
        jobParam: {
          TranscodeTemplateId: 't1',
          WatermarkTemplateId: ['t2', 't3'],
          RemoveWatermark: { Dx: '007' },
        },
      });
    }));

  it('answers an account, region or bucket that is not configured with an error and no call', () =>
    inEmptyWorld(async (world) => {
      const answer = await world.askText(`{
        account: cosJobs(account: "other") { nodes { id } }
        region: batchComputeJobs(region: "ap-tokyo") { nodes { id } }
        bucket: ciJobs(bucket: "other-1250000000") { nodes { id } }
        job: cosJob(jobId: "x", region: "ap-tokyo") { id }
      }`);
      expect(answer.data).toEqual({ account: null, region: null, bucket: null, job: null });
      expect(answer.errors.map(({ path, extensions }) => [path?.[0], extensions['code']])).toEqual([
        ['account', 'ORIGIN_NOT_CONFIGURED'],
        ['region', 'ORIGIN_NOT_CONFIGURED'],
        ['bucket', 'ORIGIN_NOT_CONFIGURED'],
        ['job', 'ORIGIN_NOT_CONFIGURED'],
      ]);
      expect(world.calls()).toEqual([]);
    }));
});

function pair(key: string, value: string): [string, string][] {
  return [
    ['Key', key],
    ['Value', value],
  ];
}

/** The jobs of all three listings. */
function jobsOf({ cosJobs, batchComputeJobs, ciJobs }: AllSourcesQuery): readonly SummaryFragment[] {
  return [...(cosJobs?.nodes ?? []), ...(batchComputeJobs?.nodes ?? []), ...(ciJobs?.nodes ?? [])];
}
