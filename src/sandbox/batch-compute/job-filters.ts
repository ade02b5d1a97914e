import { Refusal } from '../answer.ts';
import type { BatchComputeJob } from './batch-compute-job.ts';
import { batchComputeMoment } from './batch-compute-moment.ts';
import { isBatchComputeState } from './batch-compute-states.ts';
import {
  checkJobId,
  recordsParameter,
  refuseUndeclared,
  textParameter,
  textsParameter,
} from './typed-parameters.ts';

/** Whether a job, at this moment, is one of those asked for. */
export type JobTest = (job: BatchComputeJob, nowMs: number) => boolean;

const MOST_FILTERS = 10;
const MOST_VALUES = 5;

/** Filters are ANDed, the values of one are ORed (batch-compute.md section 4.1; limits and codes: section 4.4). */
export function readFilters(values: Readonly<Record<string, unknown>>, region: string): readonly JobTest[] {
  const filters = (recordsParameter(values, 'Filters') ?? []).map(nameAndValues);
  if (filters.length > MOST_FILTERS || filters.some((filter) => filter.values.length > MOST_VALUES)) {
    throw new Refusal(
      200,
      'InvalidParameterValue.LimitExceeded',
      `There are more than ${MOST_FILTERS} filters, or more than ${MOST_VALUES} values in one.`,
    );
  }
  if (new Set(filters.map(({ name }) => name)).size < filters.length) {
    throw incorrect('The same filter is given twice.');
  }
  return filters.map((filter) => testOf(filter.name, filter.values, region));
}

function nameAndValues(filter: Readonly<Record<string, unknown>>): {
  name: string;
  values: readonly string[];
} {
  refuseUndeclared(filter, ['Name', 'Values']);
  const name = textParameter(filter, 'Name');
  const values = textsParameter(filter, 'Values');
  if (name === undefined || values === undefined || values.length === 0) {
    throw incorrect('A filter needs a Name and Values.');
  }
  return { name, values };
}

function testOf(name: string, values: readonly string[], region: string): JobTest {
  switch (name) {
    case 'job-id':
      values.forEach(checkJobId);
      return (job) => values.includes(job.jobId);
    case 'job-name':
      return (job) => values.includes(job.jobName);
    case 'job-state':
      checkStates(values);
      return (job, nowMs) => values.includes(batchComputeMoment(job, nowMs).state);
    case 'zone':
      checkZones(values, region);
      return (job) => values.includes(job.placement?.Zone ?? '');
    case 'tag-key':
      return (job) => (job.tags ?? []).some((tag) => values.includes(tag.Key));
    case 'tag-value':
      return (job) => (job.tags ?? []).some((tag) => values.includes(tag.Value));
    default:
      return tagTest(name, values);
  }
}

function tagTest(name: string, values: readonly string[]): JobTest {
  const key = /^tag:(.+)$/s.exec(name)?.[1];
  if (key === undefined) {
    throw new Refusal(200, 'InvalidFilter', `The filter \`${name}\` is not supported.`);
  }
  return (job) => (job.tags ?? []).some((tag) => tag.Key === key && values.includes(tag.Value));
}

function checkStates(values: readonly string[]): void {
  const unknown = values.find((value) => !isBatchComputeState(value));
  if (unknown !== undefined) {
    throw new Refusal(200, 'InvalidParameterValue', `The job state \`${unknown}\` does not exist.`);
  }
}

/** A zone is its region, a dash and a number (section 2). */
function checkZones(values: readonly string[], region: string): void {
  const foreign = values.find((value) => value.replace(/-\d+$/, '') !== region || value === region);
  if (foreign !== undefined) {
    throw new Refusal(
      200,
      'InvalidZone.MismatchRegion',
      `The zone \`${foreign}\` does not exist in ${region}.`,
    );
  }
}

function incorrect(message: string): Refusal {
  return new Refusal(200, 'InvalidParameterValue.InvalidFilter', message);
}
