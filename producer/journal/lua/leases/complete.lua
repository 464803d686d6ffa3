-- Completes an attempt: the command ends or is retried, and the customer's next command may be claimed.
-- ARGV: user, id, fence, next holder ('' to claim no more), lease (ms), limits, then by the outcome:
--   'end', state, http, code, result, ttl (ms), result of superseded commands, their http
--   'retry', delay (ms), 1 if uncertain, 1 if under a new idempotency key, code, message, counter to raise,
--     scope of the rate limit to slow down
--   'stopped', window (ms), code, message, 1 if the attempt was a lookup
-- and last, Stripe's id of the attempt's last request ('' for none)
local user, id, fence, holder, lease_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local limits, outcome = ARGV[6], ARGV[7]
local customer, row, now = KEY_CUSTOMER .. user, KEY_COMMAND .. id, now_ms()

local lease = redis.call('HMGET', customer, 'fence', 'open', 'holder', 'called')
local completed = redis.call('HGET', row, 'closed') == fence
if completed or lease[1] ~= fence or lease[2] ~= id then
  if holder ~= '' and lease[3] == holder then return claim_next_command(user, holder, lease_ms, limits, now) end
  if redis.call('HGET', row, 'struck') == fence then
    -- The holder is alive, so the command did not kill its process.
    redis.call('HDEL', row, 'struck')
    redis.call('HINCRBY', row, 'strikes', -1)
  end
  if redis.call('EXISTS', row) == 0 then return {'absent'} end
  return {completed and 'idle' or 'lost'}
end

local request = ARGV[#ARGV]
local completion = {'closed', fence}
if request ~= '' then completion = {'closed', fence, 'request', request} end
local open, last = '', false
if outcome == 'end' then
  local state, http, code, result, ttl = ARGV[8], ARGV[9], ARGV[10], ARGV[11], tonumber(ARGV[12])
  local kind, migration, is_last = finish(user, id, state, http, code, result, ttl, now, completion)
  last = is_last
  local known = kind == 'SetDefaultCard' and redis.call('HMGET', row, 'slot', 'seq') or {}
  local slot = known[1]
  if slot then
    local customer_slot = user .. ' ' .. slot
    if state == 'failed' then
      redis.call('HSETNX', KEY_APPLIED_SINCE, customer_slot, '')
    elseif state == 'succeeded' then
      if not migration and redis.call('EXISTS', KEY_SKIP_IF_NEWER) == 1 then
        redis.call('SET', KEY_LAST_SET .. customer_slot, int(now), 'PX', 691200000)
      end
      if redis.call('HEXISTS', KEY_APPLIED_SINCE, customer_slot) == 1 then
        redis.call('HSET', KEY_APPLIED_SINCE, customer_slot, id .. ' ' .. known[2])
      end
      supersede_older(user, slot, known[2], id, ARGV[13], ARGV[14], ttl, now)
    end
  end
  if state == 'succeeded' or state == 'rejected' then redis.call('DEL', KEY_STOP) end
elseif outcome == 'retry' then
  redis.call('HSET', row, unpack(completion))
  redis.call('HDEL', row, 'strikes', 'struck')
  local due = int(now + tonumber(ARGV[8]))
  -- A Stripe event confirmed the request (note_event.lua), so its answer is saved: retry at once, but only once.
  if redis.call('HDEL', row, 'told') == 1 and ARGV[9] == '1' and ARGV[10] ~= '1' then due = int(now) end
  redis.call('HSET', row, 'due', due, 'code', ARGV[11], 'error', ARGV[12])
  local retries = redis.call('HINCRBY', row, 'retries', 1)
  -- The last 20 attempts that led to a retry, for the operator. No number stands next to the time: the two
  -- together could look like a card number.
  local new_state = ARGV[9] == '1' and 'unknown' or 'retrying'
  redis.call('HSET', row, 'try' .. retries % 20,
    int(now) .. ' ' .. new_state .. ' ' .. retries .. ' ' .. ARGV[11] .. ' ' .. request)
  local known = redis.call('HMGET', row, 'kind', 'lane')
  count('retried ' .. known[1] .. ' ' .. known[2] .. ' ' .. ARGV[11])
  if ARGV[13] ~= '' then redis.call('HINCRBY', row, ARGV[13], 1) end
  if ARGV[14] ~= '' then slow_down(ARGV[14], now) end
  if ARGV[10] == '1' then redis.call('HINCRBY', row, 'keyno', 1) end
  if ARGV[9] == '1' then
    open = id
    redis.call('HSET', row, 'unsettled', 1)
    note_uncertain(id, true)
    set_state(id, 'unknown')
  else
    -- Stripe executed nothing under the key, so the 24 h it keeps the key have not started.
    redis.call('HDEL', row, 'unsettled', 'sent', 'look')
    note_uncertain(id, false)
    set_state(id, 'retrying')
  end
else
  redis.call('HSET', row, unpack(completion))
  redis.call('HDEL', row, 'strikes', 'struck')
  redis.call('HINCRBY', row, 'tries', -1)
  redis.call('HSETNX', KEY_STOP, 'since', int(now))
  redis.call('HSET', KEY_STOP, 'until', int(now + tonumber(ARGV[8])), 'window', ARGV[8],
    'code', ARGV[9], 'message', ARGV[10])
  if ARGV[11] == '1' then redis.call('HSET', row, 'unsettled', 1) end
  if redis.call('HGET', row, 'unsettled') then
    open = id
    set_state(id, 'unknown')
  else
    redis.call('HDEL', row, 'sent')
    set_state(id, 'waiting')
  end
end

if last then
  -- Redis removes an empty set anyway; one DEL takes half of the space in the append-only file.
  redis.call('DEL', customer, KEY_PENDING .. user)
  redis.call('ZREM', KEY_DUE, user)
  return {'idle'}
end
if holder ~= '' then
  return claim_next_command(user, holder, lease_ms, limits, now, nil, {0, '', open, lease[4], fence})
end
redis.call('HSET', customer, 'until', 0, 'holder', '', 'open', open)
redis.call('ZADD', KEY_DUE, int(now), user)
return {'idle'}
