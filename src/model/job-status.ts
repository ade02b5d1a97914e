/** The unified status of a job (contract section 4); each source maps its own words to it. */
export const JOB_STATUSES = [
  'QUEUED',
  'SUSPENDED',
  'RUNNING',
  'PAUSED',
  'STOPPING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'UNKNOWN',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];
