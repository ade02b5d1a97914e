import type { Cache } from '../cache/cache.ts';
import { stateOf } from '../cache/entry.ts';
import type { Loaded, Outcome } from '../cache/question.ts';
import type { Clock } from '../lib/clock.ts';
import type { JobSummary } from '../model/job.ts';
import type { JobQuestion, KnownJob } from './job-question.ts';

export interface ListedJobsOptions<J extends JobSummary> {
  readonly cache: Cache;
  readonly clock: Clock;
  /** Has another version whenever more is known of any of the origin's jobs: `Cache.place`. */
  readonly place: { readonly version: number };
  readonly questionOf: (jobId: string) => JobQuestion<J>;
}

/** The jobs of a list that is not stale as they are shown, for one state of knowledge. */
interface Shown<J> {
  readonly version: number;
  readonly jobs: readonly (J | null)[];
}

/**
 * The jobs that the listings of one origin tell of, each known by its id as well. Whatever a job is shown by, it is shown as
 * it was told of last. Lists are told apart by identity: each is looked through once.
 */
export class ListedJobs<J extends JobSummary> {
  readonly #options: ListedJobsOptions<J>;
  readonly #shown = new WeakMap<readonly J[], Shown<J>>();
  /** Lists whose jobs are known one by one. */
  readonly #primed = new WeakSet<readonly J[]>();

  constructor(options: ListedJobsOptions<J>) {
    this.#options = options;
  }

  /** Makes known what a list tells of jobs that was asked for then; absent: when it was received. */
  prime(jobs: readonly J[], askedAtMs = Number.POSITIVE_INFINITY): void {
    this.#eachNewerOnce(jobs, (question, told) => {
      this.#options.cache.keep(question, { ...told, askedAtMs: Math.min(askedAtMs, told.fetchedAtMs) });
    });
  }

  /** As `prime`, for a list that another replica has read: it told everybody of its jobs then. */
  primeTold(jobs: readonly J[]): void {
    this.#eachNewerOnce(jobs, (question, told) => {
      this.#options.cache.keepTold(question, told);
    });
  }

  /** The jobs of a list as they were told of last; null in the place of one that has gone since. `outcome` is that of the list. */
  newest(jobs: readonly J[], outcome: Outcome): readonly (J | null)[] {
    if (outcome === 'STALE') {
      // Which of them are stale changes with time.
      return jobs.map((job) => this.#newestOf(job, outcome));
    }
    const { version } = this.#options.place;
    const shown = this.#shown.get(jobs);
    if (shown?.version === version) {
      return shown.jobs;
    }
    const newest = jobs.map((job) => this.#newestOf(job, outcome));
    this.#shown.set(jobs, { version, jobs: newest });
    return newest;
  }

  #newestOf(job: J, outcome: Outcome): J | null {
    // What a listing says was made known by now unless something newer was, or nothing is kept.
    const { cache, clock, questionOf } = this.#options;
    const known = cache.known(questionOf(job.jobId));
    if (known === null || known.value.job === job) {
      return outcome === 'STALE' ? { ...job, isStale: true } : job;
    }
    const isStale = outcome === 'STALE' && stateOf(known, clock.now()) !== 'FRESH';
    return isStale && known.value.job !== null ? { ...known.value.job, isStale: true } : known.value.job;
  }

  /** Calls back for each job of which nothing as new is known, the first time that the list comes. */
  #eachNewerOnce(
    jobs: readonly J[],
    take: (question: JobQuestion<J>, told: Loaded<KnownJob<J>>) => void,
  ): void {
    if (this.#primed.has(jobs)) {
      return;
    }
    this.#primed.add(jobs);
    const { cache, questionOf } = this.#options;
    for (const job of jobs) {
      const question = questionOf(job.jobId);
      const known = cache.known(question);
      const fetchedAtMs = known?.value.job === job ? known.fetchedAtMs : Date.parse(job.fetchedAt);
      if (known === null || known.fetchedAtMs < fetchedAtMs) {
        take(question, { value: { job }, fetchedAtMs });
      }
    }
  }
}
