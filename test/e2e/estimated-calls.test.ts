import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { startWorld, type World } from '../support/world.ts';
import {
  addJobs,
  batchComputeId,
  BUCKET,
  ciId,
  cosId,
  OTHER_BUCKET,
  OTHER_REGION,
  REGION,
} from './support.ts';

/**
 * Two gateways before the same upstreams: one asks without any limit and shows what an operation really cost, the other lets
 * nothing pass and so tells what it thought that it would.
 */
let world: World;
let estimating: World;
const ids: Record<'cos' | 'batchCompute' | 'ci', string[]> = { cos: [], batchCompute: [], ci: [] };
let origins = 0;

beforeAll(async () => {
  const { limits } = readConfig({});
  world = await startWorld({
    sandbox: { world: 'empty' },
    config: { limits: { ...limits, maxUpstreamCalls: 1_000_000 } },
  });
  estimating = await startWorld({
    runningSandbox: world.sandbox,
    config: { limits: { ...limits, maxUpstreamCalls: 0 } },
  });
  for (const place of [REGION, OTHER_REGION]) {
    ids.cos.push(...addJobs(world, 'cos', 260, { place }).map((id) => cosId(id, place)));
    const like = (index: number): object => (index % 10 === 0 ? { JobState: 'FAILED' } : {});
    ids.batchCompute.push(
      ...addJobs(world, 'batchCompute', 260, { place, like }).map((id) => batchComputeId(id, place)),
    );
  }
  for (const place of [BUCKET, OTHER_BUCKET]) {
    ids.ci.push(...addJobs(world, 'ci', 260, { place }).map((id) => ciId(id, place)));
  }
  origins = world.app.origins.all().length;
}, 60_000);

afterAll(async () => {
  await estimating.close();
  await world.close();
});

type Variables = Readonly<Record<string, unknown>>;

/** Null for an operation that costs nothing: that one passes. */
async function estimate(query: string, variables: Variables = {}): Promise<number | null> {
  const { status, errors, data } = await estimating.askText(query, { ...variables });
  const [error] = errors;
  if (error?.extensions['code'] !== 'COST_ESTIMATED_TOO_EXPENSIVE') {
    return null;
  }
  expect([status, data, errors.length, error.extensions['limit']]).toEqual([400, undefined, 1, 0]);
  return Number(error.extensions['cost']);
}

async function realCalls(query: string, variables: Variables = {}): Promise<number> {
  const before = world.calls().length;
  const { errors } = await world.askText(query, { ...variables });
  expect(errors).toEqual([]);
  return world.calls().length - before;
}

const DETAILS = '... on BatchComputeJob { stateReason tasks { name } nextAction } ... on CosJob { roleArn }';

