/** The thirteen documented statuses (cos-batch.md section 8). */
export const COS_STATUSES = [
  'New',
  'Preparing',
  'Suspended',
  'Ready',
  'Active',
  'Pausing',
  'Paused',
  'Completing',
  'Complete',
  'Cancelling',
  'Cancelled',
  'Failing',
  'Failed',
] as const;

/** Jobs end in one of these, and then have a TerminationDate. */
export const COS_TERMINAL_STATUSES: ReadonlySet<string> = new Set(['Complete', 'Cancelled', 'Failed']);
