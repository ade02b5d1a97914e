import { InvalidIdError, UpstreamError } from '../../model/errors.ts';
import type { CallScope } from '../../lib/call-scope.ts';
import type { BatchComputeClient } from './client.ts';
import type { BatchComputeJob } from './model.ts';

/** The job, null when the upstream does not know the id, or the Error of that id. */
export type BatchComputeResult = BatchComputeJob | null | Error;

/** Codes that may be about one id among many; which of them fail a whole call is not documented. */
const CODES_ABOUT_ONE_ID: readonly string[] = ['InvalidParameter.JobIdMalformed', 'ResourceNotFound.Job'];

/**
 * The jobs that `depart` names when the call has its turn: distinct, well-formed ids, at most as many as a call takes. A call
 * that is refused for one id is split in halves until that id stands alone, so the others are unharmed (`reliability.md`
 * U42). Throws `UpstreamError` on any other failure of the whole call; a half that fails fails for its ids alone.
 */
export async function readBatch(
  client: BatchComputeClient,
  depart: () => readonly string[],
  scope: CallScope,
): Promise<Map<string, BatchComputeResult>> {
  let jobIds: readonly string[] = [];
  const departing = (): readonly string[] => (jobIds = depart());
  try {
    const jobs = await client.describeJobsLate(departing, scope);
    return byId(jobIds, jobs);
  } catch (error) {
    if (isAboutOneId(error)) {
      return await split(client, jobIds, error, scope);
    }
    throw error;
  }
}

async function readHalf(
  client: BatchComputeClient,
  jobIds: readonly string[],
  scope: CallScope,
): Promise<Map<string, BatchComputeResult>> {
  try {
    const { jobs } = await client.describeJobs({ jobIds }, jobIds.length, scope);
    return byId(jobIds, jobs);
  } catch (error) {
    if (isAboutOneId(error)) {
      return await split(client, jobIds, error, scope);
    }
    const failure = error instanceof Error ? error : new Error('a read failed', { cause: error });
    return new Map(jobIds.map((jobId) => [jobId, failure]));
  }
}

async function split(
  client: BatchComputeClient,
  jobIds: readonly string[],
  refusal: UpstreamError,
  scope: CallScope,
): Promise<Map<string, BatchComputeResult>> {
  const [only = '', another] = jobIds;
  if (another === undefined) {
    return new Map([[only, resultOf(only, refusal)]]);
  }
  const middle = Math.ceil(jobIds.length / 2);
  const halves = [jobIds.slice(0, middle), jobIds.slice(middle)];
  const results = await Promise.all(halves.map((half) => readHalf(client, half, scope)));
  return new Map(results.flatMap((map) => Array.from(map)));
}

function resultOf(jobId: string, refusal: UpstreamError): BatchComputeResult {
  return refusal.upstreamCode === 'ResourceNotFound.Job'
    ? null
    : new InvalidIdError(`BatchCompute does not take "${jobId}" for the id of a job.`);
}

function byId(jobIds: readonly string[], jobs: readonly BatchComputeJob[]): Map<string, BatchComputeResult> {
  const known = new Map(jobs.map((job) => [job.jobId, job]));
  return new Map(jobIds.map((jobId) => [jobId, known.get(jobId) ?? null]));
}

function isAboutOneId(error: unknown): error is UpstreamError {
  return error instanceof UpstreamError && CODES_ABOUT_ONE_ID.includes(error.upstreamCode ?? '');
}
