import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { utcTimeOf } from '../../src/lib/time-text.ts';
import type { JobSummary } from '../../src/model/job.ts';
import { JOB_STATUSES } from '../../src/model/job-status.ts';
import type { JsonTree } from '../../src/model/json-tree.ts';
import { DEFAULT_BUCKETS, WELL_KNOWN_ACCOUNT } from '../../src/sandbox/account.ts';
import {
  batchComputeJobDetail,
  batchComputeJobView,
} from '../../src/sandbox/batch-compute/batch-compute-json.ts';
import { createBatchComputePlaces } from '../../src/sandbox/batch-compute/batch-compute-places.ts';
import { ciJobsDetail } from '../../src/sandbox/ci/ci-job-xml.ts';
import { createCiPlaces } from '../../src/sandbox/ci/ci-places.ts';
import { cosJobDetail, cosListMember } from '../../src/sandbox/cos/cos-job-xml.ts';
import { createCosPlaces } from '../../src/sandbox/cos/cos-places.ts';
import * as samples from '../../src/sandbox/sample-jobs.ts';
import { writeXml } from '../../src/sandbox/xml.ts';
import * as batchCompute from '../../src/sources/batch-compute/decode.ts';
import { storedBatchComputeDetail, storedBatchComputeJob } from '../../src/sources/batch-compute/stored.ts';
import * as ci from '../../src/sources/ci/decode.ts';
import { storedCiJob } from '../../src/sources/ci/stored.ts';
import * as cos from '../../src/sources/cos/decode.ts';
import { storedCosDetail, storedCosJob } from '../../src/sources/cos/stored.ts';
import type { StoredAs } from '../../src/sources/stored-job.ts';
import { shapeDigest } from '../../src/sources/stored-shape.ts';
import { anAnswer, BATCH_COMPUTE_ORIGIN, CI_ORIGIN, COS_ORIGIN, fixture } from './support.ts';

type Json = Record<string, unknown>;

const SCHEMAS = {
  'COS job': storedCosJob,
  'COS detail': storedCosDetail,
  'BatchCompute job': storedBatchComputeJob,
  'BatchCompute detail': storedBatchComputeDetail,
  'CI job': storedCiJob,
};

/** A value as a decoder made it. The schema of its kind must know it again. */
interface Kept {
  readonly kind: keyof typeof SCHEMAS;
  readonly value: object;
}

const NOW_MS = Date.parse('2026-03-04T05:00:00Z');
const WORLD = {
  account: { ...WELL_KNOWN_ACCOUNT, sessionToken: null },
  seed: 1,
  kind: 'full' as const,
  arrivalsPerHour: 0,
  now: () => NOW_MS,
};

const kept = (kind: Kept['kind'], values: readonly (object | null | undefined)[]): Kept[] =>
  values.filter((value) => value !== null && value !== undefined).map((value) => ({ kind, value }));
const bodies = (folder: string, start: string): string[] =>
  readdirSync(new URL(`../fixtures/${folder}`, import.meta.url))
    .filter((name) => name.startsWith(start))
    .map((name) => fixture(`${folder}/${name}`));
const idIn = (body: string): string =>
  /<JobId>(.+?)<\/JobId>|"JobId":\s*"(.+?)"/.exec(body)?.slice(1).find(Boolean) ?? '';
const again = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const withoutDetail = ({ detail: _detail, ...job }: Json): Json => job;

function cosBodies(): { readonly lists: string[]; readonly descriptions: string[] } {
  const jobs = createCosPlaces(['ap-guangzhou'], WORLD).stores.get('ap-guangzhou')!.all();
  return {
    lists: [
      ...bodies('cos', 'list-'),
      writeXml(['ListJobsResult', [['Jobs', jobs.map((job) => cosListMember(job, NOW_MS))]]]),
    ],
    descriptions: [
      ...bodies('cos', 'describe-'),
      ...jobs.map((job) => writeXml(['DescribeJobResult', [cosJobDetail(job, NOW_MS)]])),
    ],
  };
}

function keptOfCos(): Kept[] {
  const { lists, descriptions } = cosBodies();
  const described = descriptions.map((body) => cos.decodeDescription(COS_ORIGIN, idIn(body), anAnswer(body)));
  return [
    ...kept(
      'COS job',
      lists.flatMap((body) => cos.decodeListing(COS_ORIGIN, anAnswer(body)).jobs),
    ),
    ...kept('COS job', described),
    ...kept(
      'COS detail',
      described.map((job) => job?.detail),
    ),
  ];
}

