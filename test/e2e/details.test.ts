import { describe, expect, it } from 'vitest';
import {
  AllSourcesDocument,
  BatchComputeJobsWithDetailDocument,
  BatchComputeJobWholeDocument,
  CiJobsDocument,
  CosJobsWithDetailDocument,
  CosJobWholeDocument,
  NodesByIdDocument,
} from '../operations/generated/graphql.ts';
import {
  addJobs,
  batchComputeId,
  BUCKET,
  callCounts,
  cosId,
  dataOf,
  inEmptyWorld,
  REGION,
  watchConcurrency,
} from './support.ts';

describe('summary fields', () => {
  it('cost one call for each listing, and none for details', () =>
    inEmptyWorld(async (world) => {
      addJobs(world, 'cos', 30);
      addJobs(world, 'batchCompute', 30);
      addJobs(world, 'ci', 30);
      const data = dataOf(await world.ask(AllSourcesDocument, { first: 30 }));
      expect(data.cosJobs?.nodes).toHaveLength(30);
      expect(callCounts(world)).toEqual({
        'cos ListJobs': 1,
        'batchCompute DescribeJobs': 1,
        'ci DescribeInventoryTriggerJobs': 1,
      });
    }));

  it('of BatchCompute jobs read by id cost no detail call either', () =>
    inEmptyWorld(async (world) => {
      const ids = addJobs(world, 'batchCompute', 10).map((jobId) => batchComputeId(jobId));
      dataOf(await world.ask(NodesByIdDocument, { ids }));
      expect(callCounts(world)).toEqual({ 'batchCompute DescribeJobs': 1 });
    }));
});

describe('detail fields', () => {
  it('of listed COS jobs cost one call for each job, however many of them are asked for', () =>
    inEmptyWorld(async (world) => {
      const jobs = addJobs(world, 'cos', 12).toSorted();
      const { cosJobs } = dataOf(await world.ask(CosJobsWithDetailDocument, { first: 5 }));
      expect(cosJobs?.nodes.map(({ roleArn }) => roleArn)).toEqual(Array(5).fill(expect.any(String)));
      expect(callCounts(world)).toEqual({ 'cos ListJobs': 1, 'cos DescribeJob': 5 });
      const described = world.calls('DescribeJob').flatMap(({ jobIds }) => jobIds);
      expect(described.toSorted()).toEqual(jobs.slice(0, 5));
    }));

  it('of listed BatchCompute jobs cost one call for each job, however many of them are asked for', () =>
    inEmptyWorld(async (world) => {
      const jobs = addJobs(world, 'batchCompute', 12).toReversed();
      const { batchComputeJobs } = dataOf(await world.ask(BatchComputeJobsWithDetailDocument, { first: 5 }));
      expect(batchComputeJobs?.nodes.map(({ tasks }) => tasks)).not.toContain(null);
      expect(callCounts(world)).toEqual({
        'batchCompute DescribeJobs': 1,
        'batchCompute DescribeJob': 5,
      });
      const described = world.calls('DescribeJob').flatMap(({ jobIds }) => jobIds);
      expect(described.toSorted()).toEqual(jobs.slice(0, 5).toSorted());
    }));

  it('of one job cost one call in a request, through whatever aliases, fragments and fields it is reached', () =>
    inEmptyWorld(async (world) => {
      const [cosJob = ''] = addJobs(world, 'cos', 1, { like: () => ({ status: 'Failed' }) });
      const [batchComputeJob = ''] = addJobs(world, 'batchCompute', 1, {
        like: () => ({ state: 'FAILED' }),
      });
      const query = `
        query ($cos: ID!, $batchCompute: ID!, $cosJobId: String!, $batchComputeJobId: String!) {
          listed: batchComputeJobs { nodes { stateReason again: stateReason ...Tasks failures { reason } } }
          relisted: batchComputeJobs(first: 1) { edges { node { nextAction ...Tasks } } }
          node(id: $batchCompute) { ...Tasks }
          nodes(ids: [$batchCompute, $batchCompute]) { ...Tasks }
          batchComputeJob(jobId: $batchComputeJobId) { taskInstanceMetrics { failed } ...Tasks }
          a: job(id: $cos) { failures { code } ... on CosJob { roleArn manifest { location { etag } } } }
          b: cosJob(jobId: $cosJobId) { operation { name } statusUpdateReason }
        }
        fragment Tasks on BatchComputeJob { tasks { name } dependencies { startTask } }`;
      const answer = await world.askText(query, {
        cos: cosId(cosJob),
        batchCompute: batchComputeId(batchComputeJob),
        cosJobId: cosJob,
        batchComputeJobId: batchComputeJob,
      });
      dataOf(answer);
      expect(callCounts(world)).toEqual({
        // two listings, and one read by id for all four ways that lead to the job
        'batchCompute DescribeJobs': 3,
        'batchCompute DescribeJob': 1,
        'cos DescribeJob': 1,
      });
    }));

  it('of a COS job read by id come with the one call that reads it', () =>
    inEmptyWorld(async (world) => {
      const [jobId = ''] = addJobs(world, 'cos', 1);
      const { cosJob } = dataOf(await world.ask(CosJobWholeDocument, { jobId }));
      expect(cosJob?.manifest).not.toBeNull();
      expect(callCounts(world)).toEqual({ 'cos DescribeJob': 1 });
      world.sandbox.clearCalls();
      dataOf(await world.ask(NodesByIdDocument, { ids: [cosId(jobId)] }));
      expect(callCounts(world)).toEqual({ 'cos DescribeJob': 1 });
    }));

  it('of a BatchCompute job read by id cost one more call', () =>
    inEmptyWorld(async (world) => {
      const [jobId = ''] = addJobs(world, 'batchCompute', 1);
      const { batchComputeJob } = dataOf(await world.ask(BatchComputeJobWholeDocument, { jobId }));
      expect(batchComputeJob?.tasks).not.toBeNull();
      expect(callCounts(world)).toEqual({
        'batchCompute DescribeJobs': 1,
        'batchCompute DescribeJob': 1,
      });
    }));

  it('are asked for anew by the next request, which may find the job changed', () =>
    inEmptyWorld(async (world) => {
      const [jobId = ''] = addJobs(world, 'cos', 1);
      await world.ask(CosJobWholeDocument, { jobId });
      await world.ask(CosJobWholeDocument, { jobId });
      expect(callCounts(world)).toEqual({ 'cos DescribeJob': 2 });
    }));

  it('of many listed COS jobs are read a few at a time', () =>
    inEmptyWorld(async (world) => {
      addJobs(world, 'cos', 40);
      world.sandbox.faults.add({
        upstream: 'cos',
        action: 'DescribeJob',
        fault: { kind: 'slow', delayMs: 30 },
      });
      const watch = watchConcurrency(world, 'cos');
      const { cosJobs } = dataOf(await world.ask(CosJobsWithDetailDocument, { first: 40 }));
      const most = watch.stop();
      expect(cosJobs?.nodes.filter(({ roleArn }) => roleArn !== null)).toHaveLength(40);
      expect(most).toBeGreaterThan(1);
      expect(most).toBeLessThanOrEqual(8);
    }));
});

