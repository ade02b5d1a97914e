import { readFileSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import { XMLParser } from 'fast-xml-parser';
import {
  buildSchema,
  getNamedType,
  getNullableType,
  type GraphQLOutputType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isObjectType,
  isOutputType,
} from 'graphql';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lifeOf, still } from '../src/sandbox/life.ts';
import type { XmlElement } from '../src/sandbox/xml.ts';
import { listen } from '../src/server/connections/listen.ts';
import { BUCKET, dataOf, REGION } from './e2e/support.ts';
import { startWorld, type World } from './support/world.ts';

const schema = buildSchema(readFileSync(new URL('../schema/api.graphql', import.meta.url), 'utf8'));

const JOB_TYPES = ['CosJob', 'BatchComputeJob', 'CiJob'] as const;

/** A row of a table of the document: the names in its first two cells, and the third cell. */
interface Row {
  readonly section: string;
  /** The first cell of the table's head. */
  readonly kind: string;
  readonly name: string;
  /** Of the middle cell; empty for a dash. */
  readonly graph: readonly string[];
  readonly cells: readonly string[];
}

const rows = rowsOf(readFileSync(new URL('../docs/fields.md', import.meta.url), 'utf8'));
const elements = rows.filter(({ kind }) => kind === 'Element');
const parameters = rows.filter(({ kind }) => kind === 'Parameter');
const derived = rows.filter(({ kind }) => kind === 'Derived field').map(({ name }) => name);
const alwaysNull = rows.filter(({ kind }) => kind === 'Field that is always null').map(({ name }) => name);
const statuses = rows.filter(({ kind }) => kind === 'Type of job');

function rowsOf(document: string): Row[] {
  const found: Row[] = [];
  let section = '';
  let kind: string | null = null;
  for (const line of document.split('\n')) {
    if (line.startsWith('## ')) {
      section = line.slice(3);
    }
    const cells = line.split('|').map((cell) => cell.trim());
    const [, first = '', ...others] = cells.slice(0, -1);
    if (!line.startsWith('|')) {
      kind = null;
    } else if (kind === null) {
      kind = first;
    } else if (!/^-+$/.test(first)) {
      found.push({
        section,
        kind,
        name: codesOf(first)[0] ?? '',
        graph: codesOf(others[0] ?? ''),
        cells: others,
      });
    }
  }
  return found;
}

function codesOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

// ---- Paths of the graph

interface Step {
  readonly name: string;
  /** Of these types only. */
  readonly on: string | null;
  readonly each: boolean;
}

interface GraphPath {
  readonly root: string;
  readonly steps: readonly Step[];
}

function graphPathOf(text: string): GraphPath {
  const [root = '', ...steps] = text.split('.');
  return {
    root,
    steps: steps.map((step) => {
      const [, name = '', on = null, each] = /^(\w+)(?:<(\w+)>)?(\[\])?$/.exec(step) ?? [];
      return { name, on, each: each !== undefined };
    }),
  };
}

/** The output type that a path leads to, or what is wrong with the path. */
function typeAt(text: string): GraphQLOutputType | string {
  const { root, steps } = graphPathOf(text);
  const start = schema.getType(root);
  let type: GraphQLOutputType | string = isOutputType(start) ? start : `there is no type ${root}`;
  for (const step of steps) {
    type = typeof type === 'string' ? type : typeBelow(type, step);
  }
  return type;
}

function typeBelow(parent: GraphQLOutputType, { name, on, each }: Step): GraphQLOutputType | string {
  if (!isObjectType(parent) && !isInterfaceType(parent)) {
    return `nothing can be below ${String(parent)}, not even ${name}`;
  }
  const field = parent.getFields()[name];
  if (field === undefined) {
    return `${parent.name} has no field ${name}`;
  }
  const type = getNullableType(field.type);
  if (each) {
    return isListType(type) ? getNullableType(type.ofType) : `${parent.name}.${name} is no list`;
  }
  if (on === null) {
    return type;
  }
  const kinds = isAbstractType(type) ? schema.getPossibleTypes(type) : [];
  return kinds.find((kind) => kind.name === on) ?? `${parent.name}.${name} is never a ${on}`;
}

/** What is wrong with an argument or a field of an input type; null when it is there. */
function inputFault(text: string): string | null {
  const [, query, argument] = /^Query\.(\w+)\((\w+)\)$/.exec(text) ?? [];
  if (query !== undefined) {
    const field = schema.getQueryType()?.getFields()[query];
    return field?.args.some(({ name }) => name === argument) === true ? null : `there is no ${text}`;
  }
  const [typeName = '', name = ''] = text.split('.');
  const type = schema.getType(typeName);
  return isInputObjectType(type) && type.getFields()[name] !== undefined ? null : `there is no ${text}`;
}

