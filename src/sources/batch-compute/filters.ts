import { UserInputError } from '../../model/errors.ts';
import { type BatchComputeCondition, MAX_BATCH_COMPUTE_JOBS } from './client.ts';
import { isBatchComputeJobId } from './job-id.ts';
import type { BatchComputeFilter } from './model.ts';

/** The filter as DescribeJobs takes it (seed page DescribeJobs, Filters), without `jobIds`; one condition each. */
export function conditionsOf(filter: BatchComputeFilter): BatchComputeCondition[] {
  const conditions: readonly { name: string; values: readonly string[] | null }[] = [
    { name: 'job-name', values: filter.names },
    { name: 'job-state', values: filter.states },
    { name: 'zone', values: filter.zones },
    { name: 'tag-key', values: filter.tagKeys },
    { name: 'tag-value', values: filter.tagValues },
    ...(filter.tags ?? []).map(({ key, values }) => ({ name: `tag:${key}`, values })),
  ];
  return conditions.flatMap(({ name, values }) => (values === null ? [] : [{ name, values }]));
}

/** Whether a condition has no values, so that no job can match: an upstream might take that for no condition at all. */
export function matchesNothing(filter: BatchComputeFilter): boolean {
  return filter.jobIds?.length === 0 || conditionsOf(filter).some(({ values }) => values.length === 0);
}

/** The distinct ids of the filter, null without such a filter. Throws `UserInputError` on what DescribeJobs could not take. */
export function jobIdsOf(filter: BatchComputeFilter): readonly string[] | null {
  if (filter.jobIds === null) {
    return null;
  }
  const jobIds = [...new Set(filter.jobIds)];
  if (conditionsOf(filter).length > 0) {
    throw new UserInputError('Expected jobIds or other filters of BatchCompute jobs, not both.');
  }
  if (jobIds.length > MAX_BATCH_COMPUTE_JOBS || !jobIds.every(isBatchComputeJobId)) {
    throw new UserInputError(
      `Expected at most ${MAX_BATCH_COMPUTE_JOBS} ids such as job-7e7evk2x in the filter jobIds.`,
    );
  }
  return jobIds;
}
