import { phaseAt } from '../life.ts';
import type { QueryParameter } from '../received-request.ts';
import type { XmlElement } from '../xml.ts';
import { workflowIdsOf, type CiJob } from './ci-job.ts';
import { ciJobsDetail, type CiShape } from './ci-job-xml.ts';
import { readCiListQuery, type CiListQuery } from './ci-list-query.ts';
import { byAge, type CiStore, type NumberedCiJob } from './ci-store.ts';

export interface CiListOptions {
  /** How the last page says that nothing follows: `<NextToken/>`, or no element at all. */
  readonly emptyNextToken: 'element' | 'omitted';
  readonly shape: CiShape;
}

/**
 * `GET /inventorytriggerjob` (ci-jobs.md section 4), the children of `Response` after RequestId. A page continues after the job
 * whose number the token is, so that jobs added in between neither repeat nor hide one.
 */
export function listCiJobs(
  store: CiStore,
  parameters: readonly QueryParameter[],
  nowMs: number,
  options: CiListOptions,
): readonly XmlElement[] {
  const query = readCiListQuery(parameters, store);
  const ordered = query.ascending ? store.all() : store.all().toReversed();
  const matching = ordered.filter((entry) => isAfter(entry, query) && isAsked(entry.job, query, nowMs));
  const page = matching.slice(0, query.size);
  const next = matching.length > page.length ? String(page.at(-1)?.sequence ?? '') : '';
  const children = page.map(({ job }) => ciJobsDetail(job, nowMs, options.shape));
  return next !== '' || options.emptyNextToken === 'element' ? [...children, ['NextToken', next]] : children;
}

function isAfter(entry: NumberedCiJob, { after, ascending }: CiListQuery): boolean {
  if (after === null) {
    return true;
  }
  return ascending ? byAge(entry, after) > 0 : byAge(entry, after) < 0;
}

function isAsked(job: CiJob, query: CiListQuery, nowMs: number): boolean {
  return (
    job.createdAtMs <= nowMs &&
    (query.states === null || query.states.has(phaseAt(job.life, nowMs - job.createdAtMs).status)) &&
    (query.type === null || query.type === job.type) &&
    (query.fromMs === null || job.createdAtMs >= query.fromMs) &&
    (query.toMs === null || job.createdAtMs <= query.toMs) &&
    (query.jobId === null || query.jobId === job.jobId) &&
    (query.name === null || query.name === job.name) &&
    (query.workflowId === null || workflowIdsOf(job).includes(query.workflowId))
  );
}
