import type { RedisConnection } from '../lib/redis.ts';
import { redisScript } from '../lib/redis-script.ts';
import { BadReplyError } from './redis-lane.ts';
import type { SharedRecord } from './shared-tier.ts';
import { DROP_SCRIPT, LOOKUP_SCRIPT, PROLONG_SCRIPT, WRITE_SCRIPT } from './tier-lua.ts';

/** What each script is told. Times are milliseconds since the epoch on the clock of who asks, unless it is said otherwise. */
export interface Asked {
  readonly nowMs: number;
  /** How far Redis' clock is ahead of it, as far as is known. */
  readonly redisAheadMs: number;
  /** Larger texts are of nobody who writes here. */
  readonly maxTextBytes: number;
  /** Who asks: what a turn is written with. */
  readonly token: string;
}

/** What each script tells. */
export interface Told {
  /** Redis' time. */
  readonly redisNowMs: number;
  /** Redis' error, when it refused a part of what was to be done; the other parts are done. */
  readonly refusal: string | null;
}

/** Where a value is kept, and where whose turn it is to read it. All of one call lie on one node of a Cluster. */
export interface KeyPair {
  readonly value: string;
  readonly turn: string;
}

export interface LookupsAsked extends Asked {
  readonly pairs: readonly KeyPair[];
  /**
   * In Redis' time, null for never. Past it no turn is taken: nobody waits for the answer any more, and others would wait for
   * nobody (reliability T3).
   */
  readonly turnsUntilMs: number | null;
}

export interface LookupsTold extends Told {
  /** How many values were not of the right form. They are gone. */
  readonly badValues: number;
  /** In the order of the pairs. */
  readonly found: readonly Found[];
}

export interface Found {
  readonly text: string | null;
  readonly fetchedAtMs: number;
  /** `fresh`: none is needed. `none`: could not be taken. */
  readonly turn: 'fresh' | 'ours' | 'theirs' | 'none';
}

/** Ends a turn, with a value to keep or without one. */
export interface Write {
  readonly pair: KeyPair;
  readonly record: SharedRecord | null;
  /** Whether to tell others when it replaces one with another digest. */
  readonly announce: boolean;
}

export interface WritesAsked extends Asked {
  readonly writes: readonly Write[];
  readonly channel: string;
}

export interface DropAsked extends Asked {
  readonly valueKey: string;
  readonly text: string;
}

/** Each runs on Redis in one go, and rejects as commands do, or with `BadReplyError`. */
export interface TierScripts {
  lookUp(asked: LookupsAsked): Promise<LookupsTold>;
  write(asked: WritesAsked): Promise<Told>;
  drop(asked: DropAsked): Promise<Told>;
  /** Makes a turn last `TURN_MS` from now on if the token has it. */
  prolong(turnKey: string, token: string): Promise<unknown>;
}

/** The scripts, on the connection that suits each. */
export function tierScripts(reads: RedisConnection, writes: RedisConnection): TierScripts {
  const lookUp = redisScript(reads, LOOKUP_SCRIPT);
  const write = redisScript(writes, WRITE_SCRIPT);
  const drop = redisScript(writes, DROP_SCRIPT);
  const prolong = redisScript(writes, PROLONG_SCRIPT);
  return {
    lookUp: async (asked) => {
      const args = [...commonArgs(asked), asked.turnsUntilMs ?? 0];
      return lookupsTold(await lookUp(asked.pairs.flatMap(bothKeys), args), asked.pairs.length);
    },
    write: async (asked) => {
      const args = [...commonArgs(asked), asked.channel, ...asked.writes.flatMap(writeArgs)];
      const reply = await write(
        asked.writes.flatMap(({ pair }) => bothKeys(pair)),
        args,
      );
      return told(listOf(reply));
    },
    prolong: async (turnKey, token) => await prolong([turnKey], [token]),
    drop: async (asked) => told(listOf(await drop([asked.valueKey], [...commonArgs(asked), asked.text]))),
  };
}

/** A record as it is kept, and as the scripts take it apart. */
export function valueOf({ fetchedAtMs, freshUntilMs, digest, text }: SharedRecord): string {
  return `${Math.floor(fetchedAtMs)} ${Math.floor(freshUntilMs)} ${digest} ${text}`;
}

function commonArgs({ nowMs, redisAheadMs, maxTextBytes, token }: Asked): (string | number)[] {
  return [nowMs, Math.round(redisAheadMs), maxTextBytes, token];
}

function bothKeys({ value, turn }: KeyPair): [string, string] {
  return [value, turn];
}

function writeArgs({ record, announce }: Write): (string | number)[] {
  return record === null
    ? ['', 0, 0, 0]
    : [valueOf(record), record.usefulUntilMs, announce ? 1 : 0, Math.floor(record.askedAtMs)];
}

function lookupsTold(reply: unknown, count: number): LookupsTold {
  const parts = listOf(reply);
  const [, , badValues, found] = parts;
  if (!isTime(badValues) || !Array.isArray(found) || found.length !== count) {
    throw new BadReplyError('expected as many values from Redis as were asked for, got something else');
  }
  return { ...told(parts), badValues, found: found.map(foundOf) };
}

function foundOf(reply: unknown): Found {
  const [text, fetchedAtMs, turn] = listOf(reply);
  const isText = typeof text === 'string';
  if ((isText || (text === null && turn !== 'fresh')) && isTime(fetchedAtMs) && isTurn(turn)) {
    return { text: isText ? text : null, fetchedAtMs, turn };
  }
  throw new BadReplyError('expected a text, a time and a turn from Redis, got something else');
}

function told([redisNowMs, refusal]: readonly unknown[]): Told {
  if (isTime(redisNowMs) && (refusal === null || typeof refusal === 'string')) {
    return { redisNowMs, refusal };
  }
  throw new BadReplyError('expected the time and an error or none from Redis, got something else');
}

function listOf(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) {
    return reply;
  }
  throw new BadReplyError('expected a list from Redis, got something else');
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isTurn(value: unknown): value is Found['turn'] {
  return value === 'fresh' || value === 'ours' || value === 'theirs' || value === 'none';
}
