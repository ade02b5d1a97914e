import { Redis } from 'ioredis';
import { expect, onTestFinished } from 'vitest';
import type { CacheKey } from '../../src/cache/entry.ts';
import { redisKeys } from '../../src/cache/redis-keys.ts';
import { createRedisTier, type RedisTierOptions } from '../../src/cache/redis-tier.ts';
import type { SharedRecord, SharedTier } from '../../src/cache/shared-tier.ts';
import { valueOf } from '../../src/cache/tier-script.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { SOON } from './faults.ts';

export const PLACE = 'COS/1250000000/ap-guangzhou';
export const KEY: CacheKey = { place: PLACE, name: 'job/1' };
export const KEYS = redisKeys('v1');
export const VALUE_KEY = KEYS.value(KEY);
export const TURN_KEY = KEYS.turn(KEY);
export const NOTHING = { found: null, turn: 'NOBODYS' };

/** Patient, unless told otherwise: what is not about waiting is not to fail on a machine that is busy. */
export function tierOf(url: string, change: Partial<RedisTierOptions> = {}): SharedTier {
  const tier = createRedisTier({
    url,
    clock: systemClock,
    schema: 'v1',
    readTimeoutMs: 2_000,
    writeTimeoutMs: 2_000,
    ...change,
  });
  onTestFinished(() => {
    tier.close();
  });
  return tier;
}

/** With default patience, as in life. */
export function hastyTierOf(url: string): SharedTier {
  const tier = createRedisTier({ url, clock: systemClock, schema: 'v1' });
  onTestFinished(() => {
    tier.close();
  });
  return tier;
}

/** Waits until lookups, writes and announcements of the tier get through. Says so of a tier whose Redis keeps nothing too. */
export async function readyTier(tier: SharedTier): Promise<SharedTier> {
  const key = { place: PLACE, name: 'ready?' };
  await expect
    .poll(async () => {
      await tier.store(key, freshRecord('ready'), false);
      return (await tier.lookup(key)).found?.text;
    }, SOON)
    .toBe('ready');
  await expect.poll(() => tier.listeningSince, SOON).toBeGreaterThan(0);
  return tier;
}

/** A record fetched just now, or `agoMs` ago, that is fresh for a minute after that and useful for ten. */
export function freshRecord(text: string, agoMs = 0, change: Partial<SharedRecord> = {}): SharedRecord {
  const fetchedAtMs = Date.now() - agoMs;
  return {
    fetchedAtMs,
    askedAtMs: fetchedAtMs,
    freshUntilMs: fetchedAtMs + 60_000,
    usefulUntilMs: fetchedAtMs + 600_000,
    digest: `of-${text.length}`,
    text,
    ...change,
  };
}

export function staleRecord(text: string, change: Partial<SharedRecord> = {}): SharedRecord {
  return freshRecord(text, 1_000, { freshUntilMs: Date.now() - 1, ...change });
}

/** The text that Redis keeps for a record. */
export const kept = valueOf;

/** For looking at what is kept and spoiling it. */
export function adminOf(url: string): Redis {
  const admin = new Redis(url);
  admin.on('error', () => undefined);
  onTestFinished(() => {
    admin.disconnect();
  });
  return admin;
}

/** How often scripts were run. */
export async function scriptRuns(admin: Redis): Promise<number> {
  const counted = (await admin.info('commandstats')).matchAll(/cmdstat_evalsha:calls=(\d+)/g);
  return [...counted].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