/** Every field below a type by its path, without marks for lists; an abstract type also by each of its types. */
function fieldPaths(typeName: string, path = typeName, known: readonly string[] = []): string[] {
  const type = schema.getType(typeName);
  const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
  const paths: string[] = [];
  for (const { name, type: of } of fields.filter((field) => !known.includes(field.name))) {
    const own = `${path}.${name}`;
    const under = getNamedType(of);
    const shared = isInterfaceType(under) ? Object.keys(under.getFields()) : [];
    paths.push(own, ...fieldPaths(under.name, own));
    for (const kind of isAbstractType(under) ? schema.getPossibleTypes(under) : []) {
      const narrowed = `${own}<${kind.name}>`;
      paths.push(narrowed, ...fieldPaths(kind.name, narrowed, shared));
    }
  }
  return paths;
}

/** `Job` means all three types of job. */
function perType(path: string): string[] {
  return path.startsWith('Job.') ? JOB_TYPES.map((type) => type + path.slice('Job'.length)) : [path];
}

const withoutMarks = (path: string): string => path.replaceAll('[]', '');

// ---- The vendor's pages

const PROGRESS = ['NumberOfTasksFailed', 'NumberOfTasksSucceeded', 'TotalNumberOfTasks'];
const COUNTS = [
  'PendingCount',
  'FailedCount',
  'StartingCount',
  'SucceedCount',
  'FailedInterruptedCount',
  'SubmittedCount',
  'RunnableCount',
  'RunningCount',
];
const below = (path: string, names: readonly string[]): string[] => [
  path,
  ...names.map((name) => path + name),
];
const inside = (path: string, names: readonly string[]): string[] => [
  path,
  ...names.map((name) => `${path}/${name}`),
];

/** What the pages name: the skeleton or the example of the answer, what only their tables add, and the parameters. */
const PAGES = [
  {
    section: 'ListJobs (COS)',
    sample: 'cos/list-skeleton.xml',
    elements: [
      'ListJobsResult',
      'Jobs',
      ...inside('Jobs/member', ['CreationTime', 'Description', 'JobId', 'Operation', 'Priority']),
      ...inside('Jobs/member/ProgressSummary', PROGRESS),
      'Jobs/member/Status',
      'Jobs/member/TerminationDate',
      'NextToken',
    ],
    added: [],
    parameters: ['jobStatuses', 'maxResults', 'nextToken', 'x-cos-appid'],
  },
  {
    section: 'DescribeJob (COS)',
    sample: 'cos/describe-skeleton.xml',
    elements: [
      'DescribeJobResult',
      ...inside('Job', ['ConfirmationRequired', 'CreationTime', 'Description', 'FailureReasons', 'JobId']),
      ...inside('Job/FailureReasons/JobFailure', ['FailureCode', 'FailureReason']),
      'Job/Manifest',
      ...inside('Job/Manifest/Location', ['ETag', 'ObjectArn']),
      ...inside('Job/Manifest/Spec', ['Format']),
      'Job/Operation',
      ...inside('Job/Operation/COSPutObjectCopy', [
        'CannedAccessControlList',
        'MetadataDirective',
        'NewObjectMetadata',
        'NewObjectMetadata/SSEAlgorithm',
        'NewObjectMetadata/UserMetadata',
        'NewObjectMetadata/UserMetadata/member',
        'NewObjectMetadata/UserMetadata/member/Key',
        'NewObjectMetadata/UserMetadata/member/Value',
        'StorageClass',
        'TargetResource',
      ]),
      'Job/Priority',
      ...inside('Job/ProgressSummary', PROGRESS),
      ...inside('Job/Report', ['Bucket', 'Enabled', 'Format', 'Prefix', 'ReportScope']),
      'Job/RoleArn',
      'Job/Status',
      'Job/StatusUpdateReason',
      'Job/SuspendedCause',
      'Job/SuspendedDate',
      'Job/TerminationDate',
    ],
    added: ['Job/ClientRequestToken'],
    parameters: ['JobId', 'x-cos-appid'],
  },
  {
    section: 'DescribeJobs (BatchCompute)',
    sample: 'batch-compute/describe-jobs-seed.json',
    elements: [
      'Response',
      'TotalCount',
      'JobSet',
      'JobSet[]',
      ...['EndTime', 'JobState', 'JobId', 'Priority', 'JobName', 'CreateTime'].map(
        (name) => `JobSet[].${name}`,
      ),
      'JobSet[].Tags',
      ...below('JobSet[].Tags[]', ['.Key', '.Value']),
      'JobSet[].TaskMetrics',
      ...COUNTS.map((name) => `JobSet[].TaskMetrics.${name}`),
      ...below('JobSet[].Placement', ['.Zone']),
      'RequestId',
    ],
    added: [],
    parameters: [
      'Action',
      'Version',
      'Region',
      'JobIds.N',
      'Filters.N',
      'job-id',
      'job-name',
      'job-state',
      'zone',
      'tag-key',
      'tag-value',
      'tag:tag-key',
      'Offset',
      'Limit',
    ],
  },
  {
    section: 'Querying Job (CI)',
    sample: 'ci/describe-workflow-seed.xml',
    elements: [
      'Response',
      'RequestId',
      ...inside('JobsDetail', ['Code', 'Type', 'Message', 'Name', 'JobId', 'State']),
      'JobsDetail/CreationTime',
      'JobsDetail/StartTime',
      'JobsDetail/EndTime',
      ...inside('JobsDetail/Input', ['Prefix']),
      'JobsDetail/Operation',
      ...inside('JobsDetail/Operation/TimeInterval', ['Start', 'End']),
      'JobsDetail/Operation/WorkflowIds',
    ],
    added: ['NonExistJobIds'],
    parameters: ['jobId', 'Host'],
  },
] as const;

