import type { SandboxAccount } from '../account.ts';
import type { Random } from '../random.ts';
import { wholeSecond } from '../times.ts';
import type { XmlElement } from '../xml.ts';
import type { CosJob } from './cos-job.ts';
import { pinnedCosLife } from './cos-lives.ts';
import { bucketArn, COS_OPERATIONS } from './cos-operations.ts';

/** What is known of a job to be made; the rest is made up. `status` is short for a life that stays in it. */
export type NewCosJob = Partial<CosJob> & { readonly status?: string };

export interface CosJobSetting {
  readonly region: string;
  readonly account: SandboxAccount;
  readonly random: Random;
  /** Creation time unless given. */
  readonly nowMs: number;
}

export function completeCosJob({ status = 'Complete', ...given }: NewCosJob, setting: CosJobSetting): CosJob {
  const { random, account, region } = setting;
  const ownBucket = bucketArn(random, region, account.appId, 'ops');
  const targetBucket = bucketArn(random, region, account.appId, 'cold');
  const createdAtMs = wholeSecond(given.createdAtMs ?? setting.nowMs);
  return {
    jobId: random.uuid(),
    description: null,
    operation: random.pick(COS_OPERATIONS)(random, targetBucket),
    priority: random.integer(0, 100),
    totalTasks: random.integer(1, 200_000),
    failShare: random.pick([0, 0, 0.001, 0.02]),
    life: pinnedCosLife(status, Math.max(0, setting.nowMs - createdAtMs)),
    confirmationRequired: false,
    manifest: manifest(random, ownBucket),
    report: report(random, ownBucket),
    roleArn: `qcs::cam::uin/${account.uin}:roleName/${random.pick(['COSBatch_QcsRole', 'COS_Batch_QcsRole'])}`,
    failure: null,
    updateReasons: { Complete: 'Job complete' },
    clientRequestToken: null,
    ...given,
    createdAtMs,
  };
}

/** cos-batch.md section 6. `Fields` belongs to the CSV format only. */
function manifest(random: Random, bucket: string): readonly XmlElement[] {
  const location: XmlElement[] = [
    ['ETag', `"${random.hex(32)}"`],
    ['ObjectArn', `${bucket}/lists/${random.hex(8)}.csv`],
  ];
  if (random.chance(0.15)) {
    location.push(['ObjectVersionId', `MTg0NDUx${random.hex(16)}`]);
  }
  const fields = random.pick([
    ['Bucket', 'Key'],
    ['Bucket', 'Key', 'VersionId'],
    ['Ignore', 'Bucket', 'Key'],
  ]);
  const spec: readonly XmlElement[] = random.chance(0.7)
    ? [
        ['Fields', fields.map((field): XmlElement => ['member', field])],
        ['Format', 'COSBatchOperations_CSV_V1'],
      ]
    : [['Format', 'COSInventoryReport_CSV_V1']];
  return [
    ['Location', location],
    ['Spec', spec],
  ];
}

function report(random: Random, bucket: string): readonly XmlElement[] {
  const prefix: readonly XmlElement[] = random.chance(0.6) ? [['Prefix', `reports/${random.hex(4)}`]] : [];
  return [
    ['Bucket', bucket],
    ['Enabled', String(random.chance(0.9))],
    ['Format', 'Report_CSV_V1'],
    ...prefix,
    ['ReportScope', random.pick(['AllTasks', 'FailedTasksOnly'])],
  ];
}
