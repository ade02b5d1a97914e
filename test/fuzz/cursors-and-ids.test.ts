/**
 * Ten thousand cursors and ten thousand ids that no gateway gave (reliability S8, S9, S13). Each is refused by its own code
 * without a call, or is a place or a job that could be there; and whatever a client writes, only the configured hosts are asked.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import fc from 'fast-check';
import {
  getNamedType,
  getNullableType,
  type GraphQLInputType,
  isInputObjectType,
  isListType,
  isScalarType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { encodeCursor } from '../../src/jobs/cursor.ts';
import { originKey } from '../../src/model/origin.ts';
import type { Position } from '../../src/sources/source.ts';
import {
  addJobs,
  batchComputeId,
  BUCKET,
  ciId,
  cosId,
  OTHER_BUCKET,
  OTHER_REGION,
  REGION,
} from '../e2e/support.ts';
import type { Answer, World } from '../support/world.ts';
import { HOSTILE_TEXTS } from './hostile-texts.ts';
import { madeBy, seeded, type Tape } from './tape.ts';
import { STRANGE_TEXTS } from './text-mutations.ts';
import { startUnhurriedWorld } from './unhurried-world.ts';

const SEED = 20_261_103;
const CURSORS = 10_000;
const IDS = 10_000;
/** So many aliases of one field in a document. */
const AT_A_TIME = 20;

let world: World;
const JOBS: Record<'cos' | 'batchCompute' | 'ci', string[]> = { cos: [], batchCompute: [], ci: [] };
/** Where the gateway, or anybody else in this process, has connected to. */
const connectedTo = new Set<string>();

interface ConnectEvent {
  readonly connectParams: { readonly host?: string; readonly hostname?: string };
}

const onConnect = (event: unknown): void => {
  const { host, hostname } = (event as ConnectEvent).connectParams;
  connectedTo.add(host ?? hostname ?? 'nowhere');
};

beforeAll(async () => {
  subscribe('undici:client:beforeConnect', onConnect);
  world = await startUnhurriedWorld({ sandbox: { world: 'empty' } });
  for (const upstream of ['cos', 'batchCompute', 'ci'] as const) {
    JOBS[upstream] = addJobs(world, upstream, 12, { perSecond: 5 });
  }
});

afterAll(async () => {
  unsubscribe('undici:client:beforeConnect', onConnect);
  await world.close();
});

function codesOf({ errors }: Answer<unknown>): unknown[] {
  return errors.map(({ extensions }) => extensions['code']);
}

/** A listing with its arguments but for the cursor, as written, and what its cursors belong to. */
interface Listing {
  readonly field: string;
  readonly args: string;
  readonly binding: { readonly field: string; readonly origin: string; readonly filter: unknown };
}

const COS_ORIGIN = { source: 'COS', account: 'sandbox', region: REGION, bucket: null } as const;
const ALL_JOBS = {
  sources: null,
  accounts: null,
  regions: null,
  statuses: null,
  createdAfter: null,
  createdBefore: null,
  text: null,
};
const NO_BATCH_COMPUTE_FILTER = {
  jobIds: null,
  names: null,
  states: null,
  zones: null,
  tagKeys: null,
  tagValues: null,
  tags: null,
};
const NO_CI_FILTER = {
  type: null,
  states: null,
  name: null,
  workflowId: null,
  jobId: null,
  createdAfter: null,
  createdBefore: null,
  order: 'NEWEST_FIRST',
};

