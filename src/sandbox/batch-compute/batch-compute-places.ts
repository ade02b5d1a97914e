import { makings, placeNamed, type JobControl, type WorldOptions } from '../places.ts';
import { createBatchComputeStore, type BatchComputeStore } from './batch-compute-store.ts';
import { batchComputeArrivals, batchComputeWorld } from './batch-compute-world.ts';
import {
  completeBatchComputeJob,
  type BatchComputeJobSetting,
  type NewBatchComputeJob,
} from './new-batch-compute-job.ts';
import { sampleBatchComputeJobs } from './sample-batch-compute-jobs.ts';

/** Jobs in the first region of a full world, and in each further one. */
const SIZES = { first: 300, further: 150 };
const SAMPLE_REGION = 'ap-guangzhou';

/** BatchCompute's jobs by region, and the control over them. */
export function createBatchComputePlaces(
  regions: readonly string[],
  options: WorldOptions,
): { stores: ReadonlyMap<string, BatchComputeStore>; control: JobControl<NewBatchComputeJob> } {
  const places = new Map(regions.map((region, index) => [region, createPlace(region, index, options)]));
  return {
    stores: new Map([...places].map(([region, { store }]) => [region, store])),
    control: {
      jobIds: (region) => {
        const nowMs = options.now();
        const { store } = placeNamed(places, region);
        return store.all().flatMap((job) => (job.createdAtMs <= nowMs ? [job.jobId] : []));
      },
      add: (region, given = {}) => {
        const { store, setting } = placeNamed(places, region);
        const job = completeBatchComputeJob(given, { ...setting, nowMs: options.now() });
        store.add(job);
        return job.jobId;
      },
      remove: (region, jobId) => {
        placeNamed(places, region).store.remove(jobId);
      },
    },
  };
}

function createPlace(
  region: string,
  index: number,
  options: WorldOptions,
): { store: BatchComputeStore; setting: BatchComputeJobSetting } {
  const setting = { region, ...makings(options, `batch-compute ${region}`) };
  const store = createBatchComputeStore();
  if (options.kind === 'full') {
    const samples = region === SAMPLE_REGION ? sampleBatchComputeJobs() : [];
    const jobs = batchComputeWorld(setting, index === 0 ? SIZES.first : SIZES.further);
    const toCome = batchComputeArrivals(setting, options.arrivalsPerHour);
    const fixed = samples.map((sample) => completeBatchComputeJob(sample, setting));
    for (const job of [...fixed, ...jobs, ...toCome]) {
      store.add(job);
    }
  }
  return { store, setting };
}
