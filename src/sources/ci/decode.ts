/**
 * Answers of the CI batch job API into the model (`upstreams/ci-jobs.md` sections 3, 4, 7 and 10). A success is only what
 * decodes: an answer in which a job lacks its id or state is refused whole, never half told.
 */
import { readErrorBody } from '../../lib/error-body.ts';
import { utcTimeOf } from '../../lib/time-text.ts';
import {
  containerOf,
  containersOf,
  parseXml,
  textOf,
  textsOf,
  wordOf,
  type XmlElement,
  XmlError,
} from '../../lib/xml.ts';
import { UpstreamError } from '../../model/errors.ts';
import type { Origin } from '../../model/origin.ts';
import { badResponse, requestIdFrom, retryAfterMsFrom, safeRequestId } from '../../upstream/answer.ts';
import { upstreamErrorFor } from '../../upstream/error-table.ts';
import type { UpstreamResponse } from '../../upstream/send.ts';
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
  return readAnswer(origin, response, (root) => {
    const nextToken = wordOf(root, 'NextToken');
    if (nextToken !== null && !TOKEN.test(nextToken)) {
      throw new XmlError('expected 1 to 64 bytes in <NextToken>');
    }
    const fetchedAt = fetchedAtOf(response);
    const jobs = containersOf(root, 'JobsDetail').map((job) => decodeJob(origin, job, fetchedAt));
    return { jobs, nextToken, fetchedAt };
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

function readAnswer<T>(origin: Origin, response: UpstreamResponse, read: (root: XmlElement) => T): T {
  if (response.status < 200 || response.status > 299) {
    throw errorOf(origin, response);
  }
  let root: XmlElement = {};
  try {
    root = parseXml(response.body, 'Response');
    return read(root);
  } catch (error) {
    if (!(error instanceof XmlError)) {
      throw error;
    }
    // An error can come with status 200 (reliability.md U15 and U16).
    throw readErrorBody(response.body).code === null
      ? badResponse(origin, error.message, response, requestIdOf(response, bareTextOf(root, 'RequestId')))
      : errorOf(origin, response);
  }
}

function errorOf(origin: Origin, response: UpstreamResponse): UpstreamError {
  const { code, requestId } = readErrorBody(response.body);
  return upstreamErrorFor(origin, {
    httpStatus: response.status,
    upstreamCode: code,
    requestId: requestIdOf(response, requestId),
    retryAfterMs: retryAfterMsFrom(response.headers, response.receivedAtMs),
  });
}

/** The order of trust (`upstreams/ci-jobs.md` section 14): CI's header, the body, the header of COS. */
function requestIdOf({ headers }: UpstreamResponse, inBody: string | null): string | null {
  return (
    requestIdFrom(headers, 'x-ci-request-id') ??
    safeRequestId(inBody) ??
    requestIdFrom(headers, 'x-cos-request-id')
  );
}

/** A text whatever the rest of the answer looks like; null where none can be had. */
function bareTextOf(root: XmlElement, name: string): string | null {
  const value = root[name];
  return typeof value === 'string' ? value.trim() : null;
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
