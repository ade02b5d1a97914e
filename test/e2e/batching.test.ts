import { describe, expect, it } from 'vitest';
import { createLoaders, refOf } from '../../src/jobs/loaders.ts';
import { NodesByIdDocument } from '../operations/generated/graphql.ts';
import type { World } from '../support/world.ts';
import {
  addJobs,
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
  watchConcurrency,
} from './support.ts';

/** The ids that answered, in their places; null where nothing is. */
async function readNodes(world: World, ids: readonly string[]): Promise<(string | null)[]> {
  const { nodes } = dataOf(await world.ask(NodesByIdDocument, { ids: [...ids] }));
  return nodes.map((node) => node?.id ?? null);
}

describe('nodes', () => {
  it('of sixty ids, twenty of each source, cost one call to BatchCompute and twenty to each of the others', () =>
    inEmptyWorld(async (world) => {
      const batchCompute = addJobs(world, 'batchCompute', 20);
      const cos = addJobs(world, 'cos', 20);
      const ci = addJobs(world, 'ci', 20);
      const ids = Array.from({ length: 20 }, (_, index) => [
        cosId(cos[index] ?? ''),
        batchComputeId(batchCompute[index] ?? ''),
        ciId(ci[index] ?? ''),
      ]).flat();
      const fault = { kind: 'slow', delayMs: 40 } as const;
      world.sandbox.faults.add({ upstream: 'cos', fault });
      world.sandbox.faults.add({ upstream: 'ci', fault });
      const watches = [watchConcurrency(world, 'cos'), watchConcurrency(world, 'ci')];
      expect(await readNodes(world, ids)).toEqual(ids);
      for (const most of watches.map((watch) => watch.stop())) {
        expect(most).toBeGreaterThan(1);
        expect(most).toBeLessThanOrEqual(8);
      }
      expect(callCounts(world)).toEqual({
        'cos DescribeJob': 20,
        'batchCompute DescribeJobs': 1,
        'ci DescribeInventoryTriggerJob': 20,
      });
      const [batch] = world.calls('DescribeJobs');
      expect(batch?.params['Limit']).toBe(20);
      expect(batch?.params).not.toHaveProperty('Offset');
      expect(batch?.jobIds.toSorted()).toEqual(batchCompute.toSorted());
      for (const asked of [cos, ci]) {
        const upstream = asked === cos ? 'cos' : 'ci';
        const calls = world.calls().filter((call) => call.upstream === upstream);
        expect(calls.flatMap(({ jobIds }) => jobIds).toSorted()).toEqual(asked.toSorted());
      }
    }));

  it('of 101 BatchCompute jobs take a call for a hundred and one for the last', () =>
    inEmptyWorld(async (world) => {
      const ids = addJobs(world, 'batchCompute', 101).map((jobId) => batchComputeId(jobId));
      expect(await readNodes(world, ids)).toEqual(ids);
      const batches = world.calls('DescribeJobs');
      expect(batches.map(({ params }) => params['Limit'])).toEqual(
        batches.map(({ jobIds }) => jobIds.length),
      );
      expect(new Set(batches.map(({ jobIds }) => jobIds.length))).toEqual(new Set([100, 1]));
      expect(batches).toHaveLength(2);
    }));

  it('of two regions and two buckets ask each place for its own jobs alone', () =>
    inEmptyWorld(async (world) => {
      const here = addJobs(world, 'batchCompute', 5);
      const there = addJobs(world, 'batchCompute', 5, { place: OTHER_REGION });
      const [cosHere = ''] = addJobs(world, 'cos', 1);
      const [cosThere = ''] = addJobs(world, 'cos', 1, { place: OTHER_REGION });
      const [ciThere = ''] = addJobs(world, 'ci', 1, { place: OTHER_BUCKET });
      const ids = [
        ...here.map((jobId) => batchComputeId(jobId)),
        ...there.map((jobId) => batchComputeId(jobId, OTHER_REGION)),
        cosId(cosHere),
        cosId(cosThere, OTHER_REGION),
        ciId(ciThere, OTHER_BUCKET),
      ];
      expect(await readNodes(world, ids)).toEqual(ids);
      const batches = world.calls('DescribeJobs').map(({ region, jobIds }) => [region, jobIds.toSorted()]);
      expect(new Map(batches as [string, string[]][])).toEqual(
        new Map([
          [REGION, here.toSorted()],
          [OTHER_REGION, there.toSorted()],
        ]),
      );
      expect(batches).toHaveLength(2);
      expect(world.calls('DescribeJob').map(({ region, jobIds }) => [region, jobIds[0]])).toEqual(
        expect.arrayContaining([
          [REGION, cosHere],
          [OTHER_REGION, cosThere],
        ]),
      );
      expect(world.calls('DescribeInventoryTriggerJob').map(({ bucket }) => bucket)).toEqual([OTHER_BUCKET]);
    }));

  it('asks for an id once and answers it in each of its places', () =>
    inEmptyWorld(async (world) => {
      const [cos = '', otherCos = ''] = addJobs(world, 'cos', 2).map((jobId) => cosId(jobId));
      const [job = '', other = ''] = addJobs(world, 'batchCompute', 2).map((jobId) => batchComputeId(jobId));
      const [ci = ''] = addJobs(world, 'ci', 1).map((jobId) => ciId(jobId));
      const ids = [job, cos, job, ci, other, ci, cos, otherCos, job];
      expect(await readNodes(world, ids)).toEqual(ids);
      expect(callCounts(world)).toEqual({
        'cos DescribeJob': 2,
        'batchCompute DescribeJobs': 1,
        'ci DescribeInventoryTriggerJob': 1,
      });
      expect(world.calls('DescribeJobs')[0]?.params['Limit']).toBe(2);
    }));

  it('nulls the places alone of ids that are malformed, foreign or unknown, and of a job that cannot be read', () =>
    inEmptyWorld(async (world) => {
      const [goodCos = '', badCos = ''] = addJobs(world, 'cos', 2);
      const [good = ''] = addJobs(world, 'batchCompute', 1);
      const [goodCi = ''] = addJobs(world, 'ci', 1);
      world.sandbox.faults.add({
        upstream: 'cos',
        jobId: badCos,
        fault: { kind: 'error', code: 'InternalError' },
      });
      const ids = [
        cosId(goodCos),
        'no id at all',
        batchComputeId(good),
        batchComputeId('JOB-NOT-SO'),
        batchComputeId('job-unknown1'),
        batchComputeId(good, REGION, 'another-account'),
        batchComputeId(good, 'ap-tokyo'),
        cosId(goodCos, 'ap-tokyo'),
        cosId('0f7c1d2e-unknown'),
        cosId(badCos),
        ciId(goodCi),
        ciId(goodCi, 'another-1250000000'),
        ciId('bunknown'),
        `${cosId(goodCos)}=`,
        '',
      ];
      const { status, data, errors } = await world.ask(NodesByIdDocument, { ids });
      expect(status).toBe(200);
      expect(data?.nodes.map((node) => node?.jobId ?? null)).toEqual(
        ids.map(
          (_, index) =>
            new Map([
              [0, goodCos],
              [2, good],
              [10, goodCi],
            ]).get(index) ?? null,
        ),
      );
      const told = errors.map(({ path, extensions }) => [path?.join('.'), extensions['code']]);
      expect(Object.fromEntries(told)).toEqual({
        'nodes.1': 'INVALID_ID',
        'nodes.3': 'INVALID_ID',
        'nodes.9': 'UPSTREAM_UNAVAILABLE',
        'nodes.13': 'INVALID_ID',
        'nodes.14': 'INVALID_ID',
      });
      expect(told).toHaveLength(5);
      const asked = world.calls().flatMap(({ jobIds }) => jobIds);
      expect([...new Set(asked)].toSorted()).toEqual(
        [goodCos, '0f7c1d2e-unknown', badCos, good, 'job-unknown1', goodCi, 'bunknown'].toSorted(),
      );
      expect(world.calls('DescribeJobs')).toHaveLength(1);
      expect(world.calls('DescribeInventoryTriggerJob')).toHaveLength(2);
    }));

  it('leaves the others alone when BatchCompute finds fault with one id of a batch', () =>
    inEmptyWorld(async (world) => {
      const jobs = addJobs(world, 'batchCompute', 8);
      const [poison = ''] = jobs.slice(5);
      world.sandbox.faults.add({
        upstream: 'batchCompute',
        jobId: poison,
        fault: { kind: 'error', code: 'InvalidParameter.JobIdMalformed' },
      });
      const { data, errors } = await world.ask(NodesByIdDocument, {
        ids: jobs.map((jobId) => batchComputeId(jobId)),
      });
      expect(data?.nodes.map((node) => node?.jobId ?? null)).toEqual(
        jobs.map((jobId) => (jobId === poison ? null : jobId)),
      );
      expect(errors.map(({ path }) => path)).toEqual([['nodes', 5]]);
      expect(world.calls('DescribeJobs')).toHaveLength(7);
    }));

  it('calls an id INVALID_ID that only BatchCompute itself recognises as malformed', () =>
    inEmptyWorld(async (world) => {
      const { data, errors } = await world.ask(NodesByIdDocument, { ids: [batchComputeId('job-7')] });
      expect(data?.nodes).toEqual([null]);
      expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['INVALID_ID']);
    }));

  it('refuses more than five hundred ids without a call', () =>
    inEmptyWorld(async (world) => {
      const [jobId = ''] = addJobs(world, 'batchCompute', 1);
      const ids = Array.from({ length: 501 }, () => batchComputeId(jobId));
      const refused = await world.ask(NodesByIdDocument, { ids });
      expect(refused.errors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
      expect(world.calls()).toEqual([]);
      expect(await readNodes(world, ids.slice(1))).toEqual(ids.slice(1));
      expect(world.calls()).toHaveLength(1);
    }));

  it('of no ids are an empty list without a call', () =>
    inEmptyWorld(async (world) => {
      expect(await readNodes(world, [])).toEqual([]);
      expect(world.calls()).toEqual([]);
    }));
});

