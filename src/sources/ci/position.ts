import { utcTimeOf } from '../../lib/time-text.ts';
import { InvalidCursorError } from '../../model/errors.ts';
import type { Position } from '../source.ts';
import { isCiJobId } from './job-id.ts';
import type { CiFilter, CiJob } from './model.ts';

/** Where a job stood in a listing when it was read. */
export interface CiAnchor {
  /** What leads to the page; empty for the first. */
  readonly token: string;
  /** The place in that page; -1 for the job right before its start. */
  readonly index: number;
  readonly jobId: string;
  readonly createdAt: string | null;
}

const TOKEN = /^[\x21-\x7e]{0,64}$/;
const MAX_INDEX = 9_999;

/** The position of an anchor: `[token, index, jobId, createdAt]`, an unknown creation time as the empty text. */
export function toPosition({ token, index, jobId, createdAt }: CiAnchor): Position {
  return [token, index, jobId, createdAt ?? ''];
}

/** Throws `InvalidCursorError` on anything that `toPosition` cannot have given. */
export function toAnchor(position: Position): CiAnchor {
  const [token, index, jobId, createdAt] = position;
  if (
    position.length !== 4 ||
    typeof token !== 'string' ||
    !TOKEN.test(token) ||
    !isIndex(index, token) ||
    typeof jobId !== 'string' ||
    !isCiJobId(jobId) ||
    typeof createdAt !== 'string' ||
    (createdAt !== '' && utcTimeOf(createdAt) !== createdAt)
  ) {
    throw new InvalidCursorError('The cursor does not name a place in a CI listing.');
  }
  return { token, index, jobId, createdAt: createdAt === '' ? null : createdAt };
}

/**
 * On which side of the anchor's instant a job belongs in the listing's order: -1 before, 1 after, 0 when the second is the
 * same or a time is unknown.
 */
export function sideOf(job: CiJob, anchor: CiAnchor, order: CiFilter['order']): -1 | 0 | 1 {
  if (job.createdAt === null || anchor.createdAt === null) {
    return 0;
  }
  const differenceMs = Date.parse(job.createdAt) - Date.parse(anchor.createdAt);
  if (differenceMs === 0) {
    return 0;
  }
  return differenceMs > 0 === (order === 'NEWEST_FIRST') ? -1 : 1;
}

/** Nothing stands before the start of the first page. */
function isIndex(part: unknown, token: string): part is number {
  const min = token === '' ? 0 : -1;
  return typeof part === 'number' && Number.isInteger(part) && part >= min && part <= MAX_INDEX;
}
