import { concerns } from '../../jobs/job-filter.ts';
import { type PageArguments, toPageRequest } from '../../jobs/page-arguments.ts';
import { decodeGlobalId, type JobRef, placeOf } from '../../model/global-id.ts';
import type { JobSource, Origin } from '../../model/origin.ts';
import type { GraphContext } from '../context.ts';
import { type JobFilterInput, toJobFilter } from '../job-listing.ts';
import { REFS_OF_ENTITIES } from '../representation.ts';
import { type Bill, JOBS_PER_CALL } from './bill.ts';

/** A field of the root as it is asked in one request. */
export interface Asking {
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly detailsOf: ReadonlySet<JobSource>;
  readonly bill: Bill;
  readonly context: GraphContext;
}

/** Puts on the bill what a field may cost. Throws what the field itself would throw of its arguments. */
type Charge = (asking: Asking) => void;

/**
 * What each field of the root that may cost anything costs at worst, with nothing known yet. What only the upstreams know,
 * how many jobs there are and how many of them a filter lets pass, is taken to be what was hoped for: a page is found where
 * it is looked for. So the oldest jobs of a product that lists the newest first cost more, by what has to be read before them.
 */
export const CHARGES: Readonly<Record<string, Charge>> = {
  node: ({ arguments: { id }, ...asking }) => chargeIds([id], asking),
  job: ({ arguments: { id }, ...asking }) => chargeIds([id], asking),
  nodes: ({ arguments: { ids }, ...asking }) => {
    // A longer list is refused by the field.
    if (list(ids).length <= asking.context.limits.maxNodeIds) {
      chargeIds(list(ids), asking);
    }
  },
  _entities: ({ arguments: { representations }, bill, detailsOf }) => {
    for (const representation of list(representations)) {
      unlessRefused(() => {
        const ref = refOf(representation);
        if (ref !== null) {
          bill.addJob(ref, detailsOf);
        }
      });
    }
  },
  cosJob: (asking) => chargeJob(asking.context.origins.cos(asking.arguments).origin, asking),
  batchComputeJob: (asking) =>
    chargeJob(asking.context.origins.batchCompute(asking.arguments).origin, asking),
  ciJob: (asking) => chargeJob(asking.context.origins.ci(asking.arguments).origin, asking),
  jobs: (asking) => {
    const { filter } = asking.arguments as { filter?: typeof JobFilterInput.$inferInput };
    const wanted = toJobFilter(filter);
    const origins = asking.context.origins.all().filter((origin) => concerns(wanted, origin));
    const jobs = pageLength(asking);
    // Each origin is asked once, and once more for each hundred that the page takes of it.
    chargePage('jobs', { origins, jobs, calls: origins.length + Math.floor(jobs / JOBS_PER_CALL) }, asking);
  },
  cosJobs: (asking) => {
    const { origin } = asking.context.origins.cos(asking.arguments);
    chargePage('cosJobs', { origins: [origin], jobs: pageLength(asking), calls: 1 }, asking);
  },
  batchComputeJobs: (asking) =>
    chargeWalk('batchComputeJobs', asking.context.origins.batchCompute(asking.arguments).origin, asking),
  ciJobs: (asking) => chargeWalk('ciJobs', asking.context.origins.ci(asking.arguments).origin, asking),
};

/** What throws costs nothing: the field, or its place in a list, is refused before any call. */
export function unlessRefused(charge: () => void): void {
  try {
    charge();
  } catch {
    // Told by the field, with its path.
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function refOf(representation: unknown): JobRef | null {
  if (typeof representation !== 'object' || representation === null) {
    return null;
  }
  const facts = representation as Readonly<Record<string, unknown>>;
  return REFS_OF_ENTITIES[String(facts['__typename'])]?.(facts) ?? null;
}

function chargeIds(ids: readonly unknown[], { bill, detailsOf }: Omit<Asking, 'arguments'>): void {
  for (const id of ids) {
    unlessRefused(() => bill.addJob(decodeGlobalId(String(id)), detailsOf));
  }
}

function chargeJob(origin: Origin, { arguments: { jobId }, bill, detailsOf }: Asking): void {
  const { source, account } = origin;
  bill.addJob({ source, account, place: placeOf(origin), jobId: String(jobId) }, detailsOf);
}

/** A listing that is walked by a hundred jobs a call; one more finds its end, or the place that a cursor stands for. */
function chargeWalk(field: string, origin: Origin, asking: Asking): void {
  const { after, before, last } = asking.arguments as PageArguments;
  const jobs = pageLength(asking);
  const search = (after ?? before ?? last ?? null) === null ? 0 : 1;
  chargePage(field, { origins: [origin], jobs, calls: Math.ceil(jobs / JOBS_PER_CALL) + search }, asking);
}

function chargePage(
  field: string,
  page: { readonly origins: readonly Origin[]; readonly jobs: number; readonly calls: number },
  { arguments: given, bill, detailsOf }: Asking,
): void {
  bill.addPage(`${field} ${JSON.stringify(given)}`, { ...page, detailsOf });
}

function pageLength({ arguments: given, context }: Asking): number {
  return toPageRequest(given, context.limits).limit;
}