function keptOfBatchCompute(): Kept[] {
  const jobs = createBatchComputePlaces(['ap-guangzhou'], WORLD).stores.get('ap-guangzhou')!.all();
  const body = (content: object): string => JSON.stringify({ Response: { RequestId: 'r', ...content } });
  const lists = [
    ...bodies('batch-compute', 'describe-jobs-'),
    body({ TotalCount: jobs.length, JobSet: jobs.map((job) => batchComputeJobView(job, NOW_MS)) }),
  ];
  const descriptions = [
    ...bodies('batch-compute', 'describe-job.'),
    ...jobs.map((job) => body(batchComputeJobDetail(job, NOW_MS))),
  ];
  return [
    ...kept(
      'BatchCompute job',
      lists.flatMap((text) => batchCompute.decodeListing(BATCH_COMPUTE_ORIGIN, anAnswer(text)).jobs),
    ),
    ...kept(
      'BatchCompute detail',
      descriptions.map(
        (text) => batchCompute.decodeDescription(BATCH_COMPUTE_ORIGIN, idIn(text), anAnswer(text))?.detail,
      ),
    ),
  ];
}

function keptOfCi(): Kept[] {
  const jobs = [...createCiPlaces(DEFAULT_BUCKETS, WORLD).stores.values()].flatMap((store) =>
    store.all().map(({ job }) => job),
  );
  const lists = [
    ...bodies('ci', 'list-'),
    ...(['current', 'legacy'] as const).map((shape) =>
      writeXml(['Response', jobs.map((job) => ciJobsDetail(job, NOW_MS, shape))]),
    ),
  ];
  const descriptions = bodies('ci', 'describe-');
  return kept('CI job', [
    ...lists.flatMap((text) => ci.decodeListing(CI_ORIGIN, anAnswer(text)).jobs),
    ...descriptions.map((text) => ci.decodeDescription(CI_ORIGIN, idIn(text), anAnswer(text))),
  ]);
}

const KEPT: readonly Kept[] = [...keptOfCos(), ...keptOfBatchCompute(), ...keptOfCi()];
const aJob = (kind: Kept['kind'], change: object = {}): Json => ({
  ...(again(KEPT.find((one) => one.kind === kind)!.value) as Json),
  ...change,
});
const otherOperation = (parameters: unknown): Json =>
  aJob('COS detail', { operation: { kind: 'Other', name: 'COSNew', parameters } });
/** A tree that many levels deep. */
const deep = (levels: number): unknown => {
  let tree: unknown = '';
  for (let level = 0; level < levels; level += 1) {
    tree = { a: tree };
  }
  return tree;
};

describe('a value that a decoder made', () => {
  it.each(Object.entries(SCHEMAS))('survives being kept: every %s, without its detail', (kind, schema) => {
    const ofKind = KEPT.filter((one) => one.kind === kind);
    expect(ofKind.length).toBeGreaterThan(100);
    for (const { value } of ofKind) {
      expect(schema.parse(again(value))).toStrictEqual(withoutDetail(value as Json));
    }
  });

  it('is every kind that there is: samples, statuses, operations', () => {
    const values = KEPT.map(({ value }) => value as Partial<JobSummary> & { operation?: { kind?: string } });
    expect(values.map(({ jobId }) => jobId)).toEqual(expect.arrayContaining(Object.values(samples)));
    expect(new Set(values.map(({ status }) => status))).toEqual(new Set([...JOB_STATUSES, undefined]));
    expect(new Set(values.map(({ operation }) => operation?.kind))).toEqual(
      new Set([
        'PutObjectCopy',
        'InitiateRestoreObject',
        'PutObjectTagging',
        'DeleteObject',
        'Other',
        undefined,
      ]),
    );
  });

  it('survives with the deepest tree that the parser lets through', () => {
    const levels = 96;
    const inner = `${'<a><b/>'.repeat(levels)}${'</a><a/>'.repeat(levels - 1)}</a>`;
    const body = `<DescribeJobResult><Job><JobId>j</JobId><Status>New</Status><Operation><COSNew>${inner}</COSNew></Operation></Job></DescribeJobResult>`;
    const detail = cos.decodeDescription(COS_ORIGIN, 'j', anAnswer(body))!.detail;
    expect(storedCosDetail.parse(again(detail))).toStrictEqual(detail);
  });
});

