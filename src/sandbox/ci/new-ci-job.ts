import type { SandboxBucket } from '../account.ts';
import type { Random } from '../random.ts';
import { wholeSecond } from '../times.ts';
import type { XmlElement } from '../xml.ts';
import type { CiJob } from './ci-job.ts';
import { pinnedCiLife } from './ci-lives.ts';
import { CI_JOB_OPERATIONS, workflowOperation } from './ci-operations.ts';

/** What is known of a job to be made; the rest is made up. `state` is short for a life that stays in it. */
export type NewCiJob = Partial<CiJob> & { readonly state?: string };

export interface CiJobSetting {
  readonly bucket: SandboxBucket;
  readonly random: Random;
  /** Creation time unless given. */
  readonly nowMs: number;
}

export function completeCiJob(
  { state = 'Success', ...given }: NewCiJob,
  { bucket, random, nowMs }: CiJobSetting,
): CiJob {
  const type = given.type ?? random.pick(['Workflow', 'Job']);
  const createdAtMs = wholeSecond(given.createdAtMs ?? nowMs);
  return {
    jobId: `b${random.hex(32)}`,
    type,
    name: `run-${random.hex(4)}`,
    life: pinnedCiLife(state, Math.max(0, nowMs - createdAtMs)),
    input: random.pick<readonly XmlElement[]>([
      [['Prefix', 'uploads/2024/']],
      [['Manifest', 'inventory/20240505/manifest.json']],
      [['UrlFile', 'lists/archive.txt']],
      [['Object', 'photos/封面 & cover.png']],
    ]),
    operation:
      type === 'Workflow'
        ? workflowOperation(random, workflowIds(random))
        : random.pick(CI_JOB_OPERATIONS)(random, bucket),
    failure: { code: 'ResourceNotFound', message: 'the manifest object does not exist' },
    hidesStartWhileRunning: type === 'Workflow' && random.chance(0.5),
    extras: [],
    ...given,
    createdAtMs,
  };
}

/** One well-known workflow, so that the filter has something to find, and now and then others with it. */
function workflowIds(random: Random): readonly string[] {
  const common = 'w0a6b3c5d7e9f41728394a5b6c7d8e9f0';
  const others = Array.from({ length: random.integer(0, 2) }, () => `w${random.hex(32)}`);
  return random.chance(0.6) ? [common, ...others] : [`w${random.hex(32)}`, ...others];
}