describe('one job', () => {
  it('that several fields of a request ask for is read once', () =>
    inEmptyWorld(async (world) => {
      const [cos = ''] = addJobs(world, 'cos', 1);
      const [batchCompute = ''] = addJobs(world, 'batchCompute', 1);
      const [ci = ''] = addJobs(world, 'ci', 1);
      const query = `query ($cos: ID!, $batchCompute: ID!, $ci: ID!, $c: String!, $b: String!, $i: String!) {
        c1: job(id: $cos) { jobId } c2: node(id: $cos) { id } c3: cosJob(jobId: $c) { jobId }
        b1: job(id: $batchCompute) { jobId } b2: node(id: $batchCompute) { id }
        b3: batchComputeJob(jobId: $b) { jobId } b4: batchComputeJob(jobId: $b, account: "sandbox", region: "${REGION}") { jobId }
        i1: job(id: $ci) { jobId } i2: node(id: $ci) { id } i3: ciJob(jobId: $i, bucket: "${BUCKET}") { jobId }
        nodes(ids: [$cos, $ci, $batchCompute]) { id }
      }`;
      const ids = { cos: cosId(cos), batchCompute: batchComputeId(batchCompute), ci: ciId(ci) };
      const data = dataOf(await world.askText(query, { ...ids, c: cos, b: batchCompute, i: ci }));
      expect(data).toEqual({
        c1: { jobId: cos },
        c2: { id: ids.cos },
        c3: { jobId: cos },
        b1: { jobId: batchCompute },
        b2: { id: ids.batchCompute },
        b3: { jobId: batchCompute },
        b4: { jobId: batchCompute },
        i1: { jobId: ci },
        i2: { id: ids.ci },
        i3: { jobId: ci },
        nodes: [{ id: ids.cos }, { id: ids.ci }, { id: ids.batchCompute }],
      });
      expect(callCounts(world)).toEqual({
        'cos DescribeJob': 1,
        'batchCompute DescribeJobs': 1,
        'ci DescribeInventoryTriggerJob': 1,
      });
    }));

  it('that does not exist is null without an error, by its global id and by its own', () =>
    inEmptyWorld(async (world) => {
      const answer = await world.askText(
        `query ($cos: ID!, $batchCompute: ID!, $ci: ID!) {
          a: job(id: $cos) { id } b: node(id: $batchCompute) { id } c: job(id: $ci) { id }
          cosJob(jobId: "nothing") { id } batchComputeJob(jobId: "job-nobody00") { id } ciJob(jobId: "nothing") { id }
        }`,
        { cos: cosId('none'), batchCompute: batchComputeId('job-nobody01'), ci: ciId('none') },
      );
      expect(dataOf(answer)).toEqual({
        a: null,
        b: null,
        c: null,
        cosJob: null,
        batchComputeJob: null,
        ciJob: null,
      });
      expect(callCounts(world)).toEqual({
        'cos DescribeJob': 2,
        'batchCompute DescribeJobs': 1,
        'ci DescribeInventoryTriggerJob': 2,
      });
    }));

  it('whose own id has a form that the product never gives is an INVALID_ID without a call', () =>
    inEmptyWorld(async (world) => {
      const answer = await world.askText(`{
        cosJob(jobId: "../jobs") { id } batchComputeJob(jobId: "7e7evk2x") { id } ciJob(jobId: "") { id }
      }`);
      expect(answer.data).toEqual({ cosJob: null, batchComputeJob: null, ciJob: null });
      expect(answer.errors.map(({ extensions }) => extensions['code'])).toEqual(Array(3).fill('INVALID_ID'));
      expect(world.calls()).toEqual([]);
    }));

  it('that a listing of the same request showed is not read again by id', () =>
    inEmptyWorld(async (world) => {
      addJobs(world, 'cos', 3);
      addJobs(world, 'batchCompute', 3);
      addJobs(world, 'ci', 3);
      const scope = { signal: new AbortController().signal, deadlineMs: Date.now() + 10_000 };
      const { cos, batchCompute, ci } = world.app.origins.sources;
      const loaders = createLoaders(world.app.origins, scope);
      const slice = { limit: 3, backwards: false, after: null, before: null };
      const everything = {
        names: null,
        states: null,
        zones: null,
        tagKeys: null,
        tagValues: null,
        tags: null,
      };
      const whenever = { createdAfter: null, createdBefore: null, order: 'NEWEST_FIRST' } as const;
      const ciFilter = { type: null, states: null, name: null, workflowId: null, jobId: null, ...whenever };
      const pages = [
        await cos[0]?.list({ ...slice, filter: { status: null } }, scope),
        await batchCompute[0]?.list({ ...slice, filter: { ...everything, jobIds: null } }, scope),
        await ci[0]?.list({ ...slice, filter: ciFilter }, scope),
      ];
      const jobs = pages.flatMap((page) => page?.entries.map(({ job }) => job) ?? []);
      expect(jobs).toHaveLength(9);
      world.sandbox.clearCalls();
      jobs.forEach((job) => {
        loaders.prime(job);
      });
      expect(await Promise.all(jobs.map((job) => loaders.job(refOf(job))))).toEqual(jobs);
      expect(world.calls()).toEqual([]);
    }));
});

describe('requests', () => {
  it('share no reads, so that each sees the present', () =>
    inEmptyWorld(async (world) => {
      const [jobId = ''] = addJobs(world, 'cos', 1);
      expect(await readNodes(world, [cosId(jobId)])).toEqual([cosId(jobId)]);
      world.sandbox.cos.remove(REGION, jobId);
      expect(await readNodes(world, [cosId(jobId)])).toEqual([null]);
      expect(callCounts(world)).toEqual({ 'cos DescribeJob': 2 });
    }));
});
