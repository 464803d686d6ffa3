-- Stores a Stripe event with its customer. If the event confirms the request of a command that waits for its
-- next attempt, that attempt becomes due now. If the command is still running, its next attempt will not wait
-- (`told`).
-- ARGV: event id, customer ('' if unknown), time (s), what is kept of the event (JSON), '1' to keep it,
--   idempotency key of the request, ttl (ms), how many events a customer keeps
local event, user, at, kept, key = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[6]
local now = now_ms()
local id = key
if redis.call('EXISTS', KEY_COMMAND .. id) == 0 then id = string.match(key, '^(.+)%-%d+$') end
local row = id and redis.call('EXISTS', KEY_COMMAND .. id) == 1 and valid_row(id, now)
local settled = ''
if row then
  user = row.user
  local number = tonumber(row.keyno or 0)
  local current = number > 0 and id .. '-' .. int(number + 1) or id
  local waits = row.state == 'unknown' or row.state == 'retrying'
  if key == current and row.state == 'running' then
    redis.call('HSET', KEY_COMMAND .. id, 'told', 1)
  elseif key == current and waits then
    settled = id
    if tonumber(row.due or 0) > now then
      redis.call('HSET', KEY_COMMAND .. id, 'due', int(now))
      redis.call('ZADD', KEY_DUE, int(now), user)
    end
  end
end
if ARGV[5] ~= '1' or user == '' then return settled end

local events = KEY_EVENTS .. user
redis.call('HSETNX', events, event, at .. ' ' .. kept .. '\n' .. (row and id or ''))
if redis.call('HLEN', events) > tonumber(ARGV[8]) then
  local known, oldest, since = redis.call('HGETALL', events), event, nil
  for i = 1, #known, 2 do
    local time = tonumber(string.match(known[i + 1], '^%d+')) or 0
    if not since or time < since then oldest, since = known[i], time end
  end
  redis.call('HDEL', events, oldest)
end
redis.call('PEXPIRE', events, ARGV[7])
return settled
