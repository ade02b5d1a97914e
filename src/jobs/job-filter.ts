import { OriginNotConfiguredError } from '../model/errors.ts';
import { JOB_STATUSES, type JobStatus } from '../model/job-status.ts';
import type { JobSource, Origin } from '../model/origin.ts';
import { BATCH_COMPUTE_STATES } from '../sources/batch-compute/model.ts';
import { CI_STATES } from '../sources/ci/model.ts';
import { COS_STATUSES } from '../sources/cos/model.ts';
import type { Job } from './origins.ts';

/** Which jobs the merged listing shows; null means no such restriction. */
export interface JobFilter {
  readonly sources: readonly JobSource[] | null;
  readonly accounts: readonly string[] | null;
  readonly regions: readonly string[] | null;
  readonly statuses: readonly JobStatus[] | null;
  /** Included, RFC 3339. */
  readonly createdAfter: string | null;
  /** Excluded, RFC 3339. */
  readonly createdBefore: string | null;
  /** A case-insensitive part of the name, the description or the product's own id. */
  readonly text: string | null;
}

/** The statuses that a source can have: a filter of none of them excludes it without a call. */
const STATUSES_OF: Readonly<Record<JobSource, ReadonlySet<JobStatus>>> = {
  COS: statusesIn(COS_STATUSES),
  BATCH_COMPUTE: statusesIn(BATCH_COMPUTE_STATES),
  CI: statusesIn(CI_STATES),
};

function statusesIn(table: Readonly<Record<string, { readonly status: JobStatus }>>): ReadonlySet<JobStatus> {
  return new Set([...Object.values(table).map(({ status }) => status), 'UNKNOWN']);
}

/** Throws `OriginNotConfiguredError` for an account or a region that no origin has: a wrong name is not an empty answer. */
export function checkConfigured(filter: JobFilter, origins: readonly Origin[]): void {
  const check = (what: 'account' | 'region', names: readonly string[] | null): void => {
    const configured = [...new Set(origins.map((origin) => origin[what]))];
    const unknown = names?.find((name) => !configured.includes(name));
    if (unknown !== undefined) {
      throw new OriginNotConfiguredError(
        `No ${what} "${unknown.slice(0, 80)}" is configured; configured: ${configured.join(', ')}.`,
      );
    }
  };
  check('account', filter.accounts);
  check('region', filter.regions);
}

/** Whether an origin can have jobs that match. One that cannot is not asked. */
export function concerns(filter: JobFilter, origin: Origin): boolean {
  return (
    (filter.sources?.includes(origin.source) ?? true) &&
    (filter.accounts?.includes(origin.account) ?? true) &&
    (filter.regions?.includes(origin.region) ?? true) &&
    (filter.statuses?.some((status) => STATUSES_OF[origin.source].has(status)) ?? true)
  );
}

/** What no upstream can filter by: the text, and times where a job has none. Statuses and bounds are the scan's business. */
export function matches(filter: JobFilter, job: Job): boolean {
  const isTimed = filter.createdAfter !== null || filter.createdBefore !== null;
  if (isTimed && job.createdAt === null) {
    return false;
  }
  const wanted = filter.text?.toLowerCase() ?? '';
  return [job.name, job.description, job.jobId].some((text) => text?.toLowerCase().includes(wanted) ?? false);
}

/** Whether all restrictions are the scans' business, so that their counts are those of the listing. */
export function isCountable(filter: JobFilter): boolean {
  return filter.text === null && filter.createdAfter === null && filter.createdBefore === null;
}

/** Statuses in one order and once each, so that the same filter always makes the same cursor; null when all are wanted. */
export function normalStatuses(statuses: readonly JobStatus[] | null): readonly JobStatus[] | null {
  const wanted = JOB_STATUSES.filter((status) => statuses?.includes(status) ?? true);
  return wanted.length === JOB_STATUSES.length ? null : wanted;
}
