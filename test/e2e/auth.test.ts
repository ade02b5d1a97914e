/** Callers with tokens, before accounts of which each may see some (contract section 6; reliability S7). */
import fc from 'fast-check';
import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { encodeGlobalId } from '../../src/model/global-id.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { type Answer, startWorld, type World, type WorldSettings } from '../support/world.ts';
import { asksAt, MEMORY_BYTES } from './kept.ts';
import { REGION } from './support.ts';
import { IDS, JOBS, ownersIn, startTenant, type Tenant, unsealed } from './tenants.ts';

const WHOSE = '... on Job { __typename id account displayName }';
const PAGE = `{ nodes { ${WHOSE} } pageInfo { startCursor endCursor } origins { account outcome } }`;

type Ask = (query: string, variables?: Record<string, unknown>) => Promise<Answer<Record<string, unknown>>>;

interface Guarded {
  readonly world: World;
  readonly issuer: TestIssuer;
  /** Asks as somebody whose token says this of accounts; `undefined`: nothing. */
  as(accounts: unknown, claims?: Readonly<Record<string, unknown>>): Promise<Ask>;
}

/** One gateway before the accounts of all tenants, that keeps what it has read. */
async function startGuarded(tenants: readonly Tenant[], settings: WorldSettings = {}): Promise<Guarded> {
  const issuer = await startIssuer();
  const world = await startWorld({
    runningSandbox: tenants[0]!.sandbox,
    ...settings,
    cache: { memoryBytes: MEMORY_BYTES, ...settings.cache },
    config: {
      accounts: tenants.map(({ account }) => account),
      auth: issuer.auth(),
      // What is asked here is meant to be much.
      limits: { ...readConfig({}).limits, maxUpstreamCalls: 100_000 },
      ...settings.config,
    },
  });
  onTestFinished(() => world.close());
  return {
    world,
    issuer,
    as: async (accounts, claims = {}) => {
      const authorization = `Bearer ${await issuer.token({ accounts, ...claims })}`;
      return asksAt(world.url, { authorization }).askText;
    },
  };
}

/** Everything that can be asked about an account by its name and places. */
function questionsAbout(account: string, bucket: string): readonly string[] {
  const ids = [
    encodeGlobalId({ source: 'COS', account, place: REGION, jobId: IDS[0]!.cos }),
    encodeGlobalId({ source: 'BATCH_COMPUTE', account, place: REGION, jobId: IDS[0]!.batchCompute }),
    encodeGlobalId({ source: 'CI', account, place: bucket, jobId: IDS[0]!.ci }),
  ];
  const [cos, batchCompute, ci] = IDS.map((id) => [id.cos, id.batchCompute, id.ci])[0]!;
  return [
    ...ids.flatMap((id) => [`{ node(id: "${id}") { ${WHOSE} } }`, `{ job(id: "${id}") { ${WHOSE} } }`]),
    `{ nodes(ids: ${JSON.stringify(ids)}) { ${WHOSE} } }`,
    `{ cosJob(jobId: "${cos}", account: "${account}") { ${WHOSE} roleArn } }`,
    `{ cosJob(jobId: "${cos}", account: "${account}", region: "${REGION}") { ${WHOSE} } }`,
    `{ batchComputeJob(jobId: "${batchCompute}", account: "${account}") { ${WHOSE} stateReason } }`,
    `{ ciJob(jobId: "${ci}", bucket: "${bucket}") { ${WHOSE} } }`,
    `{ cosJobs(account: "${account}") ${PAGE} }`,
    `{ batchComputeJobs(account: "${account}") ${PAGE} }`,
    `{ batchComputeJobs(account: "${account}", filter: { jobIds: ["${batchCompute}"] }) ${PAGE} }`,
    `{ ciJobs(bucket: "${bucket}") ${PAGE} }`,
    `{ jobs(filter: { accounts: ["${account}"] }) ${PAGE} }`,
    ...ids.map((id) => entity(`{ __typename: "Job", id: "${id}" }`)),
    entity(`{ __typename: "CosJob", account: "${account}", region: "${REGION}", jobId: "${cos}" }`),
    entity(
      `{ __typename: "BatchComputeJob", account: "${account}", region: "${REGION}", jobId: "${batchCompute}" }`,
    ),
    entity(`{ __typename: "CiJob", account: "${account}", bucket: "${bucket}", jobId: "${ci}" }`),
  ];
}

