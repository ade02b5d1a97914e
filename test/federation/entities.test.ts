import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import {
  addJobs,
  batchComputeId,
  BUCKET,
  callCounts,
  ciId,
  cosId,
  dataOf,
  OTHER_REGION,
  REGION,
} from '../e2e/support.ts';
import { type Answer, startWorld, type World, type WorldSettings } from '../support/world.ts';

const FIELDS = '__typename ... on CosJob { id } ... on BatchComputeJob { id } ... on CiJob { id }';
const QUERY = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${FIELDS} } }`;
const IN_REGION = { account: 'sandbox', region: REGION } as const;
const IN_BUCKET = { account: 'sandbox', bucket: BUCKET } as const;

let world: World;
let cosJob: string;
let batchComputeJob: string;
let ciJob: string;

async function startAnew(settings: WorldSettings = {}): Promise<void> {
  world = await startWorld({ ...settings, sandbox: { world: 'empty', ...settings.sandbox } });
  [cosJob = ''] = addJobs(world, 'cos', 1);
  [batchComputeJob = ''] = addJobs(world, 'batchCompute', 1);
  [ciJob = ''] = addJobs(world, 'ci', 1);
}

beforeEach(() => startAnew());
afterEach(() => world.close());

/** What a router asks, as it asks it: over HTTP. */
function askEntities(representations: readonly unknown[], query = QUERY) {
  return world.askText(query, { representations });
}

function entitiesIn({ data }: Answer<Record<string, unknown>>): unknown {
  return data?.['_entities'];
}

/** By their places. */
function codesIn({ errors }: Answer<unknown>): Record<string, unknown> {
  return Object.fromEntries(errors.map(({ path, extensions }) => [path?.join('.'), extensions['code']]));
}

describe('_entities', () => {
  it('gives jobs by every key of theirs, and any job by the key of Job', async () => {
    const answer = await askEntities([
      { __typename: 'CosJob', id: cosId(cosJob) },
      { __typename: 'CosJob', ...IN_REGION, jobId: cosJob },
      { __typename: 'BatchComputeJob', id: batchComputeId(batchComputeJob) },
      { __typename: 'BatchComputeJob', ...IN_REGION, jobId: batchComputeJob },
      { __typename: 'CiJob', id: ciId(ciJob) },
      { __typename: 'CiJob', ...IN_BUCKET, jobId: ciJob },
      { __typename: 'Job', id: ciId(ciJob) },
      { __typename: 'Job', id: cosId(cosJob) },
      { __typename: 'Job', id: batchComputeId(batchComputeJob) },
    ]);
    const cos = { __typename: 'CosJob', id: cosId(cosJob) };
    const batchCompute = { __typename: 'BatchComputeJob', id: batchComputeId(batchComputeJob) };
    const ci = { __typename: 'CiJob', id: ciId(ciJob) };
    expect(dataOf(answer)).toEqual({
      _entities: [cos, cos, batchCompute, batchCompute, ci, ci, ci, cos, batchCompute],
    });
    expect(callCounts(world)).toEqual({
      'cos DescribeJob': 1,
      'batchCompute DescribeJobs': 1,
      'ci DescribeInventoryTriggerJob': 1,
    });
  });

  it('reads by the id when a representation has both keys, and looks at nothing else that it says', async () => {
    const answer = await askEntities(
      [
        { __typename: 'CosJob', id: cosId(cosJob), ...IN_REGION, jobId: cosJob },
        { __typename: 'CosJob', id: cosId(cosJob), ...IN_REGION, jobId: 'another' },
        { __typename: 'Job', id: cosId(cosJob), displayName: 'forged', status: 'FAILED', secret: { a: [1] } },
        { __typename: 'CosJob', ...IN_REGION, jobId: cosJob, bucket: 'none', displayName: 'forged' },
      ],
      `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Job { id jobId displayName status } } }`,
    );
    const { _entities } = dataOf(answer) as { _entities: { displayName: string }[] };
    const job = { id: cosId(cosJob), jobId: cosJob, displayName: expect.any(String), status: 'COMPLETED' };
    expect(_entities).toEqual([job, job, job, job]);
    expect(_entities.map(({ displayName }) => displayName)).not.toContain('forged');
    expect(callCounts(world)).toEqual({ 'cos DescribeJob': 1 });
  });

  it.each<[what: string, representation: () => unknown]>([
    ['of a type that is not there', () => ({ __typename: 'Droid', id: cosId(cosJob) })],
    ['of a type that is no entity', () => ({ __typename: 'JobConnection', id: cosId(cosJob) })],
    ['of the interface that no router knows by a key', () => ({ __typename: 'Node', id: cosId(cosJob) })],
    ['of the type Query', () => ({ __typename: 'Query' })],
    ['of a type named as what every object inherits', () => ({ __typename: '__proto__', id: cosId(cosJob) })],
    ['of a type named constructor', () => ({ __typename: 'constructor', id: cosId(cosJob) })],
    ['of a type in other letters', () => ({ __typename: 'cosjob', id: cosId(cosJob) })],
    ['without a type', () => ({ id: cosId(cosJob) })],
    ['with a type that is no text', () => ({ __typename: ['CosJob'], id: cosId(cosJob) })],
    ['that is a text', () => 'CosJob'],
    ['that is a number', () => 7],
    ['that is true', () => true],
    ['that is a list', () => [{ __typename: 'CosJob', id: cosId(cosJob) }]],
    ['without a key', () => ({ __typename: 'CosJob' })],
    ['of a job without its id', () => ({ __typename: 'Job', ...IN_REGION, jobId: cosJob })],
    ['with half a key', () => ({ __typename: 'CosJob', account: 'sandbox', jobId: cosJob })],
    ['with the key of another product', () => ({ __typename: 'CiJob', ...IN_REGION, jobId: ciJob })],
    ['with an id that is a number', () => ({ __typename: 'CosJob', id: 7 })],
    ['with an id that is null', () => ({ __typename: 'CosJob', id: null })],
    ['with an id that is an object', () => ({ __typename: 'CosJob', id: { toString: 'x' } })],
    ['with an empty id', () => ({ __typename: 'Job', id: '' })],
    ['with an id that this graph never gave', () => ({ __typename: 'Job', id: 'Sm9iOjE=' })],
    ['with an id in another spelling', () => ({ __typename: 'Job', id: `${cosId(cosJob)}=` })],
    ['with an id of the product’s own', () => ({ __typename: 'CosJob', id: cosJob })],
    ['with an id of 200 KB', () => ({ __typename: 'Job', id: 'x'.repeat(200_000) })],
    [
      'with a region that is a list',
      () => ({ __typename: 'CosJob', ...IN_REGION, region: [REGION], jobId: cosJob }),
    ],
    ['with an own id that leads elsewhere', () => ({ __typename: 'CosJob', ...IN_REGION, jobId: '../jobs' })],
    [
      'with an own id that the product never gives',
      () => ({ __typename: 'BatchComputeJob', ...IN_REGION, jobId: 'JOB-NOT-SO' }),
    ],
    ['with an own id of 200 KB', () => ({ __typename: 'CiJob', ...IN_BUCKET, jobId: 'x'.repeat(200_000) })],
  ])('refuses in its own place a representation %s', async (_what, representation) => {
    const answer = await askEntities([
      { __typename: 'BatchComputeJob', id: batchComputeId(batchComputeJob) },
      representation(),
      { __typename: 'CiJob', ...IN_BUCKET, jobId: ciJob },
    ]);
    expect(answer.status).toBe(200);
    expect(entitiesIn(answer)).toEqual([
      { __typename: 'BatchComputeJob', id: batchComputeId(batchComputeJob) },
      null,
      { __typename: 'CiJob', id: ciId(ciJob) },
    ]);
    expect(codesIn(answer)).toEqual({ '_entities.1': 'INVALID_REPRESENTATION' });
    expect(answer.text.length).toBeLessThan(2_000);
    expect(callCounts(world)).toEqual({
      'batchCompute DescribeJobs': 1,
      'ci DescribeInventoryTriggerJob': 1,
    });
  });

  it.each<[what: string, representation: () => unknown, calls: number]>([
    ['that no product knows', () => ({ __typename: 'CosJob', ...IN_REGION, jobId: 'unknown' }), 1],
    ['of another product than its type', () => ({ __typename: 'CosJob', id: ciId(ciJob) }), 0],
    [
      'of an account that is not configured',
      () => ({ __typename: 'Job', id: cosId(cosJob, REGION, 'other') }),
      0,
    ],
    [
      'of a region that is not configured',
      () => ({ __typename: 'CosJob', ...IN_REGION, region: 'ap-nowhere', jobId: cosJob }),
      0,
    ],
    [
      'of a region that is a host',
      () => ({ __typename: 'CosJob', ...IN_REGION, region: 'evil.example/', jobId: cosJob }),
      0,
    ],
    [
      'of a region of 200 KB',
      () => ({ __typename: 'CosJob', ...IN_REGION, region: 'x'.repeat(200_000), jobId: cosJob }),
      0,
    ],
    [
      'of a bucket that is not configured',
      () => ({ __typename: 'CiJob', ...IN_BUCKET, bucket: 'b-1', jobId: ciJob }),
      0,
    ],
    [
      'of another region',
      () => ({ __typename: 'CosJob', ...IN_REGION, region: OTHER_REGION, jobId: cosJob }),
      1,
    ],
  ])('has nothing, and no error, for a job %s', async (_what, representation, calls) => {
    const answer = await askEntities([representation()]);
    expect(dataOf(answer)).toEqual({ _entities: [null] });
    expect(world.calls()).toHaveLength(calls);
  });

  it('refuses null, a list that is null and a request that is too long, as what they are', async () => {
    for (const representations of [[null], null, undefined, {}, 7]) {
      const answer = await world.askText(QUERY, { representations });
      expect([answer.data?.['_entities'] ?? null, answer.errors[0]?.extensions['code']]).toEqual([
        typeof representations === 'number' || isPlain(representations) ? [null] : null,
        typeof representations === 'number' || isPlain(representations)
          ? 'INVALID_REPRESENTATION'
          : 'BAD_USER_INPUT',
      ]);
    }
    const long = await askEntities([{ __typename: 'Job', id: 'x'.repeat(1_048_576) }]);
    expect([long.status, long.errors[0]?.extensions['code']]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect(world.calls()).toEqual([]);
  });

  it('gives entities in the order that was asked for, the same one in each of its places', async () => {
    const jobs = [
      ...addJobs(world, 'cos', 4).map((jobId) => ({ __typename: 'CosJob', id: cosId(jobId) })),
      ...addJobs(world, 'batchCompute', 4).map((jobId) => ({
        __typename: 'BatchComputeJob',
        id: batchComputeId(jobId),
      })),
      ...addJobs(world, 'ci', 4).map((jobId) => ({ __typename: 'CiJob', id: ciId(jobId) })),
    ];
    const shuffled = [0, 5, 10, 3, 3, 8, 1, 5, 11, 2, 9, 0, 7, 4, 6].flatMap((index) => jobs[index] ?? []);
    expect(dataOf(await askEntities(shuffled))).toEqual({ _entities: shuffled });
    expect(callCounts(world)).toEqual({
      'cos DescribeJob': 4,
      'batchCompute DescribeJobs': 1,
      'ci DescribeInventoryTriggerJob': 4,
    });
  });

  it('shares its reads with all other fields of the request, and with its own aliases', async () => {
    const answer = await world.askText(
      `query ($id: ID!, $jobId: String!, $one: [_Any!]!, $other: [_Any!]!) {
        job(id: $id) { id } cosJob(jobId: $jobId) { id }
        one: _entities(representations: $one) { ${FIELDS} } other: _entities(representations: $other) { ${FIELDS} }
      }`,
      {
        id: cosId(cosJob),
        jobId: cosJob,
        one: [{ __typename: 'Job', id: cosId(cosJob) }],
        other: [{ __typename: 'CosJob', ...IN_REGION, jobId: cosJob }],
      },
    );
    const job = { __typename: 'CosJob', id: cosId(cosJob) };
    expect(dataOf(answer)).toMatchObject({ job: { id: job.id }, one: [job], other: [job] });
    expect(callCounts(world)).toEqual({ 'cos DescribeJob': 1 });
  });

  it('shares its reads with other requests for the same jobs at the same time', async () => {
    const jobs = [
      ...addJobs(world, 'cos', 5).map((jobId) => cosId(jobId)),
      ...addJobs(world, 'batchCompute', 5).map((jobId) => batchComputeId(jobId)),
      ...addJobs(world, 'ci', 5).map((jobId) => ciId(jobId)),
    ];
    const slow = { kind: 'slow', delayMs: 1_000 } as const;
    (['cos', 'batchCompute', 'ci'] as const).forEach((upstream) => {
      world.sandbox.faults.add({ upstream, fault: slow });
    });
    const representations = jobs.map((id) => ({ __typename: 'Job', id }));
    const answers = await Promise.all([askEntities(representations), askEntities(representations)]);
    const [one, other] = answers.map(dataOf);
    expect(one).toEqual(other);
    expect(callCounts(world)).toEqual({
      'cos DescribeJob': 5,
      'batchCompute DescribeJobs': 1,
      'ci DescribeInventoryTriggerJob': 5,
    });
  });

  it.each([
    ['cos', 0],
    ['batchCompute', 1],
    ['ci', 2],
  ] as const)('nulls only the jobs of %s while that fails', async (upstream, place) => {
    const upstreamCode = 'InternalError';
    world.sandbox.faults.add({ upstream, fault: { kind: 'error', code: upstreamCode } });
    const jobs = [
      { __typename: 'CosJob', id: cosId(cosJob) },
      { __typename: 'BatchComputeJob', id: batchComputeId(batchComputeJob) },
      { __typename: 'CiJob', id: ciId(ciJob) },
    ];
    const answer = await askEntities(jobs.map(({ id }) => ({ __typename: 'Job', id })));
    expect(entitiesIn(answer)).toEqual(jobs.map((job, index) => (index === place ? null : job)));
    expect(codesIn(answer)).toEqual({ [`_entities.${place}`]: 'UPSTREAM_UNAVAILABLE' });
    expect(answer.errors[0]?.extensions).toMatchObject({ upstreamCode, retryable: true });
  });

  it('costs one more call for each job that a detail is asked of, however many', async () => {
    const failed = addJobs(world, 'batchCompute', 5, { like: () => ({ state: 'FAILED' }) });
    const answer = await askEntities(
      failed.map((jobId) => ({ __typename: 'BatchComputeJob', account: 'sandbox', region: REGION, jobId })),
      `query ($representations: [_Any!]!) {
        _entities(representations: $representations) { ... on BatchComputeJob { stateReason nextAction tasks { name } ... on Job { failures { reason } } } }
      }`,
    );
    const { _entities } = dataOf(answer) as { _entities: { stateReason: string; failures: unknown }[] };
    for (const { stateReason, failures } of _entities) {
      expect(failures).toEqual([{ reason: stateReason }]);
    }
    expect(callCounts(world)).toEqual({
      'batchCompute DescribeJobs': 1,
      'batchCompute DescribeJob': 5,
    });
  });
});

describe('_service', () => {
  it('gives composers the SDL that is in the schema folder, with introspection open or closed', async () => {
    const written = readFileSync(new URL('../../schema/subgraph.graphql', import.meta.url), 'utf8');
    for (const introspection of [true, false]) {
      await world.close();
      await startAnew({ config: { server: { ...readConfig({}).server, introspection } } });
      const { _service } = dataOf(await world.askText('{ _service { sdl } }')) as { _service: unknown };
      expect(_service).toEqual({ sdl: written });
    }
    expect(world.calls()).toEqual([]);
  });
});

describe('kept jobs', () => {
  it('are given to routers without a call and are never written to', async () => {
    await world.close();
    await startAnew({ cache: { memoryBytes: 1_048_576 } });
    const keys = [
      { __typename: 'CosJob', id: cosId(cosJob) },
      { __typename: 'BatchComputeJob', id: batchComputeId(batchComputeJob) },
      { __typename: 'CiJob', id: ciId(ciJob) },
    ];
    const first = dataOf(await askEntities(keys));
    const kept = await readKept();
    expect(await readKept()).toEqual(kept);
    (await readKept()).forEach((job, index) => {
      expect(job).toBe(kept[index]);
      Object.freeze(job);
    });
    world.sandbox.clearCalls();
    const query = QUERY.replace(
      '{ id }',
      '{ id failures { reason } freshness { stale } progress { percent } }',
    );
    expect(dataOf(await askEntities(keys, query))).toMatchObject(first);
    const byInterface = keys.map(({ id }) => ({ __typename: 'Job', id }));
    expect(dataOf(await askEntities(byInterface, query))).toMatchObject(first);
    expect(world.calls()).toEqual([]);
  });

  async function readKept(): Promise<unknown[]> {
    const { cos, batchCompute, ci } = world.app.origins.sources;
    const scope = { signal: new AbortController().signal, deadlineMs: Date.now() + 10_000 };
    const read = await Promise.all([
      cos[0]?.getMany([cosJob], scope),
      batchCompute[0]?.getMany([batchComputeJob], scope),
      ci[0]?.getMany([ciJob], scope),
    ]);
    return read.flat();
  }
});

describe('more representations than 500 in a document', () => {
  const CODE = 'COST_ESTIMATED_TOO_EXPENSIVE';
  const many = (count: number): unknown[] =>
    Array.from({ length: count }, (_, index) => ({ __typename: 'Job', id: cosId(`job-${index}`) }));
  /** As GraphQL writes them. */
  const literal = (count: number): string =>
    `[${Array.from({ length: count }, (_, index) => `{ __typename: "Job", id: "${cosId(`job-${index}`)}" }`).join(' ')}]`;
  const field = (representations: string): string =>
    `_entities(representations: ${representations}) { __typename }`;

  beforeEach(async () => {
    await world.close();
    // Five hundred in the text of a document are more tokens than one may have by default.
    await startAnew({ config: { limits: { ...readConfig({}).limits, maxTokens: 10_000 } } });
  });

  it.each<[how: string, query: string, variables: Record<string, unknown>]>([
    ['in a variable', `query ($r: [_Any!]!) { ${field('$r')} }`, { r: many(501) }],
    ['in a literal', `{ ${field(literal(501))} }`, {}],
    ['as the default of a variable', `query ($r: [_Any!]! = ${literal(501)}) { ${field('$r')} }`, {}],
    [
      'as the default of a variable that is named as what every object inherits',
      `query ($constructor: [_Any!]! = ${literal(501)}) { ${field('$constructor')} }`,
      {},
    ],
    [
      'over ten aliases',
      `query ($r: [_Any!]!, $one: [_Any!]!) { ${Array.from({ length: 10 }, (_, index) => `a${index}: ${field(index === 0 ? '$one' : '$r')}`).join(' ')} }`,
      { r: many(50), one: many(51) },
    ],
    [
      'through fragments',
      `query ($r: [_Any!]!) { ...A ... on Query { b: ${field('$r')} } } fragment A on Query { a: ${field('$r')} ...C } fragment C on Query { c: ${field('$r')} }`,
      { r: many(167) },
    ],
    [
      'in variables, literals and single values together',
      `query ($r: [_Any!]!) { a: ${field('$r')} b: ${field(literal(100))} c: ${field('{ __typename: "Job", id: "x" }')} }`,
      { r: many(400) },
    ],
  ])('are refused before any call, %s', async (_how, query, variables) => {
    const { status, data, errors } = await world.askText(query, variables);
    expect([status, data]).toEqual([400, undefined]);
    expect(errors.map(({ extensions }) => extensions)).toEqual([{ code: CODE, limit: 500, actual: 501 }]);
    expect(world.calls()).toEqual([]);
  });

  it('are one too many: 500 are answered', async () => {
    const { status, data, errors } = await askEntities(
      Array.from({ length: 500 }, () => ({ __typename: 'CosJob', id: cosId(cosJob) })),
    );
    expect([status, errors]).toEqual([200, []]);
    expect(data?.['_entities']).toHaveLength(500);
    expect(callCounts(world)).toEqual({ 'cos DescribeJob': 1 });
  });
});

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
