import type { z } from 'zod';
import type { Cache } from '../cache/cache.ts';
import { stateOf } from '../cache/entry.ts';
import type { Load, Outcome, Question } from '../cache/question.ts';
import type { CallScope } from '../lib/call-scope.ts';
import type { Clock } from '../lib/clock.ts';
import {
  type Described,
  descriptionOf,
  descriptionQuestions,
  type KnownDescription,
} from './description-question.ts';
import { jobIdIn, JobQuestion, JobValues, type JobValuesOptions, type KnownJob } from './job-question.ts';
import { ListedJobs } from './listed-jobs.ts';
import { type ListingPart, listingQuestion, type ListingQuestion } from './listing-question.ts';
import { readEach } from './read-each.ts';
import type { JobDescription } from './source.ts';

export interface OriginCacheOptions<J extends Described<D>, D> extends JobValuesOptions<J> {
  readonly cache: Cache;
  readonly clock: Clock;
  /** Whether a text has the form of this upstream's job ids. Nothing else is asked for, or has a place here. */
  readonly isJobId: (text: string) => boolean;
  /** What a detail may look like that another replica wrote. */
  readonly detailForm: z.ZodType<D>;
}

/** What was asked for, and whether it was read just now. */
export interface Kept<T> {
  readonly value: T;
  readonly outcome: Outcome;
  /** When it was asked for, milliseconds since the epoch. */
  readonly askedAtMs: number;
}

/**
 * What is known of one origin's jobs: each by its id, its detail apart, and parts of its listings. A listing tells of the jobs
 * on it (`ListedJobs`).
 */
export class OriginCache<J extends Described<D>, D = never> {
  readonly #options: OriginCacheOptions<J, D>;
  readonly #listed: ListedJobs<J>;
  readonly #jobQuestion: (jobId: string) => JobQuestion<J>;
  readonly #descriptionQuestion: (jobId: string) => Question<KnownDescription<D>>;

