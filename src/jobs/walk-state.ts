import { createHash } from 'node:crypto';
import { InvalidCursorError } from '../model/errors.ts';
import { type Origin, originKey } from '../model/origin.ts';
import type { Position } from '../sources/source.ts';
import type { JobKey } from './job-key.ts';

/**
 * How far a walk through all origins has come, which is what a cursor of `jobs` holds. All origins stand at `main`, but for
 * those that are owed: they did not answer on the way and stand further back.
 */
export interface WalkState {
  /** The direction of the walk that made this: an owed key is behind what was shown in that direction. */
  readonly backwards: boolean;
  /** Null: nothing was passed yet. */
  readonly main: JobKey | null;
  /** By `originKey`. Null: the origin has shown nothing in this walk. */
  readonly owed: ReadonlyMap<string, JobKey | null>;
  /** By `originKey`: how many jobs stand before the place in an upstream's listing. Hints only. */
  readonly offsets: ReadonlyMap<string, number>;
}

export const START: WalkState = { backwards: false, main: null, owed: new Map(), offsets: new Map() };

const TAG_LENGTH = 6;
const KEY = /^(-?[0-9a-z]{1,11})\.([A-Za-z0-9_-]{6})\.([A-Za-z0-9_-]{1,64})$/;
const OWED = /^([A-Za-z0-9_-]{6}):(.*)$/;
const OFFSET = /^([A-Za-z0-9_-]{6}):([0-9a-z]{1,7})$/;

/** A state as a cursor holds it: short, so that ten origins of which three are owed fit into 1 KiB. */
export function toPosition({ backwards, main, owed, offsets }: WalkState): Position {
  return [
    backwards ? 1 : 0,
    main === null ? '' : keyText(main),
    [...owed].map(([origin, key]) => `${tagOf(origin)}:${key === null ? '' : keyText(key)}`),
    [...offsets].map(([origin, offset]) => `${tagOf(origin)}:${offset.toString(36)}`),
  ];
}

/** Throws `InvalidCursorError` on what `toPosition` cannot have given, and when an origin of it is no longer configured. */
export function toState(position: Position, origins: readonly Origin[]): WalkState {
  const byTag = new Map(origins.map((origin) => [tagOf(originKey(origin)), origin]));
  const [direction, main, owed, offsets] = position;
  if (
    position.length !== 4 ||
    (direction !== 0 && direction !== 1) ||
    typeof main !== 'string' ||
    typeof owed !== 'object' ||
    typeof offsets !== 'object'
  ) {
    throw invalid();
  }
  const key = (text: string): JobKey | null => (text === '' ? null : toKey(text, byTag));
  return {
    backwards: direction === 1,
    main: key(main),
    owed: new Map(
      owed.map((text) => {
        const [, tag, rest] = OWED.exec(text) ?? [];
        return [originKey(originOf(tag, byTag)), key(rest ?? '')];
      }),
    ),
    offsets: new Map(
      offsets.map((text) => {
        const [, tag, offset = ''] = OFFSET.exec(text) ?? [];
        return [originKey(originOf(tag, byTag)), Number.parseInt(offset, 36)];
      }),
    ),
  };
}

function keyText({ createdAtMs, origin, jobId }: JobKey): string {
  return `${createdAtMs.toString(36)}.${tagOf(originKey(origin))}.${jobId}`;
}

function toKey(text: string, byTag: ReadonlyMap<string, Origin>): JobKey {
  const [, time, tag, jobId] = KEY.exec(text) ?? [];
  if (time === undefined || jobId === undefined) {
    throw invalid();
  }
  return { createdAtMs: Number.parseInt(time, 36), origin: originOf(tag, byTag), jobId };
}

function originOf(tag: string | undefined, byTag: ReadonlyMap<string, Origin>): Origin {
  const origin = tag === undefined ? undefined : byTag.get(tag);
  if (origin === undefined) {
    throw invalid();
  }
  return origin;
}

/** An origin's short name in cursors: it survives another order of the configuration, and names nobody. */
function tagOf(origin: string): string {
  return createHash('sha256').update(origin).digest('base64url').slice(0, TAG_LENGTH);
}

function invalid(): InvalidCursorError {
  return new InvalidCursorError(
    'The cursor names places that are not configured (any more): start again without it.',
  );
}
