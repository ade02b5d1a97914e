import type { RedisConnection } from '../lib/redis.ts';
import { redisScript } from '../lib/redis-script.ts';
import { MAX_CLOCK_SKEW_MS } from './entry.ts';
import { BadReplyError } from './redis-lane.ts';
import { type SharedRecord, TURN_MS } from './shared-tier.ts';

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

/** More than the longest head there is: two times, a digest and three spaces. */
const HEAD_BYTES = 72;

/** So many texts of the greatest length go into one answer; more are not looked at, lest bad ones fill the memory. */
const LONGEST_TEXTS = 8;

/**
 * A value is `<fetchedAtMs> <freshUntilMs> <digest> <text>`. Any command may run long after it was given up, so "now" is
 * Redis' clock as well: a value written meanwhile is not from the future, and the older never replaces it (reliability F5).
 */
const COMMON = `
local time = redis.call('TIME')
local redis_now = time[1] * 1000 + math.floor(time[2] / 1000)
local asked_at = tonumber(ARGV[1])
local now = math.max(asked_at, redis_now - tonumber(ARGV[2]))
local longest, token = tonumber(ARGV[3]), ARGV[4]
local refusal = false

-- A server that takes no writes, being full or a replica, can still be read, and one that refuses one may take another.
local function try(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then
    refusal = refusal or reply.err
    return nil
  end
  return reply
end

-- When it was fetched, until when it is fresh, its digest and where its text begins; nothing when it has not that form.
local function parsed(value)
  local head = string.sub(value, 1, ${HEAD_BYTES})
  local fetched, fresh_until, digest, start = string.match(head, '^(%d+) (%d+) ([%w_%-]+) ()')
  if fetched and #digest <= 32 then
    return tonumber(fetched), tonumber(fresh_until), digest, start
  end
end

-- The same of what is kept; nothing as well when it is too long or seems to come from the future.
local function kept_under(key)
  if redis.call('TYPE', key).ok ~= 'string' or redis.call('STRLEN', key) > longest + ${HEAD_BYTES} then
    return nil
  end
  local fetched, fresh_until, digest, start = parsed(redis.call('GETRANGE', key, 0, ${HEAD_BYTES - 1}))
  if fetched and fetched <= now + ${MAX_CLOCK_SKEW_MS} then
    return fetched, fresh_until, digest, start
  end
end
`;

export const LOOKUP_SCRIPT = `${COMMON}
local turns_until = tonumber(ARGV[5])
local may_take_turns = turns_until == 0 or redis_now <= turns_until
local room = ${LONGEST_TEXTS} * longest
local bad_values = 0

local function take_turn(key)
  local taken = try('SET', key, token, 'NX', 'PX', ${TURN_MS})
  if taken == nil then
    return 'none'
  end
  if taken or redis.pcall('GET', key) == token then
    return 'ours'
  end
  local left = redis.call('PTTL', key)
  if left >= 0 and left <= ${TURN_MS} then
    return 'theirs'
  end
  -- Nobody has a turn for longer, or for ever: no replica wrote it.
  return try('SET', key, token, 'PX', ${TURN_MS}) and 'ours' or 'none'
end

local function look_up(key, turn_key)
  local fetched, fresh_until, _, start = kept_under(key)
  local text = false
  if fetched then
    text = redis.call('GETRANGE', key, start - 1, -1)
    if #text > room then
      return { false, 0, 'none' }
    end
    room = room - #text
  elseif redis.call('EXISTS', key) == 1 then
    bad_values = bad_values + 1
    try('UNLINK', key)
  end
  if fetched and fresh_until > asked_at then
    return { text, fetched, 'fresh' }
  end
  return { text, fetched or 0, may_take_turns and take_turn(turn_key) or 'none' }
end

local found = {}
for i = 1, #KEYS, 2 do
  found[#found + 1] = look_up(KEYS[i], KEYS[i + 1])
end
return { redis_now, refusal, bad_values, found }
`;

export const WRITE_SCRIPT = `${COMMON}
local channel = ARGV[5]

local function keep(key, value, useful_until, is_announced, asked)
  local fetched, _, digest, start = parsed(value)
  local kept_fetched, _, kept_digest = kept_under(key)
  if not fetched or (kept_fetched and kept_fetched > asked) or useful_until <= now then
    return
  end
  try('SET', key, value, 'PX', string.format('%.0f', math.ceil(useful_until - now)))
  -- Also when it is not kept, where there is no room: what others know is old all the same.
  if is_announced and kept_fetched and kept_digest ~= digest then
    try('PUBLISH', channel, key .. '\\n' .. string.sub(value, start))
  end
end

for i = 1, #KEYS, 2 do
  local at = 6 + (i - 1) / 2 * 4
  if ARGV[at] ~= '' then
    keep(KEYS[i], ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2] == '1', tonumber(ARGV[at + 3]))
  end
  if redis.pcall('GET', KEYS[i + 1]) == token then
    try('UNLINK', KEYS[i + 1])
  end
end
return { redis_now, refusal }
`;

export const DROP_SCRIPT = `${COMMON}
local fetched, _, _, start = kept_under(KEYS[1])
if fetched and redis.call('GETRANGE', KEYS[1], start - 1, -1) == ARGV[5] then
  try('UNLINK', KEYS[1])
end
return { redis_now, refusal }
`;

export const PROLONG_SCRIPT = `
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ${TURN_MS})
end
return 0
`;

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

/** A record as it is kept. */
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
