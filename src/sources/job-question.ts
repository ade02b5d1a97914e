import { hash } from 'node:crypto';
import { z } from 'zod';
import type { CacheKey, Life } from '../cache/entry.ts';
import type { Question } from '../cache/question.ts';
import type { JobSummary } from '../model/job.ts';
import type { Origin } from '../model/origin.ts';
import { deadlinePassed } from '../upstream/join.ts';
import { lifeOfJob, type Lifetimes } from './freshness.ts';

/** What the names of jobs begin with. */
const JOB = 'job:';

/** What an upstream knows of one job: null where it knows none. */
export interface KnownJob<J> {
  readonly job: J | null;
}

export interface JobValuesOptions<J> {
  readonly origin: Origin;
  /** The origin, and the credential and endpoint that it is read with: what is kept under one answers for no other. */
  readonly place: string;
  readonly lifetimes: Lifetimes;
  /** What a job may look like that another replica wrote. */
  readonly jobForm: z.ZodType<J>;
}

/** What the values of all jobs of an origin have in common. */
export class JobValues<J extends JobSummary> {
  readonly origin: Origin;
  readonly place: string;
  readonly lifetimes: Lifetimes;
  readonly #form: z.ZodType<KnownJob<J>>;
  readonly #digests = new WeakMap<J, string>();

  constructor({ origin, place, lifetimes, jobForm }: JobValuesOptions<J>) {
    this.origin = origin;
    this.place = place;
    this.lifetimes = lifetimes;
    this.#form = z.object({ job: jobForm.nullable() });
  }

  parse(json: unknown, jobId: string): KnownJob<J> | null {
    const known = this.#form.safeParse(json).data;
    const job = known?.job ?? null;
    return known === undefined || (job !== null && !(job.jobId === jobId && isOf(this.origin, job)))
      ? null
      : known;
  }

  /** Of all that is said of the job but when. */
  digestOf(job: J): string {
    const known = this.#digests.get(job);
    if (known !== undefined) {
      return known;
    }
    const said = JSON.stringify(inOrder({ ...job, fetchedAt: undefined, detail: undefined }));
    const digest = hash('sha1', said, 'base64url');
    this.#digests.set(job, digest);
    return digest;
  }
}

/** With its members by name: a job that was read back has them in another order than one that was decoded. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(inOrder);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const members = value as Readonly<Record<string, unknown>>;
  const ordered: Record<string, unknown> = {};
  for (const name of Object.keys(members).toSorted()) {
    ordered[name] = inOrder(members[name]);
  }
  return ordered;
}

/** Of a class, because one is made for each job of a listing, and each time that it is shown. */
export class JobQuestion<J extends JobSummary> implements Question<KnownJob<J>> {
  readonly key: CacheKey;
  readonly jobId: string;
  readonly values: JobValues<J>;

  constructor(jobId: string, values: JobValues<J>) {
    this.key = { place: values.place, name: JOB + jobId };
    this.jobId = jobId;
    this.values = values;
  }

  lifeOf({ job }: KnownJob<J>): Life {
    return lifeOfJob(job, this.values.lifetimes);
  }

  parse(json: unknown): KnownJob<J> | null {
    return this.values.parse(json, this.jobId);
  }

  digestOf({ job }: KnownJob<J>): string {
    return job === null ? 'gone' : this.values.digestOf(job);
  }

  lateError(): Error {
    return deadlinePassed(this.values.origin);
  }
}

/** The job that a name stands for; null for a name of something else. */
export function jobIdIn(name: string): string | null {
  return name.startsWith(JOB) ? name.slice(JOB.length) : null;
}

/** What another replica told of a place that it may not tell of, or of a job that was not asked for, is no value. */
export function isOf(
  { source, account, region, bucket }: Origin,
  job: JobSummary & { bucket?: string },
): boolean {
  return (
    job.source === source &&
    job.account === account &&
    job.region === region &&
    (bucket === null || job.bucket === bucket)
  );
}
