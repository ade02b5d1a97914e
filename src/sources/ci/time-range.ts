import { chinaTimeText, utcTimeOf } from '../../lib/time-text.ts';
import { UserInputError } from '../../model/errors.ts';
import type { CiFilter } from './model.ts';

/** Whole seconds since the epoch, both included, as the upstream counts; null where the range is open. */
export interface CiTimeRange {
  readonly startSeconds: number | null;
  readonly endSeconds: number | null;
}

/**
 * The filter's range of creation times in the upstream's terms: it has whole seconds and includes both ends, while
 * `createdBefore` excludes its instant. Throws `UserInputError` on a text that is no time.
 */
export function timeRangeOf({ createdAfter, createdBefore }: CiFilter): CiTimeRange {
  return {
    startSeconds: createdAfter === null ? null : nextWholeSecond(createdAfter),
    endSeconds: createdBefore === null ? null : nextWholeSecond(createdBefore) - 1,
  };
}

/** Whether no job can match: then no call is worth making, and the upstream might refuse the question. */
export function matchesNothing(filter: CiFilter): boolean {
  const { startSeconds, endSeconds } = timeRangeOf(filter);
  const isEmptyRange = startSeconds !== null && endSeconds !== null && startSeconds > endSeconds;
  return isEmptyRange || filter.states?.length === 0;
}

/** The query parameters of the range (`upstreams/ci-jobs.md` section 4). */
export function timeRangeQuery({ startSeconds, endSeconds }: CiTimeRange): (readonly [string, string])[] {
  return [
    ...(startSeconds === null ? [] : [['startCreationTime', chinaTimeText(startSeconds)] as const]),
    ...(endSeconds === null ? [] : [['endCreationTime', chinaTimeText(endSeconds)] as const]),
  ];
}

function nextWholeSecond(time: string): number {
  const utc = utcTimeOf(time);
  if (utc === null) {
    throw new UserInputError(
      'Expected a time such as 2022-06-27T07:23:10Z in createdAfter and createdBefore.',
    );
  }
  return Math.ceil(Date.parse(utc) / 1_000);
}
