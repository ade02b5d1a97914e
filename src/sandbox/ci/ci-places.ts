import type { SandboxBucket } from '../account.ts';
import { makings, placeNamed, type JobControl, type WorldOptions } from '../places.ts';
import { createCiStore, type CiStore } from './ci-store.ts';
import { ciStoreKey } from './ci-upstream.ts';
import { ciArrivals, ciWorld } from './ci-world.ts';
import { completeCiJob, type CiJobSetting, type NewCiJob } from './new-ci-job.ts';
import { sampleCiJobs } from './sample-ci-jobs.ts';

/** Jobs in the first bucket of a full world, and in each further one. */
const SIZES = { first: 300, further: 200 };
const SAMPLE_BUCKET = 'bucket-1250000000';

/** What the cursors begin with; far from zero, and different in each bucket. */
const FIRST_SEQUENCE = 4187;

/** CI's jobs by bucket, and the control over them. There is no call that deletes a CI job, hence no `remove`. */
export function createCiPlaces(
  buckets: readonly SandboxBucket[],
  options: WorldOptions,
): { stores: ReadonlyMap<string, CiStore>; control: Omit<JobControl<NewCiJob>, 'remove'> } {
  const places = new Map(buckets.map((bucket, index) => [bucket.name, createPlace(bucket, index, options)]));
  return {
    stores: new Map(
      [...places.values()].map(({ store, setting }) => [
        ciStoreKey(setting.bucket.name, setting.bucket.region),
        store,
      ]),
    ),
    control: {
      jobIds: (bucket) => {
        const nowMs = options.now();
        const newestFirst = placeNamed(places, bucket).store.all().toReversed();
        return newestFirst.flatMap(({ job }) => (job.createdAtMs <= nowMs ? [job.jobId] : []));
      },
      add: (bucket, given = {}) => {
        const { store, setting } = placeNamed(places, bucket);
        const job = completeCiJob(given, { ...setting, nowMs: options.now() });
        store.add(job);
        return job.jobId;
      },
    },
  };
}

function createPlace(
  bucket: SandboxBucket,
  index: number,
  options: WorldOptions,
): { store: CiStore; setting: CiJobSetting } {
  const setting = { bucket, ...makings(options, `ci ${bucket.name}`) };
  const store = createCiStore(FIRST_SEQUENCE * (index + 1));
  if (options.kind === 'full') {
    const samples = bucket.name === SAMPLE_BUCKET ? sampleCiJobs() : [];
    const jobs = ciWorld(setting, index === 0 ? SIZES.first : SIZES.further);
    const toCome = ciArrivals(setting, options.arrivalsPerHour);
    const fixed = samples.map((sample) => completeCiJob(sample, setting));
    for (const job of [...fixed, ...jobs, ...toCome]) {
      store.add(job);
    }
  }
  return { store, setting };
}