describe('failures', () => {
  const FAILURES = `{
    cosJobs { nodes { jobId status failures { code reason } } }
    batchComputeJobs { nodes { jobId status failures { code reason } } }
    ciJobs { nodes { jobId status failures { code reason } } }
  }`;

  it('are an empty list, without a call, for jobs that have not failed', () =>
    inEmptyWorld(async (world) => {
      for (const status of [
        'New',
        'Suspended',
        'Active',
        'Failing',
        'Complete',
        'Cancelled',
        'Hibernating',
      ]) {
        addJobs(world, 'cos', 1, { like: () => ({ status, failure: { code: 'X', reason: 'y' } }) });
      }
      for (const state of ['SUBMITTED', 'RUNNING', 'SUCCEED', 'TERMINATED']) {
        addJobs(world, 'batchCompute', 1, { like: () => ({ state }) });
      }
      for (const state of ['Submitted', 'Running', 'Success', 'Pause', 'Cancel']) {
        addJobs(world, 'ci', 1, { like: () => ({ state }) });
      }
      const data = dataOf(await world.askText(FAILURES)) as Record<
        string,
        { nodes: { failures: unknown }[] }
      >;
      const all = Object.values(data).flatMap(({ nodes }) => nodes.map(({ failures }) => failures));
      expect(all).toEqual(all.map(() => []));
      expect(all).toHaveLength(16);
      expect(callCounts(world)).toEqual({
        'cos ListJobs': 1,
        'batchCompute DescribeJobs': 1,
        'ci DescribeInventoryTriggerJobs': 1,
      });
    }));

  it('cost one call for each failed COS or BatchCompute job of a listing, and none for CI', () =>
    inEmptyWorld(async (world) => {
      addJobs(world, 'cos', 3);
      addJobs(world, 'cos', 2, {
        like: (index) => ({
          jobId: `failed-${index}`,
          status: 'Failed',
          failure: { code: 'ManifestNotFound', reason: `no list ${index}` },
        }),
      });
      addJobs(world, 'batchCompute', 3);
      addJobs(world, 'batchCompute', 1, { like: () => ({ state: 'FAILED', stateReason: 'exit code 1' }) });
      addJobs(world, 'batchCompute', 1, {
        like: () => ({ state: 'FAILED_INTERRUPTED', stateReason: 'machine lost' }),
      });
      addJobs(world, 'ci', 1, {
        like: () => ({ state: 'Failed', failure: { code: 'NoSuchObject', message: 'it has gone' } }),
      });
      const data = dataOf(await world.askText(FAILURES)) as Record<
        string,
        { nodes: { status: string; failures: unknown }[] }
      >;
      const failed = Object.values(data).flatMap(({ nodes }) =>
        nodes.filter(({ status }) => status === 'FAILED').map(({ failures }) => failures),
      );
      expect(failed).toHaveLength(5);
      expect(failed).toEqual(
        expect.arrayContaining([
          [{ code: 'ManifestNotFound', reason: 'no list 0' }],
          [{ code: 'ManifestNotFound', reason: 'no list 1' }],
          [{ code: null, reason: 'exit code 1' }],
          [{ code: null, reason: 'machine lost' }],
          [{ code: 'NoSuchObject', reason: 'it has gone' }],
        ]),
      );
      expect(callCounts(world)).toEqual({
        'cos ListJobs': 1,
        'cos DescribeJob': 2,
        'batchCompute DescribeJobs': 1,
        'batchCompute DescribeJob': 2,
        'ci DescribeInventoryTriggerJobs': 1,
      });
    }));
});

