import { lifeOf, still } from '../life.ts';
import { SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID, SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID } from '../sample-jobs.ts';
import type { NewBatchComputeJob } from './new-batch-compute-job.ts';

const FAILED_FROM = Date.parse('2020-09-21T08:57:01Z');
const FAILED_AT = Date.parse('2020-09-21T08:59:45Z');

/** The two jobs of the DescribeJobs page, with its values; what the page does not show is composed. Neither ever changes. */
export function sampleBatchComputeJobs(): readonly NewBatchComputeJob[] {
  const common = {
    jobName: 'hello-test-job',
    priority: 1,
    zone: 'ap-guangzhou-4',
    placement: { Zone: 'ap-guangzhou-4' },
    dependences: [],
    terminatingFromMs: null,
  } satisfies NewBatchComputeJob;
  return [
    {
      ...common,
      jobId: SAMPLE_BATCH_COMPUTE_STARTING_JOB_ID,
      createdAtMs: Date.parse('2020-09-22T07:14:54Z'),
      tags: [{ Key: 'batch-test-tag-job-key', Value: 'batch-test-tag-job-value' }],
      // an early capture of a STARTING job has tasks without times (batch-compute.md section 5.1)
      tasks: [{ name: 'hello', instances: 1, life: still('STARTING'), showsTimes: false }],
      stateReason: '',
    },
    {
      ...common,
      jobId: SAMPLE_BATCH_COMPUTE_FAILED_JOB_ID,
      createdAtMs: FAILED_FROM,
      tags: [
        { Key: 'job-key1', Value: 'job-value1' },
        { Key: 'job-key', Value: 'job-value' },
      ],
      tasks: [
        {
          name: 'hello',
          instances: 1,
          life: lifeOf([{ status: 'RUNNING', forMs: FAILED_AT - FAILED_FROM }], 'FAILED'),
          showsTimes: true,
        },
      ],
      stateReason: 'task hello failed: exit code 1',
    },
  ];
}