describe('a value that nobody of us wrote', () => {
  const TIME = 'createdAt';

  it.each([
    ['another status', { status: 'DONE' }],
    ['a status of the prototype', { status: 'toString' }],
    ['another source', { source: 'CI' }],
    ['a list for a name', { name: ['a'] }],
    ['no name', { name: undefined }],
    ['a priority that is no Int', { priority: 2 ** 31 }],
    ['a text for a flag', { isFinished: 'true' }],
    ['an id with a slash', { jobId: '../a' }],
    ['an id with a line feed behind it', { jobId: 'a\n' }],
    ['an account with a space', { account: 'a b' }],
    ['an empty region', { region: '' }],
    ['a time with an offset', { [TIME]: '2022-06-27T15:23:10+08:00' }],
    ['a time without a zone', { [TIME]: '2022-06-27T15:23:10' }],
    ['a time without seconds', { [TIME]: '2022-06-27T15:23Z' }],
    ['the 30th of February', { [TIME]: '2024-02-30T00:00:00Z' }],
    ['the 29th in a common year', { [TIME]: '2023-02-29T00:00:00Z' }],
    ['the 25th hour', { [TIME]: '2024-02-01T24:00:00Z' }],
    ['an endless fraction', { [TIME]: `2024-02-01T00:00:00.${'1'.repeat(5_000)}Z` }],
    ['null for when it was fetched', { fetchedAt: null }],
    ['a list for the progress', { progress: [] }],
    ['a progress without running', { progress: { total: 1, succeeded: 1, failed: 0, pending: 0 } }],
    ...[-1, 0.5, 2 ** 53, 1e308, Number.NaN, '1', null].map((total): [string, object] => [
      `a total of ${total}`,
      { progress: { total, succeeded: 0, failed: 0, running: null, pending: null } },
    ]),
  ])('is refused: a job with %s', (_, change) => {
    expect(storedCosJob.safeParse(aJob('COS job')).success).toBe(true);
    expect(storedCosJob.safeParse(aJob('COS job', change)).success).toBe(false);
  });

  it.each([
    ['another kind', { kind: 'Move', name: 'a' }],
    ['no kind', { name: 'a', parameters: 'a' }],
    ['the members of another kind', { kind: 'PutObjectTagging', name: 'a', parameters: 'a' }],
  ])('is refused: an operation of %s', (_, operation) => {
    expect(storedCosDetail.safeParse(aJob('COS detail', { operation })).success).toBe(false);
  });

  it.each([
    ['a number', { a: 1 }],
    ['null', [null]],
    ['nothing', undefined],
    ['a __proto__', { a: JSON.parse('{"__proto__": {"b": "c"}}') as unknown }],
    ['more levels than any XML', deep(201)],
    ['more levels than the stack', deep(100_000)],
  ])('is refused: a tree with %s', (_, tree) => {
    expect(storedCosDetail.safeParse(otherOperation('a')).success).toBe(true);
    expect(storedCosDetail.safeParse(otherOperation(tree)).success).toBe(false);
  });

  it.each([
    ['BatchCompute job', { jobId: 'J-1' }],
    ['CI job', { jobId: 'a b' }],
    ['CI job', { bucket: 'A/b' }],
    ['CI job', { type: 'Both' }],
  ] as const)('is refused: a %s with %j', (kind, change) => {
    expect(SCHEMAS[kind].safeParse(aJob(kind, change)).success).toBe(false);
  });

  it.each(Object.entries(SCHEMAS))('is refused whatever it is, as a %s', (_, schema) => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, maxDepth: 4 }), (value) => {
        expect(schema.safeParse(value).success).toBe(false);
      }),
      { seed: 20_260_105, numRuns: 1_000 },
    );
  });
});

/** Where something stands within a JSON value. */
interface Spot {
  readonly holder: Json;
  readonly name: string;
}
type Mutation = (spot: Spot) => void;

const put = ({ holder, name }: Spot, value: unknown): void => {
  // As JSON.parse does it: a member named __proto__ is one like any other.
  Object.defineProperty(holder, name, { value, writable: true, enumerable: true, configurable: true });
};
const objectAt = ({ holder, name }: Spot): Json => {
  const value = holder[name];
  return typeof value === 'object' && value !== null ? (value as Json) : holder;
};