const LISTINGS: readonly Listing[] = [
  {
    field: 'jobs',
    args: '',
    binding: { field: 'jobs', origin: 'all', filter: { ...ALL_JOBS, orderBy: 'NEWEST_FIRST' } },
  },
  {
    field: 'jobs',
    args: 'orderBy: OLDEST_FIRST',
    binding: { field: 'jobs', origin: 'all', filter: { ...ALL_JOBS, orderBy: 'OLDEST_FIRST' } },
  },
  {
    field: 'cosJobs',
    args: '',
    binding: { field: 'cosJobs', origin: originKey(COS_ORIGIN), filter: { status: null } },
  },
  {
    field: 'batchComputeJobs',
    args: '',
    binding: {
      field: 'batchComputeJobs',
      origin: originKey({ ...COS_ORIGIN, source: 'BATCH_COMPUTE' }),
      filter: NO_BATCH_COMPUTE_FILTER,
    },
  },
  {
    field: 'ciJobs',
    args: '',
    binding: {
      field: 'ciJobs',
      origin: originKey({ source: 'CI', account: 'sandbox', region: 'ap-beijing', bucket: BUCKET }),
      filter: NO_CI_FILTER,
    },
  },
];

/** Of each listing. */
async function genuineCursors(): Promise<string[][]> {
  return Promise.all(
    LISTINGS.map(async ({ field, args }) => {
      const { data } = await world.askText(`{ page: ${field}(first: 12 ${args}) { edges { cursor } } }`);
      const { edges } = Object(data?.['page']) as { edges: { cursor: string }[] };
      return edges.map(({ cursor }) => cursor);
    }),
  );
}

const partsOf = (cursor: string): unknown[] =>
  JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];

/** One bit of it, a piece, another's piece, more than it was; a text that was never one; or another listing's. */
function spoiled(tape: Tape, own: string, others: readonly string[]): string {
  const other = tape.oneOf(others);
  const at = tape.below(own.length);
  switch (tape.below(8)) {
    case 0:
      return withBitFlipped(own, tape.below(own.length * 6));
    case 1:
      return own.slice(0, at);
    case 2:
      return own.slice(0, at) + other.slice(at);
    case 3:
      return other;
    case 4:
      return own + tape.oneOf(['=', '==', 'A', '.', own, '\u0000', ' ']);
    case 5:
      return own.slice(0, at) + tape.oneOf(STRANGE_TEXTS) + own.slice(at + 1);
    case 6:
      return tape.oneOf([
        ...STRANGE_TEXTS,
        ...HOSTILE_TEXTS,
        own.toLowerCase(),
        own.split('').toReversed().join(''),
      ]);
    default:
      return withOtherPart(tape, own);
  }
}

/** Of a cursor: the digest does not fit any more. Of an id: it is written in another way. */
function withOtherPart(tape: Tape, own: string): string {
  const text = Buffer.from(own, 'base64url').toString();
  if (!text.startsWith('[')) {
    return Buffer.from(text.replace(':', tape.oneOf(['', '::', ' :', ';', '/']))).toString('base64url');
  }
  const parts = partsOf(own);
  const changed = parts.with(tape.below(parts.length), tape.oneOf<unknown>([0, -1, null, 'a', [], {}, 1e21]));
  return Buffer.from(JSON.stringify(changed)).toString('base64url');
}

/** Of what base64url says. */
function withBitFlipped(text: string, bit: number): string {
  const bytes = Buffer.from(text, 'base64url');
  const at = Math.floor(bit / 8) % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8));
  return bytes.toString('base64url');
}

/** As somebody makes one who has read how they are made: the digest is right, and the place is not. */
function forged(tape: Tape, own: string, { binding }: Listing): string {
  let position = partsOf(own).slice(2) as Position[number][];
  for (let left = 1 + tape.below(2); left > 0; left -= 1) {
    const at = tape.below(position.length + 1);
    position = tape.chance(10)
      ? position.toSpliced(at, tape.below(2), strangePart(tape))
      : position.with(
          at % Math.max(position.length, 1),
          changedPart(tape, position[at % Math.max(position.length, 1)]),
        );
  }
  return encodeCursor(binding, position);
}

function strangePart(tape: Tape): Position[number] {
  return tape.oneOf<Position[number]>([
    0,
    -1,
    -5,
    1.5,
    1e20,
    1e21,
    2 ** 53,
    9_999,
    10_001,
    '',
    [],
    ['a'],
    '7;DROP',
    '..',
    'zzzzzzzzzzz',
    '-zzzzzzzzzzz',
    '2026-02-30T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '+275760-09-13T00:00:00Z',
    tape.oneOf(STRANGE_TEXTS),
    tape.oneOf(HOSTILE_TEXTS),
    Array<string>(30).fill('abcdefgh'),
  ]);
}

