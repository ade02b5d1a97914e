import { hash } from 'node:crypto';
import type { z } from 'zod';
import type { Question } from '../cache/question.ts';
import type { JobSummary } from '../model/job.ts';
import { deadlinePassed } from '../upstream/join.ts';
import { lifeOfListing } from './freshness.ts';
import { isOf, type JobValuesOptions } from './job-question.ts';

/** A part of a listing, or all of it. */
export interface ListingPart<J> {
  readonly jobs: readonly J[];
  /** When the oldest of it was received. */
  readonly fetchedAt: string;
}

/** What part of a listing is asked for. */
export interface ListingQuestion<L> {
  /** Tells it from every other part of every other listing of the origin: plain JSON. */
  readonly asked: readonly unknown[];
  readonly form: z.ZodType<L>;
  /** Whether no job can appear in it any more. */
  readonly isClosed: (part: L) => boolean;
  /** Whether all that it tells of jobs is made known at once; else only of those that `prime` is told. */
  readonly isPrimed: boolean;
  /** `Question.lingerMs`. */
  readonly lingerMs?: number;
}

/** The question for a part of a listing of one origin. */
export function listingQuestion<J extends JobSummary, L extends ListingPart<J>>(
  { origin, place, lifetimes }: Omit<JobValuesOptions<J>, 'jobForm'>,
  { asked, form, isClosed, lingerMs }: ListingQuestion<L>,
): Question<L> {
  const digest = hash('sha256', JSON.stringify(asked), 'base64url');
  return {
    key: { place, name: `list:${digest}` },
    lifeOf: (part) => lifeOfListing(part.jobs, isClosed(part), lifetimes),
    parse: (json) => {
      const { data } = form.safeParse(json);
      return data?.jobs.every((job) => isOf(origin, job)) === true ? data : null;
    },
    lateError: () => deadlinePassed(origin),
    ...(lingerMs === undefined ? {} : { lingerMs }),
  };
}