const junk = fc.oneof(
  fc.constantFrom<unknown[]>(null, undefined, true, '', 'a', 'UNKNOWN', 'CI', '__proto__', '\u0000\n'),
  fc.constantFrom(0, -0, -1, 7, 0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, Number.NaN, Infinity),
  fc.constantFrom(
    '2022-06-27T15:23:10+08:00',
    '2022-02-30T00:00:00Z',
    '2022-06-27T15:23:10.5Z',
    '2022-06-27',
  ),
  fc.constantFrom([], {}, [[]], [{}], { a: 'b' }).map((value) => structuredClone<unknown>(value)),
  fc.constant(20_000).map(deep),
  fc.jsonValue(),
);
const strangeName = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'detail',
  'kind',
  'a',
);
const mutation = fc.oneof<fc.Arbitrary<Mutation>[]>(
  fc.constant(({ holder, name }) => void Reflect.deleteProperty(holder, name)),
  junk.map((value) => (spot) => {
    put(spot, value);
  }),
  fc.constantFrom<Mutation[]>(
    (spot) => {
      put(spot, [spot.holder[spot.name]]);
    },
    (spot) => {
      put(spot, { ...objectAt(spot), more: spot.holder[spot.name] });
    },
    (spot) => {
      put(spot, JSON.stringify(typeof spot.holder[spot.name]));
    },
    (spot) => {
      put(spot, Object.values(objectAt(spot)));
    },
  ),
  fc.tuple(strangeName, junk).map(([name, value]) => (spot) => {
    put({ holder: objectAt(spot), name }, value);
  }),
  strangeName.map((name) => (spot) => {
    put({ holder: objectAt(spot), name }, { polluted: true, isFinished: true, jobId: 'a', toString: null });
  }),
);

/** Every member of every object and list in a value, from the outside inwards. */
function spotsIn(value: unknown): Spot[] {
  const spots: Spot[] = [];
  const open = [value];
  for (const next of open) {
    if (typeof next === 'object' && next !== null && spots.length < 2_000) {
      spots.push(...Object.keys(next).map((name) => ({ holder: next as Json, name })));
      open.push(...Object.values(next));
    }
  }
  return spots;
}

/** The names of the members of each object in a value, with the place that it stands at. Trees have any. */
function formsIn(value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null || /\.(parameters|jobParam)$/.test(at)) {
    return [];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item) => formsIn(item, `${at}[]`));
  }
  return [
    `${at}: ${Object.keys(value).toSorted().join()}`,
    ...Object.entries(value).flatMap(([name, child]) => formsIn(child, `${at}.${name}`)),
  ];
}

const FORMS = new Set(KEPT.flatMap(({ kind, value }) => formsIn(withoutDetail(value as Json), kind)));
const TIMES = new Set(['createdAt', 'startedAt', 'endedAt', 'fetchedAt', 'suspendedAt', 'start', 'end']);

/** What is wrong with a value that was accepted, apart from its being no such value at all. */
function faultsIn(kind: string, value: unknown): unknown[] {
  const inTree = new Set(
    spotsIn(value)
      .filter(({ name }) => name === 'parameters' || name === 'jobParam')
      .flatMap(({ holder, name }) => spotsIn(holder[name]).map((spot) => spot.holder)),
  );
  return [
    ...formsIn(value, kind).filter((form) => !FORMS.has(form)),
    ...spotsIn(value).filter(({ holder, name }) => {
      const leaf = holder[name];
      const isWrongTime =
        TIMES.has(name) && !inTree.has(holder) && leaf !== null && utcTimeOf(leaf as string) === null;
      const isWrongNumber = typeof leaf === 'number' && !Number.isSafeInteger(leaf);
      const isStrange = leaf === undefined || name === '__proto__' || (leaf as Json | null)?.['polluted'];
      return isWrongTime || isWrongNumber || isStrange;
    }),
  ];
}

describe('10,000 values that were changed on the way', () => {
  it('are refused, or are what a decoder could have made; nothing throws or is polluted', () => {
    const members = Object.getOwnPropertyNames(Object.prototype);
    const outcomes = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom(...KEPT),
        fc.array(fc.tuple(fc.nat(), mutation), { minLength: 1, maxLength: 3 }),
        ({ kind, value }, mutations) => {
          const schema = SCHEMAS[kind];
          const changed = { value: again(value) };
          for (const [at, mutate] of mutations) {
            const spots = spotsIn(changed);
            mutate(spots[at % spots.length] ?? { holder: changed, name: 'value' });
          }
          const read = schema.safeParse(changed.value);
          outcomes[read.success ? 'accepted' : 'refused'] += 1;
          if (read.success) {
            expect(faultsIn(kind, read.data)).toEqual([]);
            expect(schema.parse(read.data)).toStrictEqual(read.data);
            expect(Object.getPrototypeOf(read.data)).toBe(Object.prototype);
          }
        },
      ),
      { seed: 20_260_106, numRuns: 10_000 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(members);
    expect(({} as Json)['polluted']).toBeUndefined();
    // Otherwise one half of the property has said nothing.
    expect(Math.min(outcomes.accepted, outcomes.refused)).toBeGreaterThan(500);
  });

  it.each(Object.entries(SCHEMAS))('may have members that are left out: a %s', (kind, schema) => {
    const value = aJob(kind as Kept['kind']);
    const text = JSON.stringify(value).replace(
      '{',
      '{"__proto__":{"a":1},"constructor":{"a":1},"detail":5,"isStale":true,',
    );
    expect(schema.parse(JSON.parse(text))).toStrictEqual(withoutDetail(value));
  });
});

