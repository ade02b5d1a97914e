import type { SandboxBucket } from '../account.ts';
import type { Random } from '../random.ts';
import type { XmlElement } from '../xml.ts';

type Children = readonly XmlElement[];

/** `Operation` of a workflow run (ci-jobs.md section 5): the ids comma-joined in one element. */
export function workflowOperation(random: Random, workflowIds: readonly string[]): Children {
  const interval: Children = random.chance(0.5) ? [TIME_INTERVAL] : [];
  return [...interval, ['WorkflowIds', workflowIds.join(',')]];
}

const TIME_INTERVAL: XmlElement = [
  'TimeInterval',
  [
    ['Start', '2024-01-01T00:00:00+0800'],
    ['End', '2024-04-30T23:59:59+0800'],
  ],
];

/** One maker per kind of single-node job: together they use every element that ci-jobs.md section 5 names. */
export const CI_JOB_OPERATIONS: readonly [
  (random: Random, bucket: SandboxBucket) => Children,
  ...((random: Random, bucket: SandboxBucket) => Children)[],
] = [
  (random, bucket) => [
    ['QueueId', `p${random.hex(32)}`],
    ['UserData', 'ticket-4711 & "more" <b>'],
    ['CallBack', 'https://hooks.example.com/ci?a=1&b=2'],
    ['CallBackFormat', 'JSON'],
    ['CallBackType', 'Url'],
    ['Tag', 'Transcode'],
    ['JobParam', [['TemplateId', `t${random.hex(32)}`]]],
    output(bucket, [['Object', 'out/${InventoryTriggerJobId}/${InputName}.mp4']]),
    ['JobLevel', '1'],
  ],
  (_random, bucket) => [
    ['Tag', 'PicProcess'],
    [
      'JobParam',
      [
        [
          'PicProcess',
          [
            ['IsPicInfo', 'true'],
            ['ProcessRule', 'imageMogr2/thumbnail/200x'],
          ],
        ],
      ],
    ],
    output(bucket, [['Object', 'thumbs/${InventoryTriggerJobId}']]),
    ['JobLevel', '0'],
  ],
  (random, bucket) => [
    TIME_INTERVAL,
    ['QueueType', 'SpeedTranscoding'],
    ['FreeTranscode', 'true'],
    ['CallBack', 'no'],
    ['CallBackType', 'TDMQ'],
    [
      'CallBackMqConfig',
      [
        ['MqRegion', 'sh'],
        ['MqMode', 'Queue'],
        ['MqName', '回调队列'],
      ],
    ],
    ['Tag', 'Transcode'],
    ['JobParam', transcodeBlocks(random)],
    output(bucket, [['Object', 'speed/${InputName}.${ext}']]),
    ['JobLevel', '2'],
  ],
  (_random, bucket) => [
    ['CallBackType', 'Kafka'],
    [
      'CallBackKafkaConfig',
      [
        ['Region', 'ap-shanghai'],
        ['InstanceId', 'ckafka-1a2b3c'],
        ['Topic', 'ci-done'],
      ],
    ],
    ['Tag', 'Snapshot'],
    [
      'JobParam',
      [
        [
          'Snapshot',
          [
            ['Mode', 'Interval'],
            ['Start', '0'],
            ['TimeInterval', '5'],
            ['Count', '10'],
          ],
        ],
      ],
    ],
    output(bucket, [
      ['Object', 'snap/${InputName}-${Number}.jpg'],
      ['SpriteObject', 'snap/${InputName}-sprite-${Number}.jpg'],
    ]),
  ],
  (_random, bucket) => [
    ['Tag', 'VoiceSeparate'],
    ['JobParam', [['VoiceSeparate', [['AudioMode', 'AudioAndBackground']]]]],
    output(bucket, [
      ['Object', 'voice/${InputName}-background.mp3'],
      ['AuObject', 'voice/${InputName}-voice.mp3'],
    ]),
  ],
  (_random, bucket) => [
    ['Tag', 'StreamExtract'],
    ['JobParam', []],
    output(bucket, [
      [
        'StreamExtract',
        [
          ['Index', '0'],
          ['Object', 'streams/${InputName}-0.mp4'],
        ],
      ],
    ]),
  ],
  () => [
    ['Tag', 'VideoTag'],
    ['JobParam', [['VideoTag', [['Scenario', 'Stream']]]]],
  ],
];

function transcodeBlocks(random: Random): Children {
  return [
    ['TranscodeTemplateId', `t${random.hex(32)}`],
    ['WatermarkTemplateId', `t${random.hex(32)}`],
    ['WatermarkTemplateId', `t${random.hex(32)}`],
    [
      'DigitalWatermark',
      [
        ['Message', '版权所有'],
        ['Type', 'Text'],
        ['Version', 'V1'],
        ['IgnoreError', 'false'],
      ],
    ],
    [
      'RemoveWatermark',
      [
        ['Dx', '0'],
        ['Dy', '0'],
        ['Width', '100'],
        ['Height', '40'],
      ],
    ],
  ];
}

function output(bucket: SandboxBucket, objects: Children): XmlElement {
  return ['Output', [['Region', bucket.region], ['Bucket', bucket.name], ...objects]];
}
