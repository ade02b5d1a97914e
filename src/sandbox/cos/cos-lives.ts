import { lifeOf, still, type Life, type Step } from '../life.ts';
import type { Random } from '../random.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../times.ts';
import { COS_TERMINAL_STATUSES } from './cos-statuses.ts';

/** The lifecycles of cos-batch.md section 13, with made-up durations. */
export type CosScript =
  'success' | 'confirmation' | 'pre-emption' | 'cancel' | 'manifest-failure' | 'too-many-failures';

export const COS_SCRIPTS: readonly [CosScript, ...CosScript[]] = [
  'success',
  'confirmation',
  'pre-emption',
  'cancel',
  'manifest-failure',
  'too-many-failures',
];

/** A life after this script. Transitions are those of cos-batch.md section 8. */
export function cosLife(script: CosScript, random: Random): Life {
  const seconds = (least: number, most: number): number => random.integer(least, most) * SECOND_MS;
  const run = random.integer(2, 240) * MINUTE_MS;
  const upToReading: readonly Step[] = [
    { status: 'New', forMs: seconds(1, 10) },
    { status: 'Preparing', forMs: seconds(5, 90) },
  ];
  const start: readonly Step[] = [...upToReading, { status: 'Ready', forMs: seconds(2, 120) }];
  const completing: Step = { status: 'Completing', forMs: seconds(2, 30) };
  switch (script) {
    case 'success':
      return lifeOf([...start, { status: 'Active', forMs: run, doneAfter: 1 }, completing], 'Complete');
    case 'confirmation':
      return lifeOf(
        [
          ...upToReading,
          { status: 'Suspended', forMs: random.integer(1, 180) * MINUTE_MS },
          { status: 'Ready', forMs: seconds(2, 120) },
          { status: 'Active', forMs: run, doneAfter: 1 },
          completing,
        ],
        'Complete',
      );
    case 'pre-emption':
      return lifeOf(
        [
          ...start,
          { status: 'Active', forMs: run, doneAfter: 0.45 },
          { status: 'Pausing', forMs: seconds(2, 20), doneAfter: 0.46 },
          { status: 'Paused', forMs: random.integer(1, 60) * MINUTE_MS },
          { status: 'Active', forMs: run, doneAfter: 1 },
          completing,
        ],
        'Complete',
      );
    case 'cancel':
      return lifeOf(
        [
          ...start,
          { status: 'Active', forMs: run, doneAfter: 0.3 },
          { status: 'Cancelling', forMs: seconds(2, 60), doneAfter: 0.31 },
        ],
        'Cancelled',
      );
    case 'manifest-failure':
      return lifeOf([...upToReading, { status: 'Failing', forMs: seconds(1, 15) }], 'Failed');
    case 'too-many-failures':
      return lifeOf(
        [
          ...start,
          { status: 'Active', forMs: run, doneAfter: 0.62 },
          { status: 'Failing', forMs: seconds(2, 30), doneAfter: 0.63 },
        ],
        'Failed',
      );
  }
}

/**
 * Is in this status at the age of `ageMs`, and stays: a finished job has run before that, for an hour if it is old enough. The work
 * done fits the status.
 */
export function pinnedCosLife(status: string, ageMs: number): Life {
  if (status === 'Active') {
    // moves all the same, but takes a month
    return lifeOf([{ status, forMs: 30 * DAY_MS, doneAfter: 1 }], 'Complete');
  }
  const done: Readonly<Record<string, number>> = {
    Pausing: 0.4,
    Paused: 0.4,
    Cancelling: 0.55,
    Cancelled: 0.55,
    Failing: 0.7,
    Failed: 0.7,
    Completing: 1,
    Complete: 1,
  };
  const doneAfter = Object.hasOwn(done, status) ? (done[status] ?? 0) : 0;
  return COS_TERMINAL_STATUSES.has(status)
    ? lifeOf([{ status: 'Active', forMs: Math.min(HOUR_MS, ageMs), doneAfter }], status)
    : still(status, doneAfter);
}
