import { z } from 'zod';
import { MAX_INT32 } from '../lib/number-text.ts';
import { JOB_STATUSES } from '../model/job-status.ts';
import type { JsonTree } from '../model/json-tree.ts';

/**
 * What the schemas of the three sources are built from. They read jobs back from the shared cache, which anybody may have
 * written to (`reliability.md` R1, R2, R9): a value that does not fit counts as not there. Members that a model does not
 * have are left out. Of places and ids only the form is looked at; that they are those asked for is the reader's business.
 */

/**
 * Stands for the schema of a model; nothing can be assigned to it unless both have the same members of the same types. An
 * optional member does not stand for a required one, nor for none at all.
 */
export type StoredAs<Model, S extends z.ZodType> =
  z.output<S> extends Model
    ? [Full<z.output<S>>, Full<Model>] extends [Full<Model>, Full<z.output<S>>]
      ? z.ZodType<Model>
      : never
    : never;

/** What is kept of a job: its detail is kept by itself, and that it is stale is said by whoever gives it. */
export type Kept<Job> = Omit<Job, 'detail' | 'isStale'>;

/** With every member, at any depth, required and changeable. A tree has no members of its own, and no end. */
type Full<T> = [JsonTree] extends [T] ? T : T extends object ? { -readonly [K in keyof T]-?: Full<T[K]> } : T;

export const text = z.string();
export const textOrNull = text.nullable();
/** RFC 3339 in UTC, to the millisecond at most; the pattern knows the length of each month. */
export const timeOrNull = z.iso.datetime().max(24).nullable();
/** Counts pass 2^31, but never what a number can tell. */
export const count = z.int().min(0);
/** What the graph shows as an Int. */
export const int32OrNull = z.int().min(-MAX_INT32).max(MAX_INT32).nullable();
/** A region or a bucket, in the form that global ids have it. */
export const place = z.string().regex(/^[a-z0-9-]{1,64}$/);

/** By hand, because nothing but a limit keeps the stack from running out in a tree as deep as somebody likes. */
export const jsonTree = z
  .custom<JsonTree>((value) => isJsonTree(value, MAX_TREE_LEVELS))
  .describe('JsonTree');

const progress = z.object({
  total: count,
  succeeded: count,
  failed: count,
  running: count.nullable(),
  pending: count.nullable(),
});

/** The members of `JobSummary`, apart from those that each source has its own form of: `source` and `jobId`. */
export const summaryShape = {
  account: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/),
  region: place,
  name: textOrNull,
  description: textOrNull,
  status: z.enum(JOB_STATUSES),
  upstreamStatus: text,
  isFinished: z.boolean(),
  priority: int32OrNull,
  createdAt: timeOrNull,
  startedAt: timeOrNull,
  endedAt: timeOrNull,
  progress: progress.nullable(),
  fetchedAt: timeOrNull.unwrap(),
};

/** The XML parser refuses more than 100 elements within each other, and each may be in a list. */
const MAX_TREE_LEVELS = 200;

function isJsonTree(value: unknown, levels: number): value is JsonTree {
  if (typeof value === 'string') {
    return true;
  }
  if (typeof value !== 'object' || value === null || levels === 0 || Object.hasOwn(value, '__proto__')) {
    return false;
  }
  return Object.values(value).every((child) => isJsonTree(child, levels - 1));
}
