import type { JobSummary } from '../model/job.ts';
import type { Origin } from '../model/origin.ts';
import type { CallScope } from '../upstream/send.ts';

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
}
