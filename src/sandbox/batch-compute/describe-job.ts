import { Refusal } from '../answer.ts';
import { batchComputeJobDetail } from './batch-compute-json.ts';
import type { BatchComputeStore } from './batch-compute-store.ts';
import type { RequestParameters } from './request-parameters.ts';
import { checkJobId, refuseUndeclared, textParameter } from './typed-parameters.ts';

/** DescribeJob (batch-compute.md section 5.1). Here, unlike in DescribeJobs, an unknown id is an error. */
export function describeJob(
  store: BatchComputeStore,
  { values }: RequestParameters,
  nowMs: number,
): Readonly<Record<string, unknown>> {
  refuseUndeclared(values, ['JobId']);
  const jobId = textParameter(values, 'JobId');
  if (jobId === undefined) {
    throw new Refusal(200, 'MissingParameter', 'The request is missing a required parameter `JobId`.');
  }
  checkJobId(jobId);
  const job = store.find(jobId);
  if (job === null || job.createdAtMs > nowMs) {
    throw new Refusal(200, 'ResourceNotFound.Job', `The job \`${jobId}\` does not exist.`);
  }
  return batchComputeJobDetail(job, nowMs);
}