describe('the agreement of schema and model', () => {
  const schema = z.object({ a: z.string(), list: z.array(z.object({ b: z.int().nullable() })) });
  const loose = z.object({ a: z.string(), b: z.string().optional() });
  const tree = z.object({ a: z.custom<JsonTree>() });
  type List<Item> = readonly Item[];

  it('is proved by the compiler, in both directions and at any depth', () => {
    const proofs = [
      schema satisfies StoredAs<
        { readonly a: string; readonly list: List<{ b: number | null }> },
        typeof schema
      >,
      tree satisfies StoredAs<{ readonly a: JsonTree }, typeof tree>,
      // @ts-expect-error -- the schema has a member that the model does not have
      schema satisfies StoredAs<{ readonly a: string }, typeof schema>,
      // @ts-expect-error -- the same within a list
      schema satisfies StoredAs<{ readonly a: string; readonly list: List<object> }, typeof schema>,
      // @ts-expect-error -- the model has a member that the schema does not have
      tree satisfies StoredAs<{ readonly a: JsonTree; readonly b: string }, typeof tree>,
      // @ts-expect-error -- one that is optional
      tree satisfies StoredAs<{ readonly a: JsonTree; readonly b?: string }, typeof tree>,
      // @ts-expect-error -- the schema is narrower than the model
      schema satisfies StoredAs<{ a: string; list: List<{ b: number | null | string }> }, typeof schema>,
      // @ts-expect-error -- the schema is wider than the model
      schema satisfies StoredAs<{ a: string; list: List<{ b: number }> }, typeof schema>,
      // @ts-expect-error -- a member is optional in the schema alone
      loose satisfies StoredAs<{ a: string; b: string }, typeof loose>,
      // @ts-expect-error -- a member that the model does not have is optional in the schema
      loose satisfies StoredAs<{ a: string }, typeof loose>,
    ];
    expect(proofs).toHaveLength(10);
  });
});

describe('the digest of shapes', () => {
  const shape = { a: z.string().nullable(), status: z.enum(['ON', 'OFF']), tags: z.array(z.string()) };
  const base = z.object(shape);

  it('is 10 characters that can stand in a key, and tells the five shapes apart', () => {
    const digests = Object.values(SCHEMAS).map((schema) => shapeDigest(schema));
    expect(digests).toEqual(digests.map(() => expect.stringMatching(/^[A-Za-z0-9_-]{10}$/)));
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('is the same for the same shape', () => {
    expect(shapeDigest(z.object({ ...shape }))).toBe(shapeDigest(base));
  });

  it.each<[string, z.ZodType[]]>([
    ['one member more', [base.extend({ b: z.string() })]],
    ['one member less', [base.omit({ a: true })]],
    ['another type', [base.extend({ a: z.int().nullable() })]],
    ['no null', [base.extend({ a: z.string() })]],
    ['an optional member', [base.extend({ a: z.string().nullable().optional() })]],
    ['one enum value more', [base.extend({ status: z.enum(['ON', 'OFF', 'IDLE']) })]],
    ['another enum value', [base.extend({ status: z.enum(['ON', 'IDLE']) })]],
    ['other items', [base.extend({ tags: z.array(z.int()) })]],
    ['a tree in it', [base.extend({ a: z.custom<JsonTree>().describe('JsonTree') })]],
    ['another pattern', [base.extend({ a: z.string().regex(/^a$/).nullable() })]],
    ['a second shape', [base, base]],
  ])('is another one with %s', (_, changed) => {
    expect(shapeDigest(...changed)).not.toBe(shapeDigest(base));
  });

  it('depends on which shape is the first', () => {
    expect(shapeDigest(storedCosJob, storedCosDetail)).not.toBe(shapeDigest(storedCosDetail, storedCosJob));
  });

  it('is the same in another process', () => {
    const address = (path: string): string =>
      JSON.stringify(new URL(`../../src/sources/${path}`, import.meta.url));
    const code = `
      import { shapeDigest } from ${address('stored-shape.ts')};
      import { storedCosJob, storedCosDetail } from ${address('cos/stored.ts')};
      process.stdout.write(shapeDigest(storedCosJob, storedCosDetail));`;
    const told = execFileSync(process.execPath, ['--input-type=module', '--eval', code], {
      encoding: 'utf8',
    });
    expect(told).toBe(shapeDigest(storedCosJob, storedCosDetail));
  });
});