function entity(representation: string): string {
  return `{ _entities(representations: [${representation}]) { ${WHOSE} } }`;
}

/** A text without the names in it that the asker has brought along, plain or within an id. */
function neutral(text: string, names: readonly string[]): string {
  return names.reduce((rest, name) => rest.replaceAll(name, '*'), text);
}

const codesOf = ({ errors }: Answer<unknown>): unknown[] =>
  errors.map(({ extensions }) => extensions['code']);

describe('an account that a caller may not see', () => {
  it('is answered like one that is not configured, to the letter and without a call, known or not', async () => {
    const tenants = await Promise.all([startTenant(1, 'media'), startTenant(2, 'archive')]);
    const { as } = await startGuarded(tenants);
    const [all, one] = [await as('*'), await as(['media'])];
    const hidden = tenants[1];
    // Of the same lengths as the hidden ones.
    const unconfigured = { name: 'archivx', bucket: 'lab-1250009999' };
    const compare = async (): Promise<void> => {
      hidden.sandbox.clearCalls();
      const others = questionsAbout(unconfigured.name, unconfigured.bucket);
      for (const [index, question] of questionsAbout(hidden.name, hidden.bucket).entries()) {
        const [given, expected] = [await one(question), await one(others[index]!)];
        expect(ownersIn(unsealed(given.text))).toEqual([]);
        expect([given.status, neutral(given.text, [hidden.name, hidden.bucket])]).toEqual([
          expected.status,
          neutral(expected.text, [unconfigured.name, unconfigured.bucket]),
        ]);
      }
      expect(hidden.sandbox.calls).toEqual([]);
    };
    await compare();
    // Whoever may see it has it read and kept; that changes nothing for who may not.
    for (const question of questionsAbout(hidden.name, hidden.bucket)) {
      const { text } = await all(question);
      expect([question, ownersIn(text)]).toEqual([question, [2]]);
    }
    await all(`{ jobs(first: 100) ${PAGE} }`);
    await compare();
  });

  it('is in no listing, no report and no list of origins, and the first that fits is one of the caller’s own', async () => {
    const tenants = await Promise.all([startTenant(1, 'media'), startTenant(2, 'archive')]);
    const { as } = await startGuarded(tenants);
    const question = `{ origins { account } jobs(first: 100) ${PAGE} cosJobs ${PAGE} batchComputeJobs ${PAGE} ciJobs ${PAGE} }`;
    for (const [claim, owners] of [
      ['*', [1, 2]],
      [['*'], [1, 2]],
      [
        ['media', 'archive'],
        [1, 2],
      ],
      ['archive media', [1, 2]],
      [['archive'], [2]],
      ['archive', [2]],
      [['media', 'unknown', '__proto__'], [1]],
    ] as const) {
      const { data, errors, text } = await (await as(claim))(question);
      expect(errors).toEqual([]);
      expect([claim, new Set(ownersIn(unsealed(text)))]).toEqual([claim, new Set(owners)]);
      const seen = [...text.matchAll(/"account":"([^"]*)"/g)].map(([, name]) => name);
      expect(new Set(seen).size).toBe(owners.length);
      expect(['media', 'archive']).toEqual(expect.arrayContaining([...new Set(seen)]));
      const { cosJobs } = data as { cosJobs: { origins: { account: string }[] } };
      expect(cosJobs.origins[0]?.account).toBe(owners[0] === 1 ? 'media' : 'archive');
    }
  });

  it('lends nobody its cursors: they are those of places that are not configured, or lead to the caller’s own', async () => {
    const tenants = await Promise.all([startTenant(1, 'media'), startTenant(2, 'archive')]);
    const { as } = await startGuarded(tenants);
    const [all, one] = [await as('*'), await as(['media'])];
    const page = async (ask: Ask, field: string, after?: string): Promise<Answer<Record<string, unknown>>> =>
      ask(`query ($after: String) { ${field} }`, { after });
    const merged = `jobs(first: 1, after: $after) ${PAGE}`;
    const cursorIn = (answer: Answer<Record<string, unknown>>): string =>
      /"endCursor":"([^"]+)"/.exec(answer.text)?.[1] ?? '';
    let cursor: string | undefined;
    const outcomes = new Set<unknown>();
    // A walk through all jobs by who sees all, whose every cursor is tried by who sees half.
    for (let step = 0; step < tenants.length * 3 * JOBS - 1; step += 1) {
      cursor = cursorIn(await page(all, merged, cursor));
      const stolen = await page(one, merged, cursor);
      expect(ownersIn(unsealed(stolen.data)).filter((owner) => owner !== 1)).toEqual([]);
      expect(stolen.text).not.toContain('archive');
      outcomes.add(codesOf(stolen)[0] ?? 'jobs');
      if (codesOf(stolen).length > 0) {
        expect(stolen.errors[0]?.message).toBe(
          'The cursor names places that are not configured (any more): start again without it.',
        );
      }
    }
    expect(outcomes).toContain('INVALID_CURSOR');
    for (const field of ['cosJobs(first: 2, after: $after', 'batchComputeJobs(first: 2, after: $after']) {
      const theirs = cursorIn(await page(all, `${field}, account: "archive") ${PAGE}`));
      expect(codesOf(await page(one, `${field}) ${PAGE}`, theirs))).toEqual(['INVALID_CURSOR']);
    }
    const inBucket = `ciJobs(first: 2, after: $after, bucket: "${tenants[1].bucket}") ${PAGE}`;
    const ofCi = cursorIn(await page(all, inBucket));
    expect(codesOf(await page(one, inBucket, ofCi))).toEqual(['ORIGIN_NOT_CONFIGURED']);
    expect(codesOf(await page(one, `ciJobs(first: 2, after: $after) ${PAGE}`, ofCi))).toEqual([
      'INVALID_CURSOR',
    ]);
  });

  it('is not in what HTTP caches are told', async () => {
    const tenants = await Promise.all([startTenant(1, 'media'), startTenant(2, 'archive')]);
    const { world, issuer } = await startGuarded(tenants);
    const get = async (accounts: string, etag?: string): ReturnType<typeof request> => {
      const query = encodeURIComponent(`{ jobs(first: 100) { nodes { ${WHOSE} } } }`);
      const authorization = `Bearer ${await issuer.token({ accounts })}`;
      const conditions = etag === undefined ? {} : { 'if-none-match': etag };
      return request(`${world.url}/graphql?query=${query}`, {
        headers: { authorization, 'x-graphql-client': 'a', 'apollo-require-preflight': '1', ...conditions },
      });
    };
    const first = await get('archive');
    expect(ownersIn(await first.body.text())).toEqual([2]);
    expect(first.headers['cache-control']).toMatch(/^private, /);
    const etag = String(first.headers['etag']);
    const second = await get('media', etag);
    expect([second.statusCode, ownersIn(await second.body.text())]).toEqual([200, [1]]);
    expect((await get('archive', etag)).statusCode).toBe(304);
  });

  it('is not named by metrics, which are told on a port of their own alone', async () => {
    const tenants = [await startTenant(0)];
    const { world } = await startGuarded(tenants);
    const { statusCode, body } = await request(`${world.url}/metrics`);
    expect(statusCode).toBe(404);
    expect(await body.text()).toBe('');
  });

  it('is not named to who looks at /ready without a token', async () => {
    const tenants = await Promise.all([startTenant(1, 'media'), startTenant(2, 'archive')]);
    const { world } = await startGuarded(tenants);
    const { body, statusCode } = await request(`${world.url}/ready`);
    const text = await body.text();
    expect(statusCode).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ status: 'ready', origins: { closed: 6 } });
    expect(text).not.toMatch(/media|archive|lab-|ap-/);
  });
});

