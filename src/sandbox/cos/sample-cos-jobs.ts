import { still } from '../life.ts';
import { SAMPLE_COS_COPY_JOB_ID, SAMPLE_COS_RESTORE_JOB_ID } from '../sample-jobs.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../times.ts';
import type { XmlElement } from '../xml.ts';
import type { NewCosJob } from './new-cos-job.ts';

/** The first was created this long after the second, as in the sample. */
const APART_MS = 13 * MINUTE_MS + 25 * SECOND_MS;

/** The two composed jobs of cos-batch.md section 12, moved close to `startMs` so that they are listed. Neither ever changes. */
export function sampleCosJobs(startMs: number): readonly NewCosJob[] {
  const createdAtMs = startMs - 2 * HOUR_MS;
  return [copyJob(createdAtMs), restoreJob(createdAtMs - APART_MS)];
}

function copyJob(createdAtMs: number): NewCosJob {
  return {
    jobId: SAMPLE_COS_COPY_JOB_ID,
    createdAtMs,
    description: 'nightly archive copy',
    operation: ['COSPutObjectCopy', COPY],
    priority: 20,
    totalTasks: 12_000,
    failShare: 3 / 4183 + Number.EPSILON,
    life: [
      { status: 'New', fromMs: 0, done: 0 },
      { status: 'Suspended', fromMs: 12 * SECOND_MS, done: 0 },
      { status: 'Active', fromMs: MINUTE_MS, done: 4183 / 12_000 },
    ],
    confirmationRequired: true,
    manifest: [
      [
        'Location',
        [
          ['ETag', '"9f3c2a7be1d04856c0a1b27f3e5d6c48"'],
          ['ObjectArn', 'qcs::cos:ap-guangzhou:uid/1250000000:ops-1250000000/lists/2024-05-06.csv'],
        ],
      ],
      [
        'Spec',
        [
          ['Fields', ['Bucket', 'Key', 'VersionId'].map((field): XmlElement => ['member', field])],
          ['Format', 'COSBatchOperations_CSV_V1'],
        ],
      ],
    ],
    report: [
      ['Bucket', 'qcs::cos:ap-guangzhou:uid/1250000000:ops-1250000000'],
      ['Enabled', 'true'],
      ['Format', 'Report_CSV_V1'],
      ['Prefix', 'reports/copy'],
      ['ReportScope', 'FailedTasksOnly'],
    ],
    roleArn: 'qcs::cam::uin/100000000001:roleName/BatchRunner',
    updateReasons: { Active: 'confirmed by on-call' },
  };
}

const COPY: readonly XmlElement[] = [
  ['AccessControlDirective', 'Replaced'],
  [
    'AccessControlGrants',
    [
      [
        'COSGrant',
        [
          [
            'Grantee',
            [
              ['Identifier', 'qcs::cam::uin/100000000001:uin/100000000007'],
              ['TypeIdentifier', 'ID'],
            ],
          ],
          ['Permission', 'READ'],
        ],
      ],
    ],
  ],
  ['MetadataDirective', 'Add'],
  [
    'NewObjectMetadata',
    [
      ['CacheControl', 'max-age=86400'],
      ['SSEAlgorithm', 'AES256'],
      [
        'UserMetadata',
        [
          [
            'member',
            [
              ['Key', 'owner'],
              ['Value', 'ops'],
            ],
          ],
        ],
      ],
    ],
  ],
  ['TaggingDirective', 'Copy'],
  ['StorageClass', 'STANDARD_IA'],
  ['TargetResource', 'qcs::cos:ap-shanghai:uid/1250000000:cold-1250000000'],
];

function restoreJob(createdAtMs: number): NewCosJob {
  return {
    jobId: SAMPLE_COS_RESTORE_JOB_ID,
    createdAtMs,
    description: null,
    operation: [
      'COSInitiateRestoreObject',
      [
        ['ExpirationInDays', '7'],
        ['JobTier', 'Bulk'],
      ],
    ],
    priority: 5,
    totalTasks: 860,
    failShare: 0,
    life: still('Active'),
    manifest: [
      [
        'Location',
        [
          ['ETag', '"9f3c2a7be1d04856c0a1b27f3e5d6c48"'],
          ['ObjectArn', 'qcs::cos:ap-guangzhou::ops-1250000000/lists/q1/manifest.json'],
        ],
      ],
      ['Spec', [['Format', 'COSInventoryReport_CSV_V1']]],
    ],
    report: [
      ['Bucket', 'qcs::cos:ap-guangzhou::ops-1250000000'],
      ['Enabled', 'true'],
      ['Format', 'Report_CSV_V1'],
      ['ReportScope', 'AllTasks'],
    ],
    roleArn: 'qcs::cam::uin/100000000001:roleName/BatchRunner',
  };
}