/** The statuses that both COS pages list. */
const COS_STATUSES =
  'Active, Cancelled, Cancelling, Complete, Completing, Failed, Failing, New, Paused, Pausing, Preparing, Ready, Suspended';

type Tree = Readonly<Record<string, unknown>>;

const xml = new XMLParser({ ignoreAttributes: true, ignoreDeclaration: true, parseTagValue: false });

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The name of the root element and what it holds. */
function parseAnswer(text: string): { readonly root: string; readonly content: Tree } {
  const [[root, content] = ['', null]] = Object.entries(
    (text.startsWith('{') ? JSON.parse(text) : xml.parse(text)) as Tree,
  );
  return { root, content: isTree(content) ? content : {} };
}

/** Every element of an answer by its path; lists are marked in JSON only. */
function elementPaths(value: unknown, path: string, isXml: boolean): string[] {
  if (Array.isArray(value)) {
    const each = isXml ? path : `${path}[]`;
    return [path, ...value.flatMap((item) => [each, ...elementPaths(item, each, isXml)])];
  }
  const children = isTree(value) ? Object.entries(value) : [];
  return [
    path,
    ...children.flatMap(([name, child]) =>
      elementPaths(child, path === '' ? name : `${path}${isXml ? '/' : '.'}${name}`, isXml),
    ),
  ];
}

/** What a vendor path leads to. In XML an element that repeats stands for each of its occurrences. */
function vendorValues(content: Tree, path: string, isXml: boolean): unknown[] {
  let values: unknown[] = [content];
  for (const step of path.split(isXml ? '/' : '.')) {
    const each = isXml || step.endsWith('[]');
    const name = step.replace('[]', '');
    values = values
      .filter(isTree)
      .flatMap((tree) => {
        if (name === 'name()') {
          return Object.keys(tree);
        }
        return name === '*' ? Object.values(tree) : [tree[name]];
      })
      .flatMap((value) => (each && Array.isArray(value) ? (value as unknown[]) : [value]));
  }
  return values.filter((value) => value !== undefined && value !== null);
}

// ---- Answers of the graph

/** All fields of a type, and of what is below. */
function selectionOf(typeName: string): string {
  const type = schema.getType(typeName);
  if (!isCompositeType(type)) {
    return '';
  }
  const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
  const kinds = isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [];
  return `{
    __typename
    ${fields.map(({ name, type: of }) => `${name} ${selectionOf(getNamedType(of).name)}`).join('\n')}
    ${kinds.map((kind) => `... on ${kind} ${selectionOf(kind)}`).join('\n')}
  }`;
}

/** What a graph path leads to, without nulls and without lists that hold nothing. */
function graphValues(start: readonly unknown[], steps: readonly Step[]): unknown[] {
  let values = [...start];
  for (const { name, on, each } of steps) {
    values = values
      .filter(isTree)
      .map((tree) => tree[name])
      .flatMap((value) => (each && Array.isArray(value) ? (value as unknown[]) : [value]))
      .filter((value) => on === null || (isTree(value) && value['__typename'] === on));
  }
  return values.filter((value) => value !== null && !(Array.isArray(value) && value.length === 0));
}

// ---- What a vendor's value becomes

/** Containers are compared by their number: what they hold has rows of its own. */
function isContainer(path: string): boolean {
  const type = typeAt(path);
  return typeof type !== 'string' && (isListType(type) || isCompositeType(type));
}

