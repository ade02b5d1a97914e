/** The six documented states (ci-jobs.md section 8). `All` is a filter word, never a state. */
export const CI_STATES = ['Submitted', 'Running', 'Success', 'Failed', 'Pause', 'Cancel'] as const;

/** Jobs end in one of these, and then have an EndTime. */
export const CI_TERMINAL_STATES: ReadonlySet<string> = new Set(['Success', 'Failed', 'Cancel']);