/** Of the same kind, most often. */
function changedPart(tape: Tape, part: Position[number] | undefined): Position[number] {
  if (part === undefined || tape.chance(30)) {
    return strangePart(tape);
  }
  if (typeof part === 'number') {
    return part + tape.oneOf([1, -1, 100, -100, 1e6, 0.5]);
  }
  if (typeof part !== 'string') {
    return [
      ...part,
      ...tape.some(4, () => tape.oneOf([...part, 'aaaaaa:', 'aaaaaa:0', tape.oneOf(STRANGE_TEXTS)])),
    ];
  }
  const at = tape.below(part.length + 1);
  // A key of the merged listing is <time>.<origin>.<id>.
  return tape.oneOf([
    part.slice(0, at) + tape.oneOf('az09-_.:Z'.split('')) + part.slice(at + tape.below(2)),
    part.replace(
      /^[^.]*/,
      tape.oneOf(['zzzzzzzzzzz', '-zzzzzzzzzzz', '0', '-1', '2gosa7pa2gv', '-2gosa7pa2gv', '000000000a']),
    ),
    part.replace(/[^.]*$/, tape.oneOf(['x', 'job-0', 'A'.repeat(64), 'A'.repeat(65), '__proto__', '..'])),
  ]);
}

/** The answers of a field to many cursors, in few documents. */
async function pagesAt(
  { field, args }: Listing,
  cursors: readonly string[],
): Promise<{ readonly refused: number; readonly pages: number }> {
  const names = cursors.map((_, index) => `c${index}`);
  const query = `query (${names.map((name) => `$${name}: String`).join(' ')}) {
    ${names.map((name) => `${name}: ${field}(after: $${name} first: 2 ${args}) { nodes { jobId } pageInfo { endCursor } }`).join('\n')}
  }`;
  const answer = await world.askText(
    query,
    Object.fromEntries(cursors.map((cursor, index) => [`c${index}`, cursor])),
  );
  expect(answer.status, answer.text.slice(0, 500)).toBe(200);
  for (const { path, extensions } of answer.errors) {
    expect(['INVALID_CURSOR'], cursors[names.indexOf(String(path?.[0]))]).toContain(extensions['code']);
    expect(answer.data?.[String(path?.[0])]).toBeNull();
  }
  const pages = names.filter((name) => answer.data?.[name] !== null);
  const known = new Set(Object.values(JOBS).flat());
  for (const name of pages) {
    const { nodes } = Object(answer.data?.[name]) as { nodes: { jobId: string }[] };
    expect(nodes.length).toBeLessThanOrEqual(2);
    expect(nodes.filter(({ jobId }) => !known.has(jobId))).toEqual([]);
  }
  expect(pages.length + answer.errors.length).toBe(names.length);
  return { refused: answer.errors.length, pages: pages.length };
}

