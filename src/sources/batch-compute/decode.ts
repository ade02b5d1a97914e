/**
 * Answers of the BatchCompute API into the model (`upstreams/batch-compute.md` sections 4.2 and 5.1). A success is only what
 * decodes: an answer in which a job lacks what is always told is refused whole, never half told. Null, missing and the
 * empty text mean the same where the documents allow any of them.
 */
import {
  integerAt,
  isAbsent,
  JsonError,
  type JsonObject,
  objectOf,
  objectsOf,
  requiredStringOf,
  stringOf,
  stringsOf,
} from '../../lib/json.ts';
import { MAX_INT32 } from '../../lib/number-text.ts';
import { utcTimeOf } from '../../lib/time-text.ts';
import { UpstreamError } from '../../model/errors.ts';
import type { JobStatus } from '../../model/job-status.ts';
import type { Origin } from '../../model/origin.ts';
import type { UpstreamResponse } from '../../upstream/send.ts';
import { decodeProgress, decodeTaskMetrics } from './decode-metrics.ts';
import type { JobDescription } from '../source.ts';
import { readEnvelope } from './envelope.ts';
import { isBatchComputeJobId } from './job-id.ts';
import {
  BATCH_COMPUTE_STATES,
  type BatchComputeJob,
  type BatchComputeJobDetail,
  type BatchComputePlacement,
  type BatchComputeState,
  type BatchComputeTag,
} from './model.ts';

/** One DescribeJobs answer, in the upstream's order. */
export interface BatchComputeListing {
  readonly jobs: readonly BatchComputeJob[];
  /** Matches before paging. */
  readonly totalCount: number;
  readonly fetchedAt: string;
}

/**
 * Twelve times as many as one call may ask for. That one gives more than was asked for is forgiven (`reliability.md` U32) as
 * long as decoding it holds nothing up: these cost some 10 ms with all else that reading them takes (`bench/hostile-bodies.ts`).
 */
const MAX_ROWS = 1_200;

/** Understands a DescribeJobs answer; throws `UpstreamError`. Every row is kept, so that offsets count. */
export function decodeListing(origin: Origin, response: UpstreamResponse): BatchComputeListing {
  return readEnvelope(origin, response, (content) => {
    const totalCount = integerAt(content, 'TotalCount');
    if (totalCount === null || totalCount < 0) {
      throw new JsonError('expected a count in TotalCount');
    }
    const fetchedAt = new Date(response.receivedAtMs).toISOString();
    const rows = objectsOf(content, 'JobSet');
    if (rows.length > MAX_ROWS) {
      throw new JsonError(`expected at most ${MAX_ROWS} jobs in JobSet`);
    }
    return { jobs: rows.map((job) => decodeJob(origin, job, fetchedAt)), totalCount, fetchedAt };
  });
}

/** Understands a DescribeJob answer; null when BatchCompute does not know the job; throws `UpstreamError`. */
export function decodeDescription(
  origin: Origin,
  jobId: string,
  response: UpstreamResponse,
): JobDescription<BatchComputeJobDetail> | null {
  try {
    return readEnvelope(origin, response, (content) => {
      if (requiredStringOf(content, 'JobId') !== jobId) {
        throw new JsonError('expected the job that was asked for');
      }
      const upstreamStatus = requiredStringOf(content, 'JobState');
      return {
        status: meaningOf(upstreamStatus).status,
        upstreamStatus,
        detail: decodeDetail(content),
        fetchedAt: new Date(response.receivedAtMs).toISOString(),
      };
    });
  } catch (error) {
    if (error instanceof UpstreamError && error.upstreamCode === 'ResourceNotFound.Job') {
      return null;
    }
    throw error;
  }
}

function decodeJob(origin: Origin, job: JsonObject, fetchedAt: string): BatchComputeJob {
  const jobId = requiredStringOf(job, 'JobId');
  const upstreamStatus = requiredStringOf(job, 'JobState');
  const metrics = objectOf(job, 'TaskMetrics');
  if (!isBatchComputeJobId(jobId) || metrics === null) {
    throw new JsonError('expected a job id in JobId and counters in TaskMetrics');
  }
  const { status, isFinished } = meaningOf(upstreamStatus);
  return {
    source: 'BATCH_COMPUTE',
    account: origin.account,
    region: origin.region,
    jobId,
    name: stringOf(job, 'JobName'),
    description: null,
    status,
    upstreamStatus,
    isFinished,
    priority: integerAt(job, 'Priority', -MAX_INT32, MAX_INT32),
    createdAt: utcTimeOf(stringOf(job, 'CreateTime')),
    startedAt: null,
    endedAt: utcTimeOf(stringOf(job, 'EndTime')),
    progress: decodeProgress(metrics),
    fetchedAt,
    placement: decodePlacement(objectOf(job, 'Placement')),
    taskMetrics: decodeTaskMetrics(metrics),
    tags: decodeTags(job),
  };
}

function decodeDetail(content: JsonObject): BatchComputeJobDetail {
  const instanceMetrics = objectOf(content, 'TaskInstanceMetrics');
  return {
    stateReason: stringOf(content, 'StateReason'),
    nextAction: stringOf(content, 'NextAction'),
    tasks: objectsOf(content, 'TaskSet').map((task) => ({
      name: requiredStringOf(task, 'TaskName'),
      state: requiredStringOf(task, 'TaskState'),
      createdAt: utcTimeOf(stringOf(task, 'CreateTime')),
      endedAt: utcTimeOf(stringOf(task, 'EndTime')),
    })),
    dependencies: objectsOf(content, 'DependenceSet').map((dependence) => ({
      startTask: requiredStringOf(dependence, 'StartTask'),
      endTask: requiredStringOf(dependence, 'EndTask'),
    })),
    taskInstanceMetrics: instanceMetrics === null ? null : decodeTaskMetrics(instanceMetrics),
  };
}

/** Only the documented members: the type is shared with another product and carries more (section 4.2). */
function decodePlacement(placement: JsonObject | null): BatchComputePlacement | null {
  if (placement === null) {
    return null;
  }
  return {
    zone: stringOf(placement, 'Zone'),
    projectId: integerAt(placement, 'ProjectId'),
    hostId: stringOf(placement, 'HostId'),
    hostIds: isAbsent(placement, 'HostIds') ? null : stringsOf(placement, 'HostIds'),
  };
}

function decodeTags(job: JsonObject): BatchComputeTag[] {
  if (isAbsent(job, 'Tags')) {
    return [];
  }
  return objectsOf(job, 'Tags').map((tag) => ({ key: stringOf(tag, 'Key'), value: stringOf(tag, 'Value') }));
}

function meaningOf(word: string): { readonly status: JobStatus; readonly isFinished: boolean } {
  return isState(word) ? BATCH_COMPUTE_STATES[word] : { status: 'UNKNOWN', isFinished: false };
}

function isState(word: string): word is BatchComputeState {
  return Object.hasOwn(BATCH_COMPUTE_STATES, word);
}
