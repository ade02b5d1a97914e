import type { JobSummary } from '../../model/job.ts';
import type { JobStatus } from '../../model/job-status.ts';
import type { JsonTree } from '../../model/json-tree.ts';

/** The 6 states, in the vendor's spelling (`upstreams/ci-jobs.md` section 8), and what each means in the graph. */
export const CI_STATES = {
  Submitted: { status: 'QUEUED', isFinished: false },
  Running: { status: 'RUNNING', isFinished: false },
  Pause: { status: 'PAUSED', isFinished: false },
  Success: { status: 'COMPLETED', isFinished: true },
  Failed: { status: 'FAILED', isFinished: true },
  Cancel: { status: 'CANCELLED', isFinished: true },
} as const satisfies Record<string, { status: JobStatus; isFinished: boolean }>;
export type CiState = keyof typeof CI_STATES;

export const CI_TYPES = ['Workflow', 'Job'] as const;
export type CiType = (typeof CI_TYPES)[number];

/** A batch data-processing job. Describe and list tell the same, so there is no detail. */
export interface CiJob extends JobSummary {
  readonly source: 'CI';
  readonly bucket: string;
  /** Missing in old answers, where it means Workflow. */
  readonly type: CiType;
  /** `Success`, or an error code when the job failed. */
  readonly code: string | null;
  readonly message: string | null;
  readonly input: CiInput | null;
  readonly operation: CiOperation | null;
}

export interface CiInput {
  readonly manifest: string | null;
  readonly urlFile: string | null;
  readonly prefix: string | null;
  readonly object: string | null;
}

export interface CiOperation {
  readonly timeInterval: { readonly start: string | null; readonly end: string | null } | null;
  /** The upstream's comma list as a list; empty when none is told. */
  readonly workflowIds: readonly string[];
  readonly tag: string | null;
  readonly queueId: string | null;
  readonly queueType: string | null;
  readonly userData: string | null;
  readonly jobLevel: number | null;
  readonly callBack: string | null;
  readonly callBackFormat: string | null;
  readonly callBackType: string | null;
  readonly output: CiOutput | null;
  /** Over 30 kinds of blocks exist: the vendor's elements as they came. */
  readonly jobParam: JsonTree | null;
}

export interface CiOutput {
  readonly region: string | null;
  readonly bucket: string | null;
  readonly object: string | null;
  readonly auObject: string | null;
  readonly spriteObject: string | null;
}

/** What the list call can filter by; null means no such filter. Times are RFC 3339 in UTC. */
export interface CiFilter {
  readonly type: CiType | null;
  readonly states: readonly CiState[] | null;
  readonly name: string | null;
  readonly workflowId: string | null;
  readonly jobId: string | null;
  /** Included. */
  readonly createdAfter: string | null;
  /** Excluded. */
  readonly createdBefore: string | null;
  readonly order: 'NEWEST_FIRST' | 'OLDEST_FIRST';
}