describe('10,000 cursors that no gateway gave', () => {
  it('are refused without a call when they were changed on the way', async () => {
    const genuine = await genuineCursors();
    const everyCursor = genuine.flat();
    world.sandbox.clearCalls();
    const spoiledBatch = madeBy(100, (tape) => {
      const index = tape.below(LISTINGS.length);
      const own = new Set(genuine[index]);
      const others = everyCursor.filter((cursor) => !own.has(cursor));
      const cursors = Array.from({ length: AT_A_TIME }, () =>
        spoiled(tape, tape.oneOf(genuine[index] ?? []), others),
      );
      // A piece of the one put into the other may give the one or the other again.
      return {
        index,
        cursors: cursors.map((cursor) => (own.has(cursor) || cursor === '' ? 'none' : cursor)),
      };
    });
    await fc.assert(
      fc.asyncProperty(spoiledBatch, async ({ index, cursors }) => {
        const listing = LISTINGS[index];
        expect(listing === undefined ? null : await pagesAt(listing, cursors)).toEqual({
          refused: AT_A_TIME,
          pages: 0,
        });
        expect(world.calls()).toEqual([]);
      }),
      seeded(SEED, (CURSORS * 0.7) / AT_A_TIME),
    );
  }, 120_000);

  it('are refused, or lead to a place that could be one, when they were forged with care', async () => {
    const genuine = await genuineCursors();
    let [refused, led] = [0, 0];
    const forgedBatch = madeBy(80, (tape) => {
      const index = tape.below(LISTINGS.length);
      const cursors = Array.from({ length: 10 }, () =>
        forged(tape, tape.oneOf(genuine[index] ?? []), LISTINGS[index] as Listing),
      );
      return { index, cursors };
    });
    await fc.assert(
      fc.asyncProperty(forgedBatch, async ({ index, cursors }) => {
        const { refused: more, pages } = await pagesAt(LISTINGS[index] as Listing, cursors);
        refused += more;
        led += pages;
      }),
      seeded(SEED, (CURSORS * 0.3) / 10),
    );
    // Otherwise one half of this has said nothing.
    expect(refused).toBeGreaterThan(500);
    expect(led).toBeGreaterThan(100);
  }, 120_000);

  it('are genuine, before they are changed, and their bindings are those of the gateway', async () => {
    const genuine = await genuineCursors();
    for (const [index, listing] of LISTINGS.entries()) {
      const cursors = genuine[index] ?? [];
      expect(cursors.length).toBe(12);
      expect(await pagesAt(listing, cursors.slice(0, 10))).toEqual({ refused: 0, pages: 10 });
      const again = cursors.map((cursor) =>
        encodeCursor(listing.binding, partsOf(cursor).slice(2) as Position),
      );
      expect(again).toEqual(cursors);
    }
  });
});

/** What an id says, if it is one: read by other means than the gateway's. */
function readId(id: string): { readonly place: string; readonly jobId: string } | null {
  const bytes = Buffer.from(id, 'base64url');
  const [version, source, account = '', place = '', jobId = '', ...more] = bytes
    .toString('latin1')
    .split(':');
  const isForm =
    id.length <= 256 &&
    bytes.toString('base64url') === id &&
    version === '1' &&
    ['COS', 'BATCH_COMPUTE', 'CI'].includes(source ?? '') &&
    /^[\w-]{1,32}$/.test(account) &&
    /^[a-z0-9-]{1,64}$/.test(place) &&
    /^[\w-]{1,64}$/.test(jobId) &&
    more.length === 0;
  return isForm ? { place: `${source} ${account} ${place}`, jobId } : null;
}

const CONFIGURED = new Set([
  `COS sandbox ${REGION}`,
  `COS sandbox ${OTHER_REGION}`,
  `BATCH_COMPUTE sandbox ${REGION}`,
  `BATCH_COMPUTE sandbox ${OTHER_REGION}`,
  `CI sandbox ${BUCKET}`,
  `CI sandbox ${OTHER_BUCKET}`,
]);

/** The two ways to ask by id: one answers each in its own place, the other by its own name. */
async function jobsWithIds(ids: readonly string[]): Promise<{ data: unknown[]; codes: unknown[] }> {
  const { status, data, errors } = await world.askText(
    'query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Job { jobId } } }',
    { ids },
  );
  expect(status).toBe(200);
  const codes = ids.map(
    (_, index) => errors.find(({ path }) => path?.[1] === index)?.extensions['code'] ?? null,
  );
  return { data: data?.['nodes'] as unknown[], codes };
}

