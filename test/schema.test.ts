import { readFileSync } from 'node:fs';
import {
  type DefinitionNode,
  type FieldDefinitionNode,
  getNamedType,
  type GraphQLNamedType,
  type InputValueDefinitionNode,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isLeafType,
  isNonNullType,
  isScalarType,
  isSpecifiedScalarType,
  Kind,
  parse,
  print,
  validate,
  validateSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { printApiSchema, printSubgraphSchema, schema } from '../src/graphql/schema.ts';

/** Section 4 of the contract as it stands there; a job type also has all fields of `Job`. */
const CONTRACT = `
  interface Node {
    id: ID!
  }

  enum JobSource {
    COS
    BATCH_COMPUTE
    CI
  }
  enum JobStatus {
    QUEUED
    SUSPENDED
    RUNNING
    PAUSED
    STOPPING
    COMPLETED
    FAILED
    CANCELLED
    UNKNOWN
  }

  interface Job implements Node @key(fields: "id") {
    id: ID!
    jobId: String!
    source: JobSource!
    account: String!
    region: String!
    name: String
    description: String
    displayName: String!
    status: JobStatus!
    upstreamStatus: String!
    isFinished: Boolean!
    priority: Int
    createdAt: DateTime
    startedAt: DateTime
    endedAt: DateTime
    progress: JobProgress
    failures: [JobFailure!]
    freshness: JobFreshness!
  }
  type JobProgress {
    total: SafeInt!
    succeeded: SafeInt!
    failed: SafeInt!
    running: SafeInt
    pending: SafeInt
    percent: Float
  }
  type JobFailure {
    code: String
    reason: String
  }
  type JobFreshness {
    fetchedAt: DateTime!
    stale: Boolean!
  }

  type CosJob implements Job & Node @key(fields: "id") @key(fields: "account region jobId") {
    cosStatus: CosJobStatus!
    operationName: String!
    operation: CosOperation
    confirmationRequired: Boolean
    clientRequestToken: String
    manifest: CosManifest
    report: CosReport
    roleArn: String
    statusUpdateReason: String
    suspendedCause: String
    suspendedAt: DateTime
  }
  enum CosJobStatus {
    NEW
    PREPARING
    READY
    SUSPENDED
    ACTIVE
    COMPLETING
    PAUSING
    PAUSED
    CANCELLING
    FAILING
    COMPLETE
    FAILED
    CANCELLED
    UNKNOWN
  }
  interface CosOperation {
    name: String!
  }

  type BatchComputeJob implements Job & Node @key(fields: "id") @key(fields: "account region jobId") {
    batchComputeState: BatchComputeJobState!
    placement: BatchComputePlacement
    taskMetrics: BatchComputeTaskMetrics!
    tags: [JobTag!]!
    stateReason: String
    nextAction: String
    tasks: [BatchComputeTask!]
    dependencies: [BatchComputeDependency!]
    taskInstanceMetrics: BatchComputeTaskMetrics
  }
  enum BatchComputeJobState {
    SUBMITTED
    PENDING
    RUNNABLE
    STARTING
    RUNNING
    SUCCEED
    FAILED
    FAILED_INTERRUPTED
    UNKNOWN
  }

  type CiJob implements Job & Node @key(fields: "id") @key(fields: "account bucket jobId") {
    bucket: String!
    ciState: CiJobState!
    type: CiJobType!
    code: String
    message: String
    input: CiJobInput
    operation: CiJobOperation
  }
  enum CiJobState {
    SUBMITTED
    RUNNING
    SUCCESS
    FAILED
    PAUSE
    CANCEL
    UNKNOWN
  }
  enum CiJobType {
    WORKFLOW
    JOB
  }

  type Query {
    node(id: ID!): Node
    nodes(ids: [ID!]!): [Node]!
    job(id: ID!): Job
    jobs(
      first: Int
      after: String
      last: Int
      before: String
      filter: JobFilter
      orderBy: JobOrder = NEWEST_FIRST
    ): JobConnection
    cosJob(jobId: String!, account: String, region: String): CosJob
    cosJobs(
      first: Int
      after: String
      account: String
      region: String
      status: CosJobStatus
    ): CosJobConnection
    batchComputeJob(jobId: String!, account: String, region: String): BatchComputeJob
    batchComputeJobs(
      first: Int
      after: String
      last: Int
      before: String
      account: String
      region: String
      filter: BatchComputeJobFilter
    ): BatchComputeJobConnection
    ciJob(jobId: String!, bucket: String): CiJob
    ciJobs(first: Int, after: String, bucket: String, filter: CiJobFilter): CiJobConnection
    origins: [JobOrigin!]!
  }
  enum JobOrder {
    NEWEST_FIRST
    OLDEST_FIRST
  }
  input JobFilter {
    sources: [JobSource!]
    accounts: [String!]
    regions: [String!]
    statuses: [JobStatus!]
    createdAfter: DateTime
    createdBefore: DateTime
    text: String
  }
  input BatchComputeJobFilter {
    jobIds: [String!]
    names: [String!]
    states: [BatchComputeJobState!]
    zones: [String!]
    tagKeys: [String!]
    tagValues: [String!]
    tags: [JobTagFilter!]
  }
  input JobTagFilter {
    key: String!
    values: [String!]!
  }
  input CiJobFilter {
    type: CiJobType
    states: [CiJobState!]
    name: String
    workflowId: String
    jobId: String
    createdAfter: DateTime
    createdBefore: DateTime
    order: JobOrder
  }

  type JobConnection {
    edges: [JobEdge!]!
    nodes: [Job!]!
    pageInfo: PageInfo!
    totalCount: SafeInt
    origins: [JobOriginReport!]!
  }
  type JobEdge {
    cursor: String!
    node: Job!
  }
  type JobOriginReport {
    source: JobSource!
    account: String!
    region: String!
    bucket: String
    outcome: JobOriginOutcome!
    totalCount: SafeInt
    fetchedAt: DateTime
    error: JobOriginError
  }
  enum JobOriginOutcome {
    FRESH
    CACHED
    STALE
    FAILED
    SKIPPED
  }
`;

/** Connections of one product are those of all products, by their names. */
const CONNECTIONS = ['CosJob', 'BatchComputeJob', 'CiJob'].map(
  (name) => `
  type ${name}Connection { edges: [${name}Edge!]! nodes: [${name}!]! pageInfo: PageInfo! totalCount: SafeInt origins: [JobOriginReport!]! }
  type ${name}Edge { cursor: String! node: ${name}! }`,
);

/** Fields that the contract names in its comments, without their types. */
const NAMED_FIELDS: Readonly<Record<string, string>> = {
  CosManifest: 'location spec',
  CosManifestLocation: 'etag objectArn objectVersionId',
  CosManifestSpec: 'format fields',
  CosReport: 'bucket enabled format prefix reportScope',
  CosOtherOperation: 'name parameters',
  BatchComputePlacement: 'zone projectId hostId hostIds',
  BatchComputeTaskMetrics: 'submitted pending runnable starting running succeeded failed failedInterrupted',
  JobTag: 'key value',
  BatchComputeTask: 'name state createdAt endedAt',
  BatchComputeDependency: 'startTask endTask',
  CiJobInput: 'manifest urlFile prefix object',
  CiJobOperation:
    'timeInterval workflowIds tag queueId queueType userData jobLevel callBack callBackFormat callBackType output jobParam',
  CiJobTimeInterval: 'start end',
  CiJobOutput: 'region bucket object auObject spriteObject',
  JobOrigin: 'source account region bucket',
  JobOriginError: 'code message retryable retryAfterMs upstreamCode requestId',
  PageInfo: 'hasNextPage hasPreviousPage startCursor endCursor',
};

/** Operations of COS: every documented sub-element is a field (contract sections 4 and 5.1 of its upstream's page). */
const OPERATIONS: Readonly<Record<string, string>> = {
  CosPutObjectCopyOperation:
    'name accessControlDirective accessControlGrants cannedAccessControlList prefixReplace resourcesPrefix targetKeyPrefix metadataDirective modifiedSinceConstraint unModifiedSinceConstraint newObjectMetadata taggingDirective newObjectTagging storageClass targetResource',
  CosInitiateRestoreObjectOperation: 'name expirationInDays jobTier',
  CosPutObjectTaggingOperation: 'name taggingDirective tagSet',
  CosDeleteObjectOperation: 'name',
  CosGrant: 'grantee permission',
  CosGrantee: 'identifier typeIdentifier displayName',
  CosObjectMetadata:
    'cacheControl contentDisposition contentEncoding contentType httpExpiresDate sseAlgorithm userMetadata',
  CosTag: 'key value',
};

const SCALARS = ['DateTime', 'JSON', 'SafeInt'];

const { definitions } = parse([CONTRACT, ...CONNECTIONS].join('\n'));
const ours = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);
const jobTypes = ['CosJob', 'BatchComputeJob', 'CiJob'];

