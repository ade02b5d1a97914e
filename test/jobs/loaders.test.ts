import { describe, expect, it } from 'vitest';
import { createLoaders, type JobLoaders, refOf } from '../../src/jobs/loaders.ts';
import { Origins } from '../../src/jobs/origins.ts';
import { InvalidIdError, UpstreamError } from '../../src/model/errors.ts';
import { type JobRef, placeOf } from '../../src/model/global-id.ts';
import type { Origin } from '../../src/model/origin.ts';
import type { CosJob } from '../../src/sources/cos/model.ts';
import {
  aBatchComputeJob,
  aCiJob,
  aCosJob,
  ARCHIVE,
  aScope,
  BATCH_COMPUTE_DETAIL,
  batchComputeThatKnowsAll,
  BUCKET,
  ciThatKnowsAll,
  COMPUTE,
  COS_DETAIL,
  cosThatKnowsAll,
  type FakeBatchCompute,
  type FakeCi,
  type FakeCos,
  FakeSource,
  GUANGZHOU,
  SHANGHAI,
} from './support.ts';

interface Sources {
  readonly cos?: readonly FakeCos[];
  readonly batchCompute?: readonly FakeBatchCompute[];
  readonly ci?: readonly FakeCi[];
}

function loadersOf({ cos = [], batchCompute = [], ci = [] }: Sources, scope = aScope()): JobLoaders {
  return createLoaders(new Origins({ cos, batchCompute, ci }), scope);
}

function refIn(origin: Origin, jobId: string): JobRef {
  return { source: origin.source, account: origin.account, place: placeOf(origin), jobId };
}

function loadAll(loaders: JobLoaders, origin: Origin, ...jobIds: string[]): Promise<unknown[]> {
  return Promise.all(jobIds.map((jobId) => loaders.job(refIn(origin, jobId))));
}