describe('10,000 ids that no gateway gave', () => {
  it('are each INVALID_ID, or null, or a job with that very id; and none that is refused is asked for', async () => {
    const genuine = [
      ...JOBS.cos.map((jobId) => cosId(jobId)),
      ...JOBS.batchCompute.map((jobId) => batchComputeId(jobId)),
      ...JOBS.ci.map((jobId) => ciId(jobId)),
    ];
    const outcomes = { refused: 0, unknown: 0, asked: 0 };
    const batch = madeBy(160, (tape) =>
      Array.from({ length: 2 * AT_A_TIME }, () =>
        tape.chance(25)
          ? rewritten(tape, tape.oneOf(genuine))
          : spoiled(tape, tape.oneOf(genuine), genuine).slice(0, 3_000),
      ).map((id) => (genuine.includes(id) ? 'none' : id)),
    );
    await fc.assert(
      fc.asyncProperty(batch, async (ids) => {
        const read = ids.map(readId);
        const isNever = (index: number): boolean => !CONFIGURED.has(read[index]?.place ?? '');
        const never = ids.filter((_, index) => isNever(index));
        world.sandbox.clearCalls();
        const refused = await jobsWithIds(never);
        expect(world.calls()).toEqual([]);
        expect(refused.data).toEqual(never.map(() => null));
        expect(refused.codes).toEqual(never.map((id) => (readId(id) === null ? 'INVALID_ID' : null)));
        const others = ids.filter((_, index) => !isNever(index));
        const found = await jobsWithIds(others);
        expect(found.codes.every((code) => code === null || code === 'INVALID_ID')).toBe(true);
        expect(found.data.map((job) => (job as { id: string } | null)?.id ?? null)).toEqual(
          found.data.map((job, index) => (job === null ? null : others[index])),
        );
        const asked = world.calls().flatMap(({ jobIds }) => jobIds);
        expect(asked.filter((jobId) => !others.some((id) => readId(id)?.jobId === jobId))).toEqual([]);
        outcomes.refused += refused.codes.filter((code) => code !== null).length;
        outcomes.unknown += refused.codes.filter((code) => code === null).length;
        outcomes.asked += others.length;
      }),
      seeded(SEED, IDS / AT_A_TIME / 2),
    );
    expect(outcomes.refused).toBeGreaterThan(IDS / 2);
    expect(outcomes.unknown).toBeGreaterThan(100);
    expect(outcomes.asked).toBeGreaterThan(100);
  }, 120_000);
});

/** With another content, well written. */
function rewritten(tape: Tape, id: string): string {
  const parts = Buffer.from(id, 'base64url').toString().split(':');
  const other = tape.oneOf([
    'COS',
    'CI',
    'BATCH_COMPUTE',
    'Query',
    '__proto__',
    'sandbox',
    'other',
    REGION,
    'ap-nowhere',
    BUCKET,
    'x'.repeat(64),
    'x'.repeat(65),
    'job-00000000',
    '1',
    '2',
    ...HOSTILE_TEXTS,
  ]);
  return Buffer.from(parts.with(tape.below(parts.length), other).join(':')).toString('base64url');
}

/** A place in the graph where a client writes a text. */
interface TextPlace {
  readonly name: string;
  /** Of the text. */
  readonly type: string;
  /** With a variable in its place. */
  write(variable: string): string;
}

/** Every argument of every root field that takes a text, at any depth. */
function textPlaces(): TextPlace[] {
  const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
  return fields.flatMap((field) =>
    field.args.flatMap((arg) =>
      textsIn(arg.type, []).map(({ path, type, write }) => {
        const rest = field.args.filter(
          (other) => other.name !== arg.name && other.type.toString().endsWith('!'),
        );
        const others = rest.map((other) => `, ${other.name}: "job-00000000"`).join('');
        const selection = isScalarType(getNamedType(field.type)) ? '' : '{ __typename }';
        return {
          name: [field.name, arg.name, ...path].join('.'),
          type,
          write: (variable: string) => `${field.name}(${arg.name}: ${write(variable)}${others}) ${selection}`,
        };
      }),
    ),
  );
}

