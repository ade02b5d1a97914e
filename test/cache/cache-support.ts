import { z } from 'zod';
import { Cache } from '../../src/cache/cache.ts';
import type { Load, Loaded, Question } from '../../src/cache/question.ts';
import type { Life } from '../../src/cache/entry.ts';
import { toRecord } from '../../src/cache/record.ts';
import type { SharedRecord } from '../../src/cache/shared-tier.ts';
import type { CallScope } from '../../src/lib/call-scope.ts';
import { UpstreamError, type UpstreamErrorCode } from '../../src/model/errors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { COS_ORIGIN } from '../sources/support.ts';
import { FakeSharedTier } from './fake-shared-tier.ts';

export const PLACE = 'COS v1';
export const LIFE: Life = { freshMs: 5_000, staleWhileRevalidateMs: 10_000, staleIfErrorMs: 600_000 };
/** How old a value is in the middle of each state. */
export const AGES = { FRESH: 2_000, STALE: 10_000, RESERVE: 60_000, GONE: 700_000 };

const form = z.strictObject({ text: z.string() });
export type Value = z.output<typeof form>;

export function aQuestion(name: string, more: Partial<Question<Value>> = {}): Question<Value> {
  return {
    key: { place: PLACE, name },
    lifeOf: () => LIFE,
    parse: (json) => form.safeParse(json).data ?? null,
    lateError: () => fault('UPSTREAM_TIMEOUT'),
    ...more,
  };
}

export function fault(code: UpstreamErrorCode): UpstreamError {
  return new UpstreamError(code, COS_ORIGIN, code);
}

/** What another replica would have written. */
export function theirRecord(name: string, text: string, fetchedAtMs: number, life = LIFE): SharedRecord {
  return toRecord({ place: PLACE, name }, { value: { text }, fetchedAtMs, life }, text);
}

export interface Begun {
  readonly scope: CallScope;
  readonly end: (text: string, fetchedAtMs?: number) => void;
  readonly fail: (error: Error) => void;
}

/** Readings that end when the test says so; at once where it has said what `answers`. */
export class Upstream {
  readonly begun: Begun[] = [];
  answers: string | Error | null = null;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  readonly load: Load<Value> = (scope) =>
    new Promise((resolve, fail) => {
      const end = (text: string, fetchedAtMs = this.#clock.now()): void => {
        const loaded: Loaded<Value> = { value: Object.freeze({ text }), fetchedAtMs };
        resolve(loaded);
      };
      this.begun.push({ scope, end, fail });
      scope.signal.addEventListener('abort', () => {
        fail(scope.signal.reason as Error);
      });
      if (this.answers instanceof Error) {
        fail(this.answers);
      } else if (this.answers !== null) {
        end(this.answers);
      }
    });
}

export interface TestCache {
  readonly clock: FakeClock;
  readonly tier: FakeSharedTier;
  readonly upstream: Upstream;
  readonly cache: Cache;
  /** Reads the value `a`, and tells it with its outcome. */
  read(scope?: Partial<CallScope>, question?: Question<Value>): Promise<string>;
  /** Makes a value known that was fetched so long ago. */
  know(text: string, ageMs: number, question?: Question<Value>): void;
  /** Has another replica keep a value that was fetched so long ago. */
  theyKeep(text: string, ageMs: number): void;
}

export interface TestCacheOptions {
  readonly memoryBytes?: number;
  /** Whether there is a tier that replicas share. Default yes. */
  readonly isShared?: boolean;
}

/** A cache at half past nothing: every value is named `a` unless told. */
export function aCache({ memoryBytes = 1_000_000, isShared = true }: TestCacheOptions = {}): TestCache {
  const clock = new FakeClock();
  const tier = new FakeSharedTier(clock);
  const upstream = new Upstream(clock);
  const cache = new Cache({ clock, memoryBytes, shared: isShared ? tier : null });
  const { signal } = new AbortController();
  return {
    clock,
    tier,
    upstream,
    cache,
    read: async (scope = {}, question = aQuestion('a')) => {
      const whole: CallScope = { signal, deadlineMs: clock.now() + 8_000, ...scope };
      const { entry, outcome } = await cache.read(question, upstream.load, whole);
      return `${outcome} ${entry.value.text}`;
    },
    know: (text, ageMs, question = aQuestion('a')) => {
      cache.keepTold(question, { value: Object.freeze({ text }), fetchedAtMs: clock.now() - ageMs });
    },
    theyKeep: (text, ageMs) => {
      tier.kept.set('a', theirRecord('a', text, clock.now() - ageMs));
    },
  };
}
