/**
 * Answers of the COS Batch Operation API into the model (`upstreams/cos-batch.md` sections 1 to 3). A success is only
 * what decodes: an answer in which a job lacks its id, status or operation is refused whole, never half told.
 */
import { integerOf, MAX_INT32 } from '../../lib/number-text.ts';
import { utcTimeOf } from '../../lib/time-text.ts';
import { atOnce, inTurns, type Pieces } from '../../lib/turns.ts';
import type { XmlListForm } from '../../lib/xml-list.ts';
import { containerOf, containersOf, textOf, wordOf, type XmlElement, XmlError } from '../../lib/xml.ts';
import { UpstreamError } from '../../model/errors.ts';
import type { JobProgress } from '../../model/job.ts';
import type { Origin } from '../../model/origin.ts';
import type { UpstreamResponse } from '../../upstream/send.ts';
import { readAnswer, readListAnswer } from './answer.ts';
import { decodeDetail } from './decode-detail.ts';
import { isCosJobId } from './job-id.ts';
import { COS_STATUSES, type CosJob, type CosStatus } from './model.ts';

/** One page of the listing, in the upstream's order. */
export interface CosListing {
  readonly jobs: readonly CosJob[];
  /** Leads to what follows; null at the end. */
  readonly nextToken: string | null;
  readonly fetchedAt: string;
}

const TOKEN = /^[\x21-\x7e]{1,64}$/;
const OPERATION_NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$/;

/** Understands a ListJobs answer; throws `UpstreamError`. Jobs come without detail. */
export function decodeListing(origin: Origin, response: UpstreamResponse): CosListing {
  return atOnce(listingIn(origin, response));
}

/** As `decodeListing`. A long answer gives a promise, and the event loop its turns: 1,000 jobs take some 80 ms in all. */
export function decodeListingInTurns(
  origin: Origin,
  response: UpstreamResponse,
): CosListing | Promise<CosListing> {
  return inTurns(listingIn(origin, response));
}

function listingIn(origin: Origin, response: UpstreamResponse): Pieces<CosListing> {
  const fetchedAt = fetchedAtOf(response);
  const form: XmlListForm<CosJob> = {
    rootName: 'ListJobsResult',
    itemName: 'member',
    itemsIn: (root) => containersOf(containerOf(root, 'Jobs') ?? {}, 'member'),
    read: (member) => decodeJob(origin, member, required(member, 'Operation'), fetchedAt),
  };
  return readListAnswer(origin, response, form, ({ root, items }) => {
    const nextToken = wordOf(root, 'NextToken');
    if (nextToken !== null && !TOKEN.test(nextToken)) {
      throw new XmlError('expected 1 to 64 bytes in <NextToken>');
    }
    return { jobs: items, nextToken, fetchedAt };
  });
}

/** Understands a DescribeJob answer: the job with its detail, or null when COS does not know it; throws `UpstreamError`. */
export function decodeDescription(origin: Origin, jobId: string, response: UpstreamResponse): CosJob | null {
  try {
    return readAnswer(origin, response, 'DescribeJobResult', (root) => {
      const element = containerOf(root, 'Job') ?? {};
      const detail = decodeDetail(element);
      const job = decodeJob(origin, element, detail.operation.name, fetchedAtOf(response));
      if (job.jobId !== jobId) {
        throw new XmlError('expected the job that was asked for');
      }
      return { ...job, detail };
    });
  } catch (error) {
    if (error instanceof UpstreamError && error.upstreamCode === 'NoSuchJob') {
      return null;
    }
    throw error;
  }
}

function decodeJob(origin: Origin, job: XmlElement, operationName: string, fetchedAt: string): CosJob {
  const jobId = required(job, 'JobId');
  const upstreamStatus = required(job, 'Status');
  if (!isCosJobId(jobId) || !OPERATION_NAME.test(operationName)) {
    throw new XmlError('expected a job id and the name of an operation');
  }
  const { status, isFinished } = isCosStatus(upstreamStatus)
    ? COS_STATUSES[upstreamStatus]
    : { status: 'UNKNOWN' as const, isFinished: false };
  return {
    source: 'COS',
    account: origin.account,
    region: origin.region,
    jobId,
    name: null,
    description: textOf(job, 'Description'),
    status,
    upstreamStatus,
    isFinished,
    priority: integerOf(wordOf(job, 'Priority'), 0, MAX_INT32),
    createdAt: utcTimeOf(wordOf(job, 'CreationTime')),
    startedAt: null,
    endedAt: utcTimeOf(wordOf(job, 'TerminationDate')),
    progress: decodeProgress(containerOf(job, 'ProgressSummary')),
    fetchedAt,
    operationName,
  };
}

/** An absent counter is 0; one that is no count makes the whole progress unknown rather than wrong. */
function decodeProgress(summary: XmlElement | null): JobProgress | null {
  if (summary === null) {
    return null;
  }
  const count = (name: string): number | null =>
    integerOf(wordOf(summary, name) ?? '0', 0, Number.MAX_SAFE_INTEGER);
  const total = count('TotalNumberOfTasks');
  const succeeded = count('NumberOfTasksSucceeded');
  const failed = count('NumberOfTasksFailed');
  if (total === null || succeeded === null || failed === null) {
    return null;
  }
  return { total, succeeded, failed, running: null, pending: null };
}

function required(element: XmlElement, name: string): string {
  const word = wordOf(element, name);
  if (word === null) {
    throw new XmlError(`expected text in <${name}>`);
  }
  return word;
}

function isCosStatus(word: string): word is CosStatus {
  return Object.hasOwn(COS_STATUSES, word);
}

function fetchedAtOf(response: UpstreamResponse): string {
  return new Date(response.receivedAtMs).toISOString();
}
