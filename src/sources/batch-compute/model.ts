import type { JobSummary } from '../../model/job.ts';
import type { JobStatus } from '../../model/job-status.ts';

/**
 * The 8 states (`upstreams/batch-compute.md` section 7) and what each means in the graph. FAILED_INTERRUPTED keeps its
 * machine, so it is not finished.
 */
export const BATCH_COMPUTE_STATES = {
  SUBMITTED: { status: 'QUEUED', isFinished: false },
  PENDING: { status: 'QUEUED', isFinished: false },
  RUNNABLE: { status: 'QUEUED', isFinished: false },
  STARTING: { status: 'RUNNING', isFinished: false },
  RUNNING: { status: 'RUNNING', isFinished: false },
  SUCCEED: { status: 'COMPLETED', isFinished: true },
  FAILED: { status: 'FAILED', isFinished: true },
  FAILED_INTERRUPTED: { status: 'FAILED', isFinished: false },
} as const satisfies Record<string, { status: JobStatus; isFinished: boolean }>;
export type BatchComputeState = keyof typeof BATCH_COMPUTE_STATES;

/** A job as DescribeJobs shows it (seed page DescribeJobs, JobView). */
export interface BatchComputeJob extends JobSummary {
  readonly source: 'BATCH_COMPUTE';
  readonly placement: BatchComputePlacement | null;
  readonly taskMetrics: BatchComputeTaskMetrics;
  readonly tags: readonly BatchComputeTag[];
  readonly detail?: BatchComputeJobDetail;
}

/** What DescribeJob alone tells. */
export interface BatchComputeJobDetail {
  readonly stateReason: string | null;
  readonly nextAction: string | null;
  readonly tasks: readonly BatchComputeTask[];
  readonly dependencies: readonly BatchComputeDependency[];
  readonly taskInstanceMetrics: BatchComputeTaskMetrics | null;
}

/** All but the zone are rarely told. */
export interface BatchComputePlacement {
  readonly zone: string | null;
  readonly projectId: number | null;
  readonly hostId: string | null;
  readonly hostIds: readonly string[] | null;
}

/** How many of a job's tasks, or task instances, are in each state. */
export interface BatchComputeTaskMetrics {
  readonly submitted: number;
  readonly pending: number;
  readonly runnable: number;
  readonly starting: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly failedInterrupted: number;
}

export interface BatchComputeTag {
  readonly key: string | null;
  readonly value: string | null;
}

export interface BatchComputeTask {
  readonly name: string;
  /** The upstream's word; one of the 8 states, or a new one. */
  readonly state: string;
  readonly createdAt: string | null;
  readonly endedAt: string | null;
}

export interface BatchComputeDependency {
  readonly startTask: string;
  readonly endTask: string;
}

/**
 * What DescribeJobs can filter by; null means no such filter. `jobIds` excludes all others
 * (`InvalidParameter.InvalidParameterCombination`). Filters are ANDed, the values of one filter ORed.
 */
export interface BatchComputeFilter {
  readonly jobIds: readonly string[] | null;
  readonly names: readonly string[] | null;
  readonly states: readonly BatchComputeState[] | null;
  readonly zones: readonly string[] | null;
  readonly tagKeys: readonly string[] | null;
  readonly tagValues: readonly string[] | null;
  readonly tags: readonly { readonly key: string; readonly values: readonly string[] }[] | null;
}
