import type { Uses } from './uses.ts';

/** For how long an answer holds that is made of the configuration and the schema alone: a new release may change it. */
const CONFIGURATION_MAX_AGE_SECONDS = 60;

/** `Age` is left out where there is no value that could have one. */
export interface CacheControl {
  readonly 'cache-control': string;
  readonly age?: string;
}

export const NO_STORE: CacheControl = { 'cache-control': 'no-store' };

/** Of an answer that is made of the configuration and the schema alone. */
export function cacheControlOfConfiguration(visibility: Visibility): CacheControl {
  return { 'cache-control': `${visibility}, max-age=${CONFIGURATION_MAX_AGE_SECONDS}` };
}

/** Who may keep an answer: all, or the client alone because it said who it is. */
export type Visibility = 'public' | 'private';

/**
 * How old an answer is and how long it may be kept (RFC 9111 sections 4.2.3 and 5.1). `max-age` minus `Age` is the smallest
 * remaining life of what it is made of, rounded down; `Age` is that of the oldest value, rounded up: no cache takes it for
 * younger than it is or keeps it longer than it lives. A life of whole seconds so gives the same `max-age` all the time.
 */
export function cacheControlOf(uses: Uses, nowMs: number, visibility: Visibility): CacheControl {
  const ageSeconds = Math.max(Math.ceil((nowMs - uses.oldestFetchedAtMs) / 1000), 0);
  const leftSeconds = Math.max(Math.floor((uses.freshUntilMs - nowMs) / 1000), 0);
  return {
    'cache-control': `${visibility}, max-age=${ageSeconds + leftSeconds}`,
    age: String(ageSeconds),
  };
}
