const JOB_ID = /^job-[0-9a-z]{1,60}$/;

/**
 * Whether a text has the form of a BatchCompute job id. Every published one has eight characters behind the prefix; that
 * length is not documented, so it is not demanded (`upstreams/batch-compute.md` sections 4.2 and 11).
 */
export function isBatchComputeJobId(text: string): boolean {
  return JOB_ID.test(text);
}
