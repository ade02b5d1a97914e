/** What the gateway keeps in Redis (reliability F18): nothing of it stays for ever, whoever forgets it. */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { request } from 'undici';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import {
  adminOf,
  areSharing,
  type Asks,
  asksAt,
  jobsOf,
  keysOf,
  nodeOf,
  nodesOf,
  openBudgets,
  read,
  SEEN,
  SOON,
  startReplicas,
} from './kept.ts';
import { batchComputeId, BUCKET, ciId, cosId, REGION } from './support.ts';

const DAY_MS = 86_400_000;
const GRACE_MS = 600_000;

/** Every kind of key that there is, and how long one may stay that nobody writes again. */
const KINDS = [
  { kind: 'budget', form: /^jobs-gateway:slots:/, mostMs: DAY_MS },
  { kind: 'turn', form: /^jobs-gateway:[^:]+:turn:\{/, mostMs: 3_000 },
  { kind: 'job', form: /^jobs-gateway:[^:]+:\{[^}]+\}:job:/, mostMs: DAY_MS + GRACE_MS },
  { kind: 'detail', form: /^jobs-gateway:[^:]+:\{[^}]+\}:detail:/, mostMs: DAY_MS + GRACE_MS },
  { kind: 'list', form: /^jobs-gateway:[^:]+:\{[^}]+\}:list:/, mostMs: 30_000 + GRACE_MS },
  { kind: 'document', form: /^jobs-gateway:[^:]+:\{documents\}:/, mostMs: DAY_MS },
] as const;

/** Past their time at once, so that much is read behind. */
const SHORT = { runningJobMs: 200, listingHeadMs: 200, unknownJobMs: 200, staleWhileRevalidateMs: 60_000 };

let sandbox: Sandbox;
let redis: TestRedis;
let admin: Redis;

beforeEach(async () => {
  sandbox = await startSandbox({ world: 'empty', batchComputeRequestsPerSecond: null });
  onTestFinished(() => sandbox.close());
  redis = await startRedis();
  onTestFinished(() => redis.close());
  admin = adminOf(redis.url);
});

/** Looks at all keys again and again. */
class KeyWatch {
  readonly kinds = new Set<string>();
  /** Keys of no known kind, without an end, or with one too far away. */
  readonly faults = new Set<string>();
  readonly #over = new AbortController();
  readonly #done: Promise<void>;

  constructor() {
    this.#done = this.#goOn();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#done;
    await this.#look();
  }

  async #goOn(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    const keys = await keysOf(admin);
    const left = await Promise.all(keys.map((key) => admin.pttl(key)));
    for (const [index, key] of keys.entries()) {
      const found = KINDS.find(({ form }) => form.test(key));
      const leftMs = left[index] ?? -1;
      this.kinds.add(found?.kind ?? 'unknown');
      // Minus two: it has ended since.
      if (found === undefined || leftMs === -1 || leftMs > found.mostMs) {
        this.faults.add(`${key}: ${leftMs} ms`);
      }
    }
  }
}

function addJobs(): string[] {
  return (['Active', 'Complete', 'Failed', 'Cancelled'] as const).flatMap((status) => [
    cosId(sandbox.cos.add(REGION, { status, roleArn: status })),
    batchComputeId(sandbox.batchCompute.add(REGION, { state: status === 'Active' ? 'RUNNING' : 'SUCCEED' })),
    ciId(sandbox.ci.add(BUCKET, { state: status === 'Active' ? 'Running' : 'Success' })),
  ]);
}

/** Everything that is kept is asked for, in every way. */
async function askWidely(asks: Asks & { readonly url: string }, ids: readonly string[]): Promise<void> {
  await Promise.all([
    nodesOf(asks, ids),
    nodesOf(asks, [cosId('none'), batchComputeId('job-nosuch00'), ciId(`b${'0'.repeat(32)}`)]),
    nodesOf(asksAt(asks.url, { 'cache-control': 'no-cache' }), ids),
  ]);
  await Promise.all([
    jobsOf(asks),
    read(asks, `{ jobs(first: 2, filter: { statuses: [RUNNING] }) { totalCount nodes { ${SEEN} } } }`),
    read(asks, `{ cosJobs(first: 2) { nodes { id roleArn failures { reason } } } }`),
    read(asks, `{ batchComputeJobs(first: 2) { nodes { id tasks { name } } } }`),
    read(asks, `{ ciJobs(first: 2) { nodes { id } } }`),
    askByHash(asks.url, '{ cosJobs(first: 1) { nodes { id } } }'),
  ]);
}

async function askByHash(url: string, query: string): Promise<void> {
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const answer = await request(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query, extensions: { persistedQuery: { version: 1, sha256Hash } } }),
  });
  expect(await answer.body.json()).not.toHaveProperty('errors');
}

/** A client that does not wait for its answer. */
async function askAndLeave(url: string, id: string): Promise<void> {
  const leaving = AbortSignal.timeout(50);
  const body = JSON.stringify({ query: `{ node(id: "${id}") { id } }` });
  const headers = { 'content-type': 'application/json' };
  await request(`${url}/graphql`, { method: 'POST', headers, body, signal: leaving }).catch(() => undefined);
}

describe('every key in Redis', () => {
  it('ends by itself, and in time, whatever was asked and however it went', async () => {
    const [one, other] = await startReplicas(2, sandbox, redis.url, { cache: SHORT });
    await openBudgets(admin);
    await expect.poll(() => areSharing(sandbox, one!, other!), SOON).toBe(true);
    const ids = addJobs();
    const watch = new KeyWatch();
    onTestFinished(() => watch.stop());
    await Promise.all([askWidely(one!, ids), askWidely(other!, ids)]);
    // Turns are held for as long as reading takes.
    for (const upstream of ['cos', 'batchCompute', 'ci'] as const) {
      sandbox.faults.add({ upstream, times: 10, fault: { kind: 'slow', delayMs: 300 } });
    }
    const cold = addJobs();
    await Promise.all([nodesOf(one!, cold), nodesOf(other!, cold), askAndLeave(one!.url, addJobs()[0]!)]);
    for (const upstream of ['cos', 'ci'] as const) {
      sandbox.faults.add({ upstream, times: 20, fault: { kind: 'empty', status: 503 } });
    }
    await Promise.all(
      [one!, other!].map((replica) => replica.askText(`{ node(id: "${addJobs()[0]!}") { id } }`)),
    );
    sandbox.faults.clear();
    // As where there is no room.
    const kept = (await keysOf(admin)).filter((key) => !KINDS[0].form.test(key));
    await admin.unlink(kept);
    await Promise.all([askWidely(one!, ids), askWidely(other!, cold)]);
    expect((await nodeOf(one!, ids[0]!))?.id).toBe(ids[0]);
    await watch.stop();
    expect([...watch.faults]).toEqual([]);
    expect([...watch.kinds].toSorted()).toEqual(KINDS.map(({ kind }) => kind).toSorted());
  }, 60_000);
});