describe('reads of jobs by id', () => {
  it('are joined into one batch for each origin', async () => {
    const [guangzhou, shanghai, archive] = [GUANGZHOU, SHANGHAI, ARCHIVE].map(cosThatKnowsAll);
    const [compute, bucket] = [batchComputeThatKnowsAll(), ciThatKnowsAll()];
    const loaders = loadersOf({
      cos: [guangzhou!, shanghai!, archive!],
      batchCompute: [compute],
      ci: [bucket],
    });
    await Promise.all([
      loadAll(loaders, GUANGZHOU, 'a', 'b'),
      loadAll(loaders, SHANGHAI, 'a'),
      loadAll(loaders, COMPUTE, 'job-1', 'job-2', 'job-3'),
      loadAll(loaders, GUANGZHOU, 'c'),
      loadAll(loaders, BUCKET, 'j1'),
      loadAll(loaders, ARCHIVE, 'a'),
    ]);
    expect(guangzhou?.batches).toEqual([['a', 'b', 'c']]);
    expect(shanghai?.batches).toEqual([['a']]);
    expect(archive?.batches).toEqual([['a']]);
    expect(compute.batches).toEqual([['job-1', 'job-2', 'job-3']]);
    expect(bucket.batches).toEqual([['j1']]);
  });

  it('give each question its own job, in the order of the questions', async () => {
    const loaders = loadersOf({ cos: [cosThatKnowsAll(), cosThatKnowsAll(SHANGHAI)] });
    const jobs = await Promise.all([
      loaders.job(refIn(SHANGHAI, 'z')),
      loaders.job(refIn(GUANGZHOU, 'b')),
      loaders.job(refIn(SHANGHAI, 'a')),
      loaders.job(refIn(GUANGZHOU, 'z')),
    ]);
    expect(jobs.map((job) => `${job?.region} ${job?.jobId}`)).toEqual([
      'ap-shanghai z',
      'ap-guangzhou b',
      'ap-shanghai a',
      'ap-guangzhou z',
    ]);
  });

  it('ask once for an id that is wanted twice, at once or later', async () => {
    const cos = cosThatKnowsAll();
    const loaders = loadersOf({ cos: [cos] });
    const [one, other] = await loadAll(loaders, GUANGZHOU, 'a', 'a');
    const [later] = await loadAll(loaders, GUANGZHOU, 'a');
    expect(cos.batches).toEqual([['a']]);
    expect(one).toBe(other);
    expect(later).toBe(one);
  });

  it('tell two places apart that share an id', async () => {
    const loaders = loadersOf({ cos: [cosThatKnowsAll(), cosThatKnowsAll(SHANGHAI)] });
    const [one] = await loadAll(loaders, GUANGZHOU, 'a');
    const [other] = await loadAll(loaders, SHANGHAI, 'a');
    expect([one, other]).toMatchObject([{ region: 'ap-guangzhou' }, { region: 'ap-shanghai' }]);
  });

  it('give null for a job that the upstream does not know, beside those that it knows', async () => {
    const cos: FakeCos = new FakeSource(GUANGZHOU, {
      getMany: async (jobIds) => jobIds.map((jobId) => (jobId === 'gone' ? null : aCosJob(jobId))),
    });
    const jobs = await loadAll(loadersOf({ cos: [cos] }), GUANGZHOU, 'a', 'gone', 'b');
    expect(jobs).toMatchObject([{ jobId: 'a' }, null, { jobId: 'b' }]);
  });

  it('reject in the place of one bad id only', async () => {
    const failure = new UpstreamError('UPSTREAM_TIMEOUT', GUANGZHOU, 'too slow');
    const answerOf = (jobId: string): CosJob | Error => (jobId === 'bad' ? failure : aCosJob(jobId));
    const cos: FakeCos = new FakeSource(GUANGZHOU, { getMany: async (jobIds) => jobIds.map(answerOf) });
    const loaders = loadersOf({ cos: [cos] });
    const [a, bad, b] = await Promise.allSettled(
      ['a', 'bad', 'b'].map((jobId) => loaders.job(refIn(GUANGZHOU, jobId))),
    );
    expect(a).toMatchObject({ status: 'fulfilled', value: { jobId: 'a' } });
    expect(bad).toEqual({ status: 'rejected', reason: failure });
    expect(b).toMatchObject({ status: 'fulfilled', value: { jobId: 'b' } });
    expect(cos.batches).toHaveLength(1);
  });

  it('reject for one origin whose whole read fails, and not for its siblings', async () => {
    const failure = new UpstreamError('UPSTREAM_UNAVAILABLE', SHANGHAI, 'down');
    const down: FakeCos = new FakeSource(SHANGHAI, { getMany: () => Promise.reject(failure) });
    const loaders = loadersOf({ cos: [cosThatKnowsAll(), down] });
    const [first, second, third] = await Promise.allSettled([
      loaders.job(refIn(GUANGZHOU, 'a')),
      loaders.job(refIn(SHANGHAI, 'a')),
      loaders.job(refIn(SHANGHAI, 'b')),
    ]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { region: 'ap-guangzhou' } });
    expect(second).toEqual({ status: 'rejected', reason: failure });
    expect(third).toEqual({ status: 'rejected', reason: failure });
  });

  it('reject when a source forgets to answer for an id: that is a bug, not an unknown job', async () => {
    const forgetful: FakeCos = new FakeSource(GUANGZHOU, { getMany: async () => [aCosJob('a')] });
    const loaders = loadersOf({ cos: [forgetful, cosThatKnowsAll(SHANGHAI)] });
    const [a, b, elsewhere] = await Promise.allSettled([
      loaders.job(refIn(GUANGZHOU, 'a')),
      loaders.job(refIn(GUANGZHOU, 'b')),
      loaders.job(refIn(SHANGHAI, 'a')),
    ]);
    expect([a.status, b.status, elsewhere.status]).toEqual(['rejected', 'rejected', 'fulfilled']);
  });

  it('reject for an id that the upstream cannot have given, without a call', async () => {
    const cos = cosThatKnowsAll();
    await expect(loadersOf({ cos: [cos] }).job(refIn(GUANGZHOU, 'no!id'))).rejects.toBeInstanceOf(
      InvalidIdError,
    );
    expect(cos.batches).toEqual([]);
  });

  it.each<[string, JobRef]>([
    ['account', { ...refIn(GUANGZHOU, 'a'), account: 'other' }],
    ['region', { ...refIn(GUANGZHOU, 'a'), place: 'ap-beijing' }],
    ['source', { ...refIn(GUANGZHOU, 'a'), source: 'BATCH_COMPUTE' }],
    ['bucket', { ...refIn(BUCKET, 'a'), place: 'other-1250000000' }],
    ['bucket, named by its region', { ...refIn(BUCKET, 'a'), place: BUCKET.region }],
  ])('give null without a call when the %s is not configured', async (_, ref) => {
    const [cos, ci] = [cosThatKnowsAll(), ciThatKnowsAll()];
    expect(await loadersOf({ cos: [cos], ci: [ci] }).job(ref)).toBeNull();
    expect([cos.batches, ci.batches]).toEqual([[], []]);
  });

  it('do not say whether an id is malformed in a place that is not configured', async () => {
    const ref = { ...refIn(GUANGZHOU, 'no!id'), account: 'other' };
    expect(await loadersOf({ cos: [cosThatKnowsAll()] }).job(ref)).toBeNull();
  });

  it('end with the scope of their request', async () => {
    const [cos, scope] = [cosThatKnowsAll(), aScope()];
    await loadAll(loadersOf({ cos: [cos] }, scope), GUANGZHOU, 'a');
    expect(cos.scopes).toEqual([scope]);
    expect(cos.scopes[0]?.signal).toBe(scope.signal);
  });
});

describe('two requests', () => {
  it('share nothing: neither answers nor batches', async () => {
    const cos = cosThatKnowsAll();
    const [first, second] = [loadersOf({ cos: [cos] }), loadersOf({ cos: [cos] })];
    const [[one], [other]] = await Promise.all([
      loadAll(first, GUANGZHOU, 'a'),
      loadAll(second, GUANGZHOU, 'a'),
    ]);
    expect(cos.batches).toEqual([['a'], ['a']]);
    expect(one).not.toBe(other);
    first.prime(aCosJob('listed'));
    await loadAll(second, GUANGZHOU, 'listed');
    expect(cos.batches).toEqual([['a'], ['a'], ['listed']]);
  });
});

