import { arrivalTimes, creationTimes, spreadPins } from '../creation-times.ts';
import type { Random } from '../random.ts';
import type { XmlElement } from '../xml.ts';
import type { CiJob } from './ci-job.ts';
import { CI_SCRIPTS, ciLife } from './ci-lives.ts';
import { CI_JOB_OPERATIONS } from './ci-operations.ts';
import { CI_STATES } from './ci-states.ts';
import { completeCiJob, type CiJobSetting, type NewCiJob } from './new-ci-job.ts';

/** A state word that no document knows, for clients to survive. */
export const UNKNOWN_CI_STATE = 'Expired';

const TYPES = ['Workflow', 'Job'] as const;

/** The jobs of one bucket at the start. Every state and kind is among them, however small `count` may be above 21. */
export function ciWorld(setting: CiJobSetting, count: number): readonly CiJob[] {
  const { random, bucket, nowMs } = setting;
  const pinned: readonly NewCiJob[] = [
    ...[...CI_STATES, UNKNOWN_CI_STATE].flatMap((state) => TYPES.map((type) => ({ state, type }))),
    ...CI_JOB_OPERATIONS.map((make) => ({ type: 'Job' as const, operation: make(random, bucket) })),
  ];
  const pins = spreadPins(pinned, count);
  return creationTimes(random, count, nowMs).map((createdAtMs, index) => {
    const looks: NewCiJob = { createdAtMs, name: name(random, index), extras: extras(random) };
    return completeCiJob({ ...looks, ...(pins.get(index) ?? scripted(random)) }, setting);
  });
}

/** The jobs to come. */
export function ciArrivals(setting: CiJobSetting, perHour: number): readonly CiJob[] {
  const { random, nowMs } = setting;
  return arrivalTimes(random, perHour, nowMs).map((createdAtMs, index) =>
    completeCiJob({ createdAtMs, name: name(random, index), ...scripted(random) }, setting),
  );
}

function scripted(random: Random): NewCiJob {
  const life = ciLife(random.chance(0.5) ? 'success' : random.pick(CI_SCRIPTS), random);
  const failure = random.pick([
    { code: 'ResourceNotFound', message: 'the manifest object does not exist' },
    { code: 'CIRoleNotExist', message: 'role CI_QCSRole is missing: "bind" <first> & retry' },
  ]);
  return { life, failure };
}

/** Elements that only one SDK's types know (ci-jobs.md section 7). */
function extras(random: Random): readonly XmlElement[] {
  return random.chance(0.1)
    ? [
        ['Tag', 'Transcode'],
        ['QueueId', `p${random.hex(32)}`],
        ['Progress', String(random.integer(0, 100))],
      ]
    : [];
}

function name(random: Random, index: number): string {
  return random.pick([
    `backfill-thumbnails-${index}`,
    `transcode-archive-${index}`,
    `批量转码_${index}`,
    'inspect-one',
    `水印-${index}`,
  ]);
}
