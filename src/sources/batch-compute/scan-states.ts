import type { JobStatus } from '../../model/job-status.ts';
import type { BatchComputeCondition } from './client.ts';
import { BATCH_COMPUTE_STATES } from './model.ts';

/** The most values that one condition may hold: a limit that exists, of a size that is inferred (`upstreams/batch-compute.md` section 4.1). */
const MAX_VALUES = 5;

/**
 * What asks for the wanted statuses: conditions that the upstream applies exactly; null when it could not, since one status is
 * UNKNOWN or there are too many words, so that they are to be applied here; or `NOTHING`, when BatchCompute has no such status.
 */
export function statusConditions(
  statuses: readonly JobStatus[] | null,
): readonly BatchComputeCondition[] | null | 'NOTHING' {
  if (statuses === null) {
    return [];
  }
  if (statuses.includes('UNKNOWN')) {
    return null;
  }
  const values = Object.entries(BATCH_COMPUTE_STATES)
    .filter(([, { status }]) => statuses.includes(status))
    .map(([state]) => state);
  if (values.length === 0) {
    return 'NOTHING';
  }
  return values.length > MAX_VALUES ? null : [{ name: 'job-state', values }];
}
