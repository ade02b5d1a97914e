import { Redis } from 'ioredis';
import { request } from 'undici';
import { expect, onTestFinished } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { cosId, REGION } from './support.ts';
import type { GraphqlFault, World, WorldSettings } from '../support/world.ts';
import { startWorld } from '../support/world.ts';

export const MEMORY_BYTES = 16 * 1_024 * 1_024;

/** For what happens soon, on a machine that is busy. */
export const SOON = { timeout: 15_000, interval: 10 };

/** So patient with Redis that no moment in which the machine is busy counts as Redis being away. */
export const PATIENT = { memoryBytes: MEMORY_BYTES, redisReadMs: 5_000, redisWriteMs: 5_000 };

/** What tests of the cache look at in a job. */
export const SEEN =
  '... on Job { __typename id jobId account name description displayName status progress { total succeeded } freshness { fetchedAt stale } }';

export interface SeenJob {
  readonly __typename: string;
  readonly id: string;
  readonly jobId: string;
  readonly account: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly displayName: string;
  readonly status: string;
  readonly progress: { readonly total: number; readonly succeeded: number } | null;
  readonly freshness: { readonly fetchedAt: string; readonly stale: boolean };
}

export interface SeenOrigin {
  readonly source: string;
  readonly account: string;
  readonly region: string;
  readonly outcome: string;
  readonly fetchedAt: string | null;
  readonly error: { readonly code: string } | null;
}

export interface SeenPage {
  readonly nodes: readonly SeenJob[];
  readonly origins: readonly SeenOrigin[];
}

export const NODE = `query ($id: ID!) { node(id: $id) { ${SEEN} } }`;
export const NODES = `query ($ids: [ID!]!) { nodes(ids: $ids) { ${SEEN} } }`;
export const JOBS = `query ($first: Int) { jobs(first: $first) { nodes { ${SEEN} } origins { source account region outcome fetchedAt error { code } } } }`;

/** Something that answers queries: a world, or a process. */
export type Asks = Pick<World, 'askText'>;

/** The answer's data, which must be whole. */
export async function read<R>(
  asks: Asks,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<R> {
  const { data, errors, text } = await asks.askText(query, variables);
  if (data === null || data === undefined || errors.length > 0) {
    throw new Error(`expected data without errors, got ${text.slice(0, 2_000)}`);
  }
  return data as R;
}

export async function nodeOf(asks: Asks, id: string): Promise<SeenJob | null> {
  return (await read<{ node: SeenJob | null }>(asks, NODE, { id })).node;
}

export async function nodesOf(asks: Asks, ids: readonly string[]): Promise<readonly (SeenJob | null)[]> {
  return (await read<{ nodes: (SeenJob | null)[] }>(asks, NODES, { ids })).nodes;
}

export async function jobsOf(asks: Asks, first = 20): Promise<SeenPage> {
  return (await read<{ jobs: SeenPage }>(asks, JOBS, { first })).jobs;
}

/** Asks what listens at an address. */
export function asksAt(url: string, headers: Readonly<Record<string, string>> = {}): Asks {
  return {
    askText: async (query, variables = {}) => {
      const answer = await request(`${url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          ...headers,
        },
        body: JSON.stringify({ query, variables }),
      });
      const text = await answer.body.text();
      const { data, errors = [] } = JSON.parse(text) as {
        data?: Record<string, unknown> | null;
        errors?: GraphqlFault[];
      };
      return { status: answer.statusCode, data, errors, text };
    },
  };
}

/** Gateways of one configuration over one sandbox and one Redis, in this process; they end with the test. */
export async function startReplicas(
  count: number,
  sandbox: Sandbox,
  redisUrl: string,
  { cache, config, ...settings }: WorldSettings = {},
): Promise<World[]> {
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const world = await startWorld({
        runningSandbox: sandbox,
        cache: { ...PATIENT, ...cache },
        ...settings,
        config: { redisUrl: new Secret(redisUrl), ...config },
      });
      onTestFinished(() => world.close());
      return world;
    }),
  );
}

/** For looking at what is kept in Redis and spoiling it; ends with the test. */
export function adminOf(redisUrl: string): Redis {
  const admin = new Redis(redisUrl);
  admin.on('error', () => undefined);
  onTestFinished(() => {
    admin.disconnect();
  });
  return admin;
}

/** Every key that there is. */
export async function keysOf(admin: Redis): Promise<string[]> {
  const keys: string[] = [];
  let cursor = '0';
  do {
    const [next, found] = await admin.scan(cursor, 'COUNT', 1_000);
    keys.push(...found);
    cursor = next;
  } while (cursor !== '0');
  return keys;
}

let probes = 0;

/** Whether what the one reads now the other gets from Redis. */
export async function areSharing(
  sandbox: Sandbox,
  one: Asks,
  other: Asks,
  account = 'sandbox',
): Promise<boolean> {
  probes += 1;
  const jobId = `nothing-${probes}`;
  const id = cosId(jobId, REGION, account);
  await nodeOf(one, id);
  await nodeOf(other, id);
  return sandbox.calls.filter(({ jobIds }) => jobIds.includes(jobId)).length === 1;
}

/** Until all replicas listen to what the others announce. */
export async function listening(admin: Redis, replicas: number): Promise<number> {
  const [, count] = (await admin.pubsub('NUMSUB', await channelOf(admin))) as [string, number];
  return Math.min(count, replicas);
}

async function channelOf(admin: Redis): Promise<string> {
  const [channel = ''] = (await admin.pubsub('CHANNELS', 'jobs-gateway:*:changed')) as string[];
  return channel;
}

/**
 * A budget of BatchCompute that Redis has just heard of gives nothing for four seconds: which calls were made before is not
 * known. In a test there were none.
 */
export async function openBudgets(admin: Redis, budgets = 2): Promise<void> {
  const keys = await expect
    .poll(async () => await admin.keys('jobs-gateway:slots:*'), SOON)
    .toHaveLength(budgets)
    .then(() => admin.keys('jobs-gateway:slots:*'));
  await Promise.all(keys.map((key) => admin.hset(key, 'next', '0')));
}
