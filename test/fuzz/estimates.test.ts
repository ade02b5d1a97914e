/**
 * What operations are thought to cost and what they do cost, of many that nobody thought of: with nothing known beforehand, no
 * operation makes more upstream calls than were put on its bill. What no bill can hold is left out here: whether a filter of
 * `jobs` lets a job pass is known by reading it, and where BatchCompute's oldest jobs are by reading all that are newer.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import {
  addJobs,
  batchComputeId,
  BUCKET,
  ciId,
  cosId,
  dataOf,
  OTHER_BUCKET,
  OTHER_REGION,
  REGION,
} from '../e2e/support.ts';
import { startWorld, type World } from '../support/world.ts';
import { madeBy, seeded, type Tape } from './tape.ts';

const SEED = 20_261_122;
const OPERATIONS = 100;
const JOBS_OF_A_PLACE = 230;

/** One asks without any limit, the other lets nothing pass and so tells what it thought that it would cost. */
let world: World;
let estimating: World;
const ids: string[] = [];
/** Of listings without a filter, by field. */
const cursors: Record<string, readonly string[]> = {};

beforeAll(async () => {
  const { limits, deadlines } = readConfig({});
  const patient = { ...deadlines, requestMs: 60_000, originMs: 50_000 };
  world = await startWorld({
    sandbox: { world: 'empty' },
    config: { limits: { ...limits, maxUpstreamCalls: 1_000_000 }, deadlines: patient },
  });
  estimating = await startWorld({
    runningSandbox: world.sandbox,
    config: { limits: { ...limits, maxUpstreamCalls: 0 } },
  });
  const state = (index: number): object => (index % 10 === 0 ? { JobState: 'FAILED' } : {});
  for (const place of [REGION, OTHER_REGION]) {
    const [cos, batchCompute] = [
      addJobs(world, 'cos', JOBS_OF_A_PLACE, { place }),
      addJobs(world, 'batchCompute', JOBS_OF_A_PLACE, { place, like: state }),
    ];
    ids.push(...cos.map((id) => cosId(id, place)), ...batchCompute.map((id) => batchComputeId(id, place)));
  }
  for (const place of [BUCKET, OTHER_BUCKET]) {
    ids.push(...addJobs(world, 'ci', JOBS_OF_A_PLACE, { place }).map((id) => ciId(id, place)));
  }
  for (const field of ['jobs', 'cosJobs', 'batchComputeJobs', 'ciJobs']) {
    const answer = await world.askText(`{ page: ${field}(first: 200) { edges { cursor } } }`);
    const { edges } = dataOf(answer)['page'] as { edges: readonly { readonly cursor: string }[] };
    cursors[field] = [0, 7, 99, 100, 150, 199].map((index) => edges[index]?.cursor ?? '');
  }
}, 60_000);

afterAll(async () => {
  await estimating.close();
  await world.close();
});