function translated(path: string, element: string, value: unknown): unknown {
  const type = typeAt(path);
  const word = String(value);
  switch (typeof type === 'string' ? type : getNamedType(type).name) {
    case 'Int':
    case 'SafeInt':
      return Number(value);
    case 'Boolean':
      return word === 'true';
    case 'DateTime':
      return `${new Date(word.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')).toISOString().slice(0, 19)}Z`;
    case 'CosJobStatus':
    case 'BatchComputeJobState':
    case 'CiJobState':
    case 'CiJobType':
      return word.toUpperCase();
    case 'JobStatus':
      return statusOf(graphPathOf(path).root, word);
    case 'JSON':
      return value;
    default:
      return element.endsWith('WorkflowIds') ? word.split(',') : value;
  }
}

function statusOf(jobType: string, word: string): string | undefined {
  const row = statuses.find(({ name, graph }) => name === jobType && graph[0] === word);
  return codesOf(row?.cells[1] ?? '')[0];
}

// ---- Worlds with jobs that carry every element

/** One answer of an upstream, and what the graph made of it. */
interface Case {
  readonly content: Tree;
  readonly isXml: boolean;
  /** By type. */
  readonly graph: Readonly<Record<string, readonly unknown[]>>;
}

interface RecordedAnswer {
  /** X-TC-Action, or the root element. */
  readonly name: string;
  readonly content: Tree;
}

interface Recorder {
  /** Stands before an upstream; gives the address to use instead. */
  before(endpoint: string | null): string;
  readonly answers: RecordedAnswer[];
  close(): Promise<void>;
}