function textsIn(
  type: GraphQLInputType,
  path: readonly string[],
): {
  readonly path: readonly string[];
  readonly type: string;
  readonly write: (variable: string) => string;
}[] {
  const inner = getNullableType(type);
  if (isListType(inner)) {
    return textsIn(inner.ofType, path).map(({ path: below, type: leaf, write }) => ({
      path: below,
      type: leaf,
      write: (variable) => `[${write(variable)}]`,
    }));
  }
  if (isInputObjectType(inner)) {
    return Object.values(inner.getFields()).flatMap((field) =>
      textsIn(field.type, [...path, field.name]).map(({ path: below, type: leaf, write }) => ({
        path: below,
        type: leaf,
        write: (variable: string) => {
          const rest = Object.values(inner.getFields())
            .filter((other) => other !== field && other.type.toString().endsWith('!'))
            .map((other) => `, ${other.name}: ${other.type.toString().startsWith('[') ? '["a"]' : '"a"'}`);
          return `{ ${field.name}: ${write(variable)}${rest.join('')} }`;
        },
      })),
    );
  }
  const isText = isScalarType(inner) && ['String', 'ID', 'DateTime'].includes(inner.name);
  return isText ? [{ path, type: inner.name, write: (variable) => variable }] : [];
}

describe('whatever a client writes in the place of a name', () => {
  /** What no call may follow on, and what is answered in its place. */
  const REFUSED: readonly [pattern: RegExp, codes: readonly string[]][] = [
    [/\.(id|ids)$/, ['INVALID_ID']],
    [/^\w+Job\.jobId$/, ['INVALID_ID']],
    [/^batchComputeJobs\.filter\.jobIds$/, ['BAD_USER_INPUT']],
    [/\.(account|region|bucket|accounts|regions)$/, ['ORIGIN_NOT_CONFIGURED', 'BAD_USER_INPUT']],
    [/\.(after|before)$/, ['INVALID_CURSOR']],
    [/\.created(After|Before)$/, ['BAD_USER_INPUT']],
  ];

  it('nothing is asked of anybody but the configured hosts, and nothing at all for what is no name', async () => {
    const places = textPlaces();
    expect(places.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'node.id',
        'nodes.ids',
        'cosJob.region',
        'ciJobs.bucket',
        'jobs.filter.accounts',
        'batchComputeJobs.filter.tags.values',
      ]),
    );
    for (const place of places) {
      const codes = REFUSED.find(([pattern]) => pattern.test(place.name))?.[1];
      for (let at = 0; at < HOSTILE_TEXTS.length; at += AT_A_TIME) {
        const texts = HOSTILE_TEXTS.slice(at, at + AT_A_TIME);
        world.sandbox.clearCalls();
        const declared = texts.map((_, index) => `$t${index}: ${place.type}!`).join(' ');
        const fields = texts.map((_, index) => `a${index}: ${place.write(`$t${index}`)}`).join('\n');
        const variables = Object.fromEntries(texts.map((text, index) => [`t${index}`, text]));
        const answer = await world.askText(`query (${declared}) { ${fields} }`, variables);
        expect(answer.status, place.name).toBeLessThan(500);
        if (codes !== undefined) {
          const told = codesOf(answer);
          expect(told.length, place.name).toBe(texts.length);
          expect(
            told.filter((code) => !codes.includes(String(code))),
            place.name,
          ).toEqual([]);
          expect(world.calls(), place.name).toEqual([]);
        }
        expect(codesOf(answer), place.name).not.toContain('INTERNAL_SERVER_ERROR');
      }
    }
    const { cos, batchCompute, ci } = world.sandbox.endpoints;
    const configured = [cos, batchCompute, ci, world.url].map((url) => new URL(url).host);
    expect([...connectedTo].filter((host) => !configured.includes(host))).toEqual([]);
    expect(connectedTo.size).toBe(4);
  }, 120_000);

  it('each upstream is asked under one of its own names only', () => {
    const hosts = [...new Set(world.calls().map(({ host }) => host))];
    expect(
      hosts.filter((host) => !/^([\w.-]+\.myqcloud\.com|batch\.tencentcloudapi\.com)$/.test(host)),
    ).toEqual([]);
  });
});
