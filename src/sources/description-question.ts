import { z } from 'zod';
import type { Question } from '../cache/question.ts';
import { JOB_STATUSES } from '../model/job-status.ts';
import type { JobSummary } from '../model/job.ts';
import { deadlinePassed } from '../upstream/join.ts';
import { lifeOfJob } from './freshness.ts';
import type { JobValuesOptions } from './job-question.ts';
import type { JobDescription } from './source.ts';

/** A job that may have come with its detail. */
export type Described<D> = JobSummary & { readonly detail?: D };

/** What an upstream tells of one job besides its summary: null where it knows none. */
export interface KnownDescription<D> {
  readonly description: JobDescription<D> | null;
}

/** Gives the question for a job's detail, by its id. */
export function descriptionQuestions<D>(
  { origin, place, lifetimes }: Omit<JobValuesOptions<unknown>, 'jobForm'>,
  detail: z.ZodType<D>,
): (jobId: string) => Question<KnownDescription<D>> {
  const form = descriptionForm(detail);
  return (jobId) => ({
    key: { place, name: `detail:${jobId}` },
    lifeOf: ({ description }) => lifeOfJob(description, lifetimes),
    parse: (json) => form.safeParse(json).data ?? null,
    lateError: () => deadlinePassed(origin),
  });
}

/** What a job that came with its detail says besides; null for one that came without. */
export function descriptionOf<D>(job: Described<D> | null): JobDescription<D> | null {
  if (job?.detail === undefined) {
    return null;
  }
  const { status, upstreamStatus, detail, fetchedAt } = job;
  return { status, upstreamStatus, detail, fetchedAt };
}

function descriptionForm<D>(detail: z.ZodType<D>): z.ZodType<KnownDescription<D>> {
  const description = z.object({
    status: z.enum(JOB_STATUSES),
    upstreamStatus: z.string(),
    detail,
    fetchedAt: z.iso.datetime(),
  });
  return z.object({ description: description.nullable() });
}