  constructor(options: OriginCacheOptions<J, D>) {
    this.#options = options;
    const { cache, clock, detailForm } = options;
    const jobs = new JobValues(options);
    this.#jobQuestion = (jobId) => new JobQuestion(jobId, jobs);
    this.#descriptionQuestion = descriptionQuestions(options, detailForm);
    const place = cache.place(options.place, (name) => this.#questionOf(name));
    this.#listed = new ListedJobs({ cache, clock, place, questionOf: this.#jobQuestion });
  }

  /**
   * Jobs by ids, same length and order: the job, null when there is none, or the Error of that id alone. A malformed id is
   * null. Reads what is not known, each id by itself: `read` joins them where the upstream can. A job that comes with its
   * detail makes that known too. Rejects only with the signal's reason.
   */
  async jobs(
    jobIds: readonly string[],
    read: (jobId: string, scope: CallScope) => Promise<J | null>,
    scope: CallScope,
  ): Promise<(J | null | Error)[]> {
    const { isJobId } = this.#options;
    return await readEach(
      jobIds,
      async (jobId) => (isJobId(jobId) ? await this.#job(jobId, read, scope) : null),
      scope,
    );
  }

  /** What only a second call tells; null when the job is gone, or the id malformed. At most one call. */
  async detail(
    jobId: string,
    read: (jobId: string, scope: CallScope) => Promise<JobDescription<D> | null>,
    scope: CallScope,
  ): Promise<D | null> {
    if (!this.#options.isJobId(jobId)) {
      return null;
    }
    const question = this.#descriptionQuestion(jobId);
    const load: Load<KnownDescription<D>> = async (shared) => {
      const description = await read(jobId, shared);
      return { value: { description }, fetchedAtMs: this.#timeOf(description) };
    };
    const { entry } = await this.#options.cache.read(question, load, scope);
    const known = this.#options.cache.known(this.#jobQuestion(jobId));
    const said = entry.value.description;
    // A detail of a job that has another status by now would contradict the job that it is shown with.
    const isOver =
      known !== null &&
      known.fetchedAtMs > entry.fetchedAtMs &&
      known.value.job?.upstreamStatus !== said?.upstreamStatus;
    if (!isOver) {
      return said?.detail ?? null;
    }
    const again = await this.#options.cache.read(question, load, { ...scope, noCache: true });
    return again.entry.value.description?.detail ?? null;
  }

  /** A part of a listing as it was told, known or read. What it tells of its jobs is known from then on. */
  async listing<L extends ListingPart<J>>(
    question: ListingQuestion<L>,
    read: (scope: CallScope) => Promise<L>,
    scope: CallScope,
  ): Promise<Kept<L>> {
    const load: Load<L> = async (shared) => {
      const beganAtMs = this.#options.clock.now();
      const part = await read(shared);
      const askedAtMs = shared.sentAtMs ?? beganAtMs;
      if (question.isPrimed) {
        this.prime(part.jobs, askedAtMs);
      }
      return { value: part, fetchedAtMs: Date.parse(part.fetchedAt), askedAtMs };
    };
    const { entry, outcome } = await this.#options.cache.read(
      listingQuestion(this.#options, question),
      load,
      scope,
    );
    const { value } = entry;
    if (question.isPrimed) {
      this.#listed.primeTold(value.jobs);
    }
    return { value, outcome, askedAtMs: entry.askedAtMs ?? entry.fetchedAtMs };
  }

  /** A part of a listing that this process knows and that would answer at once, as it was told; else null. */
  knownListing<L extends ListingPart<J>>(question: ListingQuestion<L>): Omit<Kept<L>, 'outcome'> | null {
    const { cache, clock } = this.#options;
    const known = cache.known(listingQuestion(this.#options, question));
    const state = known === null ? 'GONE' : stateOf(known, clock.now());
    return known !== null && (state === 'FRESH' || state === 'STALE')
      ? { value: known.value, askedAtMs: known.askedAtMs ?? known.fetchedAtMs }
      : null;
  }

  /** Whether this process knows a part of a listing that is within its time, so that reading it would tell nothing new. */
  isFreshListing<L extends ListingPart<J>>(question: ListingQuestion<L>): boolean {
    const { cache, clock } = this.#options;
    const known = cache.known(listingQuestion(this.#options, question));
    return known !== null && stateOf(known, clock.now()) === 'FRESH';
  }

  /** Makes known a part of a listing that was read along with another. */
  keepListing<L extends ListingPart<J>>(question: ListingQuestion<L>, part: L, askedAtMs: number): void {
    const fetchedAtMs = Date.parse(part.fetchedAt);
    this.#options.cache.keep(listingQuestion(this.#options, question), {
      value: part,
      fetchedAtMs,
      askedAtMs,
    });
    this.prime(part.jobs, askedAtMs);
  }

  /** Whether reading more than is asked for can be of any use to those who ask later. */
  get isKeeping(): boolean {
    return this.#options.cache.isKeeping;
  }

  /** Whether this process knows a job, or that there is none, so that asking for it costs nothing. */
  isKnown(jobId: string): boolean {
    const { cache, clock } = this.#options;
    const known = cache.known(this.#jobQuestion(jobId));
    return known !== null && stateOf(known, clock.now()) === 'FRESH';
  }

  /** Makes known what a list tells of jobs that was asked for then; absent: when it was received. Each list once. */
  prime(jobs: readonly J[], askedAtMs?: number): void {
    this.#listed.prime(jobs, askedAtMs);
  }

  /** Makes known what a job that came with its detail says besides that; gives the detail. */
  learn(job: J | null, askedAtMs?: number): JobDescription<D> | null {
    this.prime(job === null ? [] : [job], askedAtMs);
    return descriptionOf<D>(job);
  }

  /**
   * The jobs of a part of a listing as they were told of last; null in the place of one that has gone since. `outcome` is
   * that of the part.
   */
  newest(jobs: readonly J[], outcome: Outcome): readonly (J | null)[] {
    return this.#listed.newest(jobs, outcome);
  }

  async #job(
    jobId: string,
    read: (jobId: string, scope: CallScope) => Promise<J | null>,
    scope: CallScope,
  ): Promise<J | null> {
    const load: Load<KnownJob<J>> = async (shared) => {
      const beganAtMs = this.#options.clock.now();
      const job = await read(jobId, shared);
      const description = descriptionOf<D>(job);
      if (description !== null) {
        const times = { fetchedAtMs: this.#timeOf(description), askedAtMs: shared.sentAtMs ?? beganAtMs };
        this.#options.cache.keep(this.#descriptionQuestion(jobId), { value: { description }, ...times });
      }
      return { value: { job: this.#withoutDetail(job) }, fetchedAtMs: this.#timeOf(job) };
    };
    const { entry, outcome } = await this.#options.cache.read(this.#jobQuestion(jobId), load, scope);
    const { job } = entry.value;
    if (job === null || outcome === 'CACHED') {
      return job;
    }
    return outcome === 'STALE' ? { ...job, isStale: true } : this.#withDetail(job);
  }

  /** A job that was read just now, with the detail of the same answer if it brought one: nobody is to ask for it again. */
  #withDetail(job: J): J {
    const told = this.#options.cache.known(this.#descriptionQuestion(job.jobId))?.value.description;
    return told?.fetchedAt === job.fetchedAt ? { ...job, detail: told.detail } : job;
  }

  /** Where it is kept it is kept apart; elsewhere nobody could find it again. */
  #withoutDetail(job: J | null): J | null {
    return job?.detail === undefined || !this.isKeeping ? job : { ...job, detail: undefined };
  }

  /** That there is nothing is known from now on: nobody said when. */
  #timeOf(told: { readonly fetchedAt: string } | null): number {
    return told === null ? this.#options.clock.now() : Date.parse(told.fetchedAt);
  }

  /** What a name of the place stands for, where other replicas may tell of it. */
  #questionOf(name: string): Question<unknown> | null {
    const jobId = jobIdIn(name);
    return jobId !== null && this.#options.isJobId(jobId) ? this.#jobQuestion(jobId) : null;
  }
}
