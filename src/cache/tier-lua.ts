import { MAX_CLOCK_SKEW_MS } from './entry.ts';
import { TURN_MS } from './shared-tier.ts';

/*
 * What runs on Redis, in Lua. `tier-script.ts` says what each is told and tells, and puts it in this order: ARGV begins with
 * the asker's time, how far Redis is ahead of it, the greatest length of a text and the asker's token; an answer begins with
 * Redis' time and the error or none.
 */

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

/** KEYS: value and turn of each pair. ARGV from 5: until when a turn may be taken, 0 for ever. */
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

/**
 * KEYS: value and turn of each pair. ARGV from 5: the channel; then for each pair the value or nothing, until when it is of
 * use, whether it is announced and when it was asked for.
 */
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

/** KEYS: the value. ARGV from 5: the text that it must still have. */
export const DROP_SCRIPT = `${COMMON}
local fetched, _, _, start = kept_under(KEYS[1])
if fetched and redis.call('GETRANGE', KEYS[1], start - 1, -1) == ARGV[5] then
  try('UNLINK', KEYS[1])
end
return { redis_now, refusal }
`;

/** KEYS: the turn. ARGV: nothing but the token. */
export const PROLONG_SCRIPT = `
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ${TURN_MS})
end
return 0
`;
