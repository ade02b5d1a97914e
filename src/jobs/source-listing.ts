import type { JobSummary } from '../model/job.ts';
import { type Origin, originKey } from '../model/origin.ts';
import type { Source } from '../sources/source.ts';
import type { CallScope } from '../lib/call-scope.ts';
import { decodeCursor, encodeCursor, type CursorBinding } from './cursor.ts';
import type { PageRequest } from './page-arguments.ts';

/** A page of jobs in Relay's terms, with a report of every origin that was asked for it. */
export interface JobPage<J extends JobSummary> {
  readonly edges: readonly { readonly cursor: string; readonly node: J }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  /** Exact, or null where the upstream does not tell. */
  readonly totalCount: number | null;
  readonly origins: readonly OriginReport[];
}

/** How one origin answered a listing. */
export interface OriginReport {
  readonly origin: Origin;
  readonly outcome: 'FRESH' | 'CACHED' | 'STALE' | 'FAILED' | 'SKIPPED';
  readonly totalCount: number | null;
  readonly fetchedAt: string | null;
  readonly error: Error | null;
}

/**
 * One page of one origin in the upstream's own order. Throws `InvalidCursorError` before any call for a cursor that is
 * not this listing's, and what the source throws. Costs what `source.list` costs.
 */
export async function listSource<J extends JobSummary, F>(
  field: string,
  source: Source<J, unknown, F>,
  filter: F,
  page: PageRequest,
  scope: CallScope,
): Promise<JobPage<J>> {
  const binding: CursorBinding = { field, origin: originKey(source.origin), filter };
  const position = (cursor: string | null): ReturnType<typeof decodeCursor> | null =>
    cursor === null ? null : decodeCursor(binding, cursor);
  const slice = { ...page, filter, after: position(page.after), before: position(page.before) };
  const { entries, hasNextPage, hasPreviousPage, totalCount, fetchedAt, outcome } = await source.list(
    slice,
    scope,
  );
  // A cursor is worked out when it is read: most queries select one of a page's, or none.
  const edges = entries.map((entry) => ({
    node: entry.job,
    get cursor() {
      return encodeCursor(binding, entry.position);
    },
  }));
  return {
    edges,
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      get startCursor() {
        return edges[0]?.cursor ?? null;
      },
      get endCursor() {
        return edges.at(-1)?.cursor ?? null;
      },
    },
    totalCount,
    origins: [{ origin: source.origin, outcome, totalCount, fetchedAt, error: null }],
  };
}
