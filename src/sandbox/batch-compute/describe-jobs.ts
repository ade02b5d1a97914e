import { Refusal } from '../answer.ts';
import { batchComputeJobView } from './batch-compute-json.ts';
import type { BatchComputeStore } from './batch-compute-store.ts';
import { readFilters, type JobTest } from './job-filters.ts';
import type { RequestParameters } from './request-parameters.ts';
import { checkJobId, integerParameter, refuseUndeclared, textsParameter } from './typed-parameters.ts';

const DEFAULT_LIMIT = 20;
const LARGEST_LIMIT = 100;
const MOST_IDS = 100;

/**
 * DescribeJobs (batch-compute.md section 4). Newest first, never in the order of JobIds; unknown ids are simply absent; the default
 * Limit of 20 holds for id queries too, which punishes a client that forgets it (section 11).
 */
export function describeJobs(
  store: BatchComputeStore,
  parameters: RequestParameters,
  region: string,
  nowMs: number,
): Readonly<Record<string, unknown>> {
  const { values } = parameters;
  refuseUndeclared(values, ['JobIds', 'Filters', 'Offset', 'Limit']);
  const ids = textsParameter(values, 'JobIds') ?? [];
  const offset = within('Offset', integerParameter(parameters, 'Offset') ?? 0, 0, Number.MAX_SAFE_INTEGER);
  const limit = within('Limit', integerParameter(parameters, 'Limit') ?? DEFAULT_LIMIT, 1, LARGEST_LIMIT);
  const tests = [...idTests(ids), ...readFilters(values, region)];
  if (ids.length > 0 && values['Filters'] !== undefined) {
    throw new Refusal(
      200,
      'InvalidParameter.InvalidParameterCombination',
      'JobIds and Filters cannot be specified together.',
    );
  }
  const matching = store
    .all()
    .filter((job) => job.createdAtMs <= nowMs && tests.every((passes) => passes(job, nowMs)));
  const page = matching.slice(offset, offset + limit);
  return { TotalCount: matching.length, JobSet: page.map((job) => batchComputeJobView(job, nowMs)) };
}

/** An empty list is no restriction (section 4.1, inferred). */
function idTests(ids: readonly string[]): readonly JobTest[] {
  if (ids.length === 0) {
    return [];
  }
  if (ids.length > MOST_IDS) {
    throw new Refusal(200, 'InvalidParameterValue', `There are more than ${MOST_IDS} JobIds.`);
  }
  ids.forEach(checkJobId);
  const wanted = new Set(ids);
  return [(job) => wanted.has(job.jobId)];
}

function within(name: string, value: number, least: number, most: number): number {
  if (value < least || value > most) {
    throw new Refusal(200, 'InvalidParameterValue', `The parameter \`${name}\` is out of range.`);
  }
  return value;
}
