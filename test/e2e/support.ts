import { encodeGlobalId } from '../../src/model/global-id.ts';
import type { NewBatchComputeJob } from '../../src/sandbox/batch-compute/new-batch-compute-job.ts';
import type { UpstreamName } from '../../src/sandbox/call-log.ts';
import type { NewCiJob } from '../../src/sandbox/ci/new-ci-job.ts';
import type { NewCosJob } from '../../src/sandbox/cos/new-cos-job.ts';
import { startWorld, type Answer, type World, type WorldSettings } from '../support/world.ts';

export const REGION = 'ap-guangzhou';
export const OTHER_REGION = 'ap-shanghai';
export const BUCKET = 'bucket-1250000000';
export const OTHER_BUCKET = 'media-1250000000';

/** A world that ends with the story that is told in it, however the story ends. */
export async function inWorld(
  settings: WorldSettings,
  story: (world: World) => Promise<void>,
): Promise<void> {
  const world = await startWorld(settings);
  try {
    await story(world);
  } finally {
    await world.close();
  }
}

/** A world without jobs: the story adds its own. */
export function inEmptyWorld(
  story: (world: World) => Promise<void>,
  settings: WorldSettings = {},
): Promise<void> {
  return inWorld({ ...settings, sandbox: { world: 'empty', ...settings.sandbox } }, story);
}

/** The data of an answer that must be whole. */
export function dataOf<R>({ data, errors, text }: Answer<R>): R {
  if (data === null || data === undefined || errors.length > 0) {
    throw new Error(`expected data without errors, got ${text.slice(0, 2_000)}`);
  }
  return data;
}

/** Every call that the upstreams saw, counted by upstream and action. */
export function callCounts(world: World): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { upstream, action } of world.calls()) {
    const name = `${upstream} ${action}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

type NewJobs = { readonly cos: NewCosJob; readonly batchCompute: NewBatchComputeJob; readonly ci: NewCiJob };

/** Adds `count` jobs of one source, in groups of `perSecond` that share a second of creation; oldest an hour or more ago. */
export function addJobs<U extends UpstreamName>(
  { sandbox }: World,
  upstream: U,
  count: number,
  {
    place = upstream === 'ci' ? BUCKET : REGION,
    perSecond = 1,
    like = () => ({}),
  }: { place?: string; perSecond?: number; like?: (index: number) => NewJobs[U] } = {},
): string[] {
  const oldestMs = Date.now() - 3_600_000;
  const control = sandbox[upstream] as { add(place: string, job: NewJobs[U]): string };
  return Array.from({ length: count }, (_, index) =>
    control.add(place, { createdAtMs: oldestMs + Math.floor(index / perSecond) * 1_000, ...like(index) }),
  );
}

export const cosId = (jobId: string, place = REGION, account = 'sandbox'): string =>
  encodeGlobalId({ source: 'COS', account, place, jobId });
export const batchComputeId = (jobId: string, place = REGION, account = 'sandbox'): string =>
  encodeGlobalId({ source: 'BATCH_COMPUTE', account, place, jobId });
export const ciId = (jobId: string, place = BUCKET, account = 'sandbox'): string =>
  encodeGlobalId({ source: 'CI', account, place, jobId });

/** Looks, until stopped, how many calls of an upstream are under way at once; gives the most that it saw. */
export function watchConcurrency(world: World, upstream: UpstreamName): { stop(): number } {
  let most = 0;
  const timer = setInterval(() => {
    const open = world.calls().filter((call) => call.upstream === upstream && call.outcome === 'pending');
    most = Math.max(most, open.length);
  }, 2);
  return {
    stop: () => {
      clearInterval(timer);
      return most;
    },
  };
}

/** As the graph writes a time of whole seconds. */
export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