describe('the files in schema/', () => {
  it.each([
    ['subgraph.graphql', printSubgraphSchema],
    ['api.graphql', printApiSchema],
  ])('%s is what the code prints; if not: npm run schema -- --write', (name, printed) => {
    expect(readFileSync(new URL(`../schema/${name}`, import.meta.url), 'utf8')).toBe(printed());
  });

  it('differ in directives only', () => {
    const namesIn = (sdl: string): string[] =>
      parse(sdl)
        .definitions.flatMap((node) => ('name' in node ? [node.name?.value ?? ''] : []))
        .toSorted();
    expect(namesIn(printSubgraphSchema())).toEqual(namesIn(printApiSchema()));
    expect(printApiSchema()).not.toMatch(/@(key|shareable|link)/);
  });
});

describe('the graph', () => {
  it('is a valid one', () => {
    expect(validateSchema(schema)).toEqual([]);
  });

  it('has the types of the contract and no others', () => {
    const expected = [
      ...definitions.flatMap((node) => ('name' in node ? [node.name?.value ?? ''] : [])),
      ...Object.keys(NAMED_FIELDS),
      ...Object.keys(OPERATIONS),
      ...SCALARS,
    ];
    expect(ours.map(({ name }) => name).toSorted()).toEqual(expected.toSorted());
  });

  it.each(definitions.map((node) => [nameOf(node), node] as const))(
    'has %s as the contract writes it',
    (name, node) => {
      expect(shapeOf(schema.getType(name))).toEqual(contractShapeOf(node));
    },
  );

  it.each(Object.entries({ ...NAMED_FIELDS, ...OPERATIONS }))(
    'has in %s the fields that are named',
    (name, fields) => {
      expect(Object.keys(fieldsOf(name)).toSorted()).toEqual(fields.split(' ').toSorted());
    },
  );

  it('reads every operation of COS by its interface', () => {
    const interfaceType = schema.getType('CosOperation');
    expect(isAbstractType(interfaceType)).toBe(true);
    const implementations = isAbstractType(interfaceType) ? schema.getPossibleTypes(interfaceType) : [];
    expect(implementations.map(({ name }) => name).toSorted()).toEqual(
      [
        ...Object.keys(OPERATIONS).filter((name) => name.endsWith('Operation')),
        'CosOtherOperation',
      ].toSorted(),
    );
  });

  it('keeps short names for others: every type of ours begins with its product', () => {
    const apart = ['Query', 'Node', 'PageInfo', ...SCALARS];
    const strangers = ours.filter(({ name }) => !/^(Job|Cos|BatchCompute|Ci)([A-Z]|$)/.test(name));
    expect(strangers.map(({ name }) => name).toSorted()).toEqual(apart.toSorted());
  });

  it('lets every root field that can fail be null, so that one failure leaves its siblings alone', () => {
    const promised = Object.values(fieldsOf('Query')).filter(({ type }) => isNonNullType(type));
    expect(promised.map(({ name }) => name).toSorted()).toEqual(['nodes', 'origins']);
  });

  it('has the keys of the contract', () => {
    const keysOf = (nodes: readonly DefinitionNode[]): Record<string, string[]> =>
      Object.fromEntries(
        nodes.flatMap((node) => {
          const keys = ('directives' in node ? (node.directives ?? []) : []).filter(
            ({ name }) => name.value === 'key',
          );
          return keys.length === 0 ? [] : [[nameOf(node), keys.map(print).toSorted()]];
        }),
      );
    expect(keysOf(parse(printSubgraphSchema()).definitions)).toEqual(keysOf(definitions));
  });
});