describe('a job that a listing showed', () => {
  it.each([
    ['COS', GUANGZHOU, aCosJob('j')],
    ['BatchCompute', COMPUTE, aBatchComputeJob('j')],
    ['CI', BUCKET, aCiJob('j')],
  ] as const)('of %s is not read again by its id', async (_, origin, job) => {
    const sources = {
      cos: [cosThatKnowsAll()],
      batchCompute: [batchComputeThatKnowsAll()],
      ci: [ciThatKnowsAll()],
    };
    const loaders = loadersOf(sources);
    loaders.prime(job);
    expect(await loaders.job(refIn(origin, 'j'))).toBe(job);
    expect(Object.values(sources).flatMap(([source]) => source?.batches)).toEqual([]);
  });

  it('does not displace the answer of a read by id', async () => {
    const loaders = loadersOf({ cos: [cosThatKnowsAll()] });
    const [read] = await loadAll(loaders, GUANGZHOU, 'a');
    loaders.prime(aCosJob('a', { status: 'FAILED' }));
    expect(await loaders.job(refIn(GUANGZHOU, 'a'))).toBe(read);
  });

  it('of a place that is not configured is forgotten', async () => {
    const loaders = loadersOf({ cos: [cosThatKnowsAll()] });
    loaders.prime(aCosJob('a', { account: 'other' }));
    expect(await loaders.job({ ...refIn(GUANGZHOU, 'a'), account: 'other' })).toBeNull();
  });
});

describe('details', () => {
  it('cost one call for each job, however many fields ask, at once or later', async () => {
    const [cos, compute] = [cosThatKnowsAll(), batchComputeThatKnowsAll()];
    const loaders = loadersOf({ cos: [cos], batchCompute: [compute] });
    const [cosJob, batchComputeJob] = [aCosJob('a'), aBatchComputeJob('job-1')];
    const details = await Promise.all([
      loaders.cosDetail(cosJob),
      loaders.cosDetail(cosJob),
      loaders.cosDetail(aCosJob('b')),
      loaders.batchComputeDetail(batchComputeJob),
      loaders.batchComputeDetail(batchComputeJob),
    ]);
    await loaders.cosDetail(aCosJob('a'));
    expect(details).toEqual([COS_DETAIL, COS_DETAIL, COS_DETAIL, BATCH_COMPUTE_DETAIL, BATCH_COMPUTE_DETAIL]);
    expect(cos.details).toEqual(['a', 'b']);
    expect(compute.details).toEqual(['job-1']);
    expect([...cos.batches, ...compute.batches]).toEqual([]);
  });

  it('cost no call for a job that came with its own', async () => {
    const [cos, compute] = [cosThatKnowsAll(), batchComputeThatKnowsAll()];
    const loaders = loadersOf({ cos: [cos], batchCompute: [compute] });
    const own = { ...COS_DETAIL, roleArn: 'own' };
    expect(await loaders.cosDetail(aCosJob('a', { detail: own }))).toBe(own);
    const state = { ...BATCH_COMPUTE_DETAIL, stateReason: 'own' };
    expect(await loaders.batchComputeDetail(aBatchComputeJob('job-1', { detail: state }))).toBe(state);
    expect([...cos.details, ...compute.details]).toEqual([]);
  });

  it('are null for a job that has gone, and for a place that is not configured', async () => {
    const cos: FakeCos = new FakeSource(GUANGZHOU);
    const loaders = loadersOf({ cos: [cos] });
    expect(await loaders.cosDetail(aCosJob('a'))).toBeNull();
    expect(await loaders.cosDetail(aCosJob('b', { account: 'other' }))).toBeNull();
    expect(await loaders.batchComputeDetail(aBatchComputeJob('job-1'))).toBeNull();
    expect(cos.details).toEqual(['a']);
  });

  it('reject for one job whose read fails, and not for the others', async () => {
    const failure = new UpstreamError('UPSTREAM_TIMEOUT', GUANGZHOU, 'too slow');
    const cos: FakeCos = new FakeSource(GUANGZHOU, {
      detail: (jobId) => (jobId === 'bad' ? Promise.reject(failure) : Promise.resolve(COS_DETAIL)),
    });
    const loaders = loadersOf({ cos: [cos] });
    const [good, bad] = await Promise.allSettled([
      loaders.cosDetail(aCosJob('good')),
      loaders.cosDetail(aCosJob('bad')),
    ]);
    expect(good).toEqual({ status: 'fulfilled', value: COS_DETAIL });
    expect(bad).toEqual({ status: 'rejected', reason: failure });
  });
});

describe('the ref of a job', () => {
  it('names its bucket in CI and its region elsewhere', () => {
    expect(refOf(aCiJob('j'))).toEqual(refIn(BUCKET, 'j'));
    expect(refOf(aCosJob('j'))).toEqual(refIn(GUANGZHOU, 'j'));
    expect(refOf(aBatchComputeJob('j'))).toEqual(refIn(COMPUTE, 'j'));
  });
});
