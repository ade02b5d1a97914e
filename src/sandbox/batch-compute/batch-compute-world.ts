import { arrivalTimes, creationTimes, spreadPins } from '../creation-times.ts';
import { lifeOf } from '../life.ts';
import type { Random } from '../random.ts';
import { DAY_MS } from '../times.ts';
import type { BatchComputeJob, Placement, Tag } from './batch-compute-job.ts';
import { BATCH_COMPUTE_SCRIPTS, batchComputeStory } from './batch-compute-lives.ts';
import { BATCH_COMPUTE_STATES } from './batch-compute-states.ts';
import {
  batchComputePlan,
  completeBatchComputeJob,
  dependencesOf,
  type BatchComputeJobSetting,
  type NewBatchComputeJob,
} from './new-batch-compute-job.ts';

/** A state word that no document knows, for clients to survive. */
export const UNKNOWN_BATCH_COMPUTE_STATE = 'ARCHIVING';

const PINNED: readonly NewBatchComputeJob[] = [
  ...BATCH_COMPUTE_STATES.map((state) => ({ state })),
  { state: UNKNOWN_BATCH_COMPUTE_STATE },
  { state: 'RUNNING', terminatingFromMs: 0 },
  { state: 'RUNNING', tasks: [hugeTask()], dependences: [] },
  { jobName: '', state: 'SUCCEED' },
];

/** The jobs of one region at the start. Every state is among them, however small `count` may be above 12. */
export function batchComputeWorld(
  setting: BatchComputeJobSetting,
  count: number,
): readonly BatchComputeJob[] {
  const { random, nowMs } = setting;
  const pins = spreadPins(PINNED, count);
  return creationTimes(random, count, nowMs).map((createdAtMs, index) =>
    completeBatchComputeJob(
      { createdAtMs, ...looks(setting, index), ...(pins.get(index) ?? scripted(random)) },
      setting,
    ),
  );
}

/** The jobs to come. */
export function batchComputeArrivals(
  setting: BatchComputeJobSetting,
  perHour: number,
): readonly BatchComputeJob[] {
  const { random, nowMs } = setting;
  return arrivalTimes(random, perHour, nowMs).map((createdAtMs, index) =>
    completeBatchComputeJob({ createdAtMs, ...looks(setting, index), ...scripted(random) }, setting),
  );
}

function looks({ random, region }: BatchComputeJobSetting, index: number): NewBatchComputeJob {
  const zone = `${region}-${random.pick([3, 4, 6, 7])}`;
  return { zone, jobName: jobName(random, index), placement: placement(random, zone), tags: tags(random) };
}

function scripted(random: Random): NewBatchComputeJob {
  const plan = batchComputePlan(random);
  const script = random.chance(0.5) ? 'success' : random.pick(BATCH_COMPUTE_SCRIPTS);
  return { ...batchComputeStory(script, plan, random), dependences: dependencesOf(plan) };
}

/** More instances than 32 bits can count. */
function hugeTask(): BatchComputeJob['tasks'][number] {
  const life = lifeOf([{ status: 'RUNNING', forMs: 60 * DAY_MS, doneAfter: 1 }], 'SUCCEED');
  return { name: 'sweep', instances: 5_000_000_000, life, showsTimes: true };
}

/** Mostly the zone alone; now and then null, or with the members that are rarely seen. */
function placement(random: Random, zone: string): Placement | null {
  if (random.chance(0.08)) {
    return null;
  }
  if (random.chance(0.92)) {
    return { Zone: zone };
  }
  return {
    Zone: zone,
    ProjectId: 0,
    HostId: `host-${random.hex(8)}`,
    HostIds: [`host-${random.hex(8)}`],
    DedicatedResourcePackTenancy: 'default',
    DedicatedResourcePackIds: ['pack-1a2b3c4d'],
    RackId: 'rack-07',
  };
}

function tags(random: Random): readonly Tag[] | null {
  const team = { Key: 'team', Value: random.pick(['genomics', 'render', '测序']) };
  const env = { Key: 'env', Value: random.pick(['prod', 'test']) };
  return random.pick<readonly Tag[] | null>([
    null,
    [],
    [team],
    [team, env],
    [env, { Key: 'cost & <center>', Value: '' }],
  ]);
}

function jobName(random: Random, index: number): string {
  return random.pick([
    `align-cohort-${index}`,
    `render-预览-${index}`,
    'nightly-report',
    `基因测序-α-${index}`,
    `"quoted" & <odd> 'name' ${index}`,
  ]);
}