describe('descriptions', () => {
  it('stand at every type, field, argument, input field and enum value, as sentences', () => {
    const described = new Map<string, string | null | undefined>();
    for (const type of ours) {
      described.set(type.name, type.description);
      for (const field of Object.values(fieldsOf(type.name))) {
        described.set(`${type.name}.${field.name}`, field.description);
        for (const argument of 'args' in field ? field.args : []) {
          described.set(`${type.name}.${field.name}(${argument.name})`, argument.description);
        }
      }
      for (const value of isEnumType(type) ? type.getValues() : []) {
        described.set(`${type.name}.${value.name}`, value.description);
      }
    }
    expect(described.size).toBeGreaterThan(300);
    const poor = [...described].filter(([, text]) => !/^[A-Z`‘“].{2,}[^.]\.$/s.test(text ?? ''));
    expect(poor).toEqual([]);
  });
});

describe('the three kinds of jobs', () => {
  it('give a field that they share the same leaf type', () => {
    const leaves = new Map<string, Set<string>>();
    for (const type of jobTypes) {
      for (const field of Object.values(fieldsOf(type))) {
        if (isLeafType(getNamedType(field.type))) {
          leaves.set(field.name, (leaves.get(field.name) ?? new Set()).add(String(field.type)));
        }
      }
    }
    expect(leaves.size).toBeGreaterThan(15);
    expect([...leaves].filter(([, types]) => types.size > 1)).toEqual([]);
  });

  it('can stand side by side in one selection, with all their fields to the last leaf', () => {
    const fragments = jobTypes.map((name) => `... on ${name} ${selectionOf(name)}`).join('\n');
    expect(fragments.length).toBeGreaterThan(2_000);
    for (const field of ['node(id: "x")', 'nodes(ids: ["x"])', 'job(id: "x")']) {
      expect(validate(schema, parse(`{ ${field} { __typename ${fragments} } }`))).toEqual([]);
    }
  });

  it('would not, if the rule that this rests on saw nothing', () => {
    const fields = '... on CosJob { same: cosStatus } ... on CiJob { same: ciState }';
    expect(validate(schema, parse(`{ job(id: "x") { ${fields} } }`))).toHaveLength(1);
  });
});

type Fields = Readonly<
  Record<string, ReturnType<Extract<GraphQLNamedType, { getFields: () => unknown }>['getFields']>[string]>
>;

function fieldsOf(name: string): Fields {
  const type = schema.getType(name);
  return type !== undefined && 'getFields' in type ? type.getFields() : {};
}

/** All fields of a composite type, to the leaves; each object type once on a way down. */
function selectionOf(name: string, above: readonly string[] = []): string {
  const type = schema.getType(name);
  const fields = Object.values(fieldsOf(name)).flatMap((field) => {
    const inner = getNamedType(field.type);
    if (isLeafType(inner)) {
      return [field.name];
    }
    return above.includes(inner.name) ? [] : [`${field.name} ${selectionOf(inner.name, [...above, name])}`];
  });
  const kinds = isAbstractType(type)
    ? schema
        .getPossibleTypes(type)
        .map((kind) => `... on ${kind.name} ${selectionOf(kind.name, [...above, name])}`)
    : [];
  expect(isCompositeType(type)).toBe(true);
  return `{ ${[...fields, ...kinds].join(' ')} }`;
}

function nameOf(node: DefinitionNode): string {
  return 'name' in node ? (node.name?.value ?? '') : '';
}

interface Shape {
  readonly kind: string;
  readonly interfaces: readonly string[];
  /** Fields as `name(arguments): Type`, or the values of an enum. */
  readonly members: readonly string[];
}

function shapeOf(type: GraphQLNamedType | undefined): Shape {
  if (type === undefined || isScalarType(type)) {
    return { kind: 'none', interfaces: [], members: [] };
  }
  const interfaces = 'getInterfaces' in type ? type.getInterfaces().map(({ name }) => name) : [];
  const members = isEnumType(type)
    ? type.getValues().map(({ name }) => name)
    : Object.values(fieldsOf(type.name)).map((field) => {
        const list = ('args' in field ? field.args : []).map((argument) =>
          [`${argument.name}: ${String(argument.type)}`, ...defaultOf(argument.defaultValue)].join(' = '),
        );
        return member(field.name, list, String(field.type));
      });
  const kind = isEnumType(type)
    ? 'enum'
    : isInputObjectType(type)
      ? 'input'
      : isAbstractType(type)
        ? 'interface'
        : 'type';
  return { kind, interfaces: interfaces.toSorted(), members: members.toSorted() };
}

const KINDS: Readonly<Record<string, string>> = {
  [Kind.OBJECT_TYPE_DEFINITION]: 'type',
  [Kind.INTERFACE_TYPE_DEFINITION]: 'interface',
  [Kind.INPUT_OBJECT_TYPE_DEFINITION]: 'input',
  [Kind.ENUM_TYPE_DEFINITION]: 'enum',
};

function contractShapeOf(node: DefinitionNode): Shape {
  const interfaces = 'interfaces' in node ? (node.interfaces ?? []).map(({ name }) => name.value) : [];
  const inherited = definitions.find((other) => nameOf(other) === 'Job' && interfaces.includes('Job'));
  const fields = [node, inherited].flatMap((each) =>
    each !== undefined && 'fields' in each
      ? ((each.fields ?? []) as readonly (FieldDefinitionNode | InputValueDefinitionNode)[])
      : [],
  );
  const values = node.kind === Kind.ENUM_TYPE_DEFINITION ? (node.values ?? []) : [];
  const members = [
    ...values.map(({ name }) => name.value),
    ...fields.map((field) => {
      const args = 'arguments' in field ? (field.arguments ?? []) : [];
      return member(field.name.value, args.map(print), print(field.type));
    }),
  ];
  return {
    kind: KINDS[node.kind] ?? node.kind,
    interfaces: interfaces.toSorted(),
    members: members.toSorted(),
  };
}

function defaultOf(value: unknown): string[] {
  return value === undefined ? [] : [typeof value === 'string' ? value : JSON.stringify(value)];
}

function member(name: string, args: readonly string[], type: string): string {
  return `${name}${args.length === 0 ? '' : `(${args.toSorted().join(', ')})`}: ${type}`;
}