describe('CI', () => {
  it('tells everything in the listing, so that no field costs a further call', () =>
    inEmptyWorld(async (world) => {
      addJobs(world, 'ci', 10, { like: () => ({ state: 'Failed' }) });
      const { ciJobs } = dataOf(await world.ask(CiJobsDocument, { bucket: BUCKET }));
      expect(ciJobs?.edges.map(({ node }) => node.failures?.length)).toEqual(Array(10).fill(1));
      expect(callCounts(world)).toEqual({ 'ci DescribeInventoryTriggerJobs': 1 });
    }));
});

describe('a detail that cannot be had', () => {
  it('because the job has gone since it was listed is null without an error', () =>
    inEmptyWorld(async (world) => {
      const { sandbox } = world;
      const cosJobs = addJobs(world, 'cos', 3).toSorted();
      const batchComputeJobs = addJobs(world, 'batchCompute', 3).toReversed();
      const [, goneCos = ''] = cosJobs;
      const [, goneBatchCompute = ''] = batchComputeJobs;
      const fault = { kind: 'slow', delayMs: 200 } as const;
      sandbox.faults.add({ upstream: 'cos', action: 'DescribeJob', jobId: goneCos, fault });
      sandbox.faults.add({ upstream: 'batchCompute', action: 'DescribeJob', jobId: goneBatchCompute, fault });
      const asked = world.askText(`{
        cosJobs { nodes { jobId roleArn manifest { spec { format } } confirmationRequired } }
        batchComputeJobs { nodes { jobId tasks { name } stateReason } }
      }`);
      await expect.poll(() => world.calls('DescribeJob').length).toBe(6);
      sandbox.cos.remove(REGION, goneCos);
      sandbox.batchCompute.remove(REGION, goneBatchCompute);
      const data = dataOf(await asked) as Record<string, { nodes: Record<string, unknown>[] }>;
      expect(data['cosJobs']?.nodes.map(({ jobId }) => jobId)).toEqual(cosJobs);
      expect(data['cosJobs']?.nodes[1]).toEqual({
        jobId: goneCos,
        roleArn: null,
        manifest: null,
        confirmationRequired: null,
      });
      expect(data['cosJobs']?.nodes[0]?.['roleArn']).not.toBeNull();
      expect(data['batchComputeJobs']?.nodes[1]).toEqual({
        jobId: goneBatchCompute,
        tasks: null,
        stateReason: null,
      });
      expect(data['batchComputeJobs']?.nodes[0]?.['tasks']).not.toBeNull();
    }));

  it('because its call fails nulls its own fields alone, each with code, request id and path', () =>
    inEmptyWorld(async (world) => {
      const jobs = addJobs(world, 'cos', 4).toSorted();
      const [, , broken = ''] = jobs;
      world.sandbox.faults.add({
        upstream: 'cos',
        action: 'DescribeJob',
        jobId: broken,
        fault: { kind: 'error', code: 'InternalError' },
      });
      const answer = await world.askText(
        '{ cosJobs { nodes { jobId description roleArn report { format } failures { code } } } }',
      );
      const { cosJobs } = answer.data as { cosJobs: { nodes: Record<string, unknown>[] } };
      const { nodes } = cosJobs;
      expect(nodes.map(({ jobId }) => jobId)).toEqual(jobs);
      expect(nodes.map(({ roleArn }) => roleArn === null)).toEqual([false, false, true, false]);
      expect(nodes[2]).toEqual({
        jobId: broken,
        description: null,
        roleArn: null,
        report: null,
        failures: [],
      });
      const attempts = world.calls('DescribeJob').filter(({ jobIds }) => jobIds.includes(broken));
      expect(attempts).toHaveLength(3);
      expect(answer.errors.map(({ path }) => path)).toEqual([
        ['cosJobs', 'nodes', 2, 'roleArn'],
        ['cosJobs', 'nodes', 2, 'report'],
      ]);
      for (const { extensions } of answer.errors) {
        expect(extensions).toMatchObject({
          code: 'UPSTREAM_UNAVAILABLE',
          source: 'COS',
          account: 'sandbox',
          region: REGION,
          upstreamCode: 'InternalError',
          requestId: attempts.at(-1)?.requestId,
          retryable: true,
        });
      }
    }));
});