/** Passes calls on as they are, and keeps the answers. */
async function startRecorder(): Promise<Recorder> {
  const answers: RecordedAnswer[] = [];
  const agent = new Agent();
  let target = '';
  const server = await listen(
    (incoming, outgoing) => {
      const { method = '', url = '', headers } = incoming;
      const { connection: _connection, ...passed } = headers;
      const pass = async (): Promise<void> => {
        const body = await readAll(incoming);
        const answer = await request(target + url, {
          method,
          headers: passed as Record<string, string>,
          body: body === '' ? null : body,
          dispatcher: agent,
        });
        const text = await answer.body.text();
        const { root, content } = parseAnswer(text);
        const action = headers['x-tc-action'];
        answers.push({ name: typeof action === 'string' ? action : root, content });
        outgoing.writeHead(answer.statusCode, { 'content-type': String(answer.headers['content-type']) });
        outgoing.end(text);
      };
      pass().catch((error: unknown) => outgoing.destroy(error as Error));
    },
    { host: '127.0.0.1', port: 0 },
  );
  return {
    answers,
    before: (endpoint) => {
      target = endpoint ?? '';
      return server.url;
    },
    close: async () => {
      await server.close(0);
      await agent.close();
    },
  };
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const hoursAgo = (hours: number): number =>
  Math.floor(Date.now() / SECOND_MS) * SECOND_MS - hours * 60 * MINUTE_MS;
const wordsOf = (jobType: string): string[] =>
  statuses.filter(({ name }) => name === jobType).map(({ graph }) => graph[0] ?? '');

const tag = (name: string, key: string, value: string): XmlElement => [
  name,
  [
    ['Key', key],
    ['Value', value],
  ],
];

const COPY: XmlElement = [
  'COSPutObjectCopy',
  [
    ['AccessControlDirective', 'Replaced'],
    [
      'AccessControlGrants',
      ['READ', 'FULL_CONTROL'].map((permission, index): XmlElement => [
        'COSGrant',
        [
          [
            'Grantee',
            [
              ['DisplayName', `grantee ${index} & co`],
              ['Identifier', `qcs::cam::uin/100000000001:uin/10000000000${index}`],
              ['TypeIdentifier', 'ID'],
            ],
          ],
          ['Permission', permission],
        ],
      ]),
    ],
    ['CannedAccessControlList', 'public-read'],
    ['MetadataDirective', 'Add'],
    ['ModifiedSinceConstraint', '1704067200'],
    [
      'NewObjectMetadata',
      [
        ['CacheControl', 'max-age=86400'],
        ['ContentDisposition', 'attachment; filename="a.bin"'],
        ['ContentEncoding', 'gzip'],
        ['ContentType', 'application/octet-stream'],
        ['HttpExpiresDate', 'Wed, 21 Oct 2026 07:28:00 GMT'],
        ['SSEAlgorithm', 'AES256'],
        ['UserMetadata', [tag('member', 'x-owner', 'ops <team>'), tag('member', 'x-empty', '')]],
      ],
    ],
    ['NewObjectTagging', [tag('COSTag', 'tier', 'cold'), tag('COSTag', '数据', '归档')]],
    ['PrefixReplace', 'true'],
    ['ResourcesPrefix', 'incoming/'],
    ['StorageClass', 'STANDARD_IA'],
    ['TaggingDirective', 'Copy'],
    ['TargetKeyPrefix', 'archive/'],
    ['TargetResource', 'qcs::cos:ap-shanghai:uid/1250000000:cold-1250000000'],
    ['UnModifiedSinceConstraint', '1735689600'],
  ],
];

const RESTORE: XmlElement = [
  'COSInitiateRestoreObject',
  [
    ['ExpirationInDays', '17'],
    ['JobTier', 'Bulk'],
  ],
];

const TAGGING: XmlElement = [
  'COSPutObjectTagging',
  [
    ['TaggingDirective', 'Replaced'],
    ['TagSet', [tag('COSTag', 'team', 'media'), tag('COSTag', 'flag', '')]],
  ],
];

const UNKNOWN_OPERATION: XmlElement = [
  'COSPutObjectRetention',
  [
    ['Mode', 'COMPLIANCE'],
    ['Rule', [['Days', '30']]],
    ['Rule', [['Days', '0060']]],
  ],
];

function addCosJobs({ sandbox }: World): void {
  sandbox.cos.add(REGION, {
    createdAtMs: hoursAgo(5),
    description: 'nightly "copy" & check',
    operation: COPY,
    priority: 2_147_483_647,
    totalTasks: 12_000,
    life: [
      { status: 'New', fromMs: 0, done: 0 },
      { status: 'Suspended', fromMs: 12 * SECOND_MS, done: 0 },
    ],
    confirmationRequired: true,
    clientRequestToken: 'b7d1f3a9-token',
    manifest: [
      [
        'Location',
        [
          ['ETag', '"9f3c2a7be1d04856c0a1b27f3e5d6c48"'],
          ['ObjectArn', 'qcs::cos:ap-guangzhou::ops-1250000000/lists/1.csv'],
          ['ObjectVersionId', 'MTg0NDUxNTc'],
        ],
      ],
      [
        'Spec',
        [
          ['Fields', ['Ignore', 'Bucket', 'Key'].map((field): XmlElement => ['member', field])],
          ['Format', 'COSBatchOperations_CSV_V1'],
        ],
      ],
    ],
    report: [
      ['Bucket', 'qcs::cos:ap-guangzhou::reports-1250000000'],
      ['Enabled', 'false'],
      ['Format', 'Report_CSV_V1'],
      ['Prefix', 'reports/copy'],
      ['ReportScope', 'FailedTasksOnly'],
    ],
    roleArn: 'qcs::cam::uin/100000000001:roleName/BatchRunner',
    updateReasons: { Suspended: 'held for on-call' },
  });
  sandbox.cos.add(REGION, {
    createdAtMs: hoursAgo(4),
    operation: RESTORE,
    totalTasks: 1_000,
    failShare: 0.02,
    life: lifeOf([{ status: 'Active', forMs: 90 * SECOND_MS, doneAfter: 0.5 }], 'Failed'),
    failure: { code: 'ManifestUnreadable', reason: 'the role may not read the manifest' },
  });
  for (const operation of [TAGGING, ['COSDeleteObject', []] as XmlElement, UNKNOWN_OPERATION]) {
    sandbox.cos.add(REGION, { createdAtMs: hoursAgo(3), operation });
  }
  for (const status of wordsOf('CosJob')) {
    const failure = { code: `${status}Code`, reason: `while ${status}` };
    sandbox.cos.add(REGION, { createdAtMs: hoursAgo(2), status, operation: TAGGING, failure });
  }
}

function addBatchComputeJobs({ sandbox }: World): void {
  const ended = (status: string, minutes: number) =>
    lifeOf([{ status: 'RUNNING', forMs: minutes * MINUTE_MS }], status);
  const task = (name: string, life = still('PENDING'), instances = 3) => ({
    name,
    instances,
    life,
    showsTimes: true,
  });
  const states = wordsOf('BatchComputeJob');
  sandbox.batchCompute.add(REGION, {
    createdAtMs: hoursAgo(6),
    jobName: 'every counter',
    priority: 77,
    zone: 'ap-guangzhou-4',
    placement: { Zone: 'ap-guangzhou-4', ProjectId: 1_001, HostId: 'host-1', HostIds: ['host-2', 'host-3'] },
    tags: [
      { Key: 'team', Value: 'media' },
      { Key: 'tier', Value: 'cold & "old"' },
    ],
    // As many tasks in each state as no other state has.
    tasks: states.flatMap((state, index) =>
      Array.from({ length: index + 1 }, (_, copy) => task(`${state}-${copy}`, still(state), 11)),
    ),
    dependences: [
      { StartTask: 'SUBMITTED-0', EndTask: 'PENDING-0' },
      { StartTask: 'PENDING-0', EndTask: 'PENDING-1' },
    ],
    stateReason: 'a machine broke; it is kept',
  });
  sandbox.batchCompute.add(REGION, {
    createdAtMs: hoursAgo(5),
    tasks: [task('done', ended('SUCCEED', 7)), task('broken', ended('FAILED', 9))],
    stateReason: 'exit code 3',
  });
  sandbox.batchCompute.add(REGION, {
    createdAtMs: hoursAgo(4),
    state: 'RUNNABLE',
    terminatingFromMs: 0,
    placement: null,
    tags: [],
  });
  for (const state of states) {
    sandbox.batchCompute.add(REGION, { createdAtMs: hoursAgo(3), state });
  }
}

function addCiJobs({ sandbox }: World): void {
  sandbox.ci.add(BUCKET, {
    createdAtMs: hoursAgo(6),
    type: 'Workflow',
    name: 'backfill & check',
    state: 'Success',
    input: [['Prefix', 'uploads/2024/']],
    operation: [
      [
        'TimeInterval',
        [
          ['Start', '2022-02-01T04:00:00+0800'],
          ['End', '2022-05-01T12:00:00-0130'],
        ],
      ],
      ['WorkflowIds', 'w7476ff3564ee45b7b490d64bccaba6cc,w0a6b3c5d7e9f41728394a5b6c7d8e9f0'],
    ],
    extras: [
      ['Tag', 'MediaInfo'],
      ['QueueId', 'pOfTheWholeJob'],
    ],
  });
  sandbox.ci.add(BUCKET, {
    createdAtMs: hoursAgo(5),
    type: 'Job',
    state: 'Running',
    hidesStartWhileRunning: false,
    input: [['UrlFile', 'lists/archive.txt']],
    operation: [
      ['Tag', 'Transcode'],
      ['QueueId', 'pOfTheOperation'],
      ['QueueType', 'SpeedTranscoding'],
      ['UserData', 'ticket-4711 & "more" <b>'],
      ['JobLevel', '2'],
      ['CallBack', 'https://hooks.example.com/ci?a=1&b=2'],
      ['CallBackFormat', 'JSON'],
      ['CallBackType', 'Kafka'],
      [
        'JobParam',
        [
          ['TemplateId', 't1'],
          ['WatermarkTemplateId', 't2'],
          ['WatermarkTemplateId', 't3'],
          ['RemoveWatermark', [['Dx', '007']]],
        ],
      ],
      [
        'Output',
        [
          ['Region', 'ap-chengdu'],
          ['Bucket', 'out-1250000000'],
          ['Object', 'out/${InputName}.mp4'],
          ['AuObject', 'au/${InputName}'],
          ['SpriteObject', 'sprite/${Number}'],
        ],
      ],
    ],
  });
  sandbox.ci.add(BUCKET, {
    createdAtMs: hoursAgo(4),
    state: 'Failed',
    input: [['Manifest', 'inventory/manifest.json']],
    failure: { code: 'ResourceAccessDenied', message: 'the role may not read it' },
  });
  sandbox.ci.add(BUCKET, { createdAtMs: hoursAgo(3), input: [['Object', 'photos/封面 & cover.png']] });
  for (const state of wordsOf('CiJob')) {
    sandbox.ci.add(BUCKET, { createdAtMs: hoursAgo(2), state });
  }
}

/** The jobs of each API with the answers that they come from, by section of the document. */
async function gatherCases(): Promise<Record<string, Case[]>> {
  const [cos, batchCompute, ci] = [await startRecorder(), await startRecorder(), await startRecorder()];
  const world = await startWorld({
    sandbox: { world: 'empty' },
    account: (account) => ({
      ...account,
      cos: account.cos && { ...account.cos, endpoint: cos.before(account.cos.endpoint) },
      batchCompute: account.batchCompute && {
        ...account.batchCompute,
        endpoint: batchCompute.before(account.batchCompute.endpoint),
      },
      ci: account.ci && { ...account.ci, endpoint: ci.before(account.ci.endpoint) },
    }),
  });
  /** What one query gives, and the only answer of this name that it costs. */
  const ask = async (query: string, recorder: Recorder, name: string) => {
    recorder.answers.length = 0;
    const data = dataOf(await world.askText(query));
    const named = recorder.answers.filter((answer) => answer.name === name);
    expect(named).toHaveLength(1);
    return { graph: Object.values(data)[0], content: named[0]?.content ?? {} };
  };
  const listing = async (jobType: string, field: string, recorder: Recorder, name: string): Promise<Case> => {
    const query = `{ ${field}(first: 100) { totalCount nodes ${selectionOf(jobType)} } }`;
    const { graph, content } = await ask(query, recorder, name);
    const nodes = (graph as { nodes: unknown[] }).nodes;
    return {
      content,
      isXml: recorder !== batchCompute,
      graph: { [`${jobType}Connection`]: [graph], [jobType]: nodes },
    };
  };
  const alone = async (
    jobType: string,
    field: string,
    recorder: Recorder,
    name: string,
    jobIds: readonly string[],
  ): Promise<Case[]> => {
    const cases: Case[] = [];
    for (const jobId of jobIds) {
      const query = `{ ${field}(jobId: "${jobId}") ${selectionOf(jobType)} }`;
      const { graph, content } = await ask(query, recorder, name);
      cases.push({ content, isXml: recorder !== batchCompute, graph: { [jobType]: [graph] } });
    }
    return cases;
  };
  try {
    addCosJobs(world);
    addBatchComputeJobs(world);
    addCiJobs(world);
    const { sandbox } = world;
    const batchComputeIds = sandbox.batchCompute.jobIds(REGION);
    return {
      'ListJobs (COS)': [await listing('CosJob', 'cosJobs', cos, 'ListJobsResult')],
      'DescribeJob (COS)': await alone(
        'CosJob',
        'cosJob',
        cos,
        'DescribeJobResult',
        sandbox.cos.jobIds(REGION),
      ),
      'DescribeJobs (BatchCompute)': [
        await listing('BatchComputeJob', 'batchComputeJobs', batchCompute, 'DescribeJobs'),
      ],
      'DescribeJob (BatchCompute)': await alone(
        'BatchComputeJob',
        'batchComputeJob',
        batchCompute,
        'DescribeJob',
        batchComputeIds,
      ),
      'Querying Job (CI)': await alone('CiJob', 'ciJob', ci, 'Response', sandbox.ci.jobIds(BUCKET)),
    };
  } finally {
    await world.close();
    await Promise.all([cos, batchCompute, ci].map((recorder) => recorder.close()));
  }
}

/** Whether a graph path tells of this case at all. */
function tells({ graph }: Case, path: string, element: string): boolean {
  const { root, steps } = graphPathOf(path);
  const jobs = graph[root] ?? [];
  if (steps[0]?.name === 'failures') {
    return jobs.some((job) => isTree(job) && job['status'] === 'FAILED');
  }
  // Any other operation: those that the graph knows have rows of their own.
  const on = steps.findIndex((step) => step.on !== null);
  return !element.endsWith('/*') || graphValues(jobs, steps.slice(0, on + 1)).length > 0;
}

/** What a graph path has to hold: of the elements that share it, the first that is told. */
function expectedValues(one: Case, section: string, path: string): unknown[] {
  const sources = elements.filter((row) => row.section === section && row.graph.includes(path));
  for (const { name } of sources) {
    const values = tells(one, path, name) ? vendorValues(one.content, name, one.isXml) : [];
    const isTime = String(typeAt(path)).startsWith('DateTime');
    const told = isContainer(path)
      ? values.filter((value) => !Array.isArray(value) || value.length > 0)
      : values.filter((value) => value !== '' && !(isTime && value === '-'));
    if (told.length > 0) {
      return isContainer(path) ? told : told.flatMap((value) => translated(path, name, value));
    }
  }
  return [];
}

// ---- The tests

const sections = [...new Set(elements.map(({ section }) => section))];

describe('the document about fields', () => {
  it('has a table of elements and one of parameters for each API', () => {
    expect(sections).toEqual([
      'ListJobs (COS)',
      'DescribeJob (COS)',
      'DescribeJobs (BatchCompute)',
      'DescribeJob (BatchCompute)',
      'Querying Job (CI)',
    ]);
    expect([...new Set(parameters.map(({ section }) => section))]).toEqual(sections);
    expect(derived).not.toEqual([]);
    expect(alwaysNull).not.toEqual([]);
  });

  it('names every element and parameter of an API in one row only', () => {
    const names = rows
      .filter(({ kind }) => kind !== 'Type of job')
      .map(({ section, kind, name }) => `${section}, ${kind} ${name}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(rows.filter(({ name }) => name === '')).toEqual([]);
  });

  it('says why wherever the graph has no such field', () => {
    const silent = [...elements, ...parameters].filter(
      ({ graph, cells }) => graph.length === 0 && !(cells[0] === '—' && (cells[1] ?? '').length > 10),
    );
    expect(silent).toEqual([]);
  });

  it('leads only to fields that the schema has', () => {
    const paths = [
      ...elements.flatMap(({ graph }) => graph),
      ...[...derived, ...alwaysNull].flatMap(perType),
    ];
    const faults = paths.map(typeAt).filter((type) => typeof type === 'string');
    expect(faults).toEqual([]);
    expect(paths.length).toBeGreaterThan(150);
  });

  it('leads only to arguments and input fields that the schema has', () => {
    const paths = parameters.flatMap(({ graph }) => graph);
    expect(paths.map(inputFault).filter((fault) => fault !== null)).toEqual([]);
    expect(paths.length).toBeGreaterThan(15);
  });

  it.each(JOB_TYPES)('has every field of %s and of the types below it', (jobType) => {
    const mapped = elements.flatMap(({ graph }) => graph);
    const documented = new Set(
      [...mapped, ...[...derived, ...alwaysNull].flatMap(perType)].map(withoutMarks),
    );
    const nulls = alwaysNull.map((path) => `${path}.`);
    const missing = fieldPaths(jobType).filter(
      (path) => !documented.has(path) && !nulls.some((parent) => path.startsWith(parent)),
    );
    expect(missing).toEqual([]);
  });

  it('calls no field derived or always null that stands for an element', () => {
    const mapped = new Set(elements.flatMap(({ graph }) => graph).map(withoutMarks));
    const both = [...derived, ...alwaysNull]
      .flatMap(perType)
      .filter((path) => mapped.has(withoutMarks(path)) && !path.endsWith('.failures'));
    expect(both).toEqual([]);
  });

  it('translates exactly the statuses that the vendor lists', () => {
    expect(wordsOf('CosJob').toSorted()).toEqual(COS_STATUSES.split(', '));
    const enums = { CosJob: 'CosJobStatus', BatchComputeJob: 'BatchComputeJobState', CiJob: 'CiJobState' };
    for (const jobType of JOB_TYPES) {
      const type = schema.getType(enums[jobType]);
      const values = isEnumType(type) ? type.getValues().map(({ name }) => name) : [];
      const words = wordsOf(jobType).map((word) => word.toUpperCase());
      expect([...words, 'UNKNOWN'].toSorted()).toEqual(values.toSorted());
    }
  });
});

describe.each(PAGES)(
  'the page of $section',
  ({ section, sample, elements: named, added, parameters: asked }) => {
    const inSection = (list: readonly Row[]): string[] =>
      list.filter((row) => row.section === section).map(({ name }) => name);

    it('prints exactly the elements that are listed here', () => {
      const text = readFileSync(new URL(`fixtures/${sample}`, import.meta.url), 'utf8').trim();
      const { root, content } = parseAnswer(text);
      const printed = new Set([root, ...elementPaths(content, '', text.startsWith('<'))]);
      printed.delete('');
      expect([...printed].toSorted()).toEqual([...named].toSorted());
    });

    it('names no element that the document leaves out', () => {
      const documented = inSection(elements);
      expect([...named, ...added].filter((name) => !documented.includes(name))).toEqual([]);
    });

    it('names no parameter that the document leaves out, and the document no other', () => {
      expect(inSection(parameters).toSorted()).toEqual([...asked].toSorted());
    });
  },
);

describe('a world whose jobs carry every element', () => {
  let cases: Record<string, Case[]> = {};
  beforeAll(async () => {
    cases = await gatherCases();
  });
  afterAll(() => {
    cases = {};
  });

  const pairs = elements.flatMap(({ section, name, graph }) =>
    graph.map((path) => ({ section, name, path })),
  );

  it.each(pairs)('shows $name of $section in $path', ({ section, name, path }) => {
    const { root, steps } = graphPathOf(path);
    let carried = 0;
    for (const one of cases[section] ?? []) {
      const expected = expectedValues(one, section, path);
      const actual = graphValues(one.graph[root] ?? [], steps);
      if (isContainer(path)) {
        expect(actual).toHaveLength(expected.length);
      } else {
        expect(actual).toEqual(expected);
      }
      const own = tells(one, path, name) ? vendorValues(one.content, name, one.isXml) : [];
      carried += expected.length > 0 ? own.length : 0;
    }
    expect(carried).toBeGreaterThan(0);
  });

  it.each(sections)('has values in which no two elements of %s could be mixed up', (section) => {
    const leaves = elements.filter(
      (row) => row.section === section && row.graph.some((path) => !isContainer(path)),
    );
    const values = leaves.map(({ name }) =>
      JSON.stringify(cases[section]?.map(({ content, isXml }) => vendorValues(content, name, isXml))),
    );
    const alike = leaves.filter((_, index) => values.indexOf(values[index] ?? '') !== index);
    expect(alike.map(({ name }) => name)).toEqual([]);
  });

  it.each(alwaysNull)('never shows anything in %s', (path) => {
    const { root, steps } = graphPathOf(path);
    const all = Object.values(cases).flatMap((some) => some.flatMap(({ graph }) => graph[root] ?? []));
    expect(all.length).toBeGreaterThan(0);
    expect(graphValues(all, steps)).toEqual([]);
  });
});
