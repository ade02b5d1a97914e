/**
 * Answers of the CI batch job API into the model (`upstreams/ci-jobs.md` sections 3, 4 and 7). A success is only what
 * decodes: an answer in which a job lacks its id or state is refused whole, never half told.
 */
import { utcTimeOf } from '../../lib/time-text.ts';
import { atOnce, inTurns, type Pieces } from '../../lib/turns.ts';
import type { XmlListForm } from '../../lib/xml-list.ts';
import {
  containerOf,
  containersOf,
  textOf,
  textsOf,
  wordOf,
  type XmlElement,
  XmlError,
} from '../../lib/xml.ts';
import { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import type { UpstreamResponse } from '../../upstream/send.ts';
import { readAnswer, readListAnswer } from './answer.ts';
import { decodeInput, decodeOperation } from './decode-operation.ts';
import { isCiJobId } from './job-id.ts';
import { CI_STATES, type CiJob, type CiState, type CiType } from './model.ts';

/** One page of the listing, in the order asked for. */
export interface CiListing {
  readonly jobs: readonly CiJob[];
  /** Leads to what follows; null at the end. */
  readonly nextToken: string | null;
  readonly fetchedAt: string;
}

const TOKEN = /^[\x21-\x7e]{1,64}$/;

/** 404s that tell of a wrong address rather than of an unknown job. */
const WRONG_ADDRESS_CODES = ['InvalidUrl', 'NoSuchBucket'];

/** Understands a list answer; throws `UpstreamError`. */
export function decodeListing(origin: Origin, response: UpstreamResponse): CiListing {
  return atOnce(listingIn(origin, response));
}

/** As `decodeListing`. A long answer gives a promise, and the event loop its turns. */
export function decodeListingInTurns(
  origin: Origin,
  response: UpstreamResponse,
): CiListing | Promise<CiListing> {
  return inTurns(listingIn(origin, response));
}

function listingIn(origin: Origin, response: UpstreamResponse): Pieces<CiListing> {
  const fetchedAt = fetchedAtOf(response);
  const form: XmlListForm<CiJob> = {
    rootName: 'Response',
    itemName: 'JobsDetail',
    itemsIn: (root) => containersOf(root, 'JobsDetail'),
    read: (job) => decodeJob(origin, job, fetchedAt),
  };
  return readListAnswer(origin, response, form, ({ root, items }) => {
    const nextToken = wordOf(root, 'NextToken');
    if (nextToken !== null && !TOKEN.test(nextToken)) {
      throw new XmlError('expected 1 to 64 bytes in <NextToken>');
    }
    return { jobs: items, nextToken, fetchedAt };
  });
}

/** Understands a describe answer: the job, or null when CI does not know it; throws `UpstreamError`. */
export function decodeDescription(origin: Origin, jobId: string, response: UpstreamResponse): CiJob | null {
  try {
    return readAnswer(origin, response, (root) => {
      const element = containerOf(root, 'JobsDetail');
      if (element === null && tellsOfUnknownJob(root)) {
        return null;
      }
      const job = decodeJob(origin, element ?? {}, fetchedAtOf(response));
      if (job.jobId !== jobId) {
        throw new XmlError('expected the job that was asked for');
      }
      return job;
    });
  } catch (error) {
    if (error instanceof UpstreamError && meansUnknownJob(error)) {
      return null;
    }
    throw error;
  }
}

/** An unknown id is answered with 200 and its name; the documents say NonExistJobIds, the Go SDK NonExistJobId. */
function tellsOfUnknownJob(root: XmlElement): boolean {
  return [...textsOf(root, 'NonExistJobIds'), ...textsOf(root, 'NonExistJobId')].length > 0;
}

function meansUnknownJob({ upstreamCode, httpStatus }: UpstreamError): boolean {
  if (upstreamCode === 'ResourceNotFound') {
    return true;
  }
  return httpStatus === 404 && !WRONG_ADDRESS_CODES.includes(upstreamCode ?? '');
}

function decodeJob(origin: Origin, job: XmlElement, fetchedAt: string): CiJob {
  const jobId = required(job, 'JobId');
  const upstreamStatus = required(job, 'State');
  if (!isCiJobId(jobId)) {
    throw new XmlError('expected a job id in <JobId>');
  }
  const { status, isFinished } = isCiState(upstreamStatus)
    ? CI_STATES[upstreamStatus]
    : { status: 'UNKNOWN' as const, isFinished: false };
  const operation = decodeOperation(job);
  return {
    source: 'CI',
    account: origin.account,
    region: origin.region,
    bucket: origin.bucket ?? '',
    jobId,
    name: textOf(job, 'Name'),
    description: null,
    status,
    upstreamStatus,
    isFinished,
    priority: null,
    createdAt: utcTimeOf(wordOf(job, 'CreationTime')),
    startedAt: utcTimeOf(wordOf(job, 'StartTime')),
    endedAt: utcTimeOf(wordOf(job, 'EndTime')),
    progress: null,
    fetchedAt,
    type: typeOf(wordOf(job, 'Type'), operation !== null && operation.workflowIds.length > 0),
    code: wordOf(job, 'Code'),
    message: textOf(job, 'Message'),
    input: decodeInput(containerOf(job, 'Input')),
    operation,
  };
}

/** Missing means Workflow (`upstreams/ci-jobs.md` section 7); a new word must not cost the listing, so its parameters tell. */
function typeOf(word: string | null, hasWorkflows: boolean): CiType {
  if (word === null || word === 'Workflow') {
    return 'Workflow';
  }
  return word !== 'Job' && hasWorkflows ? 'Workflow' : 'Job';
}

function required(element: XmlElement, name: string): string {
  const word = wordOf(element, name);
  if (word === null) {
    throw new XmlError(`expected text in <${name}>`);
  }
  return word;
}

function isCiState(word: string): word is CiState {
  return Object.hasOwn(CI_STATES, word);
}

function fetchedAtOf(response: UpstreamResponse): string {
  return new Date(response.receivedAtMs).toISOString();
}
