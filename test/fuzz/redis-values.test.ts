/**
 * Ten thousand values that somebody changed in the Redis that replicas share (reliability S2, S19): each counts as not there, or
 * is what a replica could have written for that very key. And through a real Redis: the answers stay right.
 */
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type CacheKey, type Entry, MAX_CLOCK_SKEW_MS } from '../../src/cache/entry.ts';
import { fromText, toRecord } from '../../src/cache/record.ts';
import type { JobSummary } from '../../src/model/job.ts';
import type { Origin } from '../../src/model/origin.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { decodeListing as batchComputeListing } from '../../src/sources/batch-compute/decode.ts';
import { storedBatchComputeJob } from '../../src/sources/batch-compute/stored.ts';
import { decodeListing as ciListing } from '../../src/sources/ci/decode.ts';
import { storedCiJob } from '../../src/sources/ci/stored.ts';
import { decodeListing as cosListing } from '../../src/sources/cos/decode.ts';
import { storedCosJob } from '../../src/sources/cos/stored.ts';
import { isOf, JobQuestion, JobValues, type KnownJob } from '../../src/sources/job-question.ts';
import { cacheFaults } from '../../src/telemetry/channels.ts';
import {
  adminOf,
  areSharing,
  type Asks,
  asksAt,
  jobsOf,
  keysOf,
  nodesOf,
  read,
  SEEN,
  SOON,
  startReplicas,
} from '../e2e/kept.ts';
import { BUCKET, ciId, cosId, REGION } from '../e2e/support.ts';
import { LIFETIMES } from '../sources/caches.ts';
import { anAnswer, BATCH_COMPUTE_ORIGIN, CI_ORIGIN, COS_ORIGIN } from '../sources/support.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { RIGHT_ANSWERS } from './right-answers.ts';
import { madeBy, seeded, type Tape } from './tape.ts';
import { mutated, STRANGE_TEXTS } from './text-mutations.ts';

const SEED = 20_261_104;
const VALUES = 10_000;
/** In each, the values under all keys of three answers are spoiled. */
const ROUNDS = 25;
const NOW_MS = Date.parse('2026-03-04T06:00:00Z');

type Json = Record<string, unknown>;

/** What a replica has written, and the question that it answers. */
interface Written {
  readonly question: JobQuestion<JobSummary>;
  readonly origin: Origin;
  readonly text: string;
}

const bodies = (source: string): string[] =>
  RIGHT_ANSWERS.filter((answer) => answer.source === source && answer.read === 'list').map(
    ({ body }) => body,
  );

const WRITTEN: readonly Written[] = [
  ...bodies('COS').flatMap((body) =>
    cosListing(COS_ORIGIN, anAnswer(body)).jobs.map((job) => writtenOf(COS_ORIGIN, storedCosJob, job)),
  ),
  ...bodies('BATCH_COMPUTE').flatMap((body) =>
    batchComputeListing(BATCH_COMPUTE_ORIGIN, anAnswer(body)).jobs.map((job) =>
      writtenOf(BATCH_COMPUTE_ORIGIN, storedBatchComputeJob, job),
    ),
  ),
  ...bodies('CI').flatMap((body) =>
    ciListing(CI_ORIGIN, anAnswer(body)).jobs.map((job) => writtenOf(CI_ORIGIN, storedCiJob, job)),
  ),
];

function writtenOf<J extends JobSummary>(
  origin: Origin,
  jobForm: ConstructorParameters<typeof JobValues<J>>[0]['jobForm'],
  job: J,
): Written {
  const values = new JobValues<J>({
    origin,
    place: `${origin.source} of media`,
    lifetimes: LIFETIMES,
    jobForm,
  });
  const question = new JobQuestion<J>(job.jobId, values);
  const value: KnownJob<J> = { job };
  const entry: Entry<KnownJob<J>> = { value, fetchedAtMs: NOW_MS - 1_000, life: question.lifeOf(value) };
  const { text } = toRecord(question.key, entry, 'd');
  return { question, origin, text };
}

/** What stands under the key of the one after all. */
function spoiled(tape: Tape): { readonly written: Written; readonly text: string } {
  const written = tape.oneOf(WRITTEN);
  const other = tape.oneOf(WRITTEN);
  switch (tape.below(6)) {
    case 0:
      return { written, text: other.text };
    case 1: {
      const at = tape.below(written.text.length);
      return { written, text: written.text.slice(0, at) + other.text.slice(at) };
    }
    case 2:
      return { written, text: withChangedMember(tape, written.text) };
    case 3:
      return { written, text: withKeyOf(written.question.key, other.text) };
    default:
      return {
        written,
        text: mutated(tape, written.text, ['"__proto__":{"polluted":true}', '[1,1,1]', 'null']),
      };
  }
}

