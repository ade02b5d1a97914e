import { arrivalTimes, creationTimes, spreadPins } from '../creation-times.ts';
import type { Random } from '../random.ts';
import { DAY_MS } from '../times.ts';
import { COS_SCRIPTS, cosLife, type CosScript } from './cos-lives.ts';
import { COS_OPERATIONS } from './cos-operations.ts';
import { COS_STATUSES } from './cos-statuses.ts';
import { completeCosJob, type CosJobSetting, type NewCosJob } from './new-cos-job.ts';
import type { CosJob } from './cos-job.ts';

/** A status word that no document knows, for clients to survive. */
export const UNKNOWN_COS_STATUS = 'Archiving';

const PINNED = [...COS_STATUSES, UNKNOWN_COS_STATUS];

/** The jobs to come. */
export function cosArrivals(setting: CosJobSetting, perHour: number): readonly CosJob[] {
  const { random, nowMs } = setting;
  return arrivalTimes(random, perHour, nowMs).map((createdAtMs, index) =>
    completeCosJob({ createdAtMs, description: description(random, index), ...scripted(random) }, setting),
  );
}

/** The jobs of one region at the start. Every status is among them, however small `count` may be above 14. */
export function cosWorld(setting: CosJobSetting, count: number): readonly CosJob[] {
  const { random, nowMs } = setting;
  const pins = spreadPins(PINNED, count);
  const jobs = creationTimes(random, count, nowMs).map((createdAtMs, index) => {
    const pinned = pins.get(index);
    const story = pinned === undefined ? scripted(random) : pinnedStory(pinned);
    return completeCosJob(
      { createdAtMs, description: description(random, index), ...oddity(index), ...story },
      setting,
    );
  });
  // one of every operation, even in a small world
  const kinds = COS_OPERATIONS.map((make, index) =>
    completeCosJob(
      {
        createdAtMs: nowMs - (index + 1) * DAY_MS,
        operation: make(
          random,
          `qcs::cos:${setting.region}:uid/${setting.account.appId}:cold-${setting.account.appId}`,
        ),
        description: `one of each: ${index + 1}`,
      },
      setting,
    ),
  );
  return [...jobs, ...kinds, tooOldToList(setting)];
}

function scripted(random: Random): NewCosJob {
  const script = random.chance(0.5) ? 'success' : random.pick(COS_SCRIPTS);
  return { life: cosLife(script, random), ...detailsOf(script, random) };
}

function detailsOf(script: CosScript, random: Random): NewCosJob {
  switch (script) {
    case 'success':
    case 'pre-emption':
      return {};
    case 'confirmation':
      return { confirmationRequired: true, updateReasons: { Ready: 'confirmed by on-call' } };
    case 'cancel':
      return { updateReasons: { Cancelling: 'superseded' } };
    case 'manifest-failure':
      return {
        totalTasks: 0,
        updateReasons: {},
        failure: {
          code: 'ManifestNotReadable',
          reason: 'manifest object could not be read with the given role',
        },
      };
    case 'too-many-failures':
      // the rule needs more than 1000 tasks to have run, and more than half of them to have failed
      return {
        totalTasks: random.integer(2_000, 90_000),
        failShare: 0.8,
        updateReasons: {},
        failure: { code: 'FailureRateExceeded', reason: 'more than 50 percent of the tasks failed' },
      };
  }
}

function pinnedStory(status: string): NewCosJob {
  const failed = status === 'Failing' || status === 'Failed';
  return {
    status,
    totalTasks: status === 'Active' ? 5_000_000_000 : 48_000,
    failShare: failed ? 0.7 : 0.01,
    confirmationRequired: status === 'Suspended',
    failure: failed
      ? { code: 'FailureRateExceeded', reason: 'more than 50 percent of the tasks failed' }
      : null,
  };
}

/** Values at the edges, at fixed places. */
function oddity(index: number): NewCosJob {
  switch (index) {
    case 3:
      return { priority: 2_147_483_647 };
    case 5:
      return { priority: 0, clientRequestToken: 'd2f6f8f4-0a1d-4d46-9a63-1d0c2c3b5f77' };
    default:
      return {};
  }
}

/** Still answered by DescribeJob, no longer listed (cos-batch.md section 2: 90 days). */
function tooOldToList(setting: CosJobSetting): CosJob {
  return completeCosJob(
    { createdAtMs: setting.nowMs - 95 * DAY_MS, description: 'from last season' },
    setting,
  );
}

function description(random: Random, index: number): string | null {
  if (random.chance(0.25)) {
    return null;
  }
  return random.pick([
    `nightly archive copy ${index}`,
    `restore quarter ${(index % 4) + 1}`,
    `夜间归档 ${index}`,
    `R&D <cold> storage: "phase ${index}" & 'more'`,
    `naïve café ☕ 复制 №${index}`,
    `tag everything, batch ${index}`,
  ]);
}
