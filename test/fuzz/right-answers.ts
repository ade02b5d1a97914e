/** Answers as the upstreams give them: the documented ones, and those of the simulated upstreams. */
import { readdirSync } from 'node:fs';
import type { JobSource } from '../../src/model/origin.ts';
import { DEFAULT_BUCKETS, WELL_KNOWN_ACCOUNT } from '../../src/sandbox/account.ts';
import {
  batchComputeJobDetail,
  batchComputeJobView,
} from '../../src/sandbox/batch-compute/batch-compute-json.ts';
import { createBatchComputePlaces } from '../../src/sandbox/batch-compute/batch-compute-places.ts';
import { ciJobsDetail } from '../../src/sandbox/ci/ci-job-xml.ts';
import { createCiPlaces } from '../../src/sandbox/ci/ci-places.ts';
import { cosJobDetail, cosListMember } from '../../src/sandbox/cos/cos-job-xml.ts';
import { createCosPlaces } from '../../src/sandbox/cos/cos-places.ts';
import { writeXml } from '../../src/sandbox/xml.ts';
import { fixture } from '../sources/support.ts';

/** What an upstream could rightly answer to one of the two reads. */
export interface RightAnswer {
  readonly source: JobSource;
  readonly read: 'list' | 'describe';
  readonly body: string;
}

const NOW_MS = Date.parse('2026-03-04T05:00:00Z');
const WORLD = {
  account: { ...WELL_KNOWN_ACCOUNT, sessionToken: null },
  seed: 1,
  kind: 'full' as const,
  arrivalsPerHour: 0,
  now: () => NOW_MS,
};
/** So many jobs of the simulated upstreams, of all ages. */
const SAMPLES = 12;

function sampled<T>(jobs: readonly T[]): T[] {
  const step = Math.floor(jobs.length / SAMPLES);
  return Array.from({ length: SAMPLES }, (_, index) => jobs[index * step]).filter((job) => job !== undefined);
}

function fixtures(
  source: JobSource,
  folder: string,
  start: string,
  read: RightAnswer['read'],
): RightAnswer[] {
  return readdirSync(new URL(`../fixtures/${folder}`, import.meta.url))
    .filter((name) => name.startsWith(start))
    .map((name) => ({ source, read, body: fixture(`${folder}/${name}`) }));
}

function ofCos(): RightAnswer[] {
  const jobs = sampled(createCosPlaces(['ap-guangzhou'], WORLD).stores.get('ap-guangzhou')?.all() ?? []);
  const list = writeXml([
    'ListJobsResult',
    [['Jobs', jobs.slice(0, 4).map((job) => cosListMember(job, NOW_MS))]],
  ]);
  const descriptions = jobs.map((job) => writeXml(['DescribeJobResult', [cosJobDetail(job, NOW_MS)]]));
  return [
    ...fixtures('COS', 'cos', 'list-', 'list'),
    ...fixtures('COS', 'cos', 'describe-', 'describe'),
    { source: 'COS', read: 'list', body: list },
    ...descriptions.map((body) => ({ source: 'COS', read: 'describe', body }) as const),
  ];
}

function ofBatchCompute(): RightAnswer[] {
  const all = createBatchComputePlaces(['ap-guangzhou'], WORLD).stores.get('ap-guangzhou')?.all() ?? [];
  const jobs = sampled(all);
  const body = (content: object): string => JSON.stringify({ Response: { RequestId: 'r', ...content } });
  const views = jobs.slice(0, 4).map((job) => batchComputeJobView(job, NOW_MS));
  return [
    ...fixtures('BATCH_COMPUTE', 'batch-compute', 'describe-jobs-', 'list'),
    ...fixtures('BATCH_COMPUTE', 'batch-compute', 'describe-job.', 'describe'),
    { source: 'BATCH_COMPUTE', read: 'list', body: body({ TotalCount: views.length, JobSet: views }) },
    ...jobs.map(
      (job) =>
        ({
          source: 'BATCH_COMPUTE',
          read: 'describe',
          body: body(batchComputeJobDetail(job, NOW_MS)),
        }) as const,
    ),
  ];
}

function ofCi(): RightAnswer[] {
  const jobs = sampled(
    [...createCiPlaces(DEFAULT_BUCKETS, WORLD).stores.values()].flatMap((store) =>
      store.all().map(({ job }) => job),
    ),
  );
  const written = (some: typeof jobs, shape: 'current' | 'legacy'): string =>
    writeXml(['Response', some.map((job) => ciJobsDetail(job, NOW_MS, shape))]);
  return [
    ...fixtures('CI', 'ci', 'list-', 'list'),
    ...fixtures('CI', 'ci', 'describe-', 'describe'),
    { source: 'CI', read: 'list', body: written(jobs.slice(0, 4), 'current') },
    { source: 'CI', read: 'list', body: written(jobs.slice(4, 8), 'legacy') },
    ...jobs.map((job) => ({ source: 'CI', read: 'describe', body: written([job], 'current') }) as const),
  ];
}

export const RIGHT_ANSWERS: readonly RightAnswer[] = [...ofCos(), ...ofBatchCompute(), ...ofCi()];
