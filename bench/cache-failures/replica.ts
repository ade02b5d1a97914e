/**
 * One replica, a process of its own: a cache over a Redis, and callers that come at a steady rate whatever happens. Asked for a
 * phase, goes on calling for so long and tells how it went; asked for a cold start, reads every key once at a given time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cache } from '../../src/cache/cache.ts';
import type { Load, Question } from '../../src/cache/question.ts';
import type { Life } from '../../src/cache/entry.ts';
import { createRedisTier } from '../../src/cache/redis-tier.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { answerQuestions, settingsOfChild } from '../cache/children.ts';

export interface ReplicaSettings {
  readonly redis: string;
  readonly callsPerSecond: number;
  readonly keys: number;
  readonly upstreamMs: number;
  readonly life: Life;
  readonly memoryBytes: number;
}

/** `ms` for a phase; `atMs`, since the epoch, for a cold start. */
export type ReplicaQuestion = { readonly ms: number } | { readonly atMs: number };

export interface PhaseTold {
  /** How long each call took. */
  readonly callsMs: readonly number[];
  readonly errors: number;
  readonly loads: number;
}

interface Value {
  readonly key: string;
  readonly text: string;
}

/** About what a job takes. */
const TEXT = 'x'.repeat(600);

const settings = (await settingsOfChild()) as ReplicaSettings;
const { redis, callsPerSecond, keys, upstreamMs, life, memoryBytes } = settings;
const shared = createRedisTier({ url: redis, clock: systemClock, schema: 'bench' });
const cache = new Cache({ clock: systemClock, memoryBytes, shared });
const { signal } = new AbortController();
let loads = 0;

const load =
  (key: string): Load<Value> =>
  async () => {
    loads += 1;
    await sleep(upstreamMs);
    return { value: { key, text: TEXT }, fetchedAtMs: Date.now() };
  };

function questionOf(key: string): Question<Value> {
  return {
    key: { place: 'bench', name: key },
    lifeOf: () => life,
    parse: (json) => json as Value,
    digestOf: ({ text }) => String(text.length),
    lateError: () => new Error('the deadline passed'),
  };
}

async function readOnce(key: string): Promise<number> {
  const startedMs = performance.now();
  await cache.read(questionOf(key), load(key), { signal, deadlineMs: Date.now() + 10_000 });
  return performance.now() - startedMs;
}

async function phase(ms: number): Promise<PhaseTold> {
  loads = 0;
  const startedMs = performance.now();
  const reads: Promise<number>[] = [];
  for (let at = 0; at < ms; at += 1_000 / callsPerSecond) {
    const earlyMs = at - (performance.now() - startedMs);
    if (earlyMs > 0) {
      await sleep(earlyMs);
    }
    reads.push(readOnce(`key-${Math.floor(Math.random() * keys)}`));
  }
  return await toldOf(reads);
}

async function coldStart(atMs: number): Promise<PhaseTold> {
  await sleep(atMs - Date.now());
  return await toldOf(Array.from({ length: keys }, (_, index) => readOnce(`cold-${index}`)));
}

async function toldOf(reads: readonly Promise<number>[]): Promise<PhaseTold> {
  const settled = await Promise.allSettled(reads);
  const callsMs = settled.flatMap((read) => (read.status === 'fulfilled' ? [read.value] : []));
  return { callsMs, errors: settled.length - callsMs.length, loads };
}

answerQuestions('ready', (asked) => {
  const question = asked as ReplicaQuestion;
  return 'ms' in question ? phase(question.ms) : coldStart(question.atMs);
});