interface Operation {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** Up to four fields of the root, each with arguments and fields by chance; some only where a variable says so. */
function operation(tape: Tape): Operation {
  const variables: Record<string, unknown> = {};
  const variable = (type: string, value: unknown): string => {
    const name = `v${Object.keys(variables).length}_${type.replaceAll(/\W/g, '')}`;
    variables[name] = value;
    types.push(`$${name}: ${type}`);
    return `$${name}`;
  };
  const types: string[] = [];
  const fields = Array.from({ length: 1 + tape.below(4) }, (_, index) => {
    const include = tape.chance(15) ? ` @include(if: ${variable('Boolean!', tape.chance(50))})` : '';
    const { field, given, selection } = rootField(tape, variable);
    return `f${index}: ${field}${given.length === 0 ? '' : `(${given.join(', ')})`}${include} { ${selection} }`;
  });
  const head = types.length === 0 ? '' : `query (${types.join(', ')}) `;
  const text = `${head}{ ${fields.join(' ')} }`;
  return { query: text.includes('...Shown') ? `${text} ${shownFragment(tape)}` : text, variables };
}

interface RootField {
  readonly field: string;
  readonly given: readonly string[];
  readonly selection: string;
}

function rootField(tape: Tape, variable: (type: string, value: unknown) => string): RootField {
  const anId = (): string => ids[(tape.below(ids.length) * 7) % ids.length] ?? '';
  switch (tape.below(6)) {
    case 0:
      return { field: 'job', given: [`id: ${variable('ID!', anId())}`], selection: jobFields(tape) };
    case 1: {
      // Neighbours are of one place, so that their reads go together.
      const start = tape.below(ids.length);
      const some = [...ids.slice(start, start + tape.oneOf([1, 3, 10, 10, 105])), anId(), anId()];
      return { field: 'nodes', given: [`ids: ${variable('[ID!]!', some)}`], selection: jobFields(tape) };
    }
    case 2: {
      const representations = Array.from({ length: tape.below(12) }, () => ({
        __typename: 'Job',
        id: anId(),
      }));
      const given = [`representations: ${variable('[_Any!]!', representations)}`];
      return { field: '_entities', given, selection: jobFields(tape) };
    }
    case 3:
      return merged(tape, variable);
    default:
      return ofOneSource(tape, variable);
  }
}

function merged(tape: Tape, variable: (type: string, value: unknown) => string): RootField {
  const [filter, order, length] = tape.chance(30)
    ? ['filter: { sources: [CI, COS] }', 'orderBy: OLDEST_FIRST', 'first']
    : tape.chance(20)
      ? ['filter: { sources: [CI, COS] }', '', 'last']
      : [
          tape.oneOf(['', '', 'filter: { sources: [BATCH_COMPUTE] }', `filter: { regions: ["${REGION}"] }`]),
          '',
          'first',
        ];
  const cursor = filter === '' && tape.chance(40) ? `after: "${tape.oneOf(cursors['jobs'] ?? [])}"` : '';
  const given = [`${length}: ${variable('Int', oneLength(tape))}`, filter, order, cursor];
  return { field: 'jobs', given: given.filter(Boolean), selection: page(tape) };
}

function ofOneSource(tape: Tape, variable: (type: string, value: unknown) => string): RootField {
  const field = tape.oneOf(['cosJobs', 'batchComputeJobs', 'ciJobs']);
  const goesBack = field === 'batchComputeJobs' && tape.chance(30);
  const length = `${goesBack ? 'last' : 'first'}: ${variable('Int', oneLength(tape))}`;
  const filters: Readonly<Record<string, readonly string[]>> = {
    cosJobs: ['status: ACTIVE', `region: "${OTHER_REGION}"`],
    batchComputeJobs: ['filter: { states: [FAILED, RUNNING] }', `region: "${OTHER_REGION}"`],
    ciJobs: ['filter: { order: OLDEST_FIRST }', 'filter: { states: [RUNNING] }', `bucket: "${OTHER_BUCKET}"`],
  };
  const filter = tape.chance(50) ? tape.oneOf(filters[field] ?? []) : '';
  const cursor =
    filter === '' && tape.chance(40)
      ? `${goesBack ? 'before' : 'after'}: "${tape.oneOf(cursors[field] ?? [])}"`
      : '';
  return { field, given: [length, filter, cursor].filter(Boolean), selection: page(tape) };
}

/** Mostly short, for each job may cost a call; and what takes one call more. */
function oneLength(tape: Tape): number {
  return tape.oneOf([1, 2, 5, 10, 20, 20, 99, 100, 101, 201]);
}

function page(tape: Tape): string {
  const jobs = jobFields(tape);
  return tape.oneOf([
    `nodes { ${jobs} }`,
    `edges { node { ${jobs} } } totalCount`,
    `nodes { ${jobs} } pageInfo { hasNextPage endCursor } origins { totalCount outcome }`,
  ]);
}

function jobFields(tape: Tape): string {
  return tape.oneOf([
    '__typename',
    '... on Job { jobId status }',
    '... on Job { displayName failures { reason } }',
    // Through what they have in common, so that it may stand wherever a job does.
    '... on Job { ... on CosJob { roleArn manifest { location { etag } } } ... on CiJob { code } }',
    '... on Job { ... on BatchComputeJob { stateReason tasks { name } } }',
    '...Shown',
  ]);
}

function shownFragment(tape: Tape): string {
  const details = tape.oneOf(['nextAction', 'tags { key }', 'dependencies { startTask }']);
  return `fragment Shown on Job { progress { total } ... on BatchComputeJob { ${details} } ... on CosJob { clientRequestToken } }`;
}

async function estimateOf({ query, variables }: Operation): Promise<number> {
  const { errors } = await estimating.askText(query, variables);
  const [error] = errors;
  return error?.extensions['code'] === 'COST_ESTIMATED_TOO_EXPENSIVE' ? Number(error.extensions['cost']) : 0;
}

describe('100 operations', () => {
  it('make no more upstream calls than they were thought to', async () => {
    let calls = 0;
    let thought = 0;
    await fc.assert(
      fc.asyncProperty(madeBy(60, operation), async (asked) => {
        world.sandbox.clearCalls();
        const { errors } = await world.askText(asked.query, asked.variables);
        // What fails is not what this is about.
        expect(errors).toEqual([]);
        const real = world.calls().length;
        const estimate = await estimateOf(asked);
        expect(real).toBeLessThanOrEqual(estimate);
        calls += real;
        thought += estimate;
      }),
      seeded(SEED, OPERATIONS),
    );
    // Otherwise they asked for nothing, or a bill is so high that it says nothing.
    expect(calls).toBeGreaterThan(OPERATIONS * 5);
    expect(thought).toBeLessThan(calls * 3);
  }, 120_000);
});
