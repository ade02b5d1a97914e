import { lifeOf, still, type Life } from '../life.ts';
import type { Random } from '../random.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../times.ts';

/** How a scripted run ends; `pause` is a run that was halted and went on (ci-jobs.md section 8). */
export type CiScript = 'success' | 'failed' | 'cancel' | 'pause';

export const CI_SCRIPTS: readonly [CiScript, ...CiScript[]] = ['success', 'failed', 'cancel', 'pause'];

export function ciLife(script: CiScript, random: Random): Life {
  const submitted = { status: 'Submitted', forMs: random.integer(1, 60) * SECOND_MS };
  const running = { status: 'Running', forMs: random.integer(1, 180) * MINUTE_MS };
  switch (script) {
    case 'success':
      return lifeOf([submitted, running], 'Success');
    case 'failed':
      return lifeOf([submitted, running], 'Failed');
    case 'cancel':
      return lifeOf([submitted, running], 'Cancel');
    case 'pause':
      return lifeOf(
        [submitted, running, { status: 'Pause', forMs: random.integer(5, 90) * MINUTE_MS }, running],
        'Success',
      );
  }
}

/** Is in this state at the age of `ageMs`, and stays, having come there in a lawful way. */
export function pinnedCiLife(state: string, ageMs: number): Life {
  if (state === 'Submitted') {
    return still(state);
  }
  const submitted = { status: 'Submitted', forMs: Math.min(2 * SECOND_MS, ageMs) };
  return state === 'Running'
    ? lifeOf([submitted, { status: state, forMs: 60 * DAY_MS }], 'Success')
    : lifeOf([submitted, { status: 'Running', forMs: Math.min(HOUR_MS, ageMs - submitted.forMs) }], state);
}
