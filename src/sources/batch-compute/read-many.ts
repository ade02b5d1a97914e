import { InvalidIdError, UpstreamError } from '../../model/errors.ts';
import type { CallScope } from '../../upstream/send.ts';
import { type BatchComputeClient, MAX_BATCH_COMPUTE_JOBS } from './client.ts';
import type { BatchComputeJob } from './model.ts';

/** The job, null when the upstream does not know the id, or the Error of that id. */
export type BatchComputeResult = BatchComputeJob | null | Error;

/**
 * Distinct, well-formed ids with what each gave. One call per 100 ids, side by side. A chunk that is refused because one of
 * its ids is malformed is split in halves until that id stands alone, so the others are unharmed (`reliability.md` U42); any
 * other failure, the caller's leaving included, is that of every id of its chunk. Never rejects.
 */
export async function readMany(
  client: BatchComputeClient,
  jobIds: readonly string[],
  scope: CallScope,
): Promise<Map<string, BatchComputeResult>> {
  const chunks: Promise<Map<string, BatchComputeResult>>[] = [];
  for (let start = 0; start < jobIds.length; start += MAX_BATCH_COMPUTE_JOBS) {
    chunks.push(readChunk(client, jobIds.slice(start, start + MAX_BATCH_COMPUTE_JOBS), scope));
  }
  return merge(await Promise.all(chunks));
}

async function readChunk(
  client: BatchComputeClient,
  jobIds: readonly string[],
  scope: CallScope,
): Promise<Map<string, BatchComputeResult>> {
  try {
    const { jobs } = await client.describeJobs({ jobIds }, jobIds.length, scope);
    const byId = new Map(jobs.map((job) => [job.jobId, job]));
    return new Map(jobIds.map((jobId) => [jobId, byId.get(jobId) ?? null]));
  } catch (error) {
    if (isRefusedForOneId(error)) {
      const [only = '', another] = jobIds;
      if (another === undefined) {
        return new Map([
          [only, new InvalidIdError(`BatchCompute does not take "${only}" for the id of a job.`)],
        ]);
      }
      const middle = Math.ceil(jobIds.length / 2);
      const halves = [jobIds.slice(0, middle), jobIds.slice(middle)];
      return merge(await Promise.all(halves.map((half) => readChunk(client, half, scope))));
    }
    const failure = error instanceof Error ? error : new Error('a read failed', { cause: error });
    return new Map(jobIds.map((jobId) => [jobId, failure]));
  }
}

function isRefusedForOneId(error: unknown): boolean {
  return error instanceof UpstreamError && error.upstreamCode === 'InvalidParameter.JobIdMalformed';
}

function merge(maps: readonly Map<string, BatchComputeResult>[]): Map<string, BatchComputeResult> {
  return new Map(maps.flatMap((map) => [...map]));
}