describe('a caller that may see no account', () => {
  it.each([
    ['has no claim', undefined],
    ['has an empty list', []],
    ['has an empty text', ''],
    ['has null', null],
    ['names accounts that are not configured', ['others', 'constructor']],
    ['names a star among letters', ['med*', '**', ' *']],
  ])('is one that %s: it is let in, and nothing is there', async (_name, claim) => {
    const tenant = await startTenant(1, 'media');
    const { as } = await startGuarded([tenant]);
    const ask = await as(claim);
    const listed = await ask(
      '{ origins { account } jobs { nodes { id } totalCount origins { account } pageInfo { hasNextPage } } }',
    );
    expect([listed.status, listed.errors, listed.data]).toEqual([
      200,
      [],
      { origins: [], jobs: { nodes: [], totalCount: 0, origins: [], pageInfo: { hasNextPage: false } } },
    ]);
    for (const field of ['cosJobs', 'batchComputeJobs', 'ciJobs']) {
      const refused = await ask(`{ ${field} { nodes { id } } }`);
      expect(codesOf(refused)).toEqual(['ORIGIN_NOT_CONFIGURED']);
      expect(refused.text).toContain('configured: none');
    }
    const byId = await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: tenant.ids });
    expect(byId.data).toEqual({ nodes: tenant.ids.map(() => null) });
    expect(tenant.sandbox.calls).toEqual([]);
  });
});

