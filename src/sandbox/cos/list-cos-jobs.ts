import { Refusal } from '../answer.ts';
import { phaseAt } from '../life.ts';
import type { QueryParameter } from '../received-request.ts';
import { DAY_MS } from '../times.ts';
import type { XmlElement } from '../xml.ts';
import { cosListMember } from './cos-job-xml.ts';
import type { CosJob } from './cos-job.ts';
import { COS_STATUSES } from './cos-statuses.ts';
import { firstAfter, type CosStore } from './cos-store.ts';

/** Only jobs created within this time are listed (cos-batch.md section 2). */
const LISTED_FOR_MS = 90 * DAY_MS;

const DEFAULT_PAGE = 1000;
const LARGEST_PAGE = 1000;

export interface CosListOptions {
  /** How the last page says that nothing follows: `<NextToken/>`, or no element at all. */
  readonly emptyNextToken: 'element' | 'omitted';
  /** Accept `jobStatuses=A,B` and repeats; the documentation speaks of one status (cos-batch.md section 10, line 2). */
  readonly statusLists: boolean;
}

/** `GET /jobs` (cos-batch.md section 2): ascending JobId, continued after the token, which is the last JobId of the page before. */
export function listCosJobs(
  store: CosStore,
  query: readonly QueryParameter[],
  nowMs: number,
  options: CosListOptions,
): XmlElement {
  const statuses = statusesAsked(query, options.statusLists);
  const size = sizeAsked(query);
  const token = tokenAsked(query, store);
  const jobs = store.all();
  const rest = token === null ? jobs : jobs.slice(firstAfter(jobs, token));
  const matching = rest.filter((job) => isListed(job, statuses, nowMs));
  const page = matching.slice(0, size);
  const next = matching.length > page.length ? (page.at(-1)?.jobId ?? '') : '';
  const children: XmlElement[] = [['Jobs', page.map((job) => cosListMember(job, nowMs))]];
  if (next !== '' || options.emptyNextToken === 'element') {
    children.push(['NextToken', next]);
  }
  return ['ListJobsResult', children];
}

/** Whether the job is there already, and young enough to be listed. */
export function isListable(job: CosJob, nowMs: number): boolean {
  const ageMs = nowMs - job.createdAtMs;
  return ageMs >= 0 && ageMs <= LISTED_FOR_MS;
}

function isListed(job: CosJob, statuses: ReadonlySet<string> | null, nowMs: number): boolean {
  return (
    isListable(job, nowMs) &&
    (statuses === null || statuses.has(phaseAt(job.life, nowMs - job.createdAtMs).status))
  );
}

function statusesAsked(query: readonly QueryParameter[], lists: boolean): ReadonlySet<string> | null {
  const values = valuesOf(query, 'jobStatuses');
  if (values.length === 0) {
    return null;
  }
  const words = lists ? values.flatMap((value) => value.split(',')) : values;
  const known: readonly string[] = COS_STATUSES;
  if ((words.length > 1 && !lists) || words.some((word) => !known.includes(word))) {
    throw invalid('The jobStatuses parameter is invalid');
  }
  return new Set(words);
}

function sizeAsked(query: readonly QueryParameter[]): number {
  const [value, ...more] = valuesOf(query, 'maxResults');
  if (value === undefined) {
    return DEFAULT_PAGE;
  }
  const size = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (size < 1 || size > LARGEST_PAGE || more.length > 0) {
    throw invalid('The maxResults parameter must be an integer');
  }
  return size;
}

function tokenAsked(query: readonly QueryParameter[], store: CosStore): string | null {
  const [value, ...more] = valuesOf(query, 'nextToken');
  if (value === undefined) {
    return null;
  }
  if (!store.wasIssued(value) || more.length > 0) {
    throw invalid('The nextToken parameter is invalid');
  }
  return value;
}

function valuesOf(query: readonly QueryParameter[], name: string): readonly string[] {
  return query.filter((parameter) => parameter.name === name).map(({ value }) => value);
}

function invalid(message: string): Refusal {
  return new Refusal(400, 'InvalidArgument', message);
}
