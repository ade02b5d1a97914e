/** What is kept for one account never answers for another (reliability S7 and S19). */
import fc from 'fast-check';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Redis } from 'ioredis';
import { Secret } from '../../src/lib/secret.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import type { World } from '../support/world.ts';
import { adminOf, areSharing, keysOf, nodesOf, openBudgets, SEEN, SOON, startReplicas } from './kept.ts';
import { IDS, JOBS, ownersIn, startTenant, unsealed } from './tenants.ts';

const ACCOUNTS = 12;
const OPERATIONS = 3_000;
const OPERATIONS_PER_REQUEST = 4;
const AT_ONCE = 12;

let redis: TestRedis;
let admin: Redis;

beforeEach(async () => {
  redis = await startRedis();
  onTestFinished(() => redis.close());
  admin = adminOf(redis.url);
});

type Operation = { readonly [Key in 'kind' | 'tenant' | 'other' | 'job']: number };

const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.nat({ max: 8 }),
  tenant: fc.nat({ max: ACCOUNTS - 1 }),
  other: fc.nat({ max: ACCOUNTS - 1 }),
  job: fc.nat({ max: JOBS * 3 - 1 }),
});

/** What tells whose a job is. */
const WHOSE = '... on Job { __typename account displayName freshness { stale } }';
const PAGE = `{ nodes { ${WHOSE} } pageInfo { startCursor endCursor } }`;

describe('tenants that share two replicas and one Redis', () => {
  it('see nothing of each other, whatever they ask, in answers and in Redis', async () => {
    const tenants = await Promise.all(Array.from({ length: ACCOUNTS }, (_, number) => startTenant(number)));
    const replicas = await startReplicas(2, tenants[0]!.sandbox, redis.url, {
      cache: { runningJobMs: 1_000, listingHeadMs: 1_000, staleWhileRevalidateMs: 2_000 },
      config: { redisUrl: new Secret(redis.url), accounts: tenants.map(({ account }) => account) },
    });
    await openBudgets(admin, 2 * ACCOUNTS);
    const cursors = new Map<number, string>();
    const foreign: string[] = [];
    let seen = 0;

    /** One field of a query: what it asks for, and who may be seen in it; null for everybody's, each under its own name. */
    const fieldOf = ({
      kind,
      tenant: number,
      other,
      job,
    }: Operation): { text: string; owner: number | null } => {
      const tenant = tenants[number]!;
      const id = tenant.ids[job]!;
      const stolen = cursors.get(other);
      switch (kind) {
        case 0:
          tenant.change(job % JOBS);
          return { text: `node(id: "${id}") { ${WHOSE} }`, owner: number };
        case 1:
          return {
            text: `nodes(ids: ${JSON.stringify(tenant.ids.slice(job, job + 4))}) { ${WHOSE} }`,
            owner: number,
          };
        case 2:
          return { text: `cosJobs(account: "${tenant.name}", first: 3) ${PAGE}`, owner: number };
        case 3:
          return { text: `batchComputeJobs(account: "${tenant.name}", first: 3) ${PAGE}`, owner: number };
        case 4:
          return { text: `ciJobs(bucket: "${tenant.bucket}", first: 3) ${PAGE}`, owner: number };
        case 5:
          return {
            text: `cosJobs(account: "${tenant.name}", first: 2, after: "${stolen ?? 'x'}") ${PAGE}`,
            owner: number,
          };
        case 6:
          return job % 5 === 0
            ? { text: `jobs(first: 100) ${PAGE}`, owner: null }
            : { text: `jobs(first: 10, filter: { accounts: ["${tenant.name}"] }) ${PAGE}`, owner: number };
        case 7:
          return {
            text: `cosJob(jobId: "${IDS[job % JOBS]!.cos}", account: "${tenant.name}") { ${WHOSE} roleArn }`,
            owner: number,
          };
        default:
          return { text: `job(id: "${id}") { ${WHOSE} failures { reason } }`, owner: number };
      }
    };

    const judge = (value: unknown, owner: number | null, text: string): void => {
      const owners = ownersIn(unsealed(value));
      seen += owners.length;
      if (owner !== null && owners.some((number) => number !== owner)) {
        foreign.push(`${text}: ${JSON.stringify(value)}`);
      }
      for (const [, job = ''] of JSON.stringify(value).matchAll(/(\{"__typename".*?\}\})/g)) {
        const [, account] = /"account":"account(\d+)"/.exec(job) ?? [];
        if (ownersIn(job).some((number) => number !== Number(account))) {
          foreign.push(`${text}: ${job}`);
        }
      }
    };

    const request = async (replica: World, operations: readonly Operation[]): Promise<void> => {
      const fields = operations.map(fieldOf);
      const query = `{ ${fields.map(({ text }, index) => `f${index}: ${text}`).join('\n')} }`;
      const { data, errors } = await replica.askText(query);
      for (const [index, { owner, text }] of fields.entries()) {
        const value = data?.[`f${index}`] ?? null;
        judge(value, owner, text);
        if (owner !== null && text.startsWith('cosJobs') && value !== null) {
          cursors.set(owner, (value as { pageInfo: { endCursor: string } }).pageInfo.endCursor);
        }
      }
      for (const { message, extensions, path } of errors) {
        // The only thing that may be refused is another's cursor.
        if (extensions['code'] !== 'INVALID_CURSOR' || ownersIn(unsealed(message)).length > 0) {
          foreign.push(`${String(path)}: ${message}`);
        }
      }
    };

    const operations = fc.sample(operation, { numRuns: OPERATIONS, seed: 20_261_122 });
    const requests: Operation[][] = [];
    for (let at = 0; at < operations.length; at += OPERATIONS_PER_REQUEST) {
      requests.push(operations.slice(at, at + OPERATIONS_PER_REQUEST));
    }
    const workOff = async (): Promise<void> => {
      for (let next = requests.pop(); next !== undefined; next = requests.pop()) {
        await request(replicas[requests.length % 2]!, next);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, workOff));
    expect(foreign).toEqual([]);
    expect(seen).toBeGreaterThan(OPERATIONS / 2);

    const secrets = tenants.flatMap((tenant) => tenant.secrets);
    const kept = await dumped();
    expect(kept.filter(({ key }) => key.includes('/account')).length).toBeGreaterThan(ACCOUNTS * JOBS * 3);
    for (const { key, text } of kept) {
      expect(secrets.filter((secret) => key.includes(secret) || text.includes(secret))).toEqual([]);
      const [, account] = /\/account(\d+)\//.exec(key) ?? [];
      expect([key, ownersIn(text).filter((number) => number !== Number(account))]).toEqual([key, []]);
    }
  }, 120_000);
});