describe('what an operation may cost', () => {
  it.each<[what: string, query: string, variables: () => Variables, calls: number]>([
    ['nothing at all', '{ origins { source } __typename }', () => ({}), 0],
    ['a job', 'query ($id: ID!) { job(id: $id) { status } }', () => ({ id: ids.ci[0] }), 1],
    ['100 BatchCompute jobs', nodes(), () => ({ ids: ids.batchCompute.slice(0, 100) }), 1],
    ['101 BatchCompute jobs', nodes(), () => ({ ids: ids.batchCompute.slice(0, 101) }), 2],
    [
      'BatchCompute jobs of two regions',
      nodes(),
      () => ({ ids: [ids.batchCompute[0], ids.batchCompute[260]] }),
      2,
    ],
    ['500 CI jobs', nodes(), () => ({ ids: ids.ci.slice(0, 500) }), 500],
    ['50 COS jobs', nodes(), () => ({ ids: ids.cos.slice(0, 50) }), 50],
    ['COS jobs with their details', nodes(DETAILS), () => ({ ids: ids.cos.slice(0, 5) }), 5],
    [
      'BatchCompute jobs with their details',
      nodes(DETAILS),
      () => ({ ids: ids.batchCompute.slice(0, 30) }),
      31,
    ],
    [
      'the same jobs twice, by both kinds of id',
      `query ($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { id } again: nodes(ids: $ids) { id } job(id: $id) { id } node(id: $id) { id } }`,
      () => ({ ids: [...ids.ci.slice(0, 3), ...ids.ci.slice(0, 3)], id: ids.ci[2] }),
      3,
    ],
    ['a page of COS', '{ cosJobs(first: 500) { nodes { id } } }', () => ({}), 1],
    ['a page of BatchCompute', '{ batchComputeJobs(first: 250) { nodes { id } } }', () => ({}), 3],
    ['a page of CI', '{ ciJobs(first: 250) { nodes { id } } }', () => ({}), 3],
    ['a page by a variable', 'query ($n: Int) { ciJobs(first: $n) { nodes { id } } }', () => ({ n: 201 }), 3],
    [
      'a page by the default of a variable',
      'query ($n: Int = 201) { ciJobs(first: $n) { nodes { id } } }',
      () => ({}),
      3,
    ],
    ['the end of BatchCompute', '{ batchComputeJobs(last: 120) { nodes { id } } }', () => ({}), 3],
    [
      'a page twice',
      '{ ciJobs(first: 201) { nodes { id } } again: ciJobs(first: 201) { totalCount } }',
      () => ({}),
      3,
    ],
    [
      'a page with details',
      `{ batchComputeJobs(first: 30) { edges { node { tasks { name } stateReason } } } }`,
      () => ({}),
      31,
    ],
    [
      'a page with details of one alias only',
      `{ a: batchComputeJobs(first: 30) { nodes { id } } b: batchComputeJobs(first: 30) { nodes { nextAction } } }`,
      () => ({}),
      31,
    ],
    [
      'a page of COS with details, through fragments',
      '{ ...Page } fragment Page on Query { cosJobs(first: 20) { nodes { ...Details } } } fragment Details on CosJob { manifest { location { etag } } }',
      () => ({}),
      21,
    ],
  ])('is known beforehand: %s', async (_what, query, variables, calls) => {
    expect(await estimate(query, variables())).toBe(calls === 0 ? null : calls);
    expect(await realCalls(query, variables())).toBeLessThanOrEqual(calls);
  });

  it.each<[what: string, query: string]>([
    ['a page of all', '{ jobs { nodes { id } } }'],
    ['a long page of all', '{ jobs(first: 500) { nodes { id } } }'],
    ['the end of all', '{ jobs(last: 50, filter: { sources: [COS, CI] }) { nodes { id } } }'],
    ['all with why they failed', '{ jobs(first: 50) { nodes { failures { reason } } } }'],
    ['all with all details', `{ jobs(first: 60) { nodes { ${DETAILS} } } }`],
    ['one source of all', `{ jobs(first: 100, filter: { sources: [CI] }) { nodes { ${DETAILS} } } }`],
    [
      'everything at once',
      `{ jobs(first: 20) { nodes { id } } cosJobs { nodes { operation { name } } } batchComputeJobs(last: 120) { nodes { id } } ciJobs { nodes { failures { code } } } }`,
    ],
  ])('is never more than was thought: %s', async (_what, query) => {
    const thought = (await estimate(query)) ?? 0;
    expect(await realCalls(query)).toBeLessThanOrEqual(thought);
    expect(thought).toBeLessThanOrEqual(600);
  });

  it('is one call for each origin of a merged listing, and what its page needs', async () => {
    expect(await estimate('{ jobs(first: 20) { nodes { id } } }')).toBe(origins);
    expect(await estimate('{ jobs(first: 500) { nodes { id } } }')).toBe(origins + 5);
    expect(await estimate('{ jobs(first: 20, filter: { sources: [CI] }) { nodes { id } } }')).toBe(2);
    expect(await estimate(`{ jobs(first: 20, filter: { sources: [CI] }) { nodes { ${DETAILS} } } }`)).toBe(2);
    expect(await estimate(`{ jobs(first: 20) { nodes { ${DETAILS} } } }`)).toBe(origins + 20);
  });

  it('of what a router asks is that of the ids', async () => {
    const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on BatchComputeJob { stateReason } ... on CiJob { code } } }`;
    const r = [
      ...ids.batchCompute.slice(0, 20).map((id) => ({ __typename: 'Job', id })),
      ...ids.ci.slice(0, 5).map((id) => ({ __typename: 'CiJob', id })),
      { __typename: 'BatchComputeJob', account: 'sandbox', region: REGION, jobId: 'job-00000001' },
      { __typename: 'CosJob', id: ids.ci[0] },
    ];
    expect(await estimate(query, { r })).toBe(1 + 21 + 5);
    expect(await realCalls(query, { r })).toBeLessThanOrEqual(27);
  });

  it.each<[what: string, query: string, variables: () => Variables]>([
    ['ids that are none', nodes(), () => ({ ids: ['x', '', 'MTpDT1M'] })],
    ['ids of places that are not configured', nodes(), () => ({ ids: [ciId('j1', 'other-1250000000')] })],
    ['more ids than may be', nodes(), () => ({ ids: [...ids.ci, ...ids.ci] })],
    ['pages of no length', '{ jobs(first: 0) { totalCount } ciJobs(first: 501) { totalCount } }', () => ({})],
    [
      'pages of a million, by a variable',
      'query ($n: Int) { jobs(first: $n) { totalCount } }',
      () => ({ n: 1_000_000 }),
    ],
    ['two ends at once', '{ jobs(first: 1, last: 1) { totalCount } }', () => ({})],
    ['places that are not configured', '{ cosJobs(region: "ap-x") { totalCount } }', () => ({})],
    ['filters that are refused', '{ jobs(filter: { statuses: [] }) { totalCount } }', () => ({})],
    [
      'representations that are none',
      'query { _entities(representations: [{ __typename: "Job" }, { __typename: "X", id: "x" }, 7]) { __typename } }',
      () => ({}),
    ],
  ])('is nothing for what the graph refuses by itself: %s', async (_what, query, variables) => {
    expect(await estimate(query, variables())).toBeNull();
  });
});

describe('an operation that may cost more than 600 upstream calls', () => {
  const two = `query ($a: [ID!]!, $b: [ID!]!) { a: nodes(ids: $a) { id } b: nodes(ids: $b) { id } }`;

  it('is refused before any call, with what may be and what it would', async () => {
    const strict = await startWorld({ runningSandbox: world.sandbox });
    const before = world.calls().length;
    const { status, data, errors } = await strict.askText(two, {
      a: ids.ci.slice(0, 500),
      b: [...ids.ci.slice(500), ...ids.cos.slice(0, 81)],
    });
    expect([status, data]).toEqual([400, undefined]);
    expect(errors.map(({ extensions }) => extensions)).toEqual([
      { code: 'COST_ESTIMATED_TOO_EXPENSIVE', limit: 600, cost: 601 },
    ]);
    expect(errors[0]?.message).toMatch(
      /at most 600 upstream calls, got one that may cost 601\. Ask for fewer/,
    );
    expect(world.calls()).toHaveLength(before);
    const { errors: none } = await strict.askText(two, { a: ids.ci.slice(0, 500), b: ids.ci.slice(400) });
    expect(none).toEqual([]);
    await strict.close();
  });

  it.each([
    ['500 CI jobs', nodes(), 500],
    ['500 COS jobs', nodes(DETAILS), 500],
    ['500 BatchCompute jobs with details', nodes(DETAILS), 505],
    ['a page of 500 with details', `{ jobs(first: 500) { nodes { ${DETAILS} failures { reason } } } }`, 511],
  ])('is none that the graph allows singly: %s', async (what, query, calls) => {
    const all = what.includes('CI') ? ids.ci : what.includes('COS') ? ids.cos : ids.batchCompute;
    const cost = await estimate(query, query.includes('$ids') ? { ids: all.slice(0, 500) } : {});
    expect(cost).toBeLessThanOrEqual(600);
    expect(cost).toBeGreaterThanOrEqual(calls);
  });
});

function nodes(selection = '__typename'): string {
  return `query ($ids: [ID!]!) { nodes(ids: $ids) { id ${selection} } }`;
}