/** The other's value, said to be of this key. */
function withKeyOf({ place, name }: CacheKey, text: string): string {
  const parts = JSON.parse(text) as unknown[];
  return JSON.stringify(parts.with(0, place).with(1, name));
}

function withChangedMember(tape: Tape, text: string): string {
  const parts = JSON.parse(text) as unknown[];
  const spots = spotsIn(parts);
  const { holder, name } = tape.oneOf(spots);
  if (tape.chance(30)) {
    Reflect.deleteProperty(holder, name);
  } else {
    holder[name] = tape.oneOf<unknown>([
      null,
      true,
      '',
      0,
      -1,
      0.5,
      2 ** 53,
      2 ** 31,
      -(2 ** 53),
      1e308,
      [],
      {},
      [[]],
      '2022-02-30T00:00:00Z',
      '2022-06-27T15:23:10+08:00',
      NOW_MS + 86_400_000,
      32 * 86_400_000,
      tape.oneOf(STRANGE_TEXTS),
    ]);
  }
  return JSON.stringify(parts);
}

interface Spot {
  readonly holder: Json;
  readonly name: string;
}

/** Every member of every object and list. */
function spotsIn(value: unknown): Spot[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  const holder = value as Json;
  const here = Object.keys(holder).map((name) => ({ holder, name }));
  return here.concat(here.flatMap(({ name }) => spotsIn(holder[name])));
}

describe('10,000 values that somebody changed', () => {
  it('count as not there, or are whole, of that very job and not of the future', () => {
    const members = Object.getOwnPropertyNames(Object.prototype);
    const outcomes = { refused: 0, accepted: 0 };
    fc.assert(
      fc.property(
        madeBy(30, (tape) => spoiled(tape)),
        ({ written: { question, origin }, text }) => {
          const entry = fromText(question, text, NOW_MS);
          outcomes[entry === null ? 'refused' : 'accepted'] += 1;
          if (entry === null) {
            return;
          }
          const { job } = entry.value;
          expect(question.parse(again(entry.value))).toEqual(entry.value);
          expect(job === null || (job.jobId === question.jobId && isOf(origin, job))).toBe(true);
          expect(entry.fetchedAtMs).toBeLessThanOrEqual(NOW_MS + MAX_CLOCK_SKEW_MS);
          expect(Object.values(entry.life).every((ms) => ms >= 0 && ms <= 31 * 86_400_000)).toBe(true);
          expect(Object.getPrototypeOf(job ?? {})).toBe(Object.prototype);
        },
      ),
      seeded(SEED, VALUES),
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(members);
    expect('polluted' in {}).toBe(false);
    // Otherwise one half of this has said nothing.
    expect(outcomes.refused).toBeGreaterThan(VALUES / 4);
    expect(outcomes.accepted).toBeGreaterThan(VALUES / 50);
  }, 120_000);

  it('are believed as they are, before they are changed', () => {
    expect(WRITTEN.length).toBeGreaterThan(15);
    for (const { question, text } of WRITTEN) {
      expect(fromText(question, text, NOW_MS)?.value.job?.jobId).toBe(question.jobId);
    }
  });
});

const again = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
  return () => redis.close();
});

/** Makes of a value what no replica can have written for its key. */
type Spoil = (tape: Tape, value: string) => string;
const SPOILERS: readonly Spoil[] = [
  (tape, value) => value.slice(0, tape.below(value.length)),
  (tape, value) => inserted(value, tape.below(value.length), '"'),
  (tape, value) => inserted(value, tape.below(value.length), '\u0001'),
  (tape, value) => inserted(value, textAt(value) + tape.below(value.length - textAt(value)), '"__proto__":'),
  (tape, value) =>
    tape.oneOf([...STRANGE_TEXTS, ...STRANGE_TEXTS.map((text) => value.slice(0, textAt(value)) + text)]),
  (tape, value) =>
    changed(value, (parts) => parts.with(2, tape.oneOf<unknown>([Date.now() + 60_000, -0.5, null, '1']))),
  (tape, value) =>
    changed(value, (parts) => parts.with(3, tape.oneOf<unknown>([[-1, 1, 1], [1, 1], null, [1, 1, 1e15]]))),
  (tape, value) => changed(value, (parts) => parts.with(tape.below(2), 'other')),
  (tape, value) => changed(value, (parts) => withoutMember(tape, parts)),
];

/** Where the text begins, behind three words about it. */
const textAt = (value: string): number => value.split(' ').slice(0, 3).join(' ').length + 1;
const inserted = (value: string, at: number, text: string): string =>
  value.slice(0, at) + text + value.slice(at);
