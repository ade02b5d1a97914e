import type { RedisConnection } from '../../lib/redis.ts';
import { redisScript } from '../../lib/redis-script.ts';
import { HORIZON_MS, MAX_PUSH_BACK_MS, QUARANTINE_MS } from './fleet.ts';

/** What one run of the script is told. Times are on Redis' clock, in milliseconds. */
export interface SlotQuestion {
  readonly spacingMs: number;
  /** Past it nothing is done: whoever asked has given up (reliability T3: without, the next caller waited for 439 s). */
  readonly validUntilMs: number;
  /** Whether a slot is wanted. Otherwise the state is begun where there is none, and the replica is there. */
  readonly isSlotWanted: boolean;
  /** Nobody gets a slot before. */
  readonly notBeforeMs: number;
  /** The replica that asks; null in a fleet whose replicas have no numbers. */
  readonly replica: {
    readonly index: number;
    readonly count: number;
    readonly leaseMs: number;
    /** How far Redis' clock is ahead of the replica's, which is the wall clock. */
    readonly redisAheadMs: number;
  } | null;
}

export interface SlotReply {
  /** Redis' time. */
  readonly nowMs: number;
  /** `late`: nothing was done. `slot`: one is given. `none`: none is. */
  readonly outcome: 'late' | 'slot' | 'none';
  /** When the slot is, or when one could be. */
  readonly atMs: number;
}

/** Runs on Redis, one run at a time. Rejects as commands do, and when the answer is none of ours. */
export type AskForSlot = (key: string, question: SlotQuestion) => Promise<SlotReply>;

/**
 * The state of a budget is one hash: `next`, the first moment that is free; `epoch`, the server that knows it; and for each
 * replica that has a number `seen:<index>`, when it was there last. It lives for a day after its last use.
 *
 * - A state that is missing, of another epoch or not as written here does not know which slots are out: none is given until
 *   all of them are over (reliability T4, R11, R12). `run_id` changes whenever a server starts, and differs between the
 *   servers of one Cluster. Where INFO is not allowed there is no telling: then a state counts as long as it is there.
 * - A replica with a number that has not been seen for the length of its lease may be using its wall-clock slots. Slots are
 *   then given on the wall clock's marks, those of such replicas left out. So no two calls come closer than the spacing,
 *   also while only some replicas reach Redis.
 */
export const SLOT_SCRIPT = `
local key = KEYS[1]
local spacing, valid_until, not_before = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local is_slot_wanted = ARGV[3] == '1'
local index, count = tonumber(ARGV[5]), tonumber(ARGV[6])
local lease, ahead = tonumber(ARGV[7]), tonumber(ARGV[8])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now > valid_until then
  return { now, 'late', now }
end

local info = redis.pcall('INFO', 'server')
local epoch = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'unknown'

local fields = { 'epoch', 'next' }
for i = 0, count - 1 do
  fields[#fields + 1] = 'seen:' .. i
end
local stored = redis.call('TYPE', key).ok == 'hash' and redis.call('HMGET', key, unpack(fields)) or {}
local next_free = tonumber(stored[2] or nil)
local furthest = now + ${MAX_PUSH_BACK_MS} + (count + 2) * spacing
if not (stored[1] == epoch and next_free and next_free >= 0 and next_free <= furthest) then
  redis.call('DEL', key)
  stored = {}
  next_free = now + ${QUARANTINE_MS}
end
next_free = math.max(next_free, math.min(not_before, furthest - spacing))

-- Until when replica i stays off the wall-clock slots that are its own.
local function lease_end(i)
  local seen = i == index and now or tonumber(stored[3 + i] or nil)
  return seen and seen <= now and seen + lease or 0
end

local function are_all_leased(until_ms)
  for i = 0, count - 1 do
    if lease_end(i) < until_ms then
      return false
    end
  end
  return true
end

local function first_slot()
  local at = math.max(next_free, now)
  if are_all_leased(at + spacing) then
    return at
  end
  -- Where a mark is, replicas know to a few milliseconds: the next after another's is not missed for them.
  local mark = math.ceil((math.max(next_free - spacing / 25, now) - ahead) / spacing)
  local mark_at = mark * spacing + ahead
  while mark_at <= now + ${HORIZON_MS} and lease_end(mark % count) < mark_at + spacing do
    mark = mark + 1
    mark_at = mark * spacing + ahead
  end
  return mark_at
end

local at = first_slot()
local is_given = is_slot_wanted and at <= now + ${HORIZON_MS}
if is_given then
  next_free = at + spacing
end
redis.call('HSET', key, 'epoch', epoch, 'next', string.format('%.3f', next_free))
if index >= 0 then
  redis.call('HSET', key, 'seen:' .. index, now)
end
redis.call('PEXPIRE', key, 86400000)
return { now, is_given and 'slot' or 'none', math.ceil(at) }
`;

const NO_REPLICA = { index: -1, count: 0, leaseMs: 0, redisAheadMs: 0 };

export function slotScript(redis: RedisConnection): AskForSlot {
  const run = redisScript(redis, SLOT_SCRIPT);
  return async (key, { spacingMs, validUntilMs, isSlotWanted, notBeforeMs, replica }) => {
    const { index, count, leaseMs, redisAheadMs } = replica ?? NO_REPLICA;
    const asked = [spacingMs, Math.floor(validUntilMs), isSlotWanted ? 1 : 0, Math.ceil(notBeforeMs)];
    return understood(await run([key], [...asked, index, count, leaseMs, Math.round(redisAheadMs)]));
  };
}

function understood(reply: unknown): SlotReply {
  if (Array.isArray(reply)) {
    const [nowMs, outcome, atMs] = reply as unknown[];
    if (typeof nowMs === 'number' && typeof atMs === 'number' && isOutcome(outcome)) {
      return { nowMs, outcome, atMs };
    }
  }
  throw new Error('expected the time, an outcome and a time from Redis, got something else');
}

function isOutcome(value: unknown): value is SlotReply['outcome'] {
  return value === 'late' || value === 'slot' || value === 'none';
}
