/**
 * Ids of the jobs that every full world holds with fixed contents: the vendor's own sample jobs and, for COS, whose pages
 * print no values, the two composed in cos-batch.md section 12.
 */

/** COS, ap-guangzhou: a confirmed copy with 3 failed, 4180 succeeded of 12000 tasks, `Active` for good. */
export const SAMPLE_COS_COPY_JOB_ID = '1b7e4c02-8d35-4f6a-a0c9-5e2d91f36b70';

/** COS, ap-guangzhou: a restore without a description, none of 860 tasks done, `Active` for good. */
export const SAMPLE_COS_RESTORE_JOB_ID = '44d09a1f-2c7b-4e18-93ad-7f60c5be8d21';

/** BatchCompute, ap-guangzhou: `STARTING` since 2020-09-22, from the DescribeJobs page. */
export const SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID = 'job-3n2weaqt';

/** BatchCompute, ap-guangzhou: `FAILED` on 2020-09-21, from the DescribeJobs page. */
export const SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID = 'job-7e7evk2x';

/** CI, bucket-1250000000 in ap-beijing: a workflow run, from the "Querying Job" page. */
export const SAMPLE_CI_WORKFLOW_JOB_ID = 'b3deffea2f84911ec9cb15254008618d9';
