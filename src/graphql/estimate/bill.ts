import { type JobRef, placeOf } from '../../model/global-id.ts';
import type { JobSource, Origin } from '../../model/origin.ts';
import type { Origins } from '../../jobs/origins.ts';

/** BatchCompute reads so many jobs by one call, and lists as many; CI lists as many too. */
export const JOBS_PER_CALL = 100;

/** The jobs of one place that are read by their ids. */
interface Place {
  readonly source: JobSource;
  readonly jobs: Set<string>;
  /** Of which more is asked than the first call tells. */
  readonly detailed: Set<string>;
}

/**
 * Adds up what an operation may cost in upstream calls. What is asked for twice is there once: a job whichever field reads
 * it, a listing when all its arguments are the same.
 */
export class Bill {
  readonly #origins: Origins;
  readonly #places = new Map<string, Place>();
  readonly #pages = new Map<string, { readonly calls: number; readonly details: number }>();

  constructor(origins: Origins) {
    this.#origins = origins;
  }

  /** A job that is read by its id: none where its place is not configured. */
  addJob(ref: JobRef, detailsOf: ReadonlySet<JobSource>): void {
    const { source, account, place, jobId } = ref;
    const key = `${source}/${account}/${place}`;
    const known = this.#places.get(key);
    if (known === undefined && !this.#isConfigured(ref)) {
      return;
    }
    const { jobs, detailed } = known ?? { jobs: new Set<string>(), detailed: new Set<string>() };
    jobs.add(jobId);
    if (detailsOf.has(source)) {
      detailed.add(jobId);
    }
    this.#places.set(key, { source, jobs, detailed });
  }

  /** A page of so many jobs from these origins, which costs so many calls by itself. */
  addPage(
    question: string,
    page: {
      readonly calls: number;
      readonly jobs: number;
      readonly origins: readonly Origin[];
      readonly detailsOf: ReadonlySet<JobSource>;
    },
  ): void {
    const hasDetails = page.origins.some(({ source }) => page.detailsOf.has(source));
    const details = Math.max(hasDetails ? page.jobs : 0, this.#pages.get(question)?.details ?? 0);
    this.#pages.set(question, { calls: page.calls, details });
  }

  total(): number {
    const byId = [...this.#places.values()].map(callsOf);
    const byPage = [...this.#pages.values()].map(({ calls, details }) => calls + details);
    return [...byId, ...byPage].reduce((sum, calls) => sum + calls, 0);
  }

  #isConfigured(ref: JobRef): boolean {
    return this.#origins
      .all()
      .some(
        (origin) =>
          origin.source === ref.source && origin.account === ref.account && placeOf(origin) === ref.place,
      );
  }
}

/** COS tells everything of a job that is read by its id at once, BatchCompute reads many together but details one by one. */
function callsOf({ source, jobs, detailed }: Place): number {
  return source === 'BATCH_COMPUTE' ? Math.ceil(jobs.size / JOBS_PER_CALL) + detailed.size : jobs.size;
}
