/** The listings of the three upstreams over one and the same set of jobs, as far as the scans ask them. */
import type { UpstreamResponse } from '../../src/upstream/send.ts';
import { anAnswer, type SentRequest } from './support.ts';

/** A job as the upstream has it. */
export interface WireJob {
  readonly jobId: string;
  /** Seconds since the epoch; null for a job without a creation time. */
  readonly second: number | null;
  /** The upstream's word for its status. */
  readonly word: string;
}

export type Reply = (request: SentRequest) => UpstreamResponse;

/** Long before anything the tests ask for. */
const EPOCH = 1_700_000_000;

export function timeText({ second }: WireJob): string {
  return second === null ? '' : new Date((EPOCH + second) * 1_000).toISOString().replace('.000Z', 'Z');
}

/** Milliseconds since the epoch of a second of the tests. */
export function msOf(second: number): number {
  return (EPOCH + second) * 1_000;
}

const byId = (a: WireJob, b: WireJob): number => (a.jobId < b.jobId ? -1 : 1);
const newestFirst = (a: WireJob, b: WireJob): number => (b.second ?? -1) - (a.second ?? -1) || byId(a, b);
const parameter = (request: SentRequest, name: string): string | undefined =>
  request.query.find(([key]) => key === name)?.[1];

/** ListJobs: by id, behind a token that is an id. */
export function cosListing(jobs: readonly WireJob[]): Reply {
  return (request) => {
    const token = parameter(request, 'nextToken') ?? '';
    const size = Number(parameter(request, 'maxResults'));
    const rest = jobs.toSorted(byId).filter(({ jobId }) => jobId > token);
    const page = rest.slice(0, size);
    const members = page.map(
      (job) =>
        `<member><JobId>${job.jobId}</JobId><Status>${job.word}</Status><Operation>COSDeleteObject</Operation><CreationTime>${timeText(job)}</CreationTime></member>`,
    );
    const next = rest.length > page.length ? page.at(-1)!.jobId : '';
    return anAnswer(
      `<ListJobsResult><Jobs>${members.join('')}</Jobs><NextToken>${next}</NextToken></ListJobsResult>`,
    );
  };
}

/** The CI list call: by creation time and then, one way only, by id; a token is the count of the jobs before the page. */
export function ciListing(jobs: readonly WireJob[]): Reply {
  return (request) => {
    const states = parameter(request, 'states')?.split(',') ?? null;
    const from = Date.parse(parameter(request, 'startCreationTime')?.replace('+0800', '+08:00') ?? '');
    const to = Date.parse(parameter(request, 'endCreationTime')?.replace('+0800', '+08:00') ?? '');
    const ascending = parameter(request, 'orderByTime') === 'Asc';
    const matching = jobs
      .filter((job) => states?.includes(job.word) ?? true)
      .filter((job) => Number.isNaN(from) || Date.parse(timeText(job)) >= from)
      .filter((job) => Number.isNaN(to) || Date.parse(timeText(job)) <= to)
      .toSorted((a, b) =>
        ascending ? (a.second ?? -1) - (b.second ?? -1) || byId(a, b) : newestFirst(a, b),
      );
    const start = Number(parameter(request, 'nextToken') ?? 0);
    const page = matching.slice(start, start + Number(parameter(request, 'size')));
    const details = page.map(
      (job) =>
        `<JobsDetail><JobId>${job.jobId}</JobId><State>${job.word}</State><CreationTime>${timeText(job) || '-'}</CreationTime></JobsDetail>`,
    );
    const end = start + page.length;
    return anAnswer(
      `<Response>${details.join('')}<NextToken>${end < matching.length ? end : ''}</NextToken></Response>`,
    );
  };
}

interface DescribeJobs {
  readonly Offset: number;
  readonly Limit: number;
  readonly Filters?: readonly { readonly Name: string; readonly Values: readonly string[] }[];
}

/** DescribeJobs: by offset in an order that is newest first unless told. */
export function batchComputeListing(jobs: readonly WireJob[], order = newestFirst): Reply {
  return (request) => {
    const { Offset, Limit, Filters = [] } = JSON.parse(request.body!) as DescribeJobs;
    const states = Filters.find(({ Name }) => Name === 'job-state')?.Values ?? null;
    if (Filters.length > 1 || (states?.length ?? 1) > 5 || states?.length === 0) {
      throw new Error('a filter that the upstream does not take');
    }
    const matching = jobs.filter((job) => states?.includes(job.word) ?? true).toSorted(order);
    const rows = matching.slice(Offset, Offset + Limit).map((job) => ({
      JobId: job.jobId,
      JobState: job.word,
      CreateTime: timeText(job) || 'unknown',
      TaskMetrics: {},
    }));
    return anAnswer(
      JSON.stringify({ Response: { RequestId: 'r', TotalCount: matching.length, JobSet: rows } }),
    );
  };
}
