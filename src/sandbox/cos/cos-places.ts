import { makings, placeNamed, type JobControl, type WorldOptions } from '../places.ts';
import { createCosStore, type CosStore } from './cos-store.ts';
import { cosArrivals, cosWorld } from './cos-world.ts';
import { isListable } from './list-cos-jobs.ts';
import { completeCosJob, type CosJobSetting, type NewCosJob } from './new-cos-job.ts';
import { sampleCosJobs } from './sample-cos-jobs.ts';

/** Jobs in the first region of a full world, and in each further one. */
const SIZES = { first: 400, further: 250 };
const SAMPLE_REGION = 'ap-guangzhou';

/** COS's jobs by region, and the control over them. */
export function createCosPlaces(
  regions: readonly string[],
  options: WorldOptions,
): { stores: ReadonlyMap<string, CosStore>; control: JobControl<NewCosJob> } {
  const places = new Map(regions.map((region, index) => [region, createPlace(region, index, options)]));
  return {
    stores: new Map([...places].map(([region, { store }]) => [region, store])),
    control: {
      jobIds: (region) => {
        const nowMs = options.now();
        const { store } = placeNamed(places, region);
        return store.all().flatMap((job) => (isListable(job, nowMs) ? [job.jobId] : []));
      },
      add: (region, given = {}) => {
        const { store, setting } = placeNamed(places, region);
        const job = completeCosJob(given, { ...setting, nowMs: options.now() });
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
): { store: CosStore; setting: CosJobSetting } {
  const setting = { region, account: options.account, ...makings(options, `cos ${region}`) };
  const store = createCosStore();
  if (options.kind === 'full') {
    const samples = region === SAMPLE_REGION ? sampleCosJobs(setting.nowMs) : [];
    const jobs = cosWorld(setting, index === 0 ? SIZES.first : SIZES.further);
    const toCome = cosArrivals(setting, options.arrivalsPerHour);
    const fixed = samples.map((sample) => completeCosJob(sample, setting));
    for (const job of [...fixed, ...jobs, ...toCome]) {
      store.add(job);
    }
  }
  return { store, setting };
}
