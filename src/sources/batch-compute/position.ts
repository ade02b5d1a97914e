import { InvalidCursorError } from '../../model/errors.ts';
import type { Position } from '../source.ts';
import type { BatchComputeJob } from './model.ts';

/**
 * Where a job stood in a listing when it was read. An offset alone drifts as jobs arrive and vanish, so the job itself
 * is the anchor: it is looked up again near its offset (`upstreams/batch-compute.md` section 4.3).
 */
export interface Anchor {
  readonly offset: number;
  /** Matches in all when it was read. */
  readonly totalCount: number;
  readonly jobId: string;
  readonly createdAt: string;
  /**
   * The jobs of the same second that the listing showed before and after it, as far as its page knew them. Creation
   * times have whole seconds, so only these tell the sides apart once the anchor itself has gone.
   */
  readonly peersBefore: readonly string[];
  readonly peersAfter: readonly string[];
}

/**
 * Beyond this many jobs of one second on a side, the nearest are kept; so they are, for ids longer than the eight characters
 * seen so far, beyond this much of a cursor. The second bounds a cursor to 1 KiB whatever ids look like.
 */
const MAX_PEERS = 24;
const MAX_PEER_CHARACTERS = 264;
const ID_PREFIX = 'job-';
const ID_REST = /^[0-9a-z]{1,60}$/;
const CREATED_AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

/** A job where one read showed it: its place and the listing's length are of the same moment. */
export interface Entry {
  readonly job: BatchComputeJob;
  readonly offset: number;
  readonly totalCount: number;
}

/** The anchor of `run[index]`. `edge` holds the anchors that the run was read from, which know of further peers. */
export function anchorAt(
  run: readonly Entry[],
  index: number,
  edge: { readonly after: Anchor | null; readonly before: Anchor | null },
): Anchor {
  const entry = run[index];
  if (entry === undefined) {
    throw new RangeError(`no entry ${index} in a run of ${run.length}`);
  }
  const { jobId } = entry.job;
  const createdAt = entry.job.createdAt ?? '';
  const peers = (side: readonly Entry[]): string[] =>
    side.filter((other) => (other.job.createdAt ?? '') === createdAt).map((other) => other.job.jobId);
  const peersBefore = [...inherited(edge.after, createdAt, 'peersBefore'), ...peers(run.slice(0, index))];
  const peersAfter = [...peers(run.slice(index + 1)), ...inherited(edge.before, createdAt, 'peersAfter')];
  return {
    offset: entry.offset,
    totalCount: entry.totalCount,
    jobId,
    createdAt,
    peersBefore: nearest(peersBefore.toReversed()).toReversed(),
    peersAfter: nearest(peersAfter),
  };
}

export function toPosition(anchor: Anchor): Position {
  const { offset, totalCount, jobId, createdAt } = anchor;
  const rest = (id: string): string => id.slice(ID_PREFIX.length);
  return [
    offset,
    totalCount,
    rest(jobId),
    createdAt,
    anchor.peersBefore.map(rest),
    anchor.peersAfter.map(rest),
  ];
}

/** Throws `InvalidCursorError` on anything that `toPosition` cannot have given. */
export function toAnchor(position: Position): Anchor {
  const [offset, totalCount, jobId, createdAt, peersBefore, peersAfter] = position;
  if (
    position.length !== 6 ||
    !isCount(offset) ||
    !isCount(totalCount) ||
    !isIdRest(jobId) ||
    typeof createdAt !== 'string' ||
    !(createdAt === '' || CREATED_AT.test(createdAt)) ||
    !isPeers(peersBefore) ||
    !isPeers(peersAfter)
  ) {
    throw new InvalidCursorError('The cursor does not name a place in a BatchCompute listing.');
  }
  const whole = (rest: string): string => ID_PREFIX + rest;
  return {
    offset,
    totalCount,
    jobId: whole(jobId),
    createdAt,
    peersBefore: peersBefore.map(whole),
    peersAfter: peersAfter.map(whole),
  };
}

/** The first of the peers that have room in a cursor; each takes its id without the prefix, two quotes and a comma. */
function nearest(peers: readonly string[]): string[] {
  let left = MAX_PEER_CHARACTERS;
  const end = peers.slice(0, MAX_PEERS).findIndex((id) => {
    left -= id.length - ID_PREFIX.length + 3;
    return left < 0;
  });
  return peers.slice(0, end < 0 ? MAX_PEERS : end);
}

function inherited(
  edge: Anchor | null,
  createdAt: string,
  side: 'peersBefore' | 'peersAfter',
): readonly string[] {
  if (edge === null || edge.createdAt !== createdAt) {
    return [];
  }
  return side === 'peersBefore' ? [...edge.peersBefore, edge.jobId] : [edge.jobId, ...edge.peersAfter];
}

function isCount(part: unknown): part is number {
  return typeof part === 'number' && Number.isSafeInteger(part) && part >= 0;
}

function isIdRest(part: unknown): part is string {
  return typeof part === 'string' && ID_REST.test(part);
}

function isPeers(part: unknown): part is readonly string[] {
  return Array.isArray(part) && part.length <= MAX_PEERS && part.every(isIdRest);
}
