import type { Outcome } from '../cache/question.ts';
import type { JobStatus } from '../model/job-status.ts';
import type { JobSummary } from '../model/job.ts';
import type { Origin } from '../model/origin.ts';
import type { CallScope } from '../lib/call-scope.ts';

/**
 * The contract that the three sources fulfil, one instance per configured origin.
 * `J` is the source's job, `D` what only a second call tells of it, `F` the filters that the upstream itself applies.
 */
export interface Source<J extends JobSummary, D, F> {
  readonly origin: Origin;

  /** Whether a text has the form of this upstream's job ids. Nothing else is ever put into a request. */
  isJobId(text: string): boolean;

  /**
   * Jobs by id: same length and order as asked; each place the job, null when the upstream does not know the id, or the
   * Error of that id alone. Never rejects for one bad id. A job may come with its detail when the same call told it.
   */
  getMany(jobIds: readonly string[], scope: CallScope): Promise<readonly (J | null | Error)[]>;

  /** What only a second call tells; null when the job is gone. One upstream call. */
  detail(jobId: string, scope: CallScope): Promise<D | null>;

  /** One slice of the listing in the upstream's own order; as few upstream calls as the slice needs. */
  list(slice: ListSlice<F>, scope: CallScope): Promise<ListPage<J>>;

  /**
   * The origin's jobs in order of time, chunk by chunk, each chunk read when it is asked for. Every job that is there during
   * the whole scan comes exactly once. Throws what a read throws; a scan that threw is over.
   */
  scan(request: ScanRequest, scope: CallScope): AsyncGenerator<ScanChunk<J>, void, undefined>;
}

/** Which jobs, in which order, from when on (design section 4). */
export interface ScanRequest {
  readonly order: 'NEWEST_FIRST' | 'OLDEST_FIRST';
  /** Where to begin, included: nothing younger when newest first, nothing older when oldest first. Null: at the beginning. */
  readonly fromMs: number | null;
  /** Where to end, included: the far end of the wanted time. Null: at the end of the listing. */
  readonly untilMs: number | null;
  /** Only jobs of these unified statuses; null for all. */
  readonly statuses: readonly JobStatus[] | null;
  /** How many jobs the caller expects to use, 1 or more: what a first chunk should be sized for. */
  readonly wanted: number;
  /** The `offset` that the scan's last chunk before told of this place, or null. A hint only: it may be wrong. */
  readonly offset: number | null;
}

export interface ScanChunk<J> {
  /**
   * In the order of the request by creation time, then by job id (descending when newest first, ascending when oldest first).
   * A chunk never ends within a second: all jobs of one creation time are in one chunk. May be empty. A job without a
   * creation time counts as older than every other.
   */
  readonly jobs: readonly J[];
  /** For each job of `jobs`, how many jobs stood before it in the upstream's listing; null where no such thing helps. */
  readonly offsets: readonly number[] | null;
  /** How many jobs match `statuses` in all, whatever times were asked for; null where the upstream does not tell. */
  readonly totalCount: number | null;
  readonly fetchedAt: string;
  /** Whether it was read for this scan, or known already. */
  readonly outcome: Outcome;
}

/**
 * Where an entry stands in its listing: JSON that the source alone understands. It travels to clients inside a cursor, so
 * the source checks every one that comes back, and throws `InvalidCursorError` on what it cannot have given.
 */
export type Position = readonly PositionPart[];
export type PositionPart = string | number | readonly string[];

/** `limit` entries after `after`, or, when `backwards`, the last `limit` entries before `before`. */
export interface ListSlice<F> {
  readonly filter: F;
  readonly limit: number;
  readonly backwards: boolean;
  readonly after: Position | null;
  readonly before: Position | null;
}

export interface ListPage<J> {
  /** In the listing's order, also when read backwards. */
  readonly entries: readonly { readonly job: J; readonly position: Position }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Matches in all, where the upstream tells. */
  readonly totalCount: number | null;
  readonly fetchedAt: string;
  /** Whether it was read for this slice, or known already. */
  readonly outcome: Outcome;
}

/** What only a second call tells of a job, and which status the job had then. */
export interface JobDescription<D> {
  readonly status: JobStatus;
  readonly upstreamStatus: string;
  readonly detail: D;
  readonly fetchedAt: string;
}
