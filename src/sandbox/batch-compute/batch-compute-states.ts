/** The eight documented states, for jobs, tasks and instances (batch-compute.md section 7). */
export const BATCH_COMPUTE_STATES = [
  'SUBMITTED',
  'PENDING',
  'RUNNABLE',
  'STARTING',
  'RUNNING',
  'SUCCEED',
  'FAILED_INTERRUPTED',
  'FAILED',
] as const;

export type BatchComputeState = (typeof BATCH_COMPUTE_STATES)[number];

/** Finished as DeleteJob defines it: FAILED_INTERRUPTED still holds machines and is not (section 7). */
export const BATCH_COMPUTE_FINISHED: ReadonlySet<string> = new Set(['SUCCEED', 'FAILED']);

export function isBatchComputeState(word: string): word is BatchComputeState {
  return (BATCH_COMPUTE_STATES as readonly string[]).includes(word);
}