describe('two callers that ask the same at the same time', () => {
  it('share the reading where both may see it, and only there', async () => {
    const tenant = await startTenant(1, 'media');
    const { as } = await startGuarded([tenant], { cache: { memoryBytes: 0 } });
    const asks = await Promise.all([['media'], '*', ['media'], ['others']].map((claim) => as(claim)));
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const ids = [tenant.ids[0]!];
    const answers = await Promise.all(asks.map((ask) => ask(query, { ids })));
    expect(answers.map(({ data }) => (data as { nodes: unknown[] }).nodes[0])).toEqual([
      { id: ids[0] },
      { id: ids[0] },
      { id: ids[0] },
      null,
    ]);
    expect(tenant.sandbox.calls.length).toBeLessThanOrEqual(3);
  });
});

const ACCOUNTS = 6;
const CALLERS = 24;
const OPERATIONS = 3_000;
const OPERATIONS_PER_REQUEST = 3;
const AT_ONCE = 12;

type Operation = { readonly [Key in 'kind' | 'tenant' | 'other' | 'job']: number };

const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.nat({ max: 11 }),
  tenant: fc.nat({ max: ACCOUNTS - 1 }),
  other: fc.nat({ max: CALLERS * 3 - 1 }),
  job: fc.nat({ max: JOBS * 3 - 1 }),
});

