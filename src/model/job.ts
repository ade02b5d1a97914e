import type { JobSource } from './origin.ts';
import type { JobStatus } from './job-status.ts';

/**
 * What is true of a job whichever upstream it comes from. Plain JSON: times are RFC 3339 in UTC (`2022-06-27T07:23:10Z`),
 * an absent or empty value upstream is null. Each source's model extends it.
 */
export interface JobSummary {
  readonly source: JobSource;
  readonly account: string;
  readonly region: string;
  /** The upstream's own id. */
  readonly jobId: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly status: JobStatus;
  /** The upstream's word for the status, verbatim. */
  readonly upstreamStatus: string;
  /** Nothing more will happen to it by itself, and it holds no machine. */
  readonly isFinished: boolean;
  readonly priority: number | null;
  readonly createdAt: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly progress: JobProgress | null;
  /** When the gateway received the answer that this was decoded from. */
  readonly fetchedAt: string;
  /** Set on a job that is past its time, given because nothing newer could be had in time. */
  readonly isStale?: true;
}

/** Counts of a job's tasks. Counts pass 2^31. `running` and `pending` are null where the upstream does not tell. */
export interface JobProgress {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly running: number | null;
  readonly pending: number | null;
}

/** Why a job failed, in the upstream's words. */
export interface JobFailure {
  readonly code: string | null;
  readonly reason: string | null;
}
