import { Refusal } from '../answer.ts';
import type { QueryParameter } from '../received-request.ts';
import { parseOffsetText } from '../times.ts';
import type { CiStore, NumberedCiJob } from './ci-store.ts';
import { CI_STATES } from './ci-states.ts';

/** The checked parameters of a listing; null: no restriction. */
export interface CiListQuery {
  readonly after: NumberedCiJob | null;
  readonly size: number;
  readonly ascending: boolean;
  readonly type: string | null;
  readonly states: ReadonlySet<string> | null;
  /** Inclusive at both ends. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly workflowId: string | null;
  readonly jobId: string | null;
  /** Compared whole; the match rule is unpublished (ci-jobs.md section 4). */
  readonly name: string | null;
}

const DEFAULT_PAGE = 10;
const LARGEST_PAGE = 100;

/** Throws 400 InvalidArgument on a bad value. An empty value means the same as none, since one SDK sends `nextToken=`. */
export function readCiListQuery(parameters: readonly QueryParameter[], store: CiStore): CiListQuery {
  const given = new Map(parameters.map(({ name, value }) => [name, value]));
  if (given.size !== parameters.length) {
    throw invalid('a repeated parameter');
  }
  const text = (name: string): string | null => given.get(name) || null;
  return {
    after: token(text('nextToken'), store),
    size: pageSize(text('size')),
    ascending: oneOf('orderByTime', text('orderByTime') ?? 'Desc', ['Desc', 'Asc']) === 'Asc',
    type: oneOf('type', text('type'), ['Workflow', 'Job']),
    states: states(text('states')),
    fromMs: time('startCreationTime', text('startCreationTime')),
    toMs: time('endCreationTime', text('endCreationTime')),
    workflowId: text('workflowId'),
    jobId: text('jobId'),
    name: text('name'),
  };
}

function token(value: string | null, store: CiStore): NumberedCiJob | null {
  if (value === null) {
    return null;
  }
  const entry = /^\d{1,15}$/.test(value) ? store.atSequence(Number(value)) : null;
  if (entry === null) {
    throw invalid('nextToken');
  }
  return entry;
}

function pageSize(value: string | null): number {
  if (value === null) {
    return DEFAULT_PAGE;
  }
  const size = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (size < 1 || size > LARGEST_PAGE) {
    throw invalid('size');
  }
  return size;
}

function states(value: string | null): ReadonlySet<string> | null {
  const words = (value ?? 'All').split(',');
  const known: readonly string[] = ['All', ...CI_STATES];
  if (words.some((word) => !known.includes(word))) {
    throw invalid('states');
  }
  return words.includes('All') ? null : new Set(words);
}

function time(name: string, value: string | null): number | null {
  const ms = value === null ? null : parseOffsetText(value);
  if (value !== null && ms === null) {
    throw invalid(name);
  }
  return ms;
}

function oneOf(name: string, value: string | null, allowed: readonly string[]): string | null {
  if (value !== null && !allowed.includes(value)) {
    throw invalid(name);
  }
  return value;
}

function invalid(what: string): Refusal {
  return new Refusal(400, 'InvalidArgument', `invalid argument: ${what}`);
}
