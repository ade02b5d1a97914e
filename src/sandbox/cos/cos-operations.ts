import type { Random } from '../random.ts';
import type { XmlElement } from '../xml.ts';

/** The two shapes of a bucket's name in this service; both are echoed back (cos-batch.md section 1). */
export function bucketArn(random: Random, region: string, appId: string, name: string): string {
  const owner = random.chance(0.5) ? `uid/${appId}` : '';
  return `qcs::cos:${region}:${owner}:${name}-${appId}`;
}

/** Makes one operation element; `target` is a bucket ARN. */
export type OperationMaker = (random: Random, target: string) => XmlElement;

/** One maker per documented shape, every sub-element of section 7 appearing in some, and one kind that no document knows. */
export const COS_OPERATIONS: readonly [OperationMaker, ...OperationMaker[]] = [
  (_random, target) => ['COSPutObjectCopy', [['TargetResource', target]]],
  (_random, target) => ['COSPutObjectCopy', fullCopy(target)],
  (_random, target) => ['COSPutObjectCopy', conditionalCopy(target)],
  (random) => [
    'COSInitiateRestoreObject',
    [
      ['ExpirationInDays', String(random.integer(1, 365))],
      ['JobTier', random.pick(['Bulk', 'Standard'])],
    ],
  ],
  (random) => [
    'COSPutObjectTagging',
    [
      ['TaggingDirective', random.pick(['Add', 'Replaced'])],
      ['TagSet', [tag('tier', 'cold'), tag('数据', '归档')]],
    ],
  ],
  () => ['COSDeleteObject', []],
  (random) => [
    'COSPutObjectRetention',
    [
      ['Mode', 'COMPLIANCE'],
      ['RetainDays', String(random.integer(1, 3650))],
    ],
  ],
];

function fullCopy(target: string): readonly XmlElement[] {
  return [
    ['AccessControlDirective', 'Replaced'],
    [
      'AccessControlGrants',
      [grant('100000000007', 'READ', 'Ops & Co'), grant('100000000009', 'FULL_CONTROL', null)],
    ],
    ['CannedAccessControlList', 'private'],
    ['PrefixReplace', 'true'],
    ['ResourcesPrefix', 'incoming/'],
    ['TargetKeyPrefix', 'archive/2026/'],
    ['MetadataDirective', 'Add'],
    [
      'NewObjectMetadata',
      [
        ['CacheControl', 'max-age=86400'],
        ['ContentDisposition', 'attachment; filename="报告.pdf"'],
        ['ContentEncoding', 'gzip'],
        ['ContentType', 'application/pdf'],
        ['HttpExpiresDate', '2026-12-31T00:00:00Z'],
        ['SSEAlgorithm', 'AES256'],
        ['UserMetadata', [pair('member', 'owner', 'ops'), pair('member', 'note', 'a<b & "c"')]],
      ],
    ],
    ['TaggingDirective', 'Replaced'],
    ['NewObjectTagging', [tag('team', 'media'), tag('env', 'prod')]],
    ['StorageClass', 'STANDARD_IA'],
    ['TargetResource', target],
  ];
}

function conditionalCopy(target: string): readonly XmlElement[] {
  return [
    ['AccessControlDirective', 'Copy'],
    ['MetadataDirective', 'Copy'],
    ['ModifiedSinceConstraint', '1704067200'],
    ['UnModifiedSinceConstraint', '1735689600'],
    ['TaggingDirective', 'Copy'],
    ['StorageClass', 'ARCHIVE'],
    ['TargetResource', target],
  ];
}

function grant(uin: string, permission: string, displayName: string | null): XmlElement {
  const grantee: XmlElement[] = [
    ['Identifier', `qcs::cam::uin/100000000001:uin/${uin}`],
    ['TypeIdentifier', 'ID'],
  ];
  if (displayName !== null) {
    grantee.push(['DisplayName', displayName]);
  }
  return [
    'COSGrant',
    [
      ['Grantee', grantee],
      ['Permission', permission],
    ],
  ];
}

function tag(key: string, value: string): XmlElement {
  return pair('COSTag', key, value);
}

function pair(name: string, key: string, value: string): XmlElement {
  return [
    name,
    [
      ['Key', key],
      ['Value', value],
    ],
  ];
}