describe('many callers with many sets of accounts', () => {
  it('see nothing but what is theirs, in whatever order they ask for whatever', async () => {
    const tenants = await Promise.all(Array.from({ length: ACCOUNTS }, (_, number) => startTenant(number)));
    const { as } = await startGuarded(tenants, {
      cache: { runningJobMs: 300, listingHeadMs: 300, staleWhileRevalidateMs: 1_000 },
    });
    const sets = fc.sample(fc.subarray(tenants.map((_tenant, number) => number)), {
      numRuns: CALLERS,
      seed: 20_261_122,
    });
    const callers = await Promise.all(
      sets.map(async (own, number) => ({
        own: new Set(own),
        ask: await as(
          own.map((account) => `account${account}`),
          { sub: `caller-${number}` },
        ),
      })),
    );
    /** Whoever was given them, and of whatever field. */
    const cursors: string[] = [];
    const foreign: string[] = [];
    let own = 0;
    let absent = 0;

    const fieldOf = ({ kind, tenant: number, other, job }: Operation): string => {
      const tenant = tenants[number]!;
      const { name, bucket } = tenant;
      const id = tenant.ids[job]!;
      const ids = IDS[job % JOBS]!;
      const cursor = cursors[other % Math.max(cursors.length, 1)] ?? 'x';
      const after = job % 2 === 0 ? `, after: "${cursor}"` : '';
      switch (kind) {
        case 0:
          return `origins { account }`;
        case 1:
          tenant.change(job % JOBS);
          return `node(id: "${id}") { ${WHOSE} }`;
        case 2:
          return `nodes(ids: ${JSON.stringify([...tenant.ids.slice(job, job + 3), tenants[(number + 1) % ACCOUNTS]!.ids[job]])}) { ${WHOSE} }`;
        case 3:
          return `cosJobs(account: "${name}", first: 2${after}) ${PAGE}`;
        case 4:
          return `batchComputeJobs(account: "${name}", first: 2${after}) ${PAGE}`;
        case 5:
          return `ciJobs(bucket: "${bucket}", first: 2${after}) ${PAGE}`;
        case 6:
        case 7:
          return `jobs(first: 4${after}) ${PAGE}`;
        case 8:
          return `jobs(first: 4, filter: { accounts: ["${name}"] }${after}) ${PAGE}`;
        case 9:
          return `cosJob(jobId: "${ids.cos}", account: "${name}") { ${WHOSE} roleArn }`;
        case 10:
          return `_entities(representations: [{ __typename: "Job", id: "${id}" }, { __typename: "BatchComputeJob", account: "${name}", region: "${REGION}", jobId: "${ids.batchCompute}" }]) { ${WHOSE} }`;
        default:
          return `job(id: "${id}") { ${WHOSE} failures { reason } }`;
      }
    };

    const ask = async (operations: readonly Operation[], turn: number): Promise<void> => {
      const caller = callers[turn % CALLERS]!;
      const fields = operations.map(fieldOf);
      const question = `{ ${fields.map((field, index) => `f${index}: ${field}`).join('\n')} }`;
      const answer = await caller.ask(question);
      const isForeign = (owner: number): boolean => !caller.own.has(owner);
      own += ownersIn(answer.text).filter((owner) => !isForeign(owner)).length;
      absent += answer.errors.length;
      // A cursor of another’s does not come back, and what does names nobody else.
      const told = unsealed(answer.data ?? null);
      const names = [...told.matchAll(/account(\d)(?!\d)/g)].map(([, owner]) => Number(owner));
      // What a message puts in quotes is what the caller has sent.
      const said = answer.errors.map(({ message }) => message.replaceAll(/"[^"]*"/g, '')).join('\n');
      const named = [...said.matchAll(/account(\d)(?!\d)/g)].map(([, owner]) => Number(owner));
      if ([...ownersIn(told), ...ownersIn(said), ...names, ...named].some(isForeign)) {
        foreign.push(`${question}\n${answer.text}`);
      }
      const codes = codesOf(answer).filter(
        (code) => code !== 'ORIGIN_NOT_CONFIGURED' && code !== 'INVALID_CURSOR',
      );
      if (answer.status !== 200 || codes.length > 0) {
        foreign.push(`${answer.status} ${answer.text}`);
      }
      for (const [, cursor = ''] of answer.text.matchAll(/"endCursor":"([^"]+)"/g)) {
        cursors[cursors.length < CALLERS * 3 ? cursors.length : turn % (CALLERS * 3)] = cursor;
      }
    };

    const operations = fc.sample(operation, { numRuns: OPERATIONS, seed: 20_261_123 });
    const requests = Array.from({ length: OPERATIONS / OPERATIONS_PER_REQUEST }, (_, index) =>
      operations.slice(index * OPERATIONS_PER_REQUEST, (index + 1) * OPERATIONS_PER_REQUEST),
    );
    const workOff = async (): Promise<void> => {
      for (let next = requests.pop(); next !== undefined; next = requests.pop()) {
        await ask(next, requests.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, workOff));
    expect(foreign).toEqual([]);
    expect(own).toBeGreaterThan(OPERATIONS / 5);
    expect(absent).toBeGreaterThan(OPERATIONS / 10);
    expect(cursors.length).toBeGreaterThan(CALLERS);
  }, 120_000);
});
