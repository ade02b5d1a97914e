import { BatchComputeClient } from '../../src/sources/batch-compute/client.ts';
import { BatchComputeSource } from '../../src/sources/batch-compute/source.ts';
import { CiClient } from '../../src/sources/ci/client.ts';
import { CiSource } from '../../src/sources/ci/source.ts';
import { CosClient } from '../../src/sources/cos/client.ts';
import { CosSource } from '../../src/sources/cos/source.ts';
import type { UpstreamResponse } from '../../src/upstream/send.ts';
import { sourceContract } from './contract.ts';
import { anAnswer, BATCH_COMPUTE_ORIGIN, CI_ORIGIN, COS_ORIGIN, type SentRequest } from './support.ts';
import { batchComputeCache, ciCache, cosCache } from './caches.ts';

const IDS = ['a', 'b', 'c', 'd', 'e'];
const MALFORMED_PATHS = ['', '.', '..', 'a/b', 'a b', 'x'.repeat(65)];
const THROTTLED = '<Error><Code>SlowDown</Code></Error>';

const parameter = (request: SentRequest, name: string): string | undefined =>
  request.query.find(([key]) => key === name)?.[1];
const lastSegment = ({ path }: SentRequest): string => path.split('/').at(-1)!;

function page<T>(items: readonly T[], start: number, size: number): { rows: readonly T[]; hasMore: boolean } {
  return { rows: items.slice(start, start + size), hasMore: start + size < items.length };
}

const cosJob = (jobId: string, operation: string): string =>
  `<JobId>${jobId}</JobId><Status>New</Status><Operation>${operation}</Operation>`;

function cosReply(request: SentRequest): UpstreamResponse {
  if (request.action === 'ListJobs') {
    const start = IDS.indexOf(parameter(request, 'nextToken') ?? '') + 1;
    const { rows, hasMore } = page(IDS, start, Number(parameter(request, 'maxResults')));
    const members = rows.map((jobId) => `<member>${cosJob(jobId, 'COSDeleteObject')}</member>`).join('');
    const token = hasMore ? rows.at(-1)! : '';
    return anAnswer(
      `<ListJobsResult><Jobs>${members}</Jobs><NextToken>${token}</NextToken></ListJobsResult>`,
    );
  }
  const jobId = lastSegment(request);
  if (jobId === 'failing') {
    return anAnswer(THROTTLED, { status: 503 });
  }
  return IDS.includes(jobId)
    ? anAnswer(`<DescribeJobResult><Job>${cosJob(jobId, '<COSDeleteObject/>')}</Job></DescribeJobResult>`)
    : anAnswer('<Error><Code>NoSuchJob</Code></Error>', { status: 404 });
}

const ciJob = (jobId: string): string =>
  `<JobsDetail><JobId>${jobId}</JobId><State>Running</State></JobsDetail>`;

function ciReply(request: SentRequest): UpstreamResponse {
  if (request.path === '/inventorytriggerjob') {
    const start = Number(parameter(request, 'nextToken') ?? 0);
    const { rows, hasMore } = page(IDS, start, Number(parameter(request, 'size')));
    const token = hasMore ? String(start + rows.length) : '';
    return anAnswer(`<Response>${rows.map(ciJob).join('')}<NextToken>${token}</NextToken></Response>`);
  }
  const jobId = lastSegment(request);
  if (jobId === 'failing') {
    return anAnswer(THROTTLED, { status: 429 });
  }
  return anAnswer(
    IDS.includes(jobId)
      ? `<Response>${ciJob(jobId)}</Response>`
      : `<Response><NonExistJobIds>${jobId}</NonExistJobIds></Response>`,
  );
}

interface BatchComputeBody {
  readonly JobIds?: readonly string[];
  readonly JobId?: string;
  readonly Offset?: number;
  readonly Limit: number;
}
const BATCH_IDS = IDS.map((id) => `job-${id}`);
const bodyOf = ({ body }: SentRequest): BatchComputeBody => JSON.parse(body ?? '') as BatchComputeBody;
const envelope = (content: object): UpstreamResponse =>
  anAnswer(JSON.stringify({ Response: { RequestId: 'r', ...content } }));

function batchComputeReply(request: SentRequest): UpstreamResponse {
  const { JobIds, Offset = 0, Limit } = bodyOf(request);
  if (request.action === 'DescribeJob') {
    return envelope({ Error: { Code: 'ResourceNotFound.Job', Message: '' } });
  }
  if (JobIds?.includes('job-failing') === true) {
    return envelope({ Error: { Code: 'InvalidParameter.JobIdMalformed', Message: '' } });
  }
  const matches = BATCH_IDS.filter((jobId) => JobIds?.includes(jobId) ?? true);
  const jobs = page(matches, Offset, Limit).rows.map((jobId) => ({
    JobId: jobId,
    JobState: 'RUNNING',
    CreateTime: `2026-01-0${9 - BATCH_IDS.indexOf(jobId)}T00:00:00Z`,
    TaskMetrics: {},
  }));
  return envelope({ TotalCount: matches.length, JobSet: jobs });
}

sourceContract({
  name: 'COS',
  open: (send) => new CosSource(new CosClient(COS_ORIGIN, send), cosCache()),
  jobIds: IDS,
  unknownId: 'unknown',
  failingId: 'failing',
  malformedIds: MALFORMED_PATHS,
  everything: { status: null },
  reply: cosReply,
  idsIn: (request) => [lastSegment(request)],
});

sourceContract({
  name: 'CI',
  open: (send) => new CiSource(new CiClient(CI_ORIGIN, send), ciCache()),
  jobIds: IDS,
  unknownId: 'unknown',
  failingId: 'failing',
  malformedIds: MALFORMED_PATHS,
  everything: {
    type: null,
    states: null,
    name: null,
    workflowId: null,
    jobId: null,
    createdAfter: null,
    createdBefore: null,
    order: 'NEWEST_FIRST',
  },
  reply: ciReply,
  idsIn: (request) => [lastSegment(request)],
});

sourceContract({
  name: 'BatchCompute',
  open: (send) =>
    new BatchComputeSource(new BatchComputeClient(BATCH_COMPUTE_ORIGIN, send), batchComputeCache()),
  jobIds: BATCH_IDS,
  unknownId: 'job-unknown',
  failingId: 'job-failing',
  malformedIds: ['', 'job', 'job-', 'job-A', 'job_a', `job-${'a'.repeat(61)}`, 'job-a\n'],
  everything: {
    jobIds: null,
    names: null,
    states: null,
    zones: null,
    tagKeys: null,
    tagValues: null,
    tags: null,
  },
  reply: batchComputeReply,
  idsIn: (request) => bodyOf(request).JobIds ?? [],
});