describe('two gateways that call different accounts by the same name', () => {
  it('share one Redis and see nothing of each other', async () => {
    const media = await startTenant(1, 'media');
    const other = await startTenant(2, 'media');
    // The same places, where only the credential or only the endpoint is another.
    const elsewhere = {
      ...media.account,
      credential: { ...media.account.credential, secretId: new Secret('AKIDOFNOBODY') },
    };
    const [ours] = await startReplicas(1, media.sandbox, redis.url, { account: () => media.account });
    const [theirs] = await startReplicas(1, other.sandbox, redis.url, { account: () => other.account });
    const [nobodys] = await startReplicas(1, media.sandbox, redis.url, { account: () => elsewhere });
    await openBudgets(admin, 6);
    const listOf =
      '{ cosJobs { nodes { description } } batchComputeJobs { nodes { name } } jobs { nodes { displayName } } }';
    for (let times = 0; times < 2; times += 1) {
      for (const [replica, number, { ids }] of [
        [ours!, 1, media],
        [theirs!, 2, other],
      ] as const) {
        const byId = await nodesOf(replica, ids);
        expect(byId.map((job) => job?.id)).toEqual(ids);
        expect(ownersIn(JSON.stringify(byId))).toEqual([number]);
        expect(ownersIn(JSON.stringify((await replica.askText(listOf)).data))).toEqual([number]);
      }
      const refused = await nobodys!.askText(
        'query ($ids: [ID!]!) { nodes(ids: $ids) { id } cosJobs { nodes { id } } }',
        {
          ids: media.ids,
        },
      );
      expect(refused.data).toEqual({ nodes: media.ids.map(() => null), cosJobs: null });
    }
  });
});

describe('a value that was moved in Redis from one account’s key to another’s', () => {
  it('answers nobody', async () => {
    const tenants = await Promise.all([startTenant(1), startTenant(2)]);
    const accounts = tenants.map(({ account }) => account);
    const start = async (): Promise<World> => {
      const config = { redisUrl: new Secret(redis.url), accounts };
      const [replica] = await startReplicas(1, tenants[0].sandbox, redis.url, { config });
      return replica!;
    };
    const first = await start();
    await openBudgets(admin, 4);
    const lists = tenants.map(
      ({ name, bucket }) =>
        `{ cosJobs(account: "${name}") { nodes { ${SEEN} roleArn } } batchComputeJobs(account: "${name}") { nodes { ${SEEN} } } ciJobs(bucket: "${bucket}") { nodes { ${SEEN} } } jobs(filter: { accounts: ["${name}"] }) { nodes { ${SEEN} } } }`,
    );
    const askAll = async (replica: World): Promise<void> => {
      for (const [index, { ids }] of tenants.entries()) {
        // Details first: a job that is read by its id brings its own.
        const { data, errors } = await replica.askText(lists[index]!);
        expect(errors).toEqual([]);
        expect(ownersIn(JSON.stringify(data))).toEqual([index + 1]);
        expect(ownersIn(JSON.stringify(await nodesOf(replica, ids)))).toEqual([index + 1]);
      }
    };
    await askAll(first);
    const keys = (await keysOf(admin)).filter((key) => key.includes('/account'));
    const nameOf = (key: string): string => key.slice(key.indexOf('}'));
    const sourceOf = (key: string): string => /\{([A-Z_]+)/.exec(key)![1]!;
    let moved = 0;
    for (const key of keys.filter((each) => each.includes('/account1/'))) {
      const twin = keys.find(
        (each) =>
          each.includes('/account2/') && sourceOf(each) === sourceOf(key) && nameOf(each) === nameOf(key),
      );
      if (twin !== undefined) {
        const [one, two] = await Promise.all([admin.get(key), admin.get(twin)]);
        await Promise.all([admin.set(key, two!), admin.set(twin, one!)]);
        moved += 1;
      }
    }
    expect(moved).toBeGreaterThanOrEqual(3 * JOBS);
    const second = await start();
    await expect.poll(() => areSharing(tenants[0].sandbox, first, second, 'account1'), SOON).toBe(true);
    await askAll(second);
    await askAll(first);
  });
});

/** All that Redis holds, as text. */
async function dumped(): Promise<{ key: string; text: string }[]> {
  return await Promise.all(
    (await keysOf(admin)).map(async (key) => {
      const isHash = (await admin.type(key)) === 'hash';
      const text = isHash ? JSON.stringify(await admin.hgetall(key)) : ((await admin.get(key)) ?? '');
      return { key, text };
    }),
  );
}