const changed = (value: string, change: (parts: unknown[]) => unknown[]): string =>
  value.slice(0, textAt(value)) + JSON.stringify(change(JSON.parse(value.slice(textAt(value))) as unknown[]));

/** Not one that was spoiled before and that nobody has looked at since. */
function isWhole(value: string): boolean {
  try {
    return Array.isArray(JSON.parse(value.slice(textAt(value))));
  } catch {
    return false;
  }
}

/** All members of a job are always told, null where they are none. */
function withoutMember(tape: Tape, parts: unknown[]): unknown[] {
  const jobs = spotsIn(parts).filter(({ name }) => name === 'upstreamStatus');
  if (jobs.length === 0) {
    return parts.slice(1);
  }
  const { holder } = tape.oneOf(jobs);
  Reflect.deleteProperty(holder, tape.oneOf(['upstreamStatus', 'status']));
  return parts;
}

describe('a replica that keeps nothing itself, over a Redis in which values are changed again and again', () => {
  it('answers rightly, drops what it finds and counts it', async () => {
    const sandbox = await startSandbox({ world: 'empty', batchComputeRequestsPerSecond: null });
    onTestFinished(() => sandbox.close());
    const settings = { account: (account: object) => ({ ...account, batchCompute: null }) as never };
    const [writer] = await startReplicas(1, sandbox, redis.url, settings);
    const [reader] = await startReplicas(1, sandbox, redis.url, {
      ...settings,
      cache: { memoryBytes: 0, replayBytes: 0 },
    });
    if (writer === undefined || reader === undefined) {
      throw new Error('expected two replicas');
    }
    const ids = ['Active', 'Complete', 'Failed'].flatMap((status) => [
      cosId(sandbox.cos.add(REGION, { status, description: `cos ${status}`, roleArn: status })),
      ciId(sandbox.ci.add(BUCKET, { state: status === 'Failed' ? status : 'Success', name: `ci ${status}` })),
    ]);
    const admin = adminOf(redis.url);
    await expect.poll(() => areSharing(sandbox, writer, reader), SOON).toBe(true);
    const ways: readonly ((asks: Asks) => Promise<unknown>)[] = [
      (asks) => nodesOf(asks, ids),
      (asks) => read(asks, `{ cosJobs { nodes { ${SEEN} roleArn failures { reason } } } }`),
      (asks) => jobsOf(asks),
    ];
    const anew = asksAt(writer.url, { 'cache-control': 'no-cache' });
    const counts = { spoiled: 0, dropped: 0, faults: 0 };
    onTestFinished(cacheFaults.subscribe(({ kind }) => (counts.faults += kind === 'bad-value' ? 1 : 0)));
    await fc.assert(
      fc.asyncProperty(
        madeBy(400, (tape) => tape),
        async (tape) => {
          for (const way of ways) {
            // By itself: whatever is read anew puts right what it finds.
            const truth = await shown(way, anew);
            const spoiledValues = await spoilAll(admin, tape);
            expect(await shown(way, reader)).toBe(truth);
            const left = await Promise.all(
              [...spoiledValues].map(async ([key, value]) => (await admin.get(key)) === value),
            );
            counts.spoiled += left.length;
            counts.dropped += left.filter((isLeft) => !isLeft).length;
          }
        },
      ),
      { ...seeded(SEED, ROUNDS), endOnFailure: true },
    );
    expect('polluted' in {}).toBe(false);
    expect(counts.spoiled).toBeGreaterThan(300);
    // Not every answer looks at every key.
    expect(counts.dropped).toBeGreaterThan(counts.spoiled / 4);
    expect(counts.faults).toBeGreaterThan(counts.dropped / 2);
  }, 120_000);
});

/** What differs from one reading to the next. */
const LATER = new Set(['freshness', 'origins', 'progress']);

async function shown(way: (asks: Asks) => Promise<unknown>, asks: Asks): Promise<string> {
  return JSON.stringify(await way(asks), (key, value: unknown) => (LATER.has(key) ? null : value));
}

/** Every value there is, each in its own way; gives what stands there now. */
async function spoilAll(admin: Redis, tape: Tape): Promise<ReadonlyMap<string, string>> {
  const keys = (await keysOf(admin)).filter((key) => !key.includes(':turn:')).toSorted();
  const values = new Map<string, string>();
  for (const key of keys) {
    const value = await admin.get(key).catch(() => null);
    if (value !== null && isWhole(value)) {
      const bad = tape.oneOf(SPOILERS)(tape, value);
      values.set(key, bad);
      await admin.set(key, bad, 'PX', 60_000);
    }
  }
  return values;
}
