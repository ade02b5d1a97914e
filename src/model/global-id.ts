import { InvalidIdError } from './errors.ts';
import { JOB_SOURCES, type JobSource, type Origin } from './origin.ts';

/** Which job: its source, account, place (the region, or for CI the bucket) and the upstream's own id. */
export interface JobRef {
  readonly source: JobSource;
  readonly account: string;
  readonly place: string;
  readonly jobId: string;
}

const VERSION = '1';
/** Version, source, account, place, id: what `encodeGlobalId` writes and nothing else. */
const FORM = /^1:(COS|BATCH_COMPUTE|CI):([A-Za-z0-9_-]{1,32}):([a-z0-9-]{1,64}):([A-Za-z0-9_-]{1,64})$/;
const MAX_LENGTH = 256;

/** The region of a COS or BatchCompute origin, the bucket of a CI origin: what names a place within an account. */
export function placeOf(origin: Origin): string {
  return origin.bucket ?? origin.region;
}

/** The opaque, URL-safe id of a job in the graph; the same over releases and restarts (contract section 5). */
export function encodeGlobalId({ source, account, place, jobId }: JobRef): string {
  return Buffer.from([VERSION, source, account, place, jobId].join(':')).toString('base64url');
}

/**
 * The job that a global id names. Throws `InvalidIdError` on anything that `encodeGlobalId` cannot have given; whether
 * the place is configured and the job exists is another question.
 */
export function decodeGlobalId(id: string): JobRef {
  const text = id.length <= MAX_LENGTH ? Buffer.from(id, 'base64url').toString('latin1') : '';
  const [, source, account, place, jobId] = FORM.exec(text) ?? [];
  if (!isSource(source) || account === undefined || place === undefined || jobId === undefined) {
    throw malformed(id);
  }
  const ref: JobRef = { source, account, place, jobId };
  // base64url has several spellings of the same bytes; one job has one id.
  if (encodeGlobalId(ref) !== id) {
    throw malformed(id);
  }
  return ref;
}

function isSource(text: string | undefined): text is JobSource {
  return JOB_SOURCES.some((source) => source === text);
}

function malformed(id: string): InvalidIdError {
  const shown = /^[\w-]{1,32}$/.test(id) ? ` ("${id}")` : '';
  return new InvalidIdError(`Expected the id of a job as this graph gives it, got something else${shown}.`);
}
