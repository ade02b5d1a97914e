import { still } from '../life.ts';
import { SAMPLE_CI_WORKFLOW_JOB_ID } from '../sample-jobs.ts';
import type { NewCiJob } from './new-ci-job.ts';

/** The job of the "Querying Job" page with exactly its values: running since 2022, with no times yet. It never changes. */
export function sampleCiJobs(): readonly NewCiJob[] {
  return [
    {
      jobId: SAMPLE_CI_WORKFLOW_JOB_ID,
      createdAtMs: Date.parse('2022-06-27T15:23:10+08:00'),
      type: 'Workflow',
      name: 'demo',
      life: still('Running'),
      input: [['Prefix', 'input']],
      operation: [
        [
          'TimeInterval',
          [
            ['Start', '2022-02-01T12:00:00+0800'],
            ['End', '2022-05-01T12:00:00+0800'],
          ],
        ],
        ['WorkflowIds', 'w7476ff3564ee45b7b490d64bccaba6cc'],
      ],
      failure: null,
      hidesStartWhileRunning: true,
    },
  ];
}
